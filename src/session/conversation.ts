/** The session's messages as the provider is sent them. Each entry is encoded once: a request costs what is new, plus copying the bytes. */
import { messagesOf } from "../core/request.ts";
import type { Profile } from "../model/profile.ts";
import { serializeMessage } from "../model/serialize.ts";
import type { TranscriptLog } from "./transcript-log.ts";

export class Conversation {
  readonly #log: TranscriptLog;
  #profile: Profile | undefined;
  #seq = 0;
  #encoded: string[] = [];

  constructor(log: TranscriptLog) {
    this.#log = log;
  }

  /** All messages so far, encoded for `profile`. Called between steps only, when every call has its result. */
  messages(profile: Profile): readonly string[] {
    if (this.#profile?.id !== profile.id || this.#profile.provider !== profile.provider) this.#forget(profile);
    const fresh = this.#log.read({ after: this.#seq });
    for (const message of messagesOf(fresh)) this.#encoded.push(serializeMessage(message, profile));
    this.#seq = fresh.at(-1)?.seq ?? this.#seq;
    return this.#encoded;
  }

  #forget(profile: Profile): void {
    this.#profile = profile;
    this.#seq = 0;
    this.#encoded = [];
  }
}
