/** The agent of a session as it is now, and which version of it each turn has: a handoff changes both between two turns. */
import type { Agent } from "../agent/agent.ts";
import type { App } from "../agent/app.ts";
import type { SessionVersions, VersionSource } from "../agent/rollout-feature.ts";
import type { TurnAgent } from "./turn/turns.ts";

/** To be read at each use. */
export interface AgentNow {
  /** The session's own. One that the app does not have any more `isMissing`. */
  readonly agent: Agent;
  /** Which version of it each turn has; `choose` is to be called before one may begin. Absent where the app has no rollouts. */
  readonly version: SessionVersions | undefined;
}

/** `named`: the name in the session's record. */
export function agentNow(
  { agents, rollouts }: Pick<App, "agents" | "rollouts">,
  source: Omit<VersionSource, "agent"> & { named(): string | null },
): AgentNow {
  let known: { agent: Agent; version: SessionVersions | undefined } | undefined;
  return {
    get agent() {
      return agents.of(source.named());
    },
    get version() {
      const { agent } = this;
      if (known?.agent !== agent) known = { agent, version: rollouts?.session({ ...source, agent }) };
      return known.version;
    },
  };
}

/** The same for the turns of the session. */
export function turnAgent(now: AgentNow): TurnAgent {
  const of = () => now.version ?? now.agent;
  return {
    get name() {
      return of().name;
    },
    get version() {
      return of().version;
    },
    get limits() {
      return of().limits;
    },
    assigned: (speaker) => now.version?.assigned(speaker) ?? { version: now.agent.version },
  };
}

/** The object with the agent and the version as they are at each use. */
export function withAgent<T extends object>(object: T, now: AgentNow): T & AgentNow {
  return Object.defineProperties(object, {
    agent: { get: () => now.agent },
    version: { get: () => now.version },
  }) as T & AgentNow;
}
