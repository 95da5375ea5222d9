/** A piece of one entry's text, for a model that was shown only the beginning of it. */
import type { EntryPiece } from "../tools/tool.ts";
import type { TranscriptLog } from "./transcript-log.ts";

/** At most `mostChars` characters from `offset` on; `undefined` when there is no such entry, or it has no text. */
export function readEntry(
  log: TranscriptLog,
  { seq, offset, mostChars }: { seq: number; offset: number; mostChars: number },
): EntryPiece | undefined {
  const [entry] = log.read({ after: seq - 1, limit: 1 });
  if (entry?.seq !== seq || !("content" in entry)) return undefined;
  const text = entry.content.slice(offset, offset + mostChars).toWellFormed();
  return { role: entry.type, text, totalChars: entry.content.length };
}
