/** What a turn is worked at with: its agent, models, message, and what it counts and spends. */
import type { Agent } from "../../agent/agent.ts";
import type { TurnSchemas } from "../../agent/turn-schemas.ts";
import type { ModelTimeouts } from "../../model/client.ts";
import type { AnswerCache } from "../../prefix-cache/answer-cache.ts";
import type { RunningTurn } from "../store/inbox.ts";
import type { BudgetClient } from "./budget-client.ts";
import type { HandOut } from "./handed-out.ts";
import type { Subrequests } from "./subrequests.ts";
import type { TurnModel } from "./turn-model.ts";
import type { UserIds } from "./user-ids.ts";

export interface TurnContext {
  agent: Agent;
  /** In the order in which they are asked. */
  models: readonly [TurnModel, ...TurnModel[]];
  timeouts: ModelTimeouts;
  turn: RunningTurn;
  signal: AbortSignal;
  budget: BudgetClient;
  /** Records calls before a client gets them; absent where no account is asked. */
  handOut?: HandOut;
  answers: AnswerCache;
  /** The text of the session's registered prefix. */
  prefix: string | undefined;
  userIds: UserIds;
  /** Of an app whose doors take JSON schemas. */
  schemas?: TurnSchemas | undefined;
  /** Values of the app's secrets for tools, by name. */
  secrets: Readonly<Record<string, string>>;
  subrequests: Subrequests;
  /** Called when the turn's end was written, before it is committed: what is set here is committed with it. */
  onEnd?(): void;
}
