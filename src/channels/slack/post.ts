/** Shows a reply in Slack: a streamed message in the thread, further messages where it is long, buttons where a person must say yes. Each attempt brings what is seen closer to the reply; what a crash left is looked for and gone on with, never said twice. */
import type { Posted, Posting, Reply } from "../channel.ts";
import { replyText } from "../reply-text.ts";
import { splitMarkdown } from "../split-markdown.ts";
import { SlackApi, SlackFailure, type SlackSettings } from "./api.ts";
import { taskChunks, tasksOf, textChunk } from "./chunks.ts";
import { lookFor } from "./look-for.ts";
import { approvalBlocks, approvalText } from "./pressed.ts";
import { postToResponseUrl } from "./response-url.ts";
import { canGrow, isDm, type SlackAddress } from "./slack-address.ts";

/** One message of the answer. */
export interface Piece {
  ts: string;
  /** Its stream is over: it can only be written anew as a whole. */
  stopped?: boolean;
  /** It shows all that it ever will. */
  done?: boolean;
  /** What it shows, and the states of its tasks; unknown after a crash. */
  text?: string | undefined;
  tasks?: Record<string, string>;
}

/** What Slack shows of a reply. */
export interface SlackShown {
  pieces: Piece[];
  approvals: Record<string, { ts: string; state: string }>;
  /** What is about to be made: `piece` or an approval's ref. */
  making?: string | undefined;
  status?: "processing" | "suspended" | "active" | "unknown" | undefined;
}

/** A message's Markdown may have 12,000 characters; tasks count, too. */
const pieceChars = 11_000;
const eventType = "longline_delivery";

export type SlackPosting = Posting<SlackAddress, SlackShown>;

export async function postToSlack(posting: SlackPosting, settings: SlackSettings): Promise<Posted<SlackShown>> {
  if (settings.botToken === undefined && posting.address.responseUrl === undefined) {
    return { kind: "dead", shown: posting.shown, error: "SLACK_BOT_TOKEN is not set" };
  }
  const shown = structuredClone(posting.shown ?? { pieces: [], approvals: {} });
  try {
    if (posting.address.responseUrl !== undefined) await postToResponseUrl(posting, shown);
    else await new SlackPost(posting, shown, new SlackApi(settings)).bringCloser();
    return { kind: "shown", shown };
  } catch (error) {
    if (!(error instanceof SlackFailure)) throw error;
    const { retryAfterMs: afterMs } = error;
    if (error.forGood) return { kind: "dead", shown, error: error.error };
    return { kind: "retry", shown, error: error.error, ...(afterMs !== undefined && { afterMs }) };
  }
}

class SlackPost {
  readonly #of: SlackPosting;
  readonly #shown: SlackShown;
  readonly #api: SlackApi;

  constructor(of: SlackPosting, shown: SlackShown, api: SlackApi) {
    this.#of = of;
    this.#shown = shown;
    this.#api = api;
  }

