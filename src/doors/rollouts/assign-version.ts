/** Which version a turn begins with: asks the account at most once a second for an agent, and hashes the key here. What was decided holds for every turn that begins a second later. */
import type { Agent } from "../../agent/agent.ts";
import type { AssignedVersion, TurnToAssign } from "../../agent/rollout-feature.ts";
import { agentOfVersion, type KeptVersion } from "../../agent/version-override.ts";
import type { Bindings } from "../../env.ts";
import { armOf, seedOf } from "../../rollout/assignment.ts";
import { RolloutDesk } from "./rollout-desk.ts";
import type { Assignment } from "./rollout-job.ts";

/** A decision must hold within a second. */
const freshMs = 900;
/** How often the account is asked for one turn, where its answers take longer than `freshMs`. */
const mostTries = 3;
/** Most agents of accounts that are remembered; beyond that the oldest is forgotten. */
const mostRemembered = 1_000;

interface KnownAssignment {
  assignment: Assignment;
  atMs: number;
}

/** What was asked in this isolate, by account and agent. */
const known = new Map<string, KnownAssignment>();
/** Versions never change. */
const versions = new Map<string, KeptVersion>();

export async function assignVersion(bindings: Bindings, turn: TurnToAssign): Promise<AssignedVersion> {
  const { account, agent, session, speaker } = turn;
  const { rollout } = await assignmentOf(bindings, account, agent.name);
  if (rollout === undefined) return { agent };
  const { id, stage, share, isOver } = rollout;
  const key = rollout.key === "speaker" ? (speaker ?? session) : session;
  const arm = armOf(key, { seed: seedOf(id), share });
  const assigned = await versionedAgent(bindings, { account, agent }, rollout[arm]).catch((error: unknown) => {
    console.error("a version of an agent could not be read; the turn runs with the code's", error);
    return agent;
  });
  return { agent: assigned, ...(!isOver && { rollout: { id, arm, stage, key } }) };
}

/** The agent of a version: an account's own, or else the code's. Throws while the account cannot be asked. */
export async function versionedAgent(
  bindings: Bindings,
  { account, agent }: { account: string; agent: Agent },
  version: string,
): Promise<Agent> {
  if (version === agent.version) return agent;
  const name = `${account} ${agent.name} ${version}`;
  const stored = versions.get(name) ?? (await new RolloutDesk(bindings, account).version(agent.name, version));
  // The code's own of an earlier deploy, most likely. It is not remembered: a version may be made of it later.
  if (stored === null) return agent;
  remember(versions, name, stored);
  return agentOfVersion(agent, stored.content);
}

async function assignmentOf(bindings: Bindings, account: string, agent: string): Promise<Assignment> {
  const name = `${account} ${agent}`;
  for (let tries = 0; tries < mostTries; tries++) {
    const before = known.get(name);
    if (before !== undefined && Date.now() - before.atMs < freshMs) return before.assignment;
    const atMs = Date.now();
    try {
      const assignment = await new RolloutDesk(bindings, account).assignment(agent);
      // Another turn may have received a newer answer meanwhile.
      if (atMs >= (known.get(name)?.atMs ?? 0)) remember(known, name, { assignment, atMs });
    } catch (error) {
      console.error("the account could not be asked for its rollouts; what is known of it holds", error);
      break;
    }
  }
  return known.get(name)?.assignment ?? {};
}

function remember<T>(map: Map<string, T>, name: string, value: T): void {
  map.delete(name);
  map.set(name, value);
  const oldest = map.keys().next();
  if (map.size > mostRemembered && !oldest.done) map.delete(oldest.value);
}
