/** Shows a reply in Discord: the deferred message is edited as the reply grows, what is longer follows in further messages, and after 14 minutes, shortly before the interaction's token dies, the bot goes on with messages of its own. */
import { fingerprint } from "../../core/prefix.ts";
import type { Posted, Posting } from "../channel.ts";
import { replyText } from "../reply-text.ts";
import { splitMarkdown } from "../split-markdown.ts";
import { DiscordApi, DiscordFailure, type DiscordSettings } from "./api.ts";
import { approvalMessage } from "./buttons.ts";
import type { DiscordAddress } from "./discord-address.ts";

/** A message of the answer. `id` `@original` is the deferred one. */
interface Shown {
  id: string;
  /** The bot made it: the interaction's token does not know it. */
  byBot?: boolean;
  text?: string;
}

/** What Discord shows of a reply. */
export interface DiscordShown {
  messages: Shown[];
  approvals: Record<string, Shown & { state: string }>;
  /** What is about to be made: its text. */
  making?: string | undefined;
  /** The bot has taken over: the pieces from this one on are its own. */
  handedOver?: number;
}

const pieceChars = 2_000;
/** A token lives 15 minutes. */
const handOverMs = 14 * 60_000;
/** Discord may not know an interaction for some seconds yet. */
const unknownMs = 10_000;
const comesLater = "_Still at work: the answer comes as a new message._";
const quiet = { allowed_mentions: { parse: [] } };

export type DiscordPosting = Posting<DiscordAddress, DiscordShown>;

export async function postToDiscord(posting: DiscordPosting, settings: DiscordSettings): Promise<Posted<DiscordShown>> {
  const shown = structuredClone(posting.shown ?? { messages: [], approvals: {} });
  const { address, nowMs } = posting;
  try {
    await new DiscordPost(posting, shown, new DiscordApi(settings, address.app)).bringCloser();
    return { kind: "shown", shown };
  } catch (error) {
    if (!(error instanceof DiscordFailure)) throw error;
    const early = error.isUnknownWebhook && nowMs - address.atMs < unknownMs;
    if (error.tokenIsOver) {
      const hint = "The interaction is over after 15 minutes: set DISCORD_BOT_TOKEN so that the bot can go on.";
      return { kind: "dead", shown, error: hint };
    }
    if (!early && !error.passes) return { kind: "dead", shown, error: error.message };
    const afterMs = early ? 700 : error.retryAfterMs;
    return { kind: "retry", shown, error: error.message, ...(afterMs !== undefined && { afterMs }) };
  }
}

class DiscordPost {
  readonly #of: DiscordPosting;
  readonly #shown: DiscordShown;
  readonly #api: DiscordApi;

  constructor(of: DiscordPosting, shown: DiscordShown, api: DiscordApi) {
    this.#of = of;
    this.#shown = shown;
    this.#api = api;
  }

