/** Makes and changes messages in Discord by the best way that is open, and remembers what was refused. What a refusal means is in `ladder.ts`; what is shown is decided in `post.ts`. */
import { fingerprint } from "../../core/prefix.ts";
import type { Posting } from "../channel.ts";
import { type ApiFile, DiscordApi, DiscordFailure, type DiscordSettings } from "./api.ts";
import { ClosedWays } from "./closed-ways.ts";
import type { DiscordAddress, DiscordPress } from "./discord-address.ts";
import { afterRefusal, type Closed, mostTries, nextRung, type Refused, type Rung, unknownMs } from "./ladder.ts";
import { type DiscordShown, makingOf, type Shown } from "./shown.ts";

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

  constructor(why: string, afterMs?: number) {
    super(why);
    this.afterMs = afterMs;
  }
}

/** No way is open. */
export class NoWay extends Error {}

/** A token lives 15 minutes. */
const handOverMs = 14 * 60_000;
/** Nothing that is shown rings for people: a model repeats what others wrote. */
const quiet = { allowed_mentions: { parse: [] } };
const overHint = "The interaction is over after 15 minutes: set DISCORD_BOT_TOKEN so that the bot can go on.";

type Way = "edit" | "followup" | "bot";

export class DiscordSender {
  readonly #posting: DiscordPosting;
  readonly #shown: DiscordShown;
  readonly #api: DiscordApi;
  #last: DiscordFailure | undefined;
  readonly #closed: ClosedWays;

  constructor(posting: DiscordPosting, shown: DiscordShown, settings: DiscordSettings) {
    this.#posting = posting;
    this.#shown = shown;
    this.#closed = new ClosedWays(shown);
    this.#api = new DiscordApi(settings, posting.address.app);
  }

  /** The interaction whose token is used: the first one while it is good, then that of the latest press. */
  get interaction(): DiscordPress | undefined {
    const { address } = this.#posting;
    const isKnown = (each: DiscordPress) => each.token !== "" && !this.#closed.has("token", each.id);
    const known = [address, ...(address.fresh ? [address.fresh] : [])].filter(isKnown);
    const good = known.find(({ atMs }) => this.#posting.nowMs - atMs < handOverMs);
    // Without a bot it is used until Discord refuses it.
    return good ?? (this.canBot ? undefined : known.at(-1));
  }

  get canBot(): boolean {
    return this.#api.hasBot && !this.#closed.has("bot");
  }

  get canText(): boolean {
    return !this.#closed.has("text");
  }

  /** How many follow-ups can still be made. */
  get followUpsLeft(): number {
    const { interaction } = this;
    if (interaction === undefined || this.#closed.has("followup", interaction.id)) return 0;
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
        await this.#discard(target);
        target = undefined;
      }
    }
  }

  /** Changes a message; false where it was refused. What nobody may change any more counts as changed. Throws `Postponed`. */
  async change(before: Shown, message: Outgoing): Promise<boolean> {
    if (this.#ownerOf(before) === undefined) return true;
    try {
      await this.#edit(before, message);
      return true;
    } catch (error) {
      this.#judge(error, { rung: "edit", by: "edit", asBot: this.#ownerOf(before) === "bot" });
      return this.#last?.code === 10_008;
    }
  }

  /** Takes back what could not be taken back before; throws `Postponed` while it is worth another try. */
  async takeBack(): Promise<void> {
    const left: NonNullable<DiscordShown["leftovers"]> = [];
    for (const each of this.#shown.leftovers ?? []) {
      if (!(await this.#delete(each)) && each.tries < 3) left.push({ ...each, tries: each.tries + 1 });
    }
    this.#shown.leftovers = left;
    if (left.length > 0) throw new Postponed(this.#last?.message ?? "A message could not be removed.");
  }

  /** Whether anything that was refused may be tried once more from the beginning; false where it was the text that was refused. */
  tryAgain(): boolean {
    const isOver = this.#last?.tokenIsOver === true && !this.#api.hasBot;
    if (this.#posting.isLast || this.#shown.again || isOver || this.#shown.isModerated) return false;
    Object.assign(this.#shown, { again: true, misses: {}, closed: [] });
    return true;
  }

  /** Changes a message that the first interaction made, whose token is good for a minute more. */
  async leaveNote(target: Shown, message: Outgoing): Promise<boolean> {
    const { address, nowMs } = this.#posting;
    const isGood = nowMs - address.atMs < handOverMs + 60_000 && !this.#closed.has("token", address.id);
    if (!isGood && (!this.canBot || idOf(target) === "@original")) return false;
    const { token } = address;
    const call = isGood
      ? this.#api.byToken("PATCH", { ...bodyOf(message), token, path: `/messages/${target.id}` })
      : this.#api.byBot("PATCH", { ...bodyOf(message), path: `${this.#roomPath}/${idOf(target)}` });
    return call.then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof DiscordFailure)) throw error;
        if (error.isUnclear && !this.#posting.isLast) throw new Postponed(error.message);
        return false;
      },
    );
  }

  /** As a direct message to the person who asked. Throws `Postponed` or `NoWay`. */
  async toPerson(message: Outgoing): Promise<void> {
    const { user } = this.#posting.address;
    if (user === "" || !this.#api.hasBot || this.#closed.has("dm")) throw this.#noWay();
    try {
      const { id } = await this.#api.byBot("POST", { path: "/users/@me/channels", body: { recipient_id: user } });
      await this.#postAsBot(String(id), message);
    } catch (error) {
      this.#judge(error, { rung: "dm" });
      throw this.#noWay();
    }
  }

  /** Whether a message can be changed. */
  canChange(shown: Shown): boolean {
    return this.#ownerOf(shown) !== undefined;
  }

  /** A last line by whatever way is left. Returns whether it arrived. */
  async lastLine(content: string, before?: Shown): Promise<boolean> {
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
      if (isDone) return true;
    }
    return false;
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
      if (this.#closed.isShut) throw this.#noWay();
      return undefined;
    }
  }

  /** While a way is closed in this attempt only, there is a next one. */
  #noWay(): NoWay | Postponed {
    if (this.#closed.isShut && !this.#posting.isLast) return new Postponed(this.#last?.message ?? "Discord refused it");
    const isOver = this.#last?.tokenIsOver === true && !this.#api.hasBot;
    return new NoWay(isOver ? overHint : (this.#shown.why ?? "There is no way left to show the answer."));
  }

  #wayTo({ file }: Outgoing, target: Shown | undefined): Way | undefined {
    const open = {
      edit: this.#ownerOf(target) !== undefined,
      followup: this.followUpsLeft > 0,
      bot: this.canBot,
      dm: false,
      text: file === undefined && this.canText,
      file: file !== undefined && !this.#closed.has("file"),
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
    const made = await this.#patch(target, message).catch((error: unknown) => {
      // Nobody knows its id yet: where the token is refused next, only its text finds it.
      const isLost = error instanceof DiscordFailure && error.isUnclear && idOf(target) === "@original";
      if (isLost) this.#begin(message);
      throw error;
    });
    this.#done(message);
    this.#shown.leftovers = (this.#shown.leftovers ?? []).filter(({ id }) => id !== target.id);
    return made;
  }

  async #patch(target: Shown, message: Outgoing): Promise<Shown> {
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
    this.#begin(message);
    await this.#posting.save(this.#shown);
    const made = await this.#api.byToken("POST", { ...bodyOf(message), token, path: "" }).catch((error: unknown) => {
      if (error instanceof DiscordFailure && !error.isUnclear) this.#done(message);
      throw error;
    });
    this.#done(message);
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
    // Where Discord does not say, it is as documented.
    if (original === undefined || original.id === made) return true;
    // An edit had come through after all.
    if (original.content) await this.remove({ id: "@original" });
    return false;
  }

