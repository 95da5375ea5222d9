/**
 * Makes, changes and removes single messages in Discord, so that a call whose answer is lost makes nothing twice: an edit may be
 * made again, the bot's messages have a nonce, a follow-up is written down before it is made and looked for in the channel; and
 * where the channel cannot be read, it is made as a placeholder that an edit fills. `send.ts` decides which way is used.
 */

import { defined } from "../../core/defined.ts";
import { fingerprint } from "../../core/digest.ts";
import { type ApiFile, type DiscordApi, DiscordFailure } from "./api.ts";
import type { DiscordPress } from "./discord-address.ts";
import type { DiscordPosting, OpenWays } from "./open-ways.ts";
import { type DiscordShown, idOf, makingOf, type Shown } from "./shown.ts";

/** A message that must be shown. */
export interface Outgoing {
  content: string;
  components?: object[];
  /** Without its buttons it is as good: where it is refused, it is shown without them. */
  mayBeBare?: boolean;
  file?: ApiFile;
  /** Names it among those of the reply: the same name is made once. */
  name: string;
}

/** A message as the channel lists it. */
export interface ListedMessage {
  id: string;
  content: string;
  author?: { id?: string };
  webhook_id?: string;
}

/** No message notifies people: a model repeats what others wrote. */
const quiet = { allowed_mentions: { parse: [] } };
const placeholder = { content: "…", ...quiet };

/** All throw a DiscordFailure where Discord refuses, or does not answer. */
export class MessageCalls {
  readonly #posting: DiscordPosting;
  readonly #shown: DiscordShown;
  readonly #api: DiscordApi;
  readonly #ways: OpenWays;

  constructor(posting: DiscordPosting, shown: DiscordShown, of: { api: DiscordApi; ways: OpenWays }) {
    this.#posting = posting;
    this.#shown = shown;
    this.#api = of.api;
    this.#ways = of.ways;
  }

