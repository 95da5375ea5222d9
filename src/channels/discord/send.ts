/** Makes and changes messages in Discord by the best way that is open, and remembers what was refused. What a refusal means is in `ladder.ts`, each call in `message-calls.ts`; what is shown is decided in `post.ts`. */
import { DiscordApi, DiscordFailure, type DiscordSettings } from "./api.ts";
import type { DiscordPress } from "./discord-address.ts";
import { afterRefusal, type DiscordRefused, isFormRefused, mostTries, unknownMs } from "./ladder.ts";
import { type ListedMessage, MessageCalls, type Outgoing } from "./message-calls.ts";
import { type DiscordPosting, type DiscordWay, handOverMs, OpenWays } from "./open-ways.ts";
import { type DiscordShown, idOf, makingOf, type Shown } from "./shown.ts";

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

/** Tries to take buttons off, before they stay. */
const mostMisses = 5;
/** After this many refusals in a row, a message that was perhaps made is not looked for any more. */
const mostLooks = 6;
const overHint = "The interaction is over after 15 minutes: set DISCORD_BOT_TOKEN so that the bot can go on.";

/** What a refused call was for. `isLooking`: it only looked for messages. `isQuestion`: it requests an approval. */
interface Judged extends Pick<DiscordRefused, "rung" | "by" | "asBot"> {
  isLooking?: boolean;
  isQuestion?: boolean;
}

export class DiscordSender {
  readonly ways: OpenWays;
  readonly #posting: DiscordPosting;
  readonly #shown: DiscordShown;
  readonly #calls: MessageCalls;
  #last: DiscordFailure | undefined;

  constructor(posting: DiscordPosting, shown: DiscordShown, settings: DiscordSettings) {
    this.#posting = posting;
    this.#shown = shown;
    const api = new DiscordApi(settings, posting.address.app);
    this.ways = new OpenWays(posting, shown, api.hasBot);
    this.#calls = new MessageCalls(posting, shown, { api, ways: this.ways });
  }

  /** Shows the message: in the place of `before` where that can be changed, else as a new one. Throws `Postponed` or `NoWay`. */
  async show(outgoing: Outgoing, before?: Shown): Promise<Shown> {
    let message = outgoing;
    let target = before;
    for (;;) {
      const way = this.ways.wayTo(message, target);
      if (way === undefined) {
        // It is better than nothing.
        this.#keep(before);
        throw this.#noWay();
      }
      const asBot = way === "edit" && this.ways.ownerOf(target) === "bot";
      const rung = message.file === undefined ? way : "file";
      const interaction = this.ways.interaction?.id;
      if (way !== "edit") this.#discard(target);
      try {
        const made = await this.#by(way, message, target);
        delete this.#shown.tries;
        this.ways.closed.worked(message.file === undefined ? [way, "text"] : [way, "file"], interaction);
        return made;
      } catch (error) {
        if (message.mayBeBare && error instanceof DiscordFailure && isFormRefused(error.code)) {
          this.#shown.bare = true;
          message = { ...message, components: [], mayBeBare: false };
          continue;
        }
        const closed = this.#judge(error, { rung, by: way, asBot, isQuestion: message.name.startsWith("approval ") });
        if (!closed.includes("message")) continue;
        this.#discard(target);
        target = undefined;
      }
    }
  }

  /** Changes a message; false where it was refused. What no way may change any more counts as changed. Throws `Postponed`. */
  async change(before: Shown, message: Outgoing): Promise<boolean> {
    const owner = this.ways.ownerOf(before);
    if (owner === undefined) return true;
    try {
      await this.#calls.edit(before, message);
      return true;
    } catch (error) {
      this.#judge(error, { rung: "edit", by: "edit", asBot: owner === "bot" });
      return false;
    }
  }

  /** Takes the buttons off a message, by every way that there ever was: a button that does nothing must not stay. `noWay`: there is no way. Throws `Postponed`. */
  async settle(before: Shown, message: Outgoing): Promise<"done" | "refused" | "noWay"> {
    if (this.ways.ownerOf(before) !== undefined) return (await this.change(before, message)) ? "done" : "refused";
    const owners = this.ways.everyOwnerOf(before);
    for (const owner of owners) {
      try {
        await this.#calls.edit(before, message, owner);
        return "done";
      } catch (error) {
        if (!(error instanceof DiscordFailure)) throw error;
        this.#last = error;
      }
    }
    return owners.length === 0 ? "noWay" : "refused";
  }

