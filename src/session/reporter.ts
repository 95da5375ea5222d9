/** Brings the account up to date about a session: how it stands, and what its model calls used. Nothing depends on it for a turn to go on. */
import type { Account } from "../account/account.ts";
import type { SessionSummary } from "../dialects/native.ts";
import type { SessionParts } from "./session-parts.ts";
import { stepRecords } from "./step-records.ts";

/** Characters of the first message that lists can be searched by. */
const wordChars = 2_000;
/** Entries read in one go. */
const batch = 200;

export class Reporter {
  /** Steps up to here are in the ledger; unknown until the account was asked once. */
  #settledSeq: number | undefined;

  /** Sends the summary, and the steps of finished turns. Steps are sent again when an answer is lost; the ledger keeps them once. */
  async report(account: DurableObjectStub<Account>, { log }: SessionParts, summary: SessionSummary): Promise<void> {
    const [first] = log.read({ after: 0, limit: 1 });
    await account.putSession(summary, first?.type === "user" ? first.content.slice(0, wordChars) : "");
    if (log.last?.type !== "turn_ended") return;
    let seq = this.#settledSeq ?? (await account.settle(summary.id, []));
    for (let limit = batch; ; ) {
      const entries = log.read({ after: seq, limit });
      const end = entries.findLastIndex((entry) => entry.type === "turn_ended");
      if (end < 0 && entries.length < limit) return;
      if (end < 0) {
        // A turn longer than what was read: its end lies further on.
        limit *= 2;
        continue;
      }
      await account.settle(summary.id, stepRecords(entries.slice(0, end + 1)));
      seq = entries[end]?.seq ?? seq;
      this.#settledSeq = seq;
    }
  }
}
