/** `longline eval --kill-every step`: runs the tools' own code over the recordings of cases, and loses the instance at every point. Says which tools would do something twice. */

import { defined } from "../../core/defined.ts";
import { type KillReport, killEveryPoint } from "../../test-kit/kill-every.ts";
import { UsageError } from "../usage.ts";
import { messagesOf } from "./dataset/case.ts";
import type { Dataset } from "./dataset/read-cases.ts";
import type { CaseRecordings } from "./run/case-recordings.ts";
import { type CaseRunner, historyEntries, sessionFor, splitMessages } from "./run/in-process.ts";

/** What was found for a case; `skipped`: why it was not run. */
export interface KilledCase {
  case: string;
  report?: KillReport;
  skipped?: string;
}

export async function killCases(
  dataset: Dataset,
  runner: CaseRunner,
  recordings: CaseRecordings,
): Promise<KilledCase[]> {
  const all: KilledCase[] = [];
  for (const each of dataset.cases) {
    const { history, asked } = splitMessages(messagesOf(each));
    const [message, ...others] = asked;
    if (message === undefined || others.length > 0) {
      all.push({ case: each.id, skipped: "it asks several things" });
      continue;
    }
    const tape = recordings.forKills(each.id);
    const report = await killEveryPoint({
      tools: runner.agent.tools,
      message: { content: message.content, ...defined({ speaker: message.speaker }) },
      approve: each.approve,
      model: tape.model.fetch,
      outside: tape.fetch,
      session({ model, wrap }) {
        const session = sessionFor(each, { ...runner, fetch: model, wrap });
        if (history.length > 0) session.log.append(historyEntries(history, session.now()));
        return session;
      },
    });
    if (!report.points.includes("answer of model call 1: recorded"))
      throw new UsageError(
        `${each.id}: there is no recording in ${recordings.path(each.id)}. Make one: LONGLINE_CASSETTE=record longline eval --live-tools`,
      );
    all.push({ case: each.id, report });
  }
  return all;
}

/** Lines for a terminal. */
export function killWords(killed: readonly KilledCase[]): string {
  const lines = killed.flatMap(({ case: id, report, skipped }) => {
    if (report === undefined) return [`${id}: left out, because ${skipped}`];
    const { points, faults } = report;
    return faults.length === 0
      ? [`${id}: ${points.length} points, nothing is done twice`]
      : [`${id}: ${points.length} points`, ...faults.map(({ words }) => `  ${words}`)];
  });
  const count = killed.reduce((sum, { report }) => sum + (report?.faults.length ?? 0), 0);
  return [...lines, "", count === 0 ? "Result: no tool does something twice." : `Result: ${count} faults.`].join("\n");
}
