/** A session as lines of JSON, one entry each after a header, and the feedback on its turns: what `export` writes and `import` reads. `transcript-lines.ts` checks the lines. */
import type { Entry } from "../../core/entry.ts";
import type { RatedTurn } from "../../session/store/feedback.ts";
import type { SessionSettings } from "../../session/store/session-record.ts";

/** What the first line says about the session. Times in ms since 1970. */
export interface TranscriptHeader
  extends Pick<SessionSettings, "agent" | "title" | "metadata" | "instructions" | "model" | "prefix" | "createdAtMs"> {
  id: string;
}

/** The header as a line, without the line's end. */
export function headerLine(of: TranscriptHeader): string {
  const { id, agent, title, metadata, instructions, model, prefix, createdAtMs } = of;
  return JSON.stringify(
    renamed({ longline: 1, id, agent, title, metadata, instructions, model, prefix, createdAtMs }, snake),
  );
}

/** An entry as a line, without the line's end. Equal entries give equal lines, in whatever order their fields were set. */
export function entryLine(of: Entry): string {
  const { seq, turn, type } = of;
  return JSON.stringify({ seq, turn, type, ...(renamed(of, snake) as object) });
}

/** A turn's feedback as a line, without the line's end. It is no entry, and has no place of its own in the log. */
export function feedbackLine({ turn, ...given }: RatedTurn): string {
  return JSON.stringify({ turn, type: "feedback", ...(renamed(given, snake) as object) });
}

/** A line's JSON with the names that the schemas know; throws a SyntaxError when it is no JSON object. */
export function readLine(line: string): unknown {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no JSON object");
  return renamed(value, camel);
}

/** The names in these fields were chosen by others, and stay as they are. */
const foreign = new Set(["metadata", "schema", "parameters", "waits"]);

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [rename(name), foreign.has(name) ? inner : renamed(inner, rename)]),
  );
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
