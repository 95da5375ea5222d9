/** Reads an entry that is stored in parts, part by part: parsed at once, a text of megabytes holds up everything else of the instance. Decides nothing about the entry. */
import type { PartsReader } from "../../agent/history-feature.ts";
import type { Entry } from "../../core/entry.ts";
import { JsonScan } from "../../core/nesting.ts";
import { glanceUnits, piecesOf } from "../../core/text-pieces.ts";
import { closingQuote, parsedBeginning, textAt } from "./entry-text.ts";

/** UTF-16 units of JSON that are parsed in one go: about 3 ms. */
const pieceUnits = 300_000;

/** As `PartsReader` says. The text that goes on where the first row ends is parsed in pieces, everything else at the end. */
export const readParts: PartsReader = async (rows, pause) => {
  const parts: string[] = [];
  let field: string | undefined;
  /** What came beside the text, and, while it goes on, half an escape sequence of it. */
  let [others, raw]: [string, string | undefined] = ["", undefined];
  let units = 0;
  for (const row of rows) {
    for (let part of piecesOf(row, pieceUnits)) {
      const { open } = units === 0 ? new JsonScan().take(part) : {};
      units += part.length;
      field ??= open && textAt(part, open);
      if (open && field) {
        [others, raw] = [part.slice(0, open.at + 1), ""];
        part = part.slice(open.at + 1);
      }
      let parsed = "";
      for (const piece of piecesOf(part, glanceUnits)) {
        if (raw === undefined) others += piece;
        else {
          raw += piece;
          const end = closingQuote(raw, 0);
          const { value, left } = parsedBeginning(`"${raw.slice(0, end)}`, '"');
          if (end !== undefined && left > 0) throw new SyntaxError("half an escape sequence");
          parsed += value;
          if (end !== undefined) others += raw.slice(end);
          raw = end === undefined ? raw.slice(raw.length - left) : undefined;
        }
      }
      parts.push(parsed);
      if (!(await pause())) return undefined;
    }
  }
  const entry = JSON.parse(others) as Entry;
  if (field) Object.assign(entry, { [field]: parts.join("") });
  // Copying a text together takes as long as a piece of it.
  return (await pause()) ? { entry, units } : undefined;
};
