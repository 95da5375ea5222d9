/** WHAT rollouts are to sessions and accounts: what `rollouts()` brings. An app that does not list it carries none of it. */
import type { Entry, RolloutMark } from "../core/entry.ts";
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

/** What the versions of a session's turns are chosen by. */
export interface VersionSource {
  /** As the code defines it. */
  agent: Agent;
  bindings: Bindings;
  /** `copied`: its newest entries that came with a fork or an import. */
  session(): { account: string; name: string; copied(): readonly Entry[] };
}

/** The session's agent, as its turns have it. */
export interface SessionVersions extends Pick<Agent, "name" | "version"> {
  /** Those of the turn that is run; the runner sets them. */
  limits: Agent["limits"];
  /** What the turn of that speaker begins with, as it was chosen last. */
  assigned(speaker: string | undefined): { version: string; rollout?: RolloutMark };
  /** To be called before a turn of that speaker may begin. Never fails: while the account cannot be asked, what is known of it holds. */
  choose(speaker: string | undefined): Promise<void>;
  /** The agent of a turn, by its first entry. Throws where its version cannot be read now: the turn goes on later. */
  ofTurn(first: Entry | undefined): Promise<Agent>;
}

/** Where a notice goes: an address of a channel, or of a callback. */
export interface NoticeAddress {
  readonly channel: string;
}

export interface RolloutFeature {
  /** Where notices of decisions go; none: where the alerts about the agent go. */
  readonly notify: readonly NoticeAddress[];
  session(of: VersionSource): SessionVersions;
  /** Counts and decides, in the object of an account. `send` delivers a notice, and never twice. `alerted`: where the alerts about an agent go. */
  job(
    host: AccountJobHost,
    send: (notice: Notice) => Promise<void>,
    alerted: (agent: string) => readonly NoticeAddress[],
  ): AccountJob;
}
