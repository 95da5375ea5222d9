/**
 * Shows a reply in Discord: the deferred message is edited as the reply grows, what is longer follows in further messages, and
 * after 14 minutes, shortly before the interaction's token dies, a later interaction or the bot goes on with messages of its
 * own. Text and approvals are brought each for itself: a failure of one does not hold up the other. By which way, and what a
 * refusal means: `send.ts` and `ladder.ts`.
 */
import { fingerprint } from "../../core/prefix.ts";
import type { Approval, Posted, Reply, ShownTool } from "../channel.ts";
import { replyMarkdown } from "../reply-text.ts";
import { splitMarkdown } from "../split-markdown.ts";
import type { DiscordSettings } from "./api.ts";
import { approvalMessage, stopRow } from "./buttons.ts";
import { type DiscordPosting, DiscordSender, type ListedMessage, NoWay, Postponed } from "./send.ts";
import { afterFrozen, type DiscordShown, type Making, makingOf, markOf, type Shown } from "./shown.ts";

export type { DiscordPosting } from "./send.ts";
export type { DiscordShown } from "./shown.ts";

const pieceChars = 2_000;
const comesLater = "_Still at work: the answer comes as a new message._";
const isInFile = "_The whole answer is in the file._";
/** Follow-ups that a growing text leaves for approvals, where there are only some. */
const keptBack = 2;

export async function postToDiscord(posting: DiscordPosting, settings: DiscordSettings): Promise<Posted<DiscordShown>> {
  const shown = structuredClone(posting.shown ?? { messages: [], approvals: {} });
  try {
    await new DiscordPost(posting, shown, new DiscordSender(posting, shown, settings)).bringCloser();
    return { kind: "shown", shown };
  } catch (error) {
    if (error instanceof NoWay) return { kind: "dead", shown, error: error.message };
    if (!(error instanceof Postponed)) throw error;
    const { afterMs } = error;
    return { kind: "retry", shown, error: error.message, ...(afterMs !== undefined && { afterMs }) };
  }
}

class DiscordPost {
  readonly #posting: DiscordPosting;
  readonly #reply: Reply;
  readonly #shown: DiscordShown;
  readonly #sender: DiscordSender;

  constructor(posting: DiscordPosting, shown: DiscordShown, sender: DiscordSender) {
    this.#posting = posting;
    this.#reply = posting.reply;
    this.#shown = shown;
    this.#sender = sender;
  }

  async bringCloser(): Promise<void> {
    const making = makingOf(this.#shown);
    if (making.length > 0) await this.#lookFor(making);
    this.#switchInteraction();
    await this.#handOver();
    this.#giveBack();
    const failures: unknown[] = [];
    const keep = (error: unknown) => failures.push(error);
    await this.#showText().catch(keep);
    for (const approval of this.#reply.approvals) await this.#showApproval(approval).catch(keep);
    const worst = failures.find((each) => !(each instanceof NoWay || each instanceof Postponed));
    const later = failures.find((each) => each instanceof Postponed);
    if (failures.length > 0) throw worst ?? later ?? failures[0];
    await this.#sender.takeBack();
  }

  get #isEnded(): boolean {
    return this.#reply.state === "ended";
  }

  /** What the messages of the interaction in use have to say. */
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
      for (const [place, piece] of fit.entries()) await this.#showPiece(place, piece);
      const rest = this.#shown.messages.splice(Math.max(fit.length, 1));
      // An attempt of the model's that said more was cut off, and said less when it was made again.
      for (const each of rest) await this.#sender.remove(each);
      if (fit.length < texts.length) throw new NoWay("The answer is longer than the messages that can be made.");
      this.#shown.whole = markOf(whole);
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      // What cannot be shown while it grows is shown whole at the end.
      if (this.#isEnded) await this.#showWhole(text);
    }
  }

