/** The rollout of a soak: begins it before the first kill, and reads what the Worker counted and decided once everything has come to rest. Judges nothing. */
import type { AgentVersionJson, RolloutJson, RolloutReportJson } from "../../../src/wire/rollout-shapes.ts";
import type { EntryData } from "../session-log.ts";

/** What the Worker has of the rollout in the end. */
export interface RolloutEnd {
  report: RolloutReportJson;
  /** The session that notices of decisions are in. */
  notices: EntryData[];
}

/** Equal shares, so that an arm is compared with itself in no stage, and a decision every few sessions. */
const stages = Array.from({ length: 19 }, () => ({ share: 0.5, min_sessions: 2 }));

export class RolloutRun {
  readonly #url: string;
  id = "";

  constructor(url: string) {
    this.#url = url;
  }

  async begin(): Promise<void> {
    const { version } = (await this.#json("POST", "/v1/agents/soak/versions", {
      instructions: "You are the agent of a kill soak, and the candidate of its rollout.",
    })) as AgentVersionJson;
    const body = {
      agent: "soak",
      candidate: version,
      stages: [...stages, { share: 0.5, min_sessions: 1_000_000 }],
      guardrails: [{ metric: "failed_turns", worse_by: 0.1 }],
    };
    this.id = ((await this.#json("POST", "/v1/rollouts", body)) as RolloutJson).id;
  }

  /** Looks again until so many turns were counted, or for as long as reports may take. `slowness`: of the machine; see `ClientSetup`. */
  async ended(turns: number, slowness: number): Promise<RolloutEnd> {
    const untilMs = performance.now() + 30_000 * slowness;
    for (;;) {
      const report = (await this.#json("GET", `/v1/rollouts/${this.id}/report`)) as RolloutReportJson;
      const { entries } = (await this.#json("GET", "/v1/sessions/longline-alerts/entries?limit=500")) as {
        entries: EntryData[];
      };
      const notices = entries.filter(({ type }) => type === "assistant");
      const isDone = countedTurns(report) >= turns && notices.length >= report.decisions.length;
      if (isDone || performance.now() > untilMs) return { report, notices };
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #json(method: string, path: string, body?: object): Promise<unknown> {
    const headers = { authorization: "Bearer soak-key", "content-type": "application/json" };
    const answer = await fetch(`${this.#url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (answer.status === 404 && method === "GET") return { entries: [] };
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

/** Over all stages and both arms. */
export function countedTurns({ stages }: Pick<RolloutReportJson, "stages">): number {
  return stages.reduce((sum, { baseline, candidate }) => sum + (baseline?.turns ?? 0) + (candidate?.turns ?? 0), 0);
}
