/** Shows the text of an answer in Slack: a streamed message that grows, further messages where it is long, and simpler ones where Slack refuses. Never requests approvals and never sets a status. */

import { defined } from "../../core/defined.ts";
import type { Reply, ShownTool } from "../channel.ts";
import { replyText, turnOf } from "../reply-text.ts";
import { byteLimit, splitMarkdown } from "../split-markdown.ts";
import { SlackFailure } from "./api.ts";
import type { SlackDelivery } from "./delivery.ts";
import { feedbackBlocks } from "./feedback.ts";
import { type Form, refusalOf, type SlackRung } from "./ladder.ts";
import type { Piece } from "./shown.ts";
import { isDm } from "./slack-address.ts";

/** A message's Markdown may have about 12,000 bytes; tasks count, too. */
const pieceBytes = 11_000;
/** A message with blocks fails near 13,200 characters of JSON (slackapi/bolt-js#2509). */
const blockChars = 12_500;
const mostRemovals = 4;
/** Refusals that are dealt with in one attempt. */
const mostSteps = 16;

export async function showText(delivery: SlackDelivery): Promise<void> {
  const found = await delivery.settle("piece");
  const { shown, address } = delivery;
  if (found !== undefined) {
    const elsewhere = found.room === address.room ? {} : { room: found.room };
    shown.pieces.push({ ts: found.ts, ...elsewhere, text: undefined });
  }
  const track = new TextTrack(delivery);
  for (let steps = 1; ; steps++) {
    try {
      return await track.showAll();
    } catch (error) {
      if (!(error instanceof SlackFailure) || steps >= mostSteps) throw error;
      await track.deal(error);
    }
  }
}

class TextTrack {
  readonly #of: SlackDelivery;
  /** How the message was posted that was tried last. */
  #tried: SlackRung | undefined;
  /** Bytes of the text that was sent last. */
  #bytes = 0;

  constructor(of: SlackDelivery) {
    this.#of = of;
  }

  async showAll(): Promise<void> {
    const { reply } = this.#of;
    const isEnded = reply.state === "ended";
    const grows = this.#grows;
    const texts =
      isEnded || grows
        ? splitMarkdown(
            replyText(reply),
            byteLimit((place) => this.#limitOf(place)),
          )
        : [];
    const begun = texts.length === 0 && reply.tools.length > 0 && grows ? [""] : texts;
    for (const [place, text] of begun.entries()) {
      await this.#showPiece(place, text, place === begun.length - 1 ? reply : undefined);
    }
  }

  /** Does what a refusal requires; throws it where the delivery must wait. */
  async deal(failure: SlackFailure): Promise<void> {
    const piece = this.#current;
    const isUpdate = failure.method === "chat.update";
    const rung = isUpdate ? { way: this.#rung.way, form: formOf(piece) } : (this.#tried ?? this.#rung);
    const step = this.#of.step(failure, { rung, bytes: this.#bytes });
    if (piece !== undefined && failure.isUnclear && failure.method !== "chat.stopStream") piece.text = undefined;
    switch (step.do) {
      case "retry":
      case "look":
        throw failure;
      case "climb":
        return this.#of.climb("text", step.rung);
      case "smaller":
        return this.#shrink(piece);
      case "rewrite":
        return this.#breakOff(piece, failure);
      case "simplify":
        if (piece !== undefined) piece.form = "text";
        return;
      case "stop":
        if (piece !== undefined) piece.stopped = false;
        return;
      case "anew":
        return this.#takeAway(piece);
      case "leave":
        if (piece !== undefined) piece.stopped = true;
        return;
      case "again":
        return;
      case "give_up":
        return this.#of.startOver("text", failure);
    }
  }

  get #rung(): SlackRung {
    return this.#of.rung("text");
  }

  /** The piece that is not whole yet: all before it are. */
  get #current(): Piece | undefined {
    return this.#of.shown.pieces.find(({ done }) => !done);
  }

