/** Makes and changes messages in Discord by the best way that is open, and remembers what was refused. What a refusal means is in `ladder.ts`; what is shown is decided in `post.ts`. */
import { fingerprint } from "../../core/prefix.ts";
import type { Posting } from "../channel.ts";
import { type ApiFile, DiscordApi, DiscordFailure, type DiscordSettings } from "./api.ts";
import type { DiscordAddress, DiscordPress } from "./discord-address.ts";
import { afterRefusal, type Closed, mostTries, nextRung, type Refused, type Rung, unknownMs } from "./ladder.ts";
import type { DiscordShown, Shown } from "./shown.ts";

export type DiscordPosting = Posting<DiscordAddress, DiscordShown>;

/** A message as it is to be. */
export interface Outgoing {
  content: string;
  components?: object[];
  file?: ApiFile;
  /** Names it among those of the reply: the same name is made once. */
  name: string;
}

/** The call may succeed later. */
export class Postponed extends Error {
  readonly afterMs: number | undefined;

  constructor(cause: DiscordFailure, afterMs?: number) {
    super(cause.message);
    this.afterMs = afterMs;
  }
}

/** No way is open. */
export class NoWay extends Error {}

/** A token lives 15 minutes. */
export const handOverMs = 14 * 60_000;
/** Nothing that is shown rings for people: a model repeats what others wrote. */
const quiet = { allowed_mentions: { parse: [] } };
const overHint = "The interaction is over after 15 minutes: set DISCORD_BOT_TOKEN so that the bot can go on.";

type Way = "edit" | "followup" | "bot";

export class DiscordSender {
  readonly #posting: DiscordPosting;
  readonly #shown: DiscordShown;
  readonly #api: DiscordApi;
  #last: DiscordFailure | undefined;

  constructor(posting: DiscordPosting, shown: DiscordShown, settings: DiscordSettings) {
    this.#posting = posting;
    this.#shown = shown;
    this.#api = new DiscordApi(settings, posting.address.app);
  }