  async bringCloser(): Promise<void> {
    const { reply } = this.#of;
    if (this.#shown.making !== undefined) await this.#lookFor(this.#shown.making);
    await this.#handOver();
    const texts = splitMarkdown(replyText(reply), pieceChars);
    const atWork = reply.tools.filter(({ state }) => state === "running" || state === "waiting");
    if (texts.length === 0 && atWork.length > 0) texts.push(`_Using ${atWork.map(({ name }) => name).join(", ")} …_`);
    for (const [place, text] of texts.entries()) await this.#showPiece(place, text);
    for (const approval of reply.approvals) await this.#showApproval(approval);
  }

  async #showPiece(place: number, text: string): Promise<void> {
    const message = this.#shown.messages[place];
    if (message?.text === text) return;
    if (this.#isOver && place >= (this.#shown.handedOver ?? 0)) {
      // Not word by word any more: each piece is posted once, when it is whole.
      if (this.#of.reply.state === "ended") this.#shown.messages[place] = await this.#postAsBot(place, text);
      return;
    }
    const id = message?.id ?? (place === 0 && this.#of.address.token !== "" ? "@original" : undefined);
    if (id === undefined) {
      this.#shown.messages[place] = await this.#make(text, { content: text });
      return;
    }
    await this.#edit({ id }, { content: text });
    this.#shown.messages[place] = { id, text };
  }

  async #showApproval(approval: DiscordPosting["reply"]["approvals"][number]): Promise<void> {
    const before = this.#shown.approvals[approval.ref];
    if (before?.state === approval.state || (before === undefined && approval.state !== "open")) return;
    const message = approvalMessage(approval, this.#of.address.user);
    if (before !== undefined) {
      await this.#edit(before, message);
      before.state = approval.state;
      return;
    }
    const made = await this.#make(message.content, message);
    this.#shown.approvals[approval.ref] = { ...made, state: approval.state };
  }

  /** Once: what grows is taken back to a note, and the bot will say it whole. */
  async #handOver(): Promise<void> {
    const { reply } = this.#of;
    if (!this.#isOver || this.#shown.handedOver !== undefined) return;
    if (!this.#api.hasBot) {
      this.#shown.handedOver = Number.MAX_SAFE_INTEGER;
      return;
    }
    const last = this.#shown.messages.length - 1;
    const shownWhole = splitMarkdown(replyText(reply), pieceChars).slice(0, Math.max(last, 0));
    this.#shown.handedOver = shownWhole.length;
    if (this.#of.address.token === "") return;
    const id = this.#shown.messages[last]?.id ?? "@original";
    this.#shown.messages.length = shownWhole.length;
    await this.#edit({ id }, { content: comesLater }).catch((error: unknown) => {
      if (!(error instanceof DiscordFailure)) throw error;
    });
  }

  /** Whether the token is as good as dead. */
  get #isOver(): boolean {
    const { address, nowMs } = this.#of;
    return address.token === "" || nowMs - address.atMs >= handOverMs;
  }

  async #edit({ id, byBot = false }: Shown, message: object): Promise<void> {
    const { token, room } = this.#of.address;
    const body = { ...message, ...quiet };
    const mustBot = this.#api.hasBot && this.#isTokenDead && id !== "@original";
    if (byBot || mustBot) await this.#api.byBot("PATCH", { path: `/channels/${room}/messages/${id}`, body });
    else await this.#api.byToken("PATCH", { token, path: `/messages/${id}`, body });
  }

  get #isTokenDead(): boolean {
    const { address, nowMs } = this.#of;
    return address.token === "" || nowMs - address.atMs >= handOverMs + 60_000;
  }

  /** A follow-up. What is being made is on disk before. */
  async #make(text: string, message: object): Promise<Shown> {
    const { token } = this.#of.address;
    if (this.#isOver && this.#api.hasBot) return this.#postAsBot(text.length, text, message);
    this.#shown.making = text;
    await this.#of.save(this.#shown);
    const made = await this.#api
      .byToken("POST", { token, path: "", body: { ...message, ...quiet } })
      .catch((error: unknown) => {
        if (error instanceof DiscordFailure && !error.isUnclear) this.#shown.making = undefined;
        throw error;
      });
    this.#shown.making = undefined;
    return { id: String(made.id), text };
  }

  /** Discord itself sees to it that a message with the same nonce is made once. */
  async #postAsBot(place: number, text: string, message: object = { content: text }): Promise<Shown> {
    const { reply, address } = this.#of;
    const nonce = fingerprint(`${reply.id} ${place} ${text}`);
    const body = { ...message, ...quiet, nonce, enforce_nonce: true };
    const made = await this.#api.byBot("POST", { path: `/channels/${address.room}/messages`, body });
    return { id: String(made.id), text, byBot: true };
  }

  /** Whether a follow-up that was perhaps posted is there. Without a bot nobody can look, and it is posted again. */
  async #lookFor(text: string): Promise<void> {
    this.#shown.making = undefined;
    if (!this.#api.hasBot) return;
    const { room } = this.#of.address;
    const { list = [] } = await this.#api.byBot("GET", { path: `/channels/${room}/messages?limit=50` });
    const known = this.#shown.messages.map(({ id }) => id);
    const found = (list as { id: string; content: string; author?: { id?: string } }[]).find(
      ({ id, content, author }) => author?.id === this.#api.applicationId && content === text && !known.includes(id),
    );
    if (found === undefined) return;
    const open = this.#of.reply.approvals.find((each) => approvalMessage(each, this.#of.address.user).content === text);
    if (open !== undefined) this.#shown.approvals[open.ref] = { id: found.id, state: open.state };
    else this.#shown.messages.push({ id: found.id, text });
  }
}
