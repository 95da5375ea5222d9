/** Reads a session of a Worker that runs: its header and its entries, as an export has them. */
import { LonglineError } from "../client/longline-error.ts";
import { defined } from "../core/defined.ts";
import type { Entry } from "../core/entry.ts";
import { readLine, type TranscriptHeader } from "../doors/copies/transcript-text.ts";

export interface ExportedSession {
  header: TranscriptHeader;
  entries: Entry[];
}

/** Throws a `LonglineError` for what the Worker refuses. */
export async function exportedSession(worker: { url: string; key: string }, id: string): Promise<ExportedSession> {
  const url = `${worker.url.replace(/\/+$/, "")}/v1/sessions/${encodeURIComponent(id)}/export`;
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${worker.key}` } });
  if (!answer.ok) throw await LonglineError.of(answer);
  const [header, ...entries] = (await answer.text())
    .split("\n")
    .filter((line) => line !== "")
    .map(readLine);
  // Feedback is no entry.
  const isEntry = (line: unknown) => (line as { type: string }).type !== "feedback";
  return { header: header as TranscriptHeader, entries: entries.filter(isEntry) as Entry[] };
}

export async function exportedEntries(worker: { url: string; key: string }, id: string): Promise<Entry[]> {
  return (await exportedSession(worker, id)).entries;
}

/** The request that entry `seq` answered. `differs`: why it may not be what was sent, to the byte. */
export async function pastRequest(
  worker: { url: string; key: string },
  id: string,
  seq: number,
): Promise<{ body: string; differs?: string }> {
  const url = `${worker.url.replace(/\/+$/, "")}/v1/sessions/${encodeURIComponent(id)}/requests/${seq}`;
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${worker.key}` } });
  if (!answer.ok) throw await LonglineError.of(answer);
  const { body, differs } = (await answer.json()) as { body: unknown; differs?: string };
  return { body: typeof body === "string" ? body : JSON.stringify(body), ...defined({ differs }) };
}