  get #grows(): boolean {
    return this.#rung.form === "stream" || this.#current !== undefined;
  }

  #limitOf(place: number): number {
    const limits = Object.entries(this.#of.shown.limits ?? {}).filter(([from]) => Number(from) <= place);
    return Math.min(pieceBytes, ...limits.map(([, bytes]) => bytes));
  }

  /** From this piece on messages are half as long. */
  #shrink(piece: Piece | undefined): void {
    const { shown } = this.#of;
    const place = shown.pieces.filter(({ done }) => done).length;
    const bytes = Math.max(500, Math.floor(Math.min(this.#limitOf(place), this.#bytes) / 2));
    shown.limits = { ...shown.limits, [place]: bytes };
    if (piece !== undefined) piece.text = undefined;
  }

  #breakOff(piece: Piece | undefined, { error, method }: SlackFailure): void {
    if (piece === undefined) return;
    piece.text = undefined;
    if (refusalOf(error) === "ended" || method === "chat.stopStream") piece.stopped = true;
  }

  /** The message is replaced by another one. */
  async #takeAway(piece: Piece | undefined): Promise<void> {
    const { shown, address } = this.#of;
    if (piece === undefined) return;
    // Also where Slack answers that it is gone: if it is there after all, the answer would be shown twice.
    await this.#remove(piece.room ?? address.room, piece.ts);
    shown.pieces.splice(shown.pieces.indexOf(piece), 1);
    const { way, form } = this.#rung;
    if (form === "stream") this.#of.climb("text", { way, form: "blocks" });
  }

  /** Several times where it is refused: what stays would be read twice. */
  async #remove(channel: string, ts: string): Promise<void> {
    let gone = 0;
    for (let tries = 0; tries < mostRemovals && gone < 2; tries++) {
      try {
        await this.#of.call("chat.delete", { channel, ts });
        return;
      } catch (error) {
        if (!(error instanceof SlackFailure)) throw error;
        if (this.#of.step(error, { rung: this.#rung }).do === "retry") throw error;
        if (refusalOf(error.error) === "gone") gone++;
      }
    }
  }

  /** `growing`: the reply, when this is the piece that it grows in. */
  async #showPiece(place: number, text: string, growing: Reply | undefined): Promise<void> {
    const isFinal = growing === undefined || growing.state === "ended";
    const piece = this.#of.shown.pieces[place];
    if (piece?.done) return;
    this.#bytes = new TextEncoder().encode(text).length;
    if (piece === undefined) {
      if (isFinal) await this.#postPiece(text, growing);
      else if (this.#rung.form === "stream") await this.#startPiece(text, growing);
      return;
    }
    if (piece.stopped || piece.text === undefined || !text.startsWith(piece.text))
      await this.#rewrite(piece, text, growing);
    else await this.#append(piece, text, growing);
    if (!isFinal) return;
    if (!piece.stopped) await this.#stop(piece, growing);
    piece.done = true;
  }

  /** Posted in one go: nothing of it was shown before. */
  async #postPiece(text: string, reply: Reply | undefined): Promise<void> {
    const { shown, posting } = this.#of;
    const { way, form } = this.#rung;
    const feedback = way === "response_url" ? [] : this.#feedback(reply);
    const needsBlocks = feedback.length > 0 || way === "response_url";
    const used: Form = form === "stream" || form === "blocks" ? (needsBlocks ? "blocks" : "markdown") : form;
    this.#tried = { way, form: used };
    if (way === "response_url") {
      const content = used === "blocks" ? contentOf(text, used) : { text };
      await this.#of.respond({ response_type: "in_channel", replace_original: false, ...content });
      shown.pieces.push({ ts: "", done: true });
      // What is shown here cannot be read back: what was sent is recorded at once.
      return posting.save(shown);
    }
    const { room, thread } = await this.#of.target(way);
    const isFirstHere = !shown.pieces.some((piece) => piece.room === room);
    const whole = way === "direct" && isFirstHere ? `${this.#notice()}\n\n${text}` : text;
    const content = contentOf(whole, used, feedback);
    const ts = await this.#of.make({ part: "piece", room, thread }, () =>
      this.#of.call("chat.postMessage", {
        channel: room,
        ...(thread !== "" && { thread_ts: thread }),
        ...content,
        metadata: this.#of.metadata("piece"),
        unfurl_links: false,
      }),
    );
    shown.pieces.push({ ts, ...(room !== this.#of.address.room && { room }), text, stopped: true, done: true });
    if (way === "direct" && isFirstHere) await this.#of.sayWhere("The answer is in a direct message to you.");
  }

  /** Why an answer comes by a direct message. */
  #notice(): string {
    const { shown, address } = this.#of;
    const what = shown.pieces.length > 0 ? "The rest of the answer" : "This answer";
    const where = isDm(address.room) ? "where you asked" : `in <#${address.room}>`;
    return `_${what} could not be posted ${where}, so it is here._`;
  }

  async #startPiece(text: string, reply: Reply): Promise<void> {
    const { room, thread, user, team, userTeam = team } = this.#of.address;
    const recipient = isDm(room) || user === "" ? {} : { recipient_user_id: user, recipient_team_id: userTeam };
    const tasks = tasksOf(reply);
    this.#tried = this.#rung;
    const chunks = [...taskChunks(reply, {}), ...textChunk(text)];
    const ts = await this.#of.make({ part: "piece", room, thread }, () =>
      this.#of.call("chat.startStream", { channel: room, thread_ts: thread, ...recipient, chunks }),
    );
    this.#of.shown.pieces.push({ ts, text, tasks });
  }

  async #append(piece: Piece, text: string, reply: Reply | undefined): Promise<void> {
    const more = text.slice(piece.text?.length ?? 0);
    const chunks = [...(reply === undefined ? [] : taskChunks(reply, piece.tasks ?? {})), ...textChunk(more)];
    if (chunks.length === 0) return;
    await this.#of.call("chat.appendStream", { channel: this.#roomOf(piece), ts: piece.ts, chunks });
    piece.text = text;
    if (reply !== undefined) piece.tasks = tasksOf(reply);
  }

  /** Writes a message anew as a whole, with its buttons. A live stream cannot be edited: it is ended first. */
  async #rewrite(piece: Piece, text: string, reply: Reply | undefined): Promise<void> {
    if (!piece.stopped) await this.#stop(piece, undefined);
    if (piece.text === text || text === "") return;
    const feedback = this.#feedback(reply);
    const form = formOf(piece);
    const content = contentOf(text, form === "markdown" && feedback.length > 0 ? "blocks" : form, feedback);
    const metadata = this.#of.metadata("piece");
    await this.#of.call("chat.update", { channel: this.#roomOf(piece), ts: piece.ts, ...content, metadata });
    piece.text = text;
  }

  /** Ends the stream. What Slack may refuse of it, marks and buttons, is left out once it was refused. */
  async #stop(piece: Piece, reply: Reply | undefined): Promise<void> {
    const isPlain = (this.#of.shown.tries?.["chat.stopStream"] ?? 0) > 0;
    const feedback = this.#feedback(reply);
    const more = { metadata: this.#of.metadata("piece"), ...(feedback.length > 0 && { blocks: feedback }) };
    await this.#of.call("chat.stopStream", { channel: this.#roomOf(piece), ts: piece.ts, ...(!isPlain && more) });
    piece.stopped = true;
  }

  #feedback(reply: Reply | undefined): Record<string, unknown>[] {
    const turn = reply === undefined ? undefined : turnOf(reply);
    if (!this.#of.feedback || turn === undefined || reply?.ended?.reason !== "completed") return [];
    return feedbackBlocks({ session: reply.session, turn, ...defined({ tag: reply.tag }) });
  }

  #roomOf({ room }: Piece): string {
    return room ?? this.#of.address.room;
  }
}

