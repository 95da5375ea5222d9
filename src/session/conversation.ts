/** The session's messages as the provider is sent them. Each entry is encoded once: a request costs what is new, plus copying the bytes. */
import { messagesOf } from "../core/request.ts";
import type { Profile } from "../model/profile.ts";
import { serializeMessage } from "../model/serialize.ts";
import type { TranscriptLog } from "./transcript-log.ts";

export class Conversation {
  readonly #log: TranscriptLog;
  /** Models whose provider has shown that its rule on earlier reasoning is not the catalog's. */
  readonly #flipped = new Set<string>();
  #profile: Profile | undefined;
  #seq = 0;
  #encoded: string[] = [];

  constructor(log: TranscriptLog) {
    this.#log = log;
  }

  /** All messages so far, encoded for `model`, whose profile is returned as it holds here. Called between steps only, when every call has its result. */
  messages(model: Profile): { profile: Profile; messages: readonly string[] } {
    const profile = this.#flipped.has(model.id) ? withOtherRule(model) : model;
    if (this.#profile === undefined || !spellAlike(this.#profile, profile)) this.#forget();
    this.#profile = profile;
    const fresh = this.#log.read({ after: this.#seq });
    for (const message of messagesOf(fresh)) this.#encoded.push(serializeMessage(message, profile));
    this.#seq = fresh.at(-1)?.seq ?? this.#seq;
    return { profile, messages: this.#encoded };
  }

  /** From now on earlier reasoning is sent to this model if it was not, and not if it was. */
  flipReasoningRule(modelId: string): void {
    if (!this.#flipped.delete(modelId)) this.#flipped.add(modelId);
  }

  #forget(): void {
    this.#seq = 0;
    this.#encoded = [];
  }
}

function withOtherRule(profile: Profile): Profile {
  return { ...profile, reasoningReplay: profile.reasoningReplay === "strip" ? "replay" : "strip" };
}

/** Whether messages are written the same way for both. */
function spellAlike(a: Profile, b: Profile): boolean {
  return a.reasoningReplay === b.reasoningReplay;
}
