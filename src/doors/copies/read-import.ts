/** Reads an exported session from a request's body as it comes, line by line, and names the line that is wrong. */
import * as z from "zod/mini";
import type { Entry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { deepestJson } from "../../core/nesting.ts";
import { BodyChunks } from "../../core/read-bounded.ts";
import { inPieces, jsonWorkMs, readingPace } from "../../http/pace.ts";
import { formFault } from "../../http/parse-body.ts";
import type { CopiedLine } from "../../session/store/copying.ts";
import type { RatedTurn } from "../../session/store/feedback.ts";
import { LineText } from "./line-text.ts";
import type { lineSchemas } from "./transcript-lines.ts";
import { readLine } from "./transcript-text.ts";

/** Most UTF-16 units of a line: the longest result of a tool, written with escapes. */
const longestLine = 12_000_000;
/** A schema of a body's deepest nesting, in an entry. */
const deepestLine = deepestJson + 8;
/** Values of a line, about: those of a body that became an entry, and its own. */
const mostValues = 101_000;
/** Most UTF-16 units of a text of an entry. */
const longestText = 8_000_000;
/** A page is handed on once it has so many entries, or so many UTF-16 units of them. */
const page = { entries: 500, units: 250_000 };

export interface Import {
  header: z.infer<typeof lineSchemas.header>;
  pages: AsyncIterable<ImportedPage>;
}

/** Lines, or a part of the text of the line that comes first on the next page. */
export type ImportedPage = { type: "lines"; lines: CopiedLine[] } | { type: "part"; text: string };

/** Throws an AppError for a first line that is no header; the pages throw it for later lines. */
export async function readImport(request: Request): Promise<Import> {
  const lines = linesOf(request);
  const first = await lines.next();
  if (first.done || first.value.type === "part")
    throw wrongLine(1, "is missing: the first line tells what the session is");
  // The largest schemas that there are: no other request needs them.
  const { lineSchemas: schemas } = await import("./transcript-lines.ts");
  return { header: parseLine(schemas.header, first.value), pages: pagesOf(lines, schemas.line) };
}

interface ImportLine {
  type: "line";
  line: number;
  text: string;
  read: LineText;
}

async function* pagesOf(
  lines: AsyncGenerator<ImportLine | Extract<ImportedPage, { type: "part" }>>,
  schema: z.core.$ZodType,
): AsyncGenerator<ImportedPage> {
  let copied: CopiedLine[] = [];
  let units = 0;
  const pieces = inPieces();
  for await (const line of lines) {
    if (line.type === "line") {
      const { text, read } = line;
      await pieces(jsonWorkMs({ units: text.length, values: read.scan.values }));
      copied.push(copiedOf(line, parseLine(schema, line) as ReadLine));
      units += text.length;
    }
    const isFull = copied.length >= page.entries || units >= page.units || line.type === "part";
    if (isFull && copied.length > 0) {
      yield { type: "lines", lines: copied };
      copied = [];
      units = 0;
    }
    if (line.type === "part") yield line;
  }
  if (copied.length > 0) yield { type: "lines", lines: copied };
}

type ReadLine = Entry | ({ type: "feedback" } & RatedTurn);

function copiedOf({ line, read: { taken } }: ImportLine, read: ReadLine): CopiedLine {
  if (read.type === "feedback") {
    const { type: _, ...rated } = read;
    return { line, rated };
  }
  if (taken === undefined) return { line, entry: read };
  const { field, parts, beginning, units } = taken;
  if (Reflect.get(read, field) !== beginning) throw wrongLine(line, `${field}: is there twice`);
  if (beginning.length + units > longestText)
    throw wrongLine(line, `${field}: Too big: expected string to have <=${longestText} characters`);
  return { line, entry: read, staged: { field, parts } };
}

/** Empty lines are counted, and passed over. */
async function* linesOf(request: Request): AsyncGenerator<ImportLine | Extract<ImportedPage, { type: "part" }>> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let line = 1;
  let read = new LineText();
  const between = readingPace(Number(request.headers.get("Content-Length") ?? 0));
  const chunks = request.body && new BodyChunks(request.body);
  try {
    for (let bytes = await chunks?.next(); bytes !== undefined; bytes = await chunks?.next()) {
      const pieces = decoded(decoder, line, bytes).split("\n");
      for (const [place, piece] of pieces.entries()) {
        for (const text of partsOf(read, line, piece)) yield { type: "part", text };
        if (read.length > longestLine) throw wrongLine(line, `is longer than ${longestLine} characters`);
        if (place === pieces.length - 1) break;
        const { text } = read;
        if (text !== "") yield { type: "line", line, text, read };
        line++;
        read = new LineText();
      }
      await between(bytes);
    }
  } finally {
    chunks?.cancel();
  }
  for (const text of partsOf(read, line, decoded(decoder, line))) yield { type: "part", text };
  const { text } = read;
  if (text !== "") yield { type: "line", line, text, read };
}

function partsOf(read: LineText, line: number, piece: string): string[] {
  try {
    return read.take(piece);
  } catch {
    throw wrongLine(line, noObject);
  }
}

function decoded(decoder: TextDecoder, line: number, bytes?: Uint8Array): string {
  try {
    return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw wrongLine(line, "is not UTF-8");
  }
}

function parseLine<T extends z.core.$ZodType>(schema: T, { line, text, read }: ImportLine): z.infer<T> {
  if (read.scan.deepest > deepestLine) throw wrongLine(line, `is nested deeper than ${deepestLine} levels`);
  if (read.scan.values > mostValues) throw wrongLine(line, `has more than ${mostValues} values`);
  let value: unknown;
  try {
    value = readLine(text);
  } catch {
    throw wrongLine(line, noObject);
  }
  const wrong = formFault(value, Number.POSITIVE_INFINITY);
  if (wrong !== undefined) throw wrongLine(line, `${wrong.path.join(".")}: ${wrong.what}`);
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrongLine(line, `${issue?.path.join(".") || "the entry"}: ${issue?.message ?? "wrong"}`);
}

const noObject = "is not a JSON object";

function wrongLine(line: number, what: string): AppError {
  return new AppError("invalid_request", `Line ${line}: ${what}. Nothing was imported.`, { field: `line ${line}` });
}