  /** Discord itself sees to it that a message with the same nonce is made once, for some minutes. */
  async #postAsBot(room: string, message: Outgoing): Promise<Shown> {
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

  /** It may be there from now on. */
  #begin({ name, content }: Outgoing): void {
    const others = makingOf(this.#shown).filter((each) => each.name !== name);
    this.#shown.making = [...others, { name, text: content }];
  }

  #done({ name }: Outgoing): void {
    this.#shown.making = makingOf(this.#shown).filter((each) => each.name !== name);
  }

  get #roomPath(): string {
    return `/channels/${this.#posting.address.room}/messages`;
  }

  /** What a failure closes. Throws `Postponed` where the same call may succeed later. */
  #judge(error: unknown, at: Pick<Refused, "rung" | "by" | "asBot">): readonly Closed[] {
    if (!(error instanceof DiscordFailure)) throw error;
    this.#last = error;
    this.#shown.why = error.message;
    const { address, nowMs, isLast } = this.#posting;
    const { tries } = this.#shown;
    const count = tries?.rung === at.rung ? tries.count + 1 : 1;
    const { status, code, retryAfterMs, isPage } = error;
    const ageMs = nowMs - (this.interaction ?? address).atMs;
    // The last try goes down all rungs: there is no later any more.
    const how = isLast ? { tries: mostTries, ageMs: Math.max(ageMs, unknownMs) } : { tries: count, ageMs };
    const verdict = afterRefusal({ ...at, ...how, status, code, isPage, retryAfterMs });
    this.#shown.tries = { rung: at.rung, count };
    if (verdict.do === "retry") throw new Postponed(error.message, verdict.afterMs);
    this.#closed.close(verdict, this.interaction?.id);
    // It may have been made: it is looked for before another way is taken.
    const mayBeThere = error.isUnclear && !verdict.closed.includes("message") && makingOf(this.#shown).length > 0;
    if (mayBeThere && !isLast) throw new Postponed(error.message);
    return verdict.closed;
  }

  /** Takes back what cannot be changed any more, so that nothing is read twice. */
  async #discard(target: Shown | undefined): Promise<void> {
    // A deferred message that holds nothing yet is filled by the next follow-up.
    const mayHold = target?.text !== undefined || (this.#shown.tries?.count ?? 0) > 1;
    if (target !== undefined && mayHold) await this.remove(target);
  }

  /** Now, or at a later attempt. */
  async remove(target: Shown): Promise<void> {
    if (await this.#delete(target)) return;
    this.#shown.leftovers = [...(this.#shown.leftovers ?? []), { ...target, tries: 1 }];
  }

  /** Whether the message is gone, or can be removed by nobody. */
  async #delete(target: Shown): Promise<boolean> {
    const owner = this.#ownerOf(target);
    if (owner === undefined) return true;
    const call =
      owner === "bot"
        ? this.#api.byBot("DELETE", { path: `${this.#roomPath}/${idOf(target)}` })
        : this.#api.byToken("DELETE", { token: owner.token, path: `/messages/${target.id}` });
    return call.then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof DiscordFailure)) throw error;
        this.#last = error;
        return error.code === 10_008;
      },
    );
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
