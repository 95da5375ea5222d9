/** The person who is asked about calls: says yes or no, always the same about one call, and sometimes says it twice. */
import type { Decision, SessionLog } from "../session-log.ts";
import type { Api } from "./api.ts";
import { Chance } from "./chance.ts";
import type { Points } from "./points.ts";

export class Approver {
  readonly #of: { api: Api; log: SessionLog; points: Points; seed: number };

  constructor(of: { api: Api; log: SessionLog; points: Points; seed: number }) {
    this.#of = of;
  }

  /** Answers about each of these calls, once or twice. What a kill takes away is answered again at the next look. */
  async decide(callIds: readonly string[]): Promise<void> {
    for (const callId of callIds) {
      const chance = new Chance(this.#of.seed, `approval of ${callId}`);
      const decision = this.#decisionOn(callId, chance.happens(0.7));
      const twice = chance.happens(0.3);
      await Promise.all([this.#answer(decision), ...(twice ? [this.#answer(decision)] : [])]);
    }
  }

  #decisionOn(callId: string, approve: boolean): Decision {
    const { decisions } = this.#of.log;
    const known = decisions.find((decision) => decision.callId === callId);
    if (known !== undefined) return known;
    const decision: Decision = { callId, approve, statuses: [] };
    decisions.push(decision);
    return decision;
  }

  async #answer({ callId, approve, statuses }: Decision): Promise<void> {
    const { api, log, points } = this.#of;
    const body = JSON.stringify({ approve });
    const asking = api.ask(`/approvals/${callId}`, { method: "POST", body });
    points.hit("approval.sent");
    const answer = await asking;
    if (answer === undefined) return;
    points.hit("approval.answered");
    statuses.push(answer.status);
    if (answer.status !== 200 && answer.status !== 409) log.refusals.push(`approval of ${callId}: ${answer.status}`);
  }
}
