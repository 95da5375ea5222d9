/** Brings the account up to date about a session: how it stands, and what its model calls used. Nothing depends on it for a turn to go on. */
import type { Account } from "../account/account.ts";
import type { SessionSummary } from "../dialects/native.ts";
import type { SessionParts } from "./session-parts.ts";
import { stepRecords } from "./step-records.ts";

/** Characters of the first message that lists can be searched by. */
const wordChars = 2_000;
/** Entries read in one go. */
const batch = 200;

/** Sends the summary, and every step that the account has not recorded. Steps are sent again when an answer is lost; the ledger keeps them once. */
export async function reportTo(
  account: DurableObjectStub<Account>,
  parts: SessionParts,
  summary: SessionSummary,
): Promise<void> {
  const { log } = parts;
  const [first] = log.read({ after: 0, limit: 1 });
  await account.putSession(summary, first?.type === "user" ? first.content.slice(0, wordChars) : "");
  if (log.lastSeq === 0) return;
  let seq = await account.settle(summary.id, []);
  for (;;) {
    const entries = log.read({ after: seq, limit: batch });
    const end = entries.findLastIndex((entry) => entry.type === "turn_ended");
    if (end < 0) return;
    await account.settle(summary.id, stepRecords(entries.slice(0, end + 1)));
    seq = entries[end]?.seq ?? seq;
  }
}
