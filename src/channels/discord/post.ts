/**
 * Shows a reply in Discord: the deferred message is edited as the reply grows, what is longer follows in further messages, and
 * after 14 minutes, shortly before the interaction's token dies, a later interaction or the bot goes on with messages of its
 * own. Text and approvals are shown independently: a failure of one does not hold up the other. By which way, and what a
 * refusal means: `send.ts` and `ladder.ts`.
 */

import { defined } from "../../core/defined.ts";
import { fingerprint } from "../../core/digest.ts";
import type { Posted, Reply, ShownTool } from "../channel.ts";
import { replyMarkdown } from "../reply-text.ts";
import { splitMarkdown } from "../split-markdown.ts";
import type { DiscordSettings } from "./api.ts";
import { type StopValue, stopRow } from "./buttons.ts";
import { ratingRows } from "./feedback.ts";
import type { ListedMessage, Outgoing } from "./message-calls.ts";
import type { DiscordPosting } from "./open-ways.ts";
import { Questions } from "./questions.ts";
import type { DiscordRules } from "./rules.ts";
import { DiscordSender, NoWay, Postponed } from "./send.ts";
import {
  afterFrozen,
  type DiscordMaking,
  type DiscordShown,
  makingOf,
  markOf,
  originalOf,
  type Shown,
} from "./shown.ts";

const pieceChars = 2_000;
const comesLater = "_Still at work: the answer comes as a new message._";
const isInFile = "_The whole answer is in the file._";
/** Follow-ups that a growing text leaves for approvals, where there are only some. */
const keptBack = 2;

export async function postToDiscord(
  posting: DiscordPosting,
  settings: DiscordSettings,
  { feedback = true }: DiscordRules = {},
): Promise<Posted<DiscordShown>> {
  const shown = structuredClone(posting.shown ?? { messages: [], approvals: {} });
  const before = countOf(shown);
  try {
    await new DiscordPost(posting, shown, {
      sender: new DiscordSender(posting, shown, settings),
      feedback,
    }).bringCloser();
    return { kind: "shown", shown };
  } catch (error) {
    if (error instanceof NoWay) return { kind: "dead", shown, error: error.message };
    if (!(error instanceof Postponed)) throw error;
    const { afterMs } = error;
    const progress = countOf(shown) > before;
    return { kind: "retry", shown, error: error.message, progress, ...defined({ afterMs }) };
  }
}

/** Messages that are there: a long answer takes many calls, and each may have to wait. */
function countOf({ messages, approvals }: DiscordShown): number {
  return messages.length + Object.keys(approvals).length;
}

class DiscordPost {
  readonly #posting: DiscordPosting;
  readonly #reply: Reply;
  readonly #shown: DiscordShown;
  readonly #sender: DiscordSender;
  readonly #questions: Questions;
  readonly #hasFeedback: boolean;
  /** Buttons that are to be changed under texts that stay. */
  readonly #buttons: { message: Shown; outgoing: Outgoing; flags: Flags }[] = [];

  constructor(posting: DiscordPosting, shown: DiscordShown, of: { sender: DiscordSender; feedback: boolean }) {
    this.#posting = posting;
    this.#reply = posting.reply;
    this.#shown = shown;
    this.#sender = of.sender;
    this.#questions = new Questions(posting, shown, of.sender);
    this.#hasFeedback = of.feedback;
  }

