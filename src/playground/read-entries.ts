/** Reads a session's transcript, page by page. */
import { callJson } from "./api.ts";
import type { Entry } from "./shapes.ts";

/** All entries behind `after`. */
export async function entriesAfter(session: string, after: number, signal: AbortSignal): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let seq = after; ; ) {
    const path = `/v1/sessions/${session}/entries?after=${seq}&limit=500`;
    const page = await callJson<{ entries: Entry[]; last_seq: number }>(path, { signal });
    found.push(...page.entries);
    seq = page.entries.at(-1)?.seq ?? page.last_seq;
    if (seq >= page.last_seq) return found;
  }
}
