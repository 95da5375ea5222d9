/** Reads an exported session from a request's body as it comes, line by line, and names the line that is wrong. */
import * as z from "zod/mini";
import type { Entry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { deepestJson, JsonScan } from "../../core/nesting.ts";
import { inPieces, jsonWorkMs, readingPace } from "../../http/pace.ts";
import { protoPath } from "../../http/parse-body.ts";
import type { CopiedLine } from "../../session/store/copying.ts";
import type { RatedTurn } from "../../session/store/feedback.ts";
import type { lineSchemas } from "./transcript-lines.ts";
import { readLine } from "./transcript-text.ts";

/** Most UTF-16 units of a line: the longest result of a tool, written with escapes. */
const longestLine = 12_000_000;
/** A schema of a body's deepest nesting, in an entry. */
const deepestLine = deepestJson + 8;
/** Values of a line, about: those of a body that became an entry, and its own. */
const mostValues = 101_000;
/** A page is handed on once it has so many entries, or so many UTF-16 units of them. */
const page = { entries: 500, units: 2_000_000 };

export interface Import {
  header: z.infer<typeof lineSchemas.header>;
  pages: AsyncIterable<CopiedLine[]>;
}

/** Throws an AppError for a first line that is no header; the pages throw it for later lines. */
export async function readImport(request: Request): Promise<Import> {
  const lines = linesOf(request);
  const first = await lines.next();
  if (first.done) throw wrongLine(1, "is missing: the first line tells what the session is");
  // The largest schemas that there are: no other request needs them.
  const { lineSchemas: schemas } = await import("./transcript-lines.ts");
  return { header: parseLine(schemas.header, first.value), pages: pagesOf(lines, schemas.line) };
}

interface Line {
  line: number;
  text: string;
  /** Of its brackets and commas. */
  scan: JsonScan;
}

async function* pagesOf(lines: AsyncGenerator<Line>, schema: z.core.$ZodType): AsyncGenerator<CopiedLine[]> {
  let copied: CopiedLine[] = [];
  let units = 0;
  const pieces = inPieces();
  for await (const line of lines) {
    await pieces(jsonWorkMs({ units: line.text.length, values: line.scan.values }));
    copied.push({
      line: line.line,
      ...copiedOf(parseLine(schema, line) as Entry | ({ type: "feedback" } & RatedTurn)),
    });
    units += line.text.length;
    if (copied.length < page.entries && units < page.units) continue;
    yield copied;
    copied = [];
    units = 0;
  }
  if (copied.length > 0) yield copied;
}

function copiedOf(read: Entry | ({ type: "feedback" } & RatedTurn)): Omit<CopiedLine, "line"> {
  if (read.type !== "feedback") return { entry: read };
  const { type: _, ...rated } = read;
  return { rated };
}

/** Empty lines are counted, and passed over. */
async function* linesOf(request: Request): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let line = 0;
  let pieces: string[] = [];
  let length = 0;
  let scan = new JsonScan();
  const between = readingPace(Number(request.headers.get("Content-Length") ?? 0));
  for await (const bytes of request.body ?? []) {
    const parts = decoded(decoder, line + 1, bytes as Uint8Array).split("\n");
    for (const [place, part] of parts.entries()) {
      pieces.push(part);
      scan.take(part);
      length += part.length;
      if (length > longestLine) throw wrongLine(line + 1, `is longer than ${longestLine} characters`);
      if (place === parts.length - 1) break;
      line++;
      const text = pieces.join("").trim();
      pieces = [];
      length = 0;
      if (text !== "") yield { line, text, scan };
      scan = new JsonScan();
    }
    await between(bytes as Uint8Array);
  }
  const last = decoded(decoder, line + 1);
  const text = (pieces.join("") + last).trim();
  if (text !== "") yield { line: line + 1, text, scan: scan.take(last) };
}

function decoded(decoder: TextDecoder, line: number, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw wrongLine(line, "is not UTF-8");
  }
}

function parseLine<T extends z.core.$ZodType>(schema: T, { line, text, scan }: Line): z.infer<T> {
  if (scan.deepest > deepestLine) throw wrongLine(line, `is nested deeper than ${deepestLine} levels`);
  if (scan.values > mostValues) throw wrongLine(line, `has more than ${mostValues} values`);
  let value: unknown;
  try {
    value = readLine(text);
  } catch {
    throw wrongLine(line, "is not a JSON object");
  }
  const proto = protoPath(value);
  if (proto !== undefined) throw wrongLine(line, `${proto}: this name cannot be used`);
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrongLine(line, `${issue?.path.join(".") || "the entry"}: ${issue?.message ?? "wrong"}`);
}

function wrongLine(line: number, what: string): AppError {
  return new AppError("invalid_request", `Line ${line}: ${what}. Nothing was imported.`, { field: `line ${line}` });
}