  async bringCloser(): Promise<void> {
    const { reply } = this.#of;
    await this.#goOn();
    if (reply.state !== "ended") await this.#setStatus(reply.state === "waiting" ? "suspended" : "processing");
    const grows = canGrow(this.#of.address);
    const texts = reply.state === "ended" || grows ? splitMarkdown(replyText(reply), pieceChars) : [];
    const begun = texts.length === 0 && reply.tools.length > 0 && grows ? [""] : texts;
    for (const [place, text] of begun.entries()) {
      const isLast = place === begun.length - 1;
      await this.#showPiece(place, text, isLast ? reply : undefined);
    }
    for (const approval of reply.approvals) await this.#showApproval(approval);
    if (reply.state === "ended") await this.#setStatus("active");
  }

  /** After a crash, or an answer that was lost: what was being made is there, or it is not; what it says is not known. */
  async #goOn(): Promise<void> {
    const { address, reply, resumed } = this.#of;
    const { making, pieces } = this.#shown;
    if (resumed) {
      for (const piece of pieces) if (!piece.done) Object.assign(piece, { text: undefined, stopped: false });
      if (this.#shown.status !== "unknown") this.#shown.status = undefined;
    }
    if (making === undefined) return;
    const known = [...pieces, ...Object.values(this.#shown.approvals)].map(({ ts }) => ts);
    const ts = await lookFor(this.#api, address, { id: reply.id, making, known });
    if (ts !== undefined && making === "piece") pieces.push({ ts, text: undefined });
    else if (ts !== undefined) this.#shown.approvals[making] = { ts, state: "open" };
    this.#shown.making = undefined;
  }

  /** `growing`: the reply, when this is the piece that it grows in. */
  async #showPiece(place: number, text: string, growing: Reply | undefined): Promise<void> {
    const isFinal = growing === undefined || growing.state === "ended";
    let piece = this.#shown.pieces[place];
    if (piece?.done) return;
    if (piece === undefined) {
      piece = isFinal ? await this.#postPiece(text) : await this.#startPiece(text, growing);
    } else if (piece.stopped || piece.text === undefined || !text.startsWith(piece.text)) {
      await this.#rewrite(piece, text);
    } else await this.#append(piece, text, growing);
    if (!isFinal) return;
    if (!piece.stopped) await this.#stop(piece, text);
    piece.done = true;
  }

  /** Said in one go: nothing of it was shown before. */
  #postPiece(text: string): Promise<Piece> {
    return this.#make("piece", async () => {
      const { ts } = await this.#api.call("chat.postMessage", {
        ...this.#place(),
        markdown_text: text,
        metadata: this.#metadata("piece"),
        unfurl_links: false,
      });
      return { ts: String(ts), text, stopped: true };
    });
  }

  #startPiece(text: string, reply: Reply): Promise<Piece> {
    const { room, user, team } = this.#of.address;
    const recipient = isDm(room) || user === "" ? {} : { recipient_user_id: user, recipient_team_id: team };
    const tasks = tasksOf(reply);
    return this.#make("piece", async () => {
      const chunks = [...taskChunks(reply, {}), ...textChunk(text)];
      const { ts } = await this.#api.call("chat.startStream", { ...this.#place(), ...recipient, chunks });
      return { ts: String(ts), text, tasks };
    });
  }

  async #append(piece: Piece, text: string, reply: Reply | undefined): Promise<void> {
    const more = text.slice(piece.text?.length ?? 0);
    const chunks = [...(reply === undefined ? [] : taskChunks(reply, piece.tasks ?? {})), ...textChunk(more)];
    if (chunks.length === 0) return;
    try {
      await this.#api.call("chat.appendStream", { channel: this.#of.address.room, ts: piece.ts, chunks });
      piece.text = text;
      if (reply !== undefined) piece.tasks = tasksOf(reply);
    } catch (error) {
      // Perhaps it was appended, perhaps not.
      if (error instanceof SlackFailure && error.isUnclear) piece.text = undefined;
      // A stream lives for about 5 minutes (slackapi/python-slack-sdk#1859); the message stays, and can be written anew.
      if (!isOver(error)) throw error;
      piece.stopped = true;
      await this.#rewrite(piece, text);
    }
  }

  /** Writes a message anew as a whole. */
  async #rewrite(piece: Piece, text: string): Promise<void> {
    if (!piece.stopped) await this.#endStream(piece);
    if (piece.text === text || text === "") return;
    const metadata = this.#metadata("piece");
    const { room } = this.#of.address;
    await this.#api.call("chat.update", { channel: room, ts: piece.ts, markdown_text: text, metadata });
    piece.text = text;
  }

  /** Ends a piece that shows `text` already; should Slack have ended it before, it is made sure that it does. */
  async #stop(piece: Piece, text: string): Promise<void> {
    if (await this.#endStream(piece)) return;
    piece.text = undefined;
    await this.#rewrite(piece, text);
  }

  /** False when the stream was over before, or its message cannot be ended as it is. */
  async #endStream(piece: Piece): Promise<boolean> {
    try {
      const { room } = this.#of.address;
      await this.#api.call("chat.stopStream", { channel: room, ts: piece.ts, metadata: this.#metadata("piece") });
      piece.stopped = true;
      return true;
    } catch (error) {
      if (!isOver(error)) throw error;
      piece.stopped = true;
      return false;
    }
  }

  async #showApproval(approval: Reply["approvals"][number]): Promise<void> {
    const { reply, address } = this.#of;
    const before = this.#shown.approvals[approval.ref];
    if (before?.state === approval.state || (before === undefined && approval.state !== "open")) return;
    const message = {
      text: approvalText(approval),
      blocks: approvalBlocks(approval, { session: reply.session, asker: address.user }),
      metadata: this.#metadata(approval.ref),
    };
    if (before === undefined) {
      const { ts } = await this.#make(approval.ref, async () =>
        this.#api.call("chat.postMessage", { ...this.#place(), ...message }),
      );
      this.#shown.approvals[approval.ref] = { ts: String(ts), state: approval.state };
      return;
    }
    await this.#api.call("chat.update", { channel: address.room, ts: before.ts, ...message });
    before.state = approval.state;
  }

  /** Shows that somebody is at work. Where Slack does not know it, that is all; at the end it must not stay behind. */
  async #setStatus(status: "processing" | "suspended" | "active"): Promise<void> {
    const { room, thread } = this.#of.address;
    if (this.#shown.status === status || this.#shown.status === "unknown" || thread === "") return;
    if (status === "active" && this.#shown.status === undefined && !this.#of.resumed) return;
    try {
      await this.#api.call("agents.sessions.setStatus", { status, channel_id: room, thread_ts: thread });
      this.#shown.status = status;
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      if (error.passes && status === "active") throw error;
      if (!error.passes) this.#shown.status = "unknown";
    }
  }

  /** Makes a message: what is being made is on disk before, and what was made is known after. */
  async #make<T>(making: string, make: () => Promise<T>): Promise<T> {
    this.#shown.making = making;
    await this.#of.save(this.#shown);
    const made = await make().catch((error: unknown) => {
      if (error instanceof SlackFailure && !error.isUnclear) this.#shown.making = undefined;
      throw error;
    });
    this.#shown.making = undefined;
    if (making === "piece") this.#shown.pieces.push(made as Piece);
    return made;
  }

  #place(): Record<string, unknown> {
    const { room, thread } = this.#of.address;
    return { channel: room, ...(thread !== "" && { thread_ts: thread }) };
  }

  #metadata(part: string): Record<string, unknown> {
    return { event_type: eventType, event_payload: { delivery: this.#of.reply.id, part } };
  }
}

function isOver(error: unknown): boolean {
  return error instanceof SlackFailure && over.has(error.error);
}

const over = new Set(["message_not_in_streaming_state", "stopped_by_user", "msg_too_long", "msg_blocks_too_long"]);