function formOf(piece: Piece | undefined): Form {
  return piece?.form ?? "markdown";
}

/** The arguments that hold a text. Blocks that would be too long are left out at once. */
function contentOf(text: string, form: Form, more: readonly object[] = []): Record<string, unknown> {
  const blocks = [{ type: "markdown", text }, ...more];
  if (form === "blocks" && JSON.stringify(blocks).length <= blockChars)
    return { blocks, text: plain(text).slice(0, 3_000) };
  if (form === "text") return { text: plain(text) };
  return { markdown_text: text };
}

/** Markdown as plain text: Slack reads `&`, `<` and `>` as its own. */
function plain(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A message has 50 blocks at most, tasks and text among them (`msg_blocks_too_many`): more tasks are counted in one. */
const mostTasks = 30;
const restId = "longline_more";

interface Task {
  id: string;
  title: string;
  state: ShownTool["state"];
}

/** The first tasks, and one that summarises all others. */
function foldedTasks({ tools }: Reply): Task[] {
  const tasks = tools.map(({ id, name, state, progress }) => ({ id, title: titleOf(name, progress), state }));
  if (tasks.length <= mostTasks) return tasks;
  const rest = tasks.slice(mostTasks - 1);
  const has = (state: Task["state"]) => rest.some((task) => task.state === state);
  const state = has("waiting")
    ? "waiting"
    : has("running")
      ? "running"
      : rest.every((each) => each.state === "failed")
        ? "failed"
        : "done";
  return [...tasks.slice(0, mostTasks - 1), { id: restId, title: `and ${rest.length} more`, state }];
}

/** What is shown of each task, by its id: a change of it is sent. */
export function tasksOf(reply: Reply): Record<string, string> {
  return Object.fromEntries(foldedTasks(reply).map((task) => [task.id, shownState(task)]));
}

const taskStates = { running: "in_progress", waiting: "pending", done: "complete", failed: "error" } as const;

/** The tasks that are new or have changed. */
export function taskChunks(reply: Reply, before: Record<string, string>): Record<string, unknown>[] {
  return foldedTasks(reply)
    .filter((task) => before[task.id] !== shownState(task))
    .map(({ id, title, state }) => ({ type: "task_update", id, title, status: taskStates[state] }));
}

/** The progress of a call is shown after its name: titles may change, and details are only ever added to. */
function titleOf(name: string, progress: string | undefined): string {
  return (progress === undefined ? name : `${name}: ${progress.replace(/\s+/g, " ")}`).slice(0, 200).toWellFormed();
}

/** The titles of the folded task and of a task that shows its progress change, too. */
function shownState({ id, title, state }: Task): string {
  return id === restId || title.includes(": ") ? `${state} ${title}` : state;
}

function textChunk(text: string): Record<string, unknown>[] {
  return text === "" ? [] : [{ type: "markdown_text", text }];
}