  async bringCloser(): Promise<void> {
    const making = makingOf(this.#shown);
    if (making.length > 0) await this.#lookFor(making);
    this.#switchInteraction();
    await this.#handOver();
    this.#questions.giveBack();
    const failures: unknown[] = [];
    const keep = (error: unknown) => failures.push(error);
    await this.#showText().catch(keep);
    for (const approval of this.#reply.approvals) await this.#questions.show(approval).catch(keep);
    await this.#changeButtons().catch(keep);
    await this.#removeStops().catch(keep);
    if (this.#isEnded && !failures.some((each) => each instanceof Postponed)) this.#sender.dropSpares();
    // What is shown elsewhere in the end is not taken back before.
    if (!failures.some((each) => each instanceof Postponed)) await this.#sender.takeBack().catch(keep);
    const worst = failures.find((each) => !(each instanceof NoWay || each instanceof Postponed));
    const later = failures.find((each) => each instanceof Postponed);
    if (failures.length > 0) throw worst ?? later ?? failures[0];
  }

  get #isEnded(): boolean {
    return this.#reply.state === "ended";
  }

  /** The text that the messages of the interaction in use must show. */
  get #text(): string {
    return afterFrozen(replyMarkdown(this.#reply), this.#shown);
  }

  async #showText(): Promise<void> {
    const whole = replyMarkdown(this.#reply);
    const text = this.#text;
    if (this.#shown.sent === fingerprint(text)) return;
    const texts = splitMarkdown(text, pieceChars);
    const atWork = this.#reply.tools.filter(({ state }) => state === "running" || state === "waiting");
    if (whole === "" && atWork.length > 0) texts.push(`_Using ${atWork.map(workOf).join(", ")} …_`);
    const fit = texts.slice(0, this.#room);
    try {
      let isAll = true;
      let end = 0;
      for (const [place, piece] of fit.entries()) {
        const isLast = place === texts.length - 1;
        isAll = (await this.#showPiece(place, piece, isLast)) && isAll;
        const at = text.indexOf(piece, end);
        end = at < 0 ? Number.POSITIVE_INFINITY : at + piece.length;
        // A press may bring a new token before the rest is shown: it goes on after this piece.
        if (isAll && !isLast && at >= 0) this.#shown.whole = markOf(whole.slice(0, whole.length - text.length + end));
      }
      const rest = this.#shown.messages.splice(Math.max(fit.length, 1));
      // An attempt of the model with more text was cut off, and the repeated attempt had less text.
      for (const each of rest) await this.#sender.remove(each);
      if (fit.length < texts.length) throw new NoWay("The answer is longer than the messages that can be made.");
      if (isAll) this.#shown.whole = markOf(whole);
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      // What cannot be shown while it grows is shown whole at the end.
      if (this.#isEnded) await this.#showWhole(text);
    }
  }

  /** How many pieces can be shown as text. */
  get #room(): number {
    const { messages, room = Number.POSITIVE_INFINITY, taken } = this.#shown;
    const { ways } = this.#sender;
    if (ways.canBot) return room;
    const hasOriginal = ways.interaction?.id === this.#posting.address.id && !taken;
    const made = Math.max(messages.length, hasOriginal ? 1 : 0);
    const isFew = ways.followUpsLeft < Number.POSITIVE_INFINITY;
    const all = ways.followUpsLeft + ways.textSpares;
    const left = isFew && !this.#isEnded ? all - keptBack : all;
    return Math.min(room, made + Math.max(0, left));
  }

  /** Whether it is shown; what still grows may not be. */
  async #showPiece(place: number, text: string, isLast: boolean): Promise<boolean> {
    const message = this.#shown.messages[place];
    const stop = place === 0 && this.#mayStop;
    const rating = isLast ? this.#rating : [];
    const rated = rating.length > 0;
    const hasButtons = (message?.stop ?? false) === stop && (message?.rated ?? false) === rated;
    if (message?.text === text && hasButtons) return true;
    if (place === 0 && this.#shown.held !== undefined) return false;
    const isOver = this.#sender.ways.interaction === undefined;
    // Not word by word any more: each piece is posted once, when it is whole.
    const grows = isLast && this.#reply.state === "working";
    if (isOver && grows && place >= (this.#shown.handedOver ?? 0)) return false;
    const rows = stop ? [stopRow(this.#names)] : rating;
    const components = place === 0 || rated || message?.rated ? { components: rows, mayBeBare: rated } : {};
    const outgoing = { content: text, ...components, name: `text ${place}` };
    // A button that comes or goes is worth no other message, and holds up no text.
    if (message?.text === text) {
      this.#buttons.push({ message, outgoing, flags: { stop, rated } });
      return true;
    }
    const made = await this.#sender.show(outgoing, message ?? (place === 0 ? this.#original : undefined));
    const { stop: _, rated: __, misses: ___, ...rest } = made;
    this.#shown.messages[place] = rest;
    setFlags(rest, { stop, rated: rated && !this.#shown.bare });
    return true;
  }

  /** Of messages that show their text already. */
  async #changeButtons(): Promise<void> {
    for (const { message, outgoing, flags } of this.#buttons) {
      // The deferred message's place may be used by a question meanwhile.
      if (message.text !== outgoing.content) continue;
      if (message.stop && !flags.stop) await this.#sender.takeOff(message, outgoing);
      else await this.#sender.change(message, outgoing);
      setFlags(message, flags);
    }
    if (!this.#isEnded || this.#shown.sent === undefined) return;
    // The answer went elsewhere, and what is here stays as it is.
    for (const message of this.#shown.messages.filter(({ stop }) => stop)) {
      await this.#sender.takeOff(message, { content: message.text ?? "", components: [], name: "stop" });
      setFlags(message, { stop: false, rated: message.rated ?? false });
    }
  }

  /** From messages whose interaction is over. */
  async #removeStops(): Promise<void> {
    for (const message of this.#shown.stops ?? []) {
      await this.#sender.takeOff(message, { content: message.text ?? "", components: [], name: "stop" });
      this.#shown.stops = (this.#shown.stops ?? []).filter(({ id }) => id !== message.id);
    }
  }

  /** The buttons under an answer that is whole. */
  get #rating(): object[] {
    return this.#isEnded && this.#hasFeedback && !this.#shown.bare ? ratingRows(this.#reply) : [];
  }

  /** The deferred message, for the answer's beginning. */
  get #original(): Shown | undefined {
    return originalOf(this.#shown, this.#posting.address);
  }

  get #mayStop(): boolean {
    const { user } = this.#posting.address;
    return this.#reply.state === "working" && user !== "" && this.#sender.ways.interaction !== undefined;
  }

  get #names(): StopValue {
    const { session, tag } = this.#reply;
    return { session, asker: this.#posting.address.user, ...defined({ tag }) };
  }

  /** The last rungs: one file with the whole answer, else a direct message, else a line that names where it is. */
  async #showWhole(text: string): Promise<void> {
    const { messages } = this.#shown;
    const original = this.#original;
    const place = Math.max(
      0,
      messages.findLastIndex((each) => this.#sender.canChange(each)),
    );
    const last = messages.length === 0 ? original : messages[place];
    const file = { name: "answer.md", text };
    // At the next attempt the same message is the last one.
    this.#shown.room = messages.length;
    const before = messages[place]?.text ?? "";
    const [piece = ""] = splitMarkdown(before, pieceChars - isInFile.length - 2);
    const content = piece === "" || !this.#sender.ways.canText ? isInFile : `${piece}\n\n${isInFile}`;
    try {
      const made = await this.#sender.show(
        { content, components: this.#rating, mayBeBare: true, file, name: "file" },
        last,
      );
      messages[place] = made;
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      await this.#toPerson(text, last, error);
    }
    this.#shown.sent = fingerprint(text);
  }

  async #toPerson(text: string, last: Shown | undefined, why: NoWay): Promise<void> {
    const line = `_The answer to your question in <#${this.#posting.address.room}>:_`;
    const isShort = text.length + line.length + 2 <= pieceChars;
    const message = isShort ? { content: `${line}\n\n${text}` } : { content: line, file: { name: "answer.md", text } };
    try {
      await this.#sender.toPerson({ ...message, name: "direct" });
      // "Thinking" must not be shown any more, and no one needs the file twice.
      if (last !== undefined && (last.text === undefined || this.#shown.mayHoldFile)) await this.#sender.remove(last);
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      if (this.#sender.tryAgain()) throw new Postponed(error.message);
      const where = `It is kept in the session \`${this.#reply.session}\`.`;
      const line = `_Discord did not take the answer (${why.message}). ${where}_`;
      const isShown = await this.#sender.lastLine(line, last);
      this.#shown.lines = (this.#shown.lines ?? 0) + 1;
      const { hasBot, young } = this.#sender.ways;
      const mayPass = hasBot || young.length > 0;
      if (!isShown && mayPass && this.#shown.lines < 3 && !this.#posting.isLast) throw new Postponed(error.message);
      throw error;
    }
  }

  /** A press brought a token of its own: what is shown stays, and what comes is sent with that token. */
  #switchInteraction(): void {
    const { address } = this.#posting;
    const { interaction } = this.#sender.ways;
    const isBots = this.#shown.handedOver !== undefined && this.#sender.ways.canBot;
    if (interaction === undefined || isBots || interaction.id === (this.#shown.via ?? address.id)) return;
    if (this.#shown.whole !== undefined) this.#shown.frozen = this.#shown.whole;
    this.#shown.stops = this.#shown.messages.filter(({ stop }) => stop);
    this.#shown.messages = [];
    this.#shown.via = interaction.id;
    delete this.#shown.handedOver;
    delete this.#shown.room;
  }

  /** Once: the growing text is replaced by a note, and the bot will post the whole text. */
  async #handOver(): Promise<void> {
    const { messages, handedOver } = this.#shown;
    if (this.#sender.ways.interaction !== undefined || handedOver !== undefined) return;
    if (!(await this.#sender.tryBot())) return;
    const last = messages.length - 1;
    const target = messages[last] ?? this.#original;
    const note = { content: comesLater, components: [], name: "note" };
    const isNoted = target !== undefined && !target.byBot && (await this.#sender.leaveNote(target, note));
    if (isNoted && last >= 0) messages.length = last;
    this.#shown.handedOver = messages.length;
  }

  /** Whether messages that were perhaps posted are there. */
  async #lookFor(making: readonly DiscordMaking[]): Promise<void> {
    const list = await this.#sender.list(50);
    this.#shown.making = [];
    for (const each of making) {
      const { messages, approvals } = this.#shown;
      const known = [...messages, ...Object.values(approvals)].flatMap(({ id, trueId }) => [id, trueId]);
      const found = list?.find(({ id, content }) => content === each.text && !known.includes(id));
      if (found !== undefined) this.#found(each, found);
      // The channel cannot be read: an approval is requested again, and text from here on goes into a file.
      else if (list === undefined && placeOf(each) !== undefined && !each.edits) {
        this.#shown.room = Math.min(placeOf(each) ?? 0, messages.length);
      }
    }
  }

  #found(making: DiscordMaking, { id, webhook_id }: ListedMessage): void {
    const { messages, approvals } = this.#shown;
    const via = this.#sender.ways.interaction?.id ?? this.#posting.address.id;
    const shown = { id, text: making.text, ...(webhook_id === undefined ? { byBot: true } : { via }) };
    const requested = this.#reply.approvals.find((each) => this.#questions.messageOf(each).content === making.text);
    if (requested !== undefined) approvals[requested.ref] = { ...shown, state: requested.state };
    // It may have the button that stops the turn.
    else
      messages[Math.min(placeOf(making) ?? messages.length, messages.length)] = {
        ...shown,
        stop: making.name === "text 0",
      };
  }
}

/** Which buttons a message of the answer has. */
interface Flags {
  stop: boolean;
  rated: boolean;
}

function setFlags(message: Shown, { stop, rated }: Flags): void {
  delete message.stop;
  delete message.rated;
  Object.assign(message, stop && { stop }, rated && { rated });
}

/** Of the piece, where it is one of the text. */
function placeOf({ name }: DiscordMaking): number | undefined {
  const [, place] = /^text (\d+)$/.exec(name) ?? [];
  return place === undefined ? undefined : Number(place);
}

/** What a call does, on one line and without Markdown of its own: the marks are left out, since the line is itself in italics. */
function workOf({ name, progress }: ShownTool): string {
  if (progress === undefined) return name;
  return `${name} (${progress
    .replace(/[*_`~|<>[\]\\]/g, "")
    .replace(/\s+/g, " ")
    .slice(0, 200)
    .toWellFormed()})`;
}
