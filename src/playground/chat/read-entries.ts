/** Reads a session's transcript, page by page. */
import { callJson } from "../shell/api.ts";
import type { PageEntry } from "../shell/shapes.ts";

interface Range {
  after: number;
  /** The last one that is wanted; all of them when absent. */
  upTo?: number;
  signal: AbortSignal;
}

export async function readEntries(session: string, { after, upTo, signal }: Range): Promise<PageEntry[]> {
  const found: PageEntry[] = [];
  for (let seq = after; ; ) {
    const limit = Math.min(500, upTo === undefined ? 500 : upTo - seq);
    const path = `/v1/sessions/${session}/entries?after=${seq}&limit=${limit}`;
    const page = await callJson<{ entries: PageEntry[]; last_seq: number }>(path, { signal });
    found.push(...page.entries);
    seq = page.entries.at(-1)?.seq ?? page.last_seq;
    if (seq >= (upTo ?? page.last_seq)) return found;
  }
}