  /** How many pieces can be shown as text. */
  get #room(): number {
    const { messages, room = Number.POSITIVE_INFINITY, taken } = this.#shown;
    const sender = this.#sender;
    if (sender.canBot) return room;
    const hasOriginal = sender.interaction?.id === this.#posting.address.id && !taken;
    const made = Math.max(messages.length, hasOriginal ? 1 : 0);
    const isFew = sender.followUpsLeft < Number.POSITIVE_INFINITY;
    const left = isFew && !this.#isEnded ? sender.followUpsLeft - keptBack : sender.followUpsLeft;
    return Math.min(room, made + Math.max(0, left));
  }

  async #showPiece(place: number, text: string): Promise<void> {
    const message = this.#shown.messages[place];
    const stop = place === 0 && this.#mayStop;
    if (message?.text === text && (message.stop ?? false) === stop) return;
    if (place === 0 && this.#shown.held !== undefined) return;
    const isOver = this.#sender.interaction === undefined;
    // Not word by word any more: each piece is posted once, when it is whole.
    if (isOver && !this.#isEnded && place >= (this.#shown.handedOver ?? 0)) return;
    const components = place === 0 ? { components: stop ? [stopRow(this.#names)] : [] } : {};
    const outgoing = { content: text, ...components, name: `text ${place}` };
    // A button that comes or goes is worth no other message.
    if (message?.text === text) await this.#sender.change(message, outgoing);
    const isSame = message?.text === text;
    const made = isSame ? message : await this.#sender.show(outgoing, message ?? this.#original(place));
    const { stop: _, ...rest } = made;
    this.#shown.messages[place] = { ...rest, ...(stop && { stop }) };
  }

  /** The deferred message, for the answer's beginning. */
  #original(place: number): Shown | undefined {
    const { address } = this.#posting;
    const isFirst = this.#shown.via === undefined && !this.#shown.taken && address.token !== "";
    return place === 0 && isFirst ? { id: "@original" } : undefined;
  }

  get #mayStop(): boolean {
    const { user } = this.#posting.address;
    return this.#reply.state === "working" && user !== "" && this.#sender.interaction !== undefined;
  }

  get #names(): { session: string; asker: string } {
    return { session: this.#reply.session, asker: this.#posting.address.user };
  }

  /** It names its session where the channel does not. */
  #asking(approval: Approval): ReturnType<typeof approvalMessage> {
    const { session: ofChannel, user } = this.#posting.address;
    const { session } = this.#reply;
    return approvalMessage(approval, user, session === ofChannel ? undefined : session);
  }

  /** The last rungs: one file with the whole answer, else a direct message, else a line that says where it is. */
  async #showWhole(text: string): Promise<void> {
    const { messages } = this.#shown;
    const original = this.#original(0);
    const place = Math.max(
      0,
      messages.findLastIndex((each) => this.#sender.canChange(each)),
    );
    const last = messages.length === 0 ? original : messages[place];
    const file = { name: "answer.md", text };
    const before = messages[place]?.text ?? "";
    const [piece = ""] = splitMarkdown(before, pieceChars - isInFile.length - 2);
    const content = piece === "" || !this.#sender.canText ? isInFile : `${piece}\n\n${isInFile}`;
    try {
      const made = await this.#sender.show({ content, components: [], file, name: "file" }, last);
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
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      if (this.#sender.tryAgain()) throw new Postponed(error.message);
      const where = `It is kept in the session \`${this.#reply.session}\`.`;
      const line = `_Discord did not take the answer (${why.message}). ${where}_`;
      const isTold = await this.#sender.lastLine(line, last);
      this.#shown.lines = (this.#shown.lines ?? 0) + 1;
      const mayPass = this.#sender.canBot || this.#sender.interaction !== undefined;
      if (!isTold && mayPass && this.#shown.lines < 3 && !this.#posting.isLast) throw new Postponed(error.message);
      throw error;
    }
  }

  async #showApproval(approval: Approval): Promise<void> {
    const { approvals } = this.#shown;
    const before = approvals[approval.ref];
    if (before?.state === approval.state || (before === undefined && approval.state !== "open")) return;
    const message = { ...this.#asking(approval), name: `approval ${approval.ref}` };
    if (before !== undefined) {
      const isChanged = await this.#sender.change(before, message);
      before.misses = (before.misses ?? 0) + 1;
      if (!isChanged && before.misses < 3) throw new Postponed("The buttons could not be changed.");
      before.state = approval.state;
      return;
    }
    approvals[approval.ref] = { ...(await this.#askFor(approval.ref, message)), state: approval.state };
  }

  /** The answer's beginning comes back into its place once the approval that used it was answered. */
  #giveBack(): void {
    const { held, approvals } = this.#shown;
    const approval = this.#reply.approvals.find(({ ref }) => ref === held);
    if (held === undefined || approval?.state === "open") return;
    delete this.#shown.held;
    if (approval !== undefined) approvals[held] = { id: "", state: approval.state };
  }

  /** A message of its own for the buttons; where none can be made, the answer's first message holds them meanwhile. */
  async #askFor(ref: string, message: { content: string; components: object[]; name: string }): Promise<Shown> {
    try {
      return await this.#sender.show(message);
    } catch (error) {
      if (!(error instanceof NoWay)) throw error;
      const first = this.#shown.messages[0] ?? this.#original(0);
      const canHold = first !== undefined && this.#shown.held === undefined && this.#sender.canChange(first);
      if (canHold && (await this.#sender.change(first, message))) {
        this.#shown.messages[0] = { ...first, text: message.content };
        this.#shown.held = ref;
        return this.#shown.messages[0];
      }
      const line = `_A call waits for approval, and its buttons cannot be shown here (${error.message})._`;
      if (await this.#sender.lastLine(line)) return { id: "" };
      throw error;
    }
  }

  /** A press brought a token of its own: what is shown stays, and what comes is said by that one. */
  #switchInteraction(): void {
    const { address } = this.#posting;
    const { interaction } = this.#sender;
    const isBots = this.#shown.handedOver !== undefined && this.#sender.canBot;
    if (interaction === undefined || isBots || interaction.id === (this.#shown.via ?? address.id)) return;
    if (this.#shown.whole !== undefined) this.#shown.frozen = this.#shown.whole;
    this.#shown.messages = [];
    this.#shown.via = interaction.id;
    delete this.#shown.handedOver;
    delete this.#shown.room;
  }

  /** Once: what grows is taken back to a note, and the bot will say it whole. */
  async #handOver(): Promise<void> {
    const { messages, handedOver } = this.#shown;
    if (this.#sender.interaction !== undefined || handedOver !== undefined) return;
    if (!(await this.#sender.tryBot())) return;
    const last = messages.length - 1;
    const target = messages[last] ?? this.#original(0);
    const note = { content: comesLater, components: [], name: "note" };
    const isNoted = target !== undefined && !target.byBot && (await this.#sender.leaveNote(target, note));
    if (isNoted && last >= 0) messages.length = last;
    this.#shown.handedOver = messages.length;
  }

  /** Whether messages that were perhaps posted are there. */
  async #lookFor(making: readonly Making[]): Promise<void> {
    const list = await this.#sender.list(50);
    this.#shown.making = [];
    for (const each of making) {
      const { messages, approvals } = this.#shown;
      const known = [...messages, ...Object.values(approvals)].flatMap(({ id, trueId }) => [id, trueId]);
      const found = list?.find(({ id, content }) => content === each.text && !known.includes(id));
      if (found !== undefined) this.#found(each, found);
      // Nobody can look: an approval is asked for again, and text from here on goes into a file.
      else if (list === undefined && placeOf(each) !== undefined && messages.length > 0) {
        this.#shown.room = Math.min(placeOf(each) ?? 0, messages.length);
      }
    }
  }

  #found(making: Making, { id, webhook_id }: ListedMessage): void {
    const { messages, approvals } = this.#shown;
    const via = this.#sender.interaction?.id ?? this.#posting.address.id;
    const shown = { id, text: making.text, ...(webhook_id === undefined ? { byBot: true } : { via }) };
    const asked = this.#reply.approvals.find((each) => this.#asking(each).content === making.text);
    if (asked !== undefined) approvals[asked.ref] = { ...shown, state: asked.state };
    else messages[Math.min(placeOf(making) ?? messages.length, messages.length)] = shown;
  }
}

/** Of the piece, where it is one of the text. */
function placeOf({ name }: Making): number | undefined {
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