  /** Changes a message that has a button which does nothing any more. Whether it was changed; throws `Postponed` while it is worth another try. */
  async takeOff(message: Shown, outgoing: Outgoing): Promise<boolean> {
    const outcome = await this.settle(message, outgoing);
    message.misses = (message.misses ?? 0) + 1;
    if (outcome === "refused" && message.misses < mostMisses && !this.#posting.isLast) {
      throw new Postponed("The buttons could not be changed.");
    }
    return outcome === "done";
  }

  /** Placeholders that nothing needs any more are taken back, too. */
  dropSpares(): void {
    const spares = (this.#shown.spares ?? []).map(({ name: _, ...spare }) => ({ ...spare, tries: 0 }));
    this.#shown.leftovers = [...(this.#shown.leftovers ?? []), ...spares];
    delete this.#shown.spares;
  }

  /** Takes back what could not be taken back before; throws `Postponed` while it is worth another try. */
  async takeBack(): Promise<void> {
    const left: NonNullable<DiscordShown["leftovers"]> = [];
    const waiting: typeof left = [];
    const isUnshown = this.#shown.messages.length === 0 && this.#shown.sent === undefined;
    for (const each of this.#shown.leftovers ?? []) {
      // It shows "thinking", and the turn does run.
      if (each.id === "@original" && each.text === undefined && isUnshown) {
        waiting.push(each);
        continue;
      }
      if (!(await this.#delete(each, each.tries > 0)) && each.tries < 5) left.push({ ...each, tries: each.tries + 1 });
    }
    this.#shown.leftovers = [...waiting, ...left];
    if (left.length > 0 && !this.#posting.isLast)
      throw new Postponed(this.#last?.message ?? "A message could not be removed.");
  }

  /** Whether anything that was refused may be tried once more from the beginning; false where it was the text that was refused. */
  tryAgain(): boolean {
    const isOver = this.#last?.tokenIsOver === true && !this.ways.hasBot;
    if (this.#posting.isLast || this.#shown.again || isOver || this.#shown.isModerated) return false;
    Object.assign(this.#shown, { again: true, misses: {}, closed: [] });
    return true;
  }

  /** Changes a message that the first interaction made, whose token is good for a minute more. */
  async leaveNote(target: Shown, message: Outgoing): Promise<boolean> {
    const { address, nowMs } = this.#posting;
    const isGood = nowMs - address.atMs < handOverMs + 60_000 && !this.ways.closed.has("token", address.id);
    if (!isGood && (!this.ways.canBot || idOf(target) === "@original")) return false;
    return this.#calls.editFirst(target, message, isGood ? "token" : "bot").then(
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
    if (user === "" || !this.ways.hasBot || this.ways.closed.has("dm")) throw this.#noWay();
    try {
      await this.#calls.postDirect(message);
    } catch (error) {
      this.#judge(error, { rung: "dm" });
      throw this.#noWay();
    }
  }

  /** Whether a message can be changed. */
  canChange(shown: Shown): boolean {
    return this.ways.ownerOf(shown) !== undefined;
  }

  /** A last line by whatever way there ever was: what was refused may have been the text, not the way. Returns whether it arrived. */
  async lastLine(content: string, before?: Shown): Promise<boolean> {
    const message = { content, components: [], name: "last line" };
    const { hasBot, young } = this.ways;
    const owners = before === undefined ? [] : this.ways.everyOwnerOf(before);
    const tries: (() => Promise<unknown>)[] = [
      ...(before === undefined ? [] : owners.map((owner) => () => this.#replace(before, message, owner))),
      ...young.map((interaction) => () => this.#calls.postUnchecked(message, interaction)),
      ...(hasBot ? [() => this.#calls.postAsBot(this.#posting.address.room, message)] : []),
      () => this.toPerson(message),
    ];
    for (const attempt of tries) {
      const isDone = await attempt().then(
        () => true,
        () => false,
      );
      if (isDone) return true;
    }
    return false;
  }

  async #replace(before: Shown, message: Outgoing, owner: DiscordPress | "bot"): Promise<void> {
    Object.assign(before, await this.#calls.edit(before, message, owner));
  }

  /** Whether the bot can read the channel; finds out once, and closes that way where it cannot. */
  async tryBot(): Promise<boolean> {
    if (!this.ways.canBot) return false;
    await this.list(1);
    return this.ways.canBot;
  }

  /** The newest messages of the channel; `undefined` where the bot cannot read them. Throws `Postponed`. */
  async list(limit: number): Promise<ListedMessage[] | undefined> {
    if (!this.ways.canBot) return undefined;
    try {
      const list = await this.#calls.list(limit);
      this.#shown.looks = true;
      return list;
    } catch (error) {
      this.#judge(error, { rung: "bot", isLooking: true });
      if (this.ways.closed.isShut) throw this.#noWay();
      return undefined;
    }
  }

  /** Now, or at a later attempt. */
  async remove(target: Shown): Promise<void> {
    if (await this.#delete(target)) return;
    this.#shown.leftovers = [...(this.#shown.leftovers ?? []), { ...target, tries: 1 }];
  }

  /** While a way is closed in this attempt only, there is a next one. */
  #noWay(): NoWay | Postponed {
    const isShut = this.ways.closed.isShut && !this.#posting.isLast;
    if (isShut) return new Postponed(this.#last?.message ?? "Discord refused it");
    const isOver = this.#last?.tokenIsOver === true && !this.ways.hasBot;
    return new NoWay(isOver ? overHint : (this.#shown.why ?? "There is no way left to show the answer."));
  }

  #by(way: DiscordWay, message: Outgoing, target: Shown | undefined): Promise<Shown> {
    if (way === "edit" && target !== undefined) return this.#calls.edit(target, message);
    return way === "followup" ? this.#followUp(message) : this.#calls.postAsBot(this.#posting.address.room, message);
  }

  async #followUp(message: Outgoing): Promise<Shown> {
    return this.#calls.followUp(message, await this.#canLook());
  }

  /** Whether the bot can look for what was perhaps made. It is tried before, since afterwards it is too late to find out. */
  async #canLook(): Promise<boolean> {
    if (!this.ways.canBot) return false;
    if (this.#shown.looks) return true;
    await this.list(1).catch((error: unknown) => {
      if (!(error instanceof Postponed || error instanceof NoWay)) throw error;
    });
    return this.#shown.looks ?? false;
  }

  /** What a failure closes. Throws `Postponed` where the same call may succeed later. */
  #judge(error: unknown, { isLooking, isQuestion, ...at }: Judged) {
    if (!(error instanceof DiscordFailure)) throw error;
    this.#last = error;
    this.#shown.why = error.message;
    const { address, nowMs, isLast } = this.#posting;
    const { tries } = this.#shown;
    const count = tries?.rung === at.rung ? tries.count + 1 : 1;
    const { status, code, retryAfterMs, isPage } = error;
    const ageMs = nowMs - (this.ways.interaction ?? address).atMs;
    // The last try goes down all rungs: there is no later any more.
    const how = isLast ? { tries: mostTries, ageMs: Math.max(ageMs, unknownMs) } : { tries: count, ageMs };
    const verdict = afterRefusal({ ...at, ...how, status, code, isPage, retryAfterMs });
    this.#shown.tries = { rung: at.rung, count };
    if (verdict.do === "retry") throw new Postponed(error.message, verdict.afterMs);
    // What may be there can only be found by looking: one refusal does not end that where it was possible before.
    const mayLookAgain = isLooking && this.#shown.looks && !isLast;
    const lasting = verdict.lasting && !mayLookAgain;
    // The refusal of a question by moderation is valid for that question only; the answer may be accepted.
    const closed = isQuestion ? verdict.closed.filter((each) => each !== "file" && each !== "dm") : verdict.closed;
    this.ways.closed.close(
      { ...verdict, closed, lasting, ...(mayLookAgain && { most: mostLooks }) },
      this.ways.interaction?.id,
    );
    // It may have been made: it is looked for before another way is taken.
    const mayBeThere = error.isUnclear && !verdict.closed.includes("message") && makingOf(this.#shown).length > 0;
    if (mayBeThere && !isLast) throw new Postponed(error.message);
    return verdict.closed;
  }

  /** What cannot be changed any more is taken back once it is shown elsewhere, so that nothing is read twice. */
  #discard(target: Shown | undefined): void {
    if (target === undefined) return;
    this.#keep(target);
    this.#shown.leftovers = [...(this.#shown.leftovers ?? []), { ...target, tries: 0 }];
  }

  #keep(target: Shown | undefined): void {
    this.#shown.leftovers = (this.#shown.leftovers ?? []).filter(({ id }) => id !== target?.id);
  }

  /** Whether the message is gone, or cannot be removed by any way. "Unknown" is believed when Discord answers it a second time. */
  async #delete(target: Shown, isAgain = false): Promise<boolean> {
    const owners = this.ways.everyOwnerOf(target);
    for (const owner of owners) {
      try {
        if (owner !== "bot" && (await this.#calls.isInUse(target, owner))) return true;
        await this.#calls.delete(target, owner);
        return true;
      } catch (error) {
        if (!(error instanceof DiscordFailure)) throw error;
        this.#last = error;
        if (isAgain && error.code === 10_008) return true;
      }
    }
    return owners.length === 0;
  }
}
