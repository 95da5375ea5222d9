/** A turn that is reported again after a lost answer counts again in its rollout. */
import { TurnList as Turns } from "../../../src/account/turn-list.ts";
import type { ReportedTurn } from "../../../src/observe/telemetry.ts";

export * from "../../../src/account/turn-list.ts";

export class TurnList extends Turns {
  override record(session: string, turns: readonly ReportedTurn[]): ReportedTurn[] {
    super.record(session, turns);
    return [...turns];
  }
}
