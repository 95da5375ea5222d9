/** WHICH version of its agent a turn of a session has: chosen before it begins, recorded in its first entry, and kept to its end, whatever is decided meanwhile. The choice itself is `assign-version.ts`. */
import type { Agent } from "../../agent/agent.ts";
import type { AssignedVersion, SessionVersions, VersionSource } from "../../agent/rollout-feature.ts";
import type { Entry, RolloutMark } from "../../core/entry.ts";
import { assignVersion, versionedAgent } from "./assign-version.ts";

/** Most speakers whose choice is remembered; each is asked for again when a turn of theirs begins. */
const mostSpeakers = 100;

export class SessionVersion implements SessionVersions {
  readonly #of: VersionSource;
  /** By speaker: two messages that come at once do not mix theirs up. */
  readonly #chosen = new Map<string | undefined, AssignedVersion>();
  #latest: AssignedVersion;
  #key: string | undefined;
  limits: Agent["limits"];

  constructor(of: VersionSource) {
    this.#of = of;
    this.limits = of.agent.limits;
    this.#latest = { agent: of.agent };
  }

  get name(): string {
    return this.#of.agent.name;
  }

  get version(): string {
    return this.#of.agent.version;
  }

  assigned(speaker: string | undefined): { version: string; rollout?: RolloutMark } {
    // Where a turn begins anew, its speaker is not always known beforehand: then what was chosen last is the nearest.
    const { agent, rollout } = this.#chosen.get(speaker) ?? this.#latest;
    return { version: agent.version, ...(rollout && { rollout }) };
  }

  async choose(speaker: string | undefined): Promise<void> {
    const { agent, bindings, session } = this.#of;
    if (agent.isMissing) return;
    const { account } = session();
    const chosen = await assignVersion(bindings, { account, agent, session: this.#sessionKey, speaker });
    this.#latest = chosen;
    this.#chosen.delete(speaker);
    this.#chosen.set(speaker, chosen);
    const oldest = this.#chosen.keys().next();
    if (this.#chosen.size > mostSpeakers && !oldest.done) this.#chosen.delete(oldest.value);
  }

  async ofTurn(first: Entry | undefined): Promise<Agent> {
    const { agent, bindings, session } = this.#of;
    const version = first?.type === "user" ? first.agentVersion : undefined;
    if (version === undefined || agent.isMissing) return agent;
    return versionedAgent(bindings, { account: session().account, agent }, version);
  }

  /** A fork and an import have the key of what they were made from, so that they keep its arm. */
  get #sessionKey(): string {
    if (this.#key !== undefined) return this.#key;
    const { name, copied } = this.#of.session();
    const marked = copied().findLast((entry) => entry.type === "user" && entry.rollout !== undefined);
    this.#key = (marked?.type === "user" ? marked.rollout?.key : undefined) ?? name;
    return this.#key;
  }
}