  /** The interaction whose token is used: the first one while it is good, then that of the latest press. */
  get interaction(): DiscordPress | undefined {
    const { address } = this.#posting;
    const isKnown = (each: DiscordPress) => each.token !== "" && !this.#isClosed("token", each.id);
    const known = [address, ...(address.fresh ? [address.fresh] : [])].filter(isKnown);
    const good = known.find(({ atMs }) => this.#posting.nowMs - atMs < handOverMs);
    // Without a bot it is used until Discord refuses it.
    return good ?? (this.canBot ? undefined : known.at(-1));
  }

  get canBot(): boolean {
    return this.#api.hasBot && !this.#isClosed("bot");
  }

  get canText(): boolean {
    return !this.#isClosed("text");
  }

  /** How many follow-ups can still be made. */
  get followUpsLeft(): number {
    const { interaction } = this;
    if (interaction === undefined || this.#isClosed("followup", interaction.id)) return 0;
    const made = this.#shown.followUps?.[interaction.id] ?? 0;
    return Math.max(0, (interaction.followUps ?? Number.POSITIVE_INFINITY) - made);
  }

  /** Shows the message: in the place of `before` where that can be changed, else as a new one. Throws `Postponed` or `NoWay`. */
  async show(message: Outgoing, before?: Shown): Promise<Shown> {
    let target = before;
    for (;;) {
      const way = this.#wayTo(message, target);
      if (way === undefined) throw this.#noWay();
      const asBot = way === "edit" && this.#ownerOf(target) === "bot";
      const rung: Rung = message.file === undefined ? way : "file";
      try {
        const made = await this.#by(way, message, target);
        delete this.#shown.tries;
        return made;
      } catch (error) {
        const closed = this.#judge(error, { rung, by: way, asBot });
        if (!closed.includes("message")) continue;
        if (this.#last?.code !== 10_008) await this.#discard(target);
        target = undefined;
      }
    }
  }

  /** Changes a message, or leaves it as it is where that cannot be. Throws `Postponed`. */
  async change(before: Shown, message: Outgoing): Promise<void> {
    if (this.#ownerOf(before) === undefined) return;
    try {
      await this.#edit(before, message);
    } catch (error) {
      this.#judge(error, { rung: "edit", by: "edit", asBot: this.#ownerOf(before) === "bot" });
    }
  }

  /** By the first interaction's token, which is good for a minute more; that it fails changes nothing. */
  async leaveNote(target: Shown, message: Outgoing, atMs: number): Promise<void> {
    const { address, nowMs } = this.#posting;
    const isDead = nowMs - atMs >= handOverMs + 60_000;
    const { token } = address;
    const done = isDead
      ? idOf(target) !== "@original" &&
        this.#api.byBot("PATCH", { ...bodyOf(message), path: `${this.#roomPath}/${idOf(target)}` })
      : this.#api.byToken("PATCH", { ...bodyOf(message), token, path: `/messages/${target.id}` });
    await Promise.resolve(done).catch((error: unknown) => {
      if (!(error instanceof DiscordFailure)) throw error;
    });
  }

  /** As a direct message to the person who asked. Throws `Postponed` or `NoWay`. */
  async toPerson(message: Outgoing): Promise<void> {
    const { user } = this.#posting.address;
    if (user === "" || !this.#api.hasBot || this.#isClosed("dm")) throw this.#noWay();
    try {
      const { id } = await this.#api.byBot("POST", { path: "/users/@me/channels", body: { recipient_id: user } });
      await this.#postAsBot(String(id), message);
    } catch (error) {
      this.#judge(error, { rung: "dm" });
      throw this.#noWay();
    }
  }

  /** A last line by whatever way is left; that it does not arrive changes nothing. */
  async lastLine(content: string, before?: Shown): Promise<void> {
    const message = { content, components: [], name: "last line" };
    const ways = [
      () => (before === undefined || this.#ownerOf(before) === undefined ? undefined : this.#edit(before, message)),
      () => (this.followUpsLeft > 0 ? this.#followUp(message) : undefined),
      // What was refused may have been the text, not the bot.
      () => (this.#api.hasBot ? this.#postAsBot(this.#posting.address.room, message) : undefined),
      () => this.toPerson(message).then(() => true),
    ];
    for (const way of ways) {
      const isDone = await Promise.resolve(way()).then(
        (done) => done !== undefined,
        () => false,
      );
      if (isDone) return;
    }
  }

  /** Whether the bot can read the channel; finds out once, and closes that way where it cannot. */
  async tryBot(): Promise<boolean> {
    if (!this.canBot) return false;
    await this.list(1);
    return this.canBot;
  }

  /** The newest messages of the channel; `undefined` where the bot cannot read them. Throws `Postponed`. */
  async list(limit: number): Promise<ListedMessage[] | undefined> {
    if (!this.canBot) return undefined;
    const path = `/channels/${this.#posting.address.room}/messages?limit=${limit}`;
    try {
      const { list = [] } = await this.#api.byBot("GET", { path });
      return (list as ListedMessage[]).filter(({ author }) => author?.id === this.#api.applicationId);
    } catch (error) {
      this.#judge(error, { rung: "bot" });
      return undefined;
    }
  }

  #isClosed(way: Closed, of?: string): boolean {
    return this.#shown.closed?.includes(of === undefined ? way : `${way} ${of}`) ?? false;
  }

  #noWay(): NoWay {
    if (this.#last === undefined) return new NoWay("There is no way left to show the answer.");
    return new NoWay(this.#last.tokenIsOver && !this.#api.hasBot ? overHint : this.#last.message);
  }

  #wayTo({ file }: Outgoing, target: Shown | undefined): Way | undefined {
    const open = {
      edit: this.#ownerOf(target) !== undefined,
      followup: this.followUpsLeft > 0,
      bot: this.canBot,
      dm: false,
      text: file === undefined && this.canText,
      file: file !== undefined && !this.#isClosed("file"),
    };
    const rung = nextRung(open);
    if (rung !== "file") return rung as Way | undefined;
    return open.edit ? "edit" : open.followup ? "followup" : "bot";
  }

  /** Who may change a message: a token its own messages and that of its button, the bot all of the application's. */
  #ownerOf(target: Shown | undefined): DiscordPress | "bot" | undefined {
    if (target === undefined) return undefined;
    const { address } = this.#posting;
    const { interaction, canBot } = this;
    const isOwn = (target.via ?? address.id) === interaction?.id || (interaction?.message ?? "-") === idOf(target);
    if (interaction !== undefined && isOwn && !target.byBot) return interaction;
    return canBot && idOf(target) !== "@original" ? "bot" : undefined;
  }

  #by(way: Way, message: Outgoing, target: Shown | undefined): Promise<Shown> {
    if (way === "edit" && target !== undefined) return this.#edit(target, message);
    return way === "followup" ? this.#followUp(message) : this.#postAsBot(this.#posting.address.room, message);
  }

  async #edit(target: Shown, message: Outgoing): Promise<Shown> {
    const owner = this.#ownerOf(target);
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
  async #followUp(message: Outgoing): Promise<Shown> {
    const { interaction } = this;
    if (interaction === undefined) throw this.#noWay();
    const { id, token } = interaction;
    this.#shown.making = message.content;
    await this.#posting.save(this.#shown);
    const made = await this.#api.byToken("POST", { ...bodyOf(message), token, path: "" }).catch((error: unknown) => {
      if (error instanceof DiscordFailure && !error.isUnclear) this.#shown.making = undefined;
      throw error;
    });
    this.#shown.making = undefined;
    const fills = await this.#fillsOriginal(interaction, String(made.id));
    if (fills) this.#shown.taken = true;
    else this.#shown.followUps = { ...this.#shown.followUps, [id]: (this.#shown.followUps?.[id] ?? 0) + 1 };
    return { id: String(made.id), via: id, text: message.content };
  }

  /** While the deferred message still says that somebody is thinking, the first follow-up goes into it (interactions/receiving-and-responding, "Followup Messages"). */
  async #fillsOriginal({ id, token }: DiscordPress, made: string): Promise<boolean> {
    const { messages, taken } = this.#shown;
    if (id !== this.#posting.address.id || taken || messages[0]?.text !== undefined) return false;
    const original = await this.#api.byToken("GET", { token, path: "/messages/@original" }).catch(() => undefined);
    return original?.id === made;
  }

  /** Discord itself sees to it that a message with the same nonce is made once, for some minutes. */
  async #postAsBot(room: string, message: Outgoing): Promise<Shown> {
    const nonce = fingerprint(`${this.#posting.reply.id} ${message.name} ${message.content}`);
    const { body, file } = bodyOf(message);
    const made = await this.#api
      .byBot("POST", { path: `/channels/${room}/messages`, body: { ...body, nonce, enforce_nonce: true }, file })
      .catch((error: unknown) => {
        if (error instanceof DiscordFailure && error.isUnclear) this.#shown.making = message.content;
        throw error;
      });
    return { id: String(made.id), text: message.content, byBot: true };
  }

  get #roomPath(): string {
    return `/channels/${this.#posting.address.room}/messages`;
  }

  /** What a failure closes. Throws `Postponed` where the same call may succeed later. */
  #judge(error: unknown, at: Pick<Refused, "rung" | "by" | "asBot">): readonly Closed[] {
    if (!(error instanceof DiscordFailure)) throw error;
    this.#last = error;
    const { address, nowMs, lastTry } = this.#posting;
    const { tries } = this.#shown;
    const count = tries?.rung === at.rung ? tries.count + 1 : 1;
    const { status, code, retryAfterMs, isPage } = error;
    const ageMs = nowMs - (this.interaction ?? address).atMs;
    // The last try goes down all rungs: there is no later any more.
    const how = lastTry ? { tries: mostTries, ageMs: Math.max(ageMs, unknownMs) } : { tries: count, ageMs };
    const verdict = afterRefusal({ ...at, ...how, status, code, isPage, retryAfterMs });
    this.#shown.tries = { rung: at.rung, count };
    if (verdict.do === "retry") throw new Postponed(error, verdict.afterMs);
    const { interaction } = this;
    const lasting = verdict.closed.filter((each) => each !== "message");
    const names = lasting.map((each) =>
      each === "token" || each === "followup" ? `${each} ${interaction?.id}` : each,
    );
    this.#shown.closed = [...new Set([...(this.#shown.closed ?? []), ...names])];
    // It may have been made: it is looked for before another way is taken.
    if (this.#shown.making !== undefined && error.isUnclear && !lastTry) throw new Postponed(error);
    return verdict.closed;
  }

  /** Takes back what cannot be changed any more, so that nothing is read twice. */
  async #discard(target: Shown | undefined): Promise<void> {
    if (target?.text === undefined) return;
    const owner = this.#ownerOf(target);
    const call =
      owner === "bot" || owner === undefined
        ? this.canBot && this.#api.byBot("DELETE", { path: `${this.#roomPath}/${idOf(target)}` })
        : this.#api.byToken("DELETE", { token: owner.token, path: `/messages/${target.id}` });
    await Promise.resolve(call).catch(() => undefined);
  }
}

/** A message as the channel lists it. */
export interface ListedMessage {
  id: string;
  content: string;
  author?: { id?: string };
  webhook_id?: string;
}

function idOf({ id, trueId }: Shown): string {
  return trueId ?? id;
}

function bodyOf({ content, components, file }: Outgoing): { body: object; file: ApiFile | undefined } {
  return { body: { content, ...(components && { components }), ...quiet }, file };
}