  async edit(target: Shown, message: Outgoing, owner = this.#ways.ownerOf(target)): Promise<Shown> {
    const isOriginal = target.id === "@original";
    const made = await this.#patch(target, message, owner).catch((error: unknown) => {
      const isLost = error instanceof DiscordFailure && error.isUnclear && isOriginal;
      if (isLost) this.#shown.mayHold = true;
      const isUnclear = error instanceof DiscordFailure && error.isUnclear;
      if (isUnclear && message.file !== undefined) this.#shown.mayHoldFile = true;
      // Its id is not known yet: where the token is refused next, only its text finds it.
      if (isLost && idOf(target) === "@original") this.#begin(message, true);
      throw error;
    });
    this.#done(message);
    if (isOriginal) delete this.#shown.mayHold;
    this.#shown.leftovers = (this.#shown.leftovers ?? []).filter(({ id }) => id !== target.id);
    return made;
  }

  async followUp(message: Outgoing, canLook: boolean): Promise<Shown> {
    const { interaction } = this.#ways;
    if (interaction === undefined) throw new DiscordFailure(404, 10_015);
    const spare = this.#ways.spareFor(message.name);
    if (spare === undefined && canLook) return this.#makeFollowUp(message, interaction);
    const { id, via } = spare ?? (await this.#makeSpare(interaction));
    const target = { id, ...defined({ via }) };
    const others = (this.#shown.spares ?? []).filter((each) => each.id !== id);
    const made = await this.#patch(target, message, interaction).catch((error: unknown) => {
      const isGone = error instanceof DiscordFailure && error.code === 10_008;
      // It may hold this message, and no other one may go into it.
      this.#shown.spares = isGone ? others : [...others, { ...target, name: message.name }];
      throw error;
    });
    this.#shown.spares = others;
    return made;
  }

  /** A follow-up that nothing looks for if its answer is lost. */
  async postUnchecked(message: Outgoing, { token }: DiscordPress): Promise<void> {
    await this.#api.byToken("POST", { ...bodyOf(message), token, path: "" });
  }

  /** Discord itself sees to it that a message with the same nonce is made once, for some minutes. */
  async postAsBot(room: string, message: Outgoing): Promise<Shown> {
    const nonce = fingerprint(`${this.#posting.reply.id} ${message.name} ${message.content}`);
    const { body, file } = bodyOf(message);
    const made = await this.#api
      .byBot("POST", { path: `/channels/${room}/messages`, body: { ...body, nonce, enforce_nonce: true }, file })
      .catch((error: unknown) => {
        if (error instanceof DiscordFailure && error.isUnclear) this.#begin(message);
        throw error;
      });
    this.#done(message);
    return { id: String(made.id), text: message.content, byBot: true };
  }

  /** To the person who asked. */
  async postDirect(message: Outgoing): Promise<void> {
    const body = { recipient_id: this.#posting.address.user };
    const { id } = await this.#api.byBot("POST", { path: "/users/@me/channels", body });
    await this.postAsBot(String(id), message);
  }

  /** Changes a message that the first interaction made, by its token or as the bot. */
  async editFirst(target: Shown, message: Outgoing, by: "token" | "bot"): Promise<void> {
    const { token } = this.#posting.address;
    if (by === "bot") await this.#api.byBot("PATCH", { ...bodyOf(message), path: `${this.#roomPath}/${idOf(target)}` });
    else await this.#api.byToken("PATCH", { ...bodyOf(message), token, path: `/messages/${target.id}` });
  }

  async delete(target: Shown, owner: DiscordPress | "bot"): Promise<void> {
    if (owner === "bot") await this.#api.byBot("DELETE", { path: `${this.#roomPath}/${idOf(target)}` });
    else await this.#api.byToken("DELETE", { token: owner.token, path: `/messages/${target.id}` });
    if (target.id === "@original") delete this.#shown.mayHold;
  }

  /** Whether the deferred message is one of those that are shown: a follow-up whose answer was lost may have gone into it. */
  async isInUse(target: Shown, { token }: DiscordPress): Promise<boolean> {
    if (target.id !== "@original" || target.text !== undefined) return false;
    const { id } = await this.#api.byToken("GET", { token, path: "/messages/@original" });
    const { messages, approvals, spares = [] } = this.#shown;
    return [...messages, ...Object.values(approvals), ...spares].some((each) => idOf(each) === id);
  }

  /** The newest messages of the channel that are the application's. */
  async list(limit: number): Promise<ListedMessage[]> {
    const { list = [] } = await this.#api.byBot("GET", { path: `${this.#roomPath}?limit=${limit}` });
    return (list as ListedMessage[]).filter(({ author }) => author?.id === this.#api.applicationId);
  }

  async #patch(target: Shown, message: Outgoing, owner: DiscordPress | "bot" | undefined): Promise<Shown> {
    const request = bodyOf(message);
    if (owner === "bot" || owner === undefined) {
      await this.#api.byBot("PATCH", { ...request, path: `${this.#roomPath}/${idOf(target)}` });
      return { ...target, text: message.content };
    }
    const isOwn = (target.via ?? this.#posting.address.id) === owner.id;
    const path = `/messages/${isOwn ? target.id : idOf(target)}`;
    const made = await this.#api.byToken("PATCH", { ...request, token: owner.token, path });
    const trueId = target.id === "@original" && typeof made.id === "string" && { trueId: made.id };
    return { ...target, ...trueId, text: message.content };
  }

  /** What is being made is on disk before. */
  async #makeFollowUp(message: Outgoing, interaction: DiscordPress): Promise<Shown> {
    const { id, token } = interaction;
    this.#begin(message);
    await this.#posting.save(this.#shown);
    const made = await this.#api.byToken("POST", { ...bodyOf(message), token, path: "" }).catch((error: unknown) => {
      if (error instanceof DiscordFailure && !error.isUnclear) this.#done(message);
      throw error;
    });
    this.#done(message);
    await this.#count(interaction, String(made.id));
    return { id: String(made.id), via: id, text: message.content };
  }

  /** Makes a placeholder. If the response is lost, only its dots remain in the channel. */
  async #makeSpare(interaction: DiscordPress): Promise<Shown> {
    const { id, token } = interaction;
    const made = await this.#api.byToken("POST", { body: placeholder, token, path: "" });
    const spare = { id: String(made.id), via: id };
    this.#shown.spares = [...(this.#shown.spares ?? []), spare];
    await this.#count(interaction, spare.id);
    return spare;
  }

  async #count(interaction: DiscordPress, made: string): Promise<void> {
    const { id } = interaction;
    if (await this.#fillsOriginal(interaction, made)) {
      this.#shown.taken = true;
      this.#shown.leftovers = (this.#shown.leftovers ?? []).filter((each) => each.id !== "@original");
    } else this.#shown.followUps = { ...this.#shown.followUps, [id]: (this.#shown.followUps?.[id] ?? 0) + 1 };
  }

  /** While the deferred message still shows "thinking", the first follow-up goes into it (interactions/receiving-and-responding, "Followup Messages"). */
  async #fillsOriginal(interaction: DiscordPress, made: string): Promise<boolean> {
    const { id, token } = interaction;
    const { messages, taken } = this.#shown;
    if (id !== this.#posting.address.id || taken || messages[0]?.text !== undefined) return false;
    const read = () => this.#api.byToken("GET", { token, path: "/messages/@original" }).catch(() => undefined);
    const original = (await read()) ?? (await read());
    // Where Discord does not send it, it is as documented.
    if (original === undefined) return !this.#shown.mayHold;
    if (original.id === made) return true;
    // An edit had come through after all.
    if (original.content) await this.#removeOriginal(interaction);
    return false;
  }

  async #removeOriginal(interaction: DiscordPress): Promise<void> {
    await this.delete({ id: "@original" }, interaction).catch((error: unknown) => {
      if (!(error instanceof DiscordFailure)) throw error;
      this.#shown.leftovers = [...(this.#shown.leftovers ?? []), { id: "@original", tries: 1 }];
    });
  }

  /** It may be there from now on. */
  #begin({ name, content }: Outgoing, edits = false): void {
    const others = makingOf(this.#shown).filter((each) => each.name !== name);
    this.#shown.making = [...others, { name, text: content, ...(edits && { edits }) }];
  }

  #done({ name }: Outgoing): void {
    this.#shown.making = makingOf(this.#shown).filter((each) => each.name !== name);
  }

  get #roomPath(): string {
    return `/channels/${this.#posting.address.room}/messages`;
  }
}

/** Without words, an edit leaves those that are there. */
function bodyOf({ content, components, file }: Outgoing): { body: object; file: ApiFile | undefined } {
  return { body: { ...(content !== "" && { content }), ...(components && { components }), ...quiet }, file };
}
