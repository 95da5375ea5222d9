/** WHICH version of its agent a turn of this session has: chosen before it begins, recorded in its first entry, and kept to its end, whatever is decided meanwhile. Only where the app lists rollouts; the choice itself is `doors/rollouts/assign-version.ts`. */
import type { Agent } from "../../agent/agent.ts";
import type { AssignedVersion, RolloutFeature } from "../../agent/rollout-feature.ts";
import type { Entry, RolloutMark } from "../../core/entry.ts";
import type { Bindings } from "../../env.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";

/** What a version is chosen by. */
export interface VersionSource {
  agent: Agent;
  bindings: Bindings;
  rollouts: RolloutFeature | undefined;
}

/** Most speakers whose choice is remembered; each is asked for again when a turn of theirs begins. */
const mostSpeakers = 100;
/** Newest entries of a copy's source in which its key is looked for. */
const lookBack = 500;

export class SessionVersion {
  readonly #of: VersionSource;
  /** By speaker: two messages that come at once do not mix theirs up. */
  readonly #chosen = new Map<string | undefined, AssignedVersion>();
  #latest: AssignedVersion;
  #key: string | undefined;
  #session: { record: SessionRecord; log: TranscriptLog } | undefined;

  constructor(of: VersionSource) {
    this.#of = of;
    this.#latest = { agent: of.agent };
  }

  /** The rows of the session, once they are open. */
  opened(session: { record: SessionRecord; log: TranscriptLog }): void {
    this.#session = session;
  }

  get name(): string {
    return this.#of.agent.name;
  }

  get version(): string {
    return this.#of.agent.version;
  }

  get limits(): Agent["limits"] {
    return this.#of.agent.limits;
  }

  /** What the turn of that speaker begins with, as it was chosen last. */
  assigned(speaker: string | undefined): { version: string; rollout?: RolloutMark } {
    // Where a turn begins anew, its speaker is not always known beforehand: then what was chosen last is the nearest.
    const { agent, rollout } = this.#chosen.get(speaker) ?? this.#latest;
    return { version: agent.version, ...(rollout && { rollout }) };
  }

  /** To be called before a turn of that speaker may begin. */
  async choose(speaker: string | undefined): Promise<void> {
    const { rollouts, agent, bindings } = this.#of;
    if (rollouts === undefined || agent.isMissing || this.#session === undefined) return;
    const { account } = this.#session.record.read();
    const chosen = await rollouts.assign(bindings, { account, agent, session: this.#sessionKey, speaker });
    this.#latest = chosen;
    this.#chosen.delete(speaker);
    this.#chosen.set(speaker, chosen);
    const oldest = this.#chosen.keys().next();
    if (this.#chosen.size > mostSpeakers && !oldest.done) this.#chosen.delete(oldest.value);
  }

  /** The agent of a turn, by its first entry. Throws where its version cannot be read now: the turn goes on later. */
  async ofTurn(first: Entry | undefined): Promise<Agent> {
    const { rollouts, agent, bindings } = this.#of;
    const version = first?.type === "user" ? first.agentVersion : undefined;
    if (rollouts === undefined || this.#session === undefined || version === undefined || agent.isMissing) return agent;
    return rollouts.agentOf(bindings, { account: this.#session.record.read().account, agent }, version);
  }

  /** A fork and an import have the key of what they were made from, so that they keep its arm. */
  get #sessionKey(): string {
    if (this.#key !== undefined || this.#session === undefined) return this.#key ?? "";
    const { record, log } = this.#session;
    const { name, copiedSeq } = record.read();
    const copied = copiedSeq === 0 ? [] : log.read({ after: Math.max(0, copiedSeq - lookBack), limit: lookBack });
    const marked = copied.findLast(
      (entry) => entry.seq <= copiedSeq && entry.type === "user" && entry.rollout !== undefined,
    );
    this.#key = (marked?.type === "user" ? marked.rollout?.key : undefined) ?? name;
    return this.#key;
  }
}
