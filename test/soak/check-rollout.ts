/** Judges what a soak's rollout counted and decided against the transcripts: each marked turn once, each decision once, each when its figures asked for it. Pure. */
import type { Violation } from "./check.ts";
import type { RolloutEnd } from "./harness/rollout-run.ts";
import type { SessionLog } from "./session-log.ts";

type Mark = { arm: "baseline" | "candidate"; stage: number };

/** Marks of the turns that have ended, over all sessions. */
export function endedMarks(logs: readonly Pick<SessionLog, "entries">[]): Mark[] {
  return logs.flatMap(({ entries }) => {
    const ended = new Set(entries.filter(({ type }) => type === "turn_ended").map(({ turn }) => turn));
    return entries.flatMap(({ turn, rollout }) => (rollout !== undefined && ended.has(turn) ? [rollout] : []));
  });
}

export function checkRollout(logs: readonly Pick<SessionLog, "entries">[], end: RolloutEnd): Violation[] {
  const marks = endedMarks(logs);
  const faults = [...countFaults(marks, end), ...decisionFaults(end), ...noticeFaults(end)];
  return faults.map((detail) => ({ rule: "ROLLOUT-20", session: end.report.id, detail }));
}

function countFaults(marks: readonly Mark[], { report }: RolloutEnd): string[] {
  return report.stages.flatMap((stage, place) =>
    (["baseline", "candidate"] as const).flatMap((arm) => {
      const ran = marks.filter((mark) => mark.arm === arm && mark.stage === place).length;
      const counted = stage[arm]?.turns ?? 0;
      return ran === counted ? [] : [`${ran} turns of the ${arm} ended in stage ${place}, and ${counted} were counted`];
    }),
  );
}

/** With the transaction of the turn that fills a stage the next one begins: not later, not twice, none left out. */
function decisionFaults({ report }: RolloutEnd): string[] {
  return report.decisions.flatMap(({ decision, stage, reason }, place) => {
    if (decision !== "advance" || stage !== place)
      return [`decision ${place} is ${decision} in stage ${stage}: ${reason}`];
    const sessions = /(\d+) keys on the candidate/.exec(reason)?.[1];
    const wanted = report.stages[stage]?.min_sessions;
    return Number(sessions) === wanted ? [] : [`stage ${stage} ended with ${sessions} keys in place of ${wanted}`];
  });
}

function noticeFaults({ report, notices }: RolloutEnd): string[] {
  return report.decisions.flatMap(({ reason }) => {
    const sent = notices.filter(({ message }) => message?.content.endsWith(reason)).length;
    return sent === 1 ? [] : [`a notice was sent ${sent} times: ${reason}`];
  });
}
