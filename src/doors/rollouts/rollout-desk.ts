/** The calls of `RolloutJob` as doors and sessions make them, with their types. Every one may be made again: what is made or changed has a name that the caller gives it. */

import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import type { KeptVersion } from "../../agent/version-override.ts";
import type { Bindings } from "../../env.ts";
import type { Action } from "../../rollout/decide.ts";
import type { RolloutRecord } from "../../rollout/report.ts";
import type { Assignment, NewRollout } from "./rollout-job.ts";
import type { KeptRollout } from "./rollout-store.ts";

export class RolloutDesk {
  readonly #bindings: Bindings;
  readonly #account: string;

  constructor(bindings: Bindings, account: string) {
    this.#bindings = bindings;
    this.#account = account;
  }

  assignment(agent: string): Promise<Assignment> {
    return this.#ask("assignment", agent);
  }

  version(agent: string, id: string): Promise<KeptVersion | null> {
    return this.#ask("version", agent, id);
  }

  /** Newest first, the newest 200. */
  versions(agent: string): Promise<KeptVersion[]> {
    return this.#ask("versions", agent);
  }

  /** False when it was there already. */
  putVersion(version: KeptVersion): Promise<boolean> {
    return this.#ask("putVersion", version);
  }

  /** Throws `conflict` while another one of the agent is not over, `invalid_request` for a metric without data. */
  create(rollout: NewRollout): Promise<RolloutRecord> {
    return this.#ask("create", rollout);
  }

  /** What `create` would make, and would refuse. */
  preview(rollout: NewRollout): Promise<RolloutRecord> {
    return this.#ask("preview", rollout);
  }

  /** Newest first, the newest 200. */
  rollouts(): Promise<KeptRollout[]> {
    return this.#ask("rollouts");
  }

  /** Throws `not_found`. */
  rollout(id: string): Promise<RolloutRecord> {
    return this.#ask("rollout", id);
  }

  /** What a person decides. Throws `conflict` where its state does not allow that. */
  act(id: string, action: Action, by: { name: string; call: string }): Promise<RolloutRecord> {
    return this.#ask("act", id, action, by);
  }

  async #ask<T>(method: string, ...args: unknown[]): Promise<T> {
    const account = accountObject(this.#bindings, this.#account);
    return unwrap(await account.ask("rollouts", method, args)) as T;
  }
}
