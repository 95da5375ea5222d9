/** WHAT rollouts are to sessions and accounts: what `rollouts()` brings. An app that does not list it carries none of it. */
import type { RolloutMark } from "../core/entry.ts";
import type { Bindings } from "../env.ts";
import type { AccountJob, AccountJobHost, Notice } from "../observe/telemetry.ts";
import type { Agent } from "./agent.ts";

/** What a turn runs with. */
export interface AssignedVersion {
  agent: Agent;
  /** The rollout that chose it; absent where none is under way. */
  rollout?: RolloutMark;
}

/** A turn that is to begin. */
export interface TurnToAssign {
  account: string;
  /** As the code defines it. */
  agent: Agent;
  /** The session's name, or that of the session that it is a copy of. */
  session: string;
  speaker: string | undefined;
}

export interface RolloutFeature {
  /** The version for a turn that begins now. Never fails: while the account cannot be asked, what is known of it holds. */
  assign(bindings: Bindings, turn: TurnToAssign): Promise<AssignedVersion>;
  /** The agent that a turn began with, by its version. Throws where it cannot be read now. */
  agentOf(bindings: Bindings, of: { account: string; agent: Agent }, version: string): Promise<Agent>;
  /** Counts and decides, in the object of an account. `send` delivers a notice, and never twice. */
  job(host: AccountJobHost, send: (notice: Notice) => Promise<void>): AccountJob;
}
