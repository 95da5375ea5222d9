/** Names that were withdrawn, and entries that the model is not shown any more. Both are stored as claims; the entries stay in the transcript. */
import { AppError } from "../../core/errors.ts";
import type { Inbox } from "./inbox.ts";
import type { TranscriptLog } from "./transcript-log.ts";

/** The model is not shown the entry any more, and `names` are withdrawn. Runs in the caller's transaction. */
export function hideEntry(
  { inbox, log }: { inbox: Inbox; log: TranscriptLog },
  seq: number,
  names: readonly string[],
): void {
  const [entry] = log.read({ after: seq - 1, limit: 1 });
  if (entry?.seq !== seq) throw new AppError("not_found", `There is no entry ${seq}.`);
  inbox.claim([`${hiddenPrefix}${seq}`, ...names.map(withdrawnName)], entry.turn);
}

/** The entries that the model is not shown. */
export function hiddenSeqs(inbox: Inbox): ReadonlySet<number> {
  return new Set([...inbox.claimedNames(hiddenPrefix)].map((name) => Number(name.slice(hiddenPrefix.length))));
}

const hiddenPrefix = "hidden:";

/** Those of the names that were withdrawn. */
export function withdrawnNames({ inbox }: { inbox: Inbox }, names: readonly string[]): string[] {
  const taken = inbox.claimedNames(withdrawnName(""));
  return names.filter((name) => taken.has(withdrawnName(name)));
}

/** The claim that says that `name` was withdrawn. */
export function withdrawnName(name: string): string {
  return `deleted:${name}`;
}
