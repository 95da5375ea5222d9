/** One attempt at a delivery: where things go, what is written down before they are made, and the calls. It does not decide what is shown. */
import type { Posting, Reply } from "../channel.ts";
import { SlackApi, SlackFailure, type SlackResult, type SlackSettings } from "./api.ts";
import { refusalOf, type SlackRefused, type SlackRung, type SlackWay, type Step, stepAfter } from "./ladder.ts";
import { respond, responseUses } from "./response-url.ts";
import { rungOf, type SlackMaking, type SlackShown, tryAgain, waysOf } from "./shown.ts";
import type { SlackAddress } from "./slack-address.ts";

export type SlackPosting = Posting<SlackAddress, SlackShown>;

/** No way is left, after several rounds. */
export class LadderEnd extends Error {
  readonly failure: SlackFailure;

  constructor(failure: SlackFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const eventType = "longline_delivery";
/** How often the whole ladder is tried before a delivery is given up. */
const mostRounds = 3;
/** How often a search that Slack refuses is repeated; after that the message is regarded as not posted. */
const mostLooks = 6;
const looksAtOnce = 3;

export class SlackDelivery {
  readonly posting: SlackPosting;
  readonly shown: SlackShown;
  readonly ways: readonly SlackWay[];
  /** Whether answers get buttons for praise and blame. */
  readonly feedback: boolean;
  readonly #api: SlackApi;

  constructor(posting: SlackPosting, shown: SlackShown, of: { settings: SlackSettings; feedback: boolean }) {
    this.posting = posting;
    this.shown = shown;
    this.feedback = of.feedback;
    this.ways = waysOf(posting.address, of.settings.botToken !== undefined);
    this.#api = new SlackApi(of.settings);
  }

  get reply(): Reply {
    return this.posting.reply;
  }

  get address(): SlackAddress {
    return this.posting.address;
  }

  rung(what: string): SlackRung {
    return rungOf(this.shown, what, this.address, this.ways);
  }

  climb(what: string, rung: SlackRung): void {
    this.shown.rungs = { ...this.shown.rungs, [what]: rung };
  }

  /** The answer of a method. Throws a SlackFailure. */
  async call(method: string, params: SlackResult): Promise<SlackResult> {
    const answer = await this.#api.call(method, params);
    if (this.shown.tries?.[method] !== undefined) this.shown.tries[method] = 0;
    return answer;
  }

  /** Posts to the response_url; throws a SlackFailure, `used_url` or `expired_url` where it takes nothing more. */
  async respond(body: object): Promise<void> {
    const { responseUrl, fallbackUrl, atMs } = this.address;
    const uses = this.shown.uses ?? 0;
    if (uses >= responseUses.forContent) throw new SlackFailure("used_url", "response_url");
    if (this.posting.nowMs - atMs >= responseUses.forMs) throw new SlackFailure("expired_url", "response_url");
    await respond(responseUrl ?? fallbackUrl ?? "", body, this.posting.signal);
    this.shown.uses = uses + 1;
  }

  /** A short text at the response_url, where it is still open, about where the rest is. If it does not arrive, that does no harm. */
  async sayWhere(text: string): Promise<void> {
    const { responseUrl = this.address.fallbackUrl, atMs } = this.address;
    const isOpen = (this.shown.uses ?? 0) < responseUses.most && this.posting.nowMs - atMs < responseUses.forMs;
    if (responseUrl === undefined || !isOpen) return;
    const body = { response_type: "ephemeral", replace_original: false, text };
    await respond(responseUrl, body, this.posting.signal).catch(() => undefined);
    this.shown.uses = (this.shown.uses ?? 0) + 1;
  }

  /** Where messages of a way go. Opens the direct message where it is needed. */
  async target(way: SlackWay): Promise<{ room: string; thread: string }> {
    const { room, thread, user } = this.address;
    if (way !== "direct") return { room, thread };
    if (this.shown.direct === undefined) {
      const { channel } = (await this.call("conversations.open", { users: user })) as { channel?: { id?: string } };
      this.shown.direct = channel?.id ?? user;
    }
    return { room: this.shown.direct, thread: "" };
  }

  metadata(part: string): Record<string, unknown> {
    return { event_type: eventType, event_payload: { delivery: this.reply.id, part } };
  }

  /** Makes a message: what is being made is on disk before, and what was made is known after. Returns its `ts`. */
  async make(making: SlackMaking, make: () => Promise<SlackResult>): Promise<string> {
    this.shown.pending = [...this.#others(making.part), making];
    await this.posting.save(this.shown);
    const { ts } = await make().catch((error: unknown) => {
      if (error instanceof SlackFailure && !error.isUnclear) this.shown.pending = this.#others(making.part);
      throw error;
    });
    this.shown.pending = this.#others(making.part);
    return String(ts);
  }

  /** After a crash, or an answer that was lost: the `ts` of the message that was being made, where it is there. */
  async settle(part: string): Promise<(SlackMaking & { ts: string }) | undefined> {
    const making = this.shown.pending?.find((each) => each.part === part);
    if (making === undefined) return undefined;
    const known = [...this.shown.pieces, ...Object.values(this.shown.approvals)].map(({ ts }) => ts);
    const place = { ...this.address, room: making.room, thread: making.thread };
    const ts = await this.#look(place, { id: this.reply.id, making: part, known });
    this.shown.pending = this.#others(part);
    if (ts !== undefined) this.shown.tries = {};
    return ts === undefined ? undefined : { ...making, ts };
  }

  /** Searches again where Slack refuses: a message that is there and not found would be posted twice. */
  async #look(place: SlackAddress, wanted: Wanted): Promise<string | undefined> {
    for (;;) {
      try {
        return await lookFor(this.#api, place, wanted);
      } catch (error) {
        if (!(error instanceof SlackFailure) || error.passes) throw error;
        const looks = tryAgain(this.shown, "look");
        if (looks % looksAtOnce !== 0) continue;
        if (looks < mostLooks) throw error;
        console.warn(`Slack does not let the app look for an answer it may have posted before (${error.error}).`);
        return undefined;
      }
    }
  }

  /** What comes after a refusal of something that is posted or changed; see `stepAfter`. */
  step(failure: SlackFailure, at: { rung: SlackRung; bytes?: number }): Step {
    const refused: SlackRefused = { method: failure.method, code: failure.error };
    const { rung, bytes = 0 } = at;
    const isPause = ["wait", "token"].includes(refusalOf(failure.error));
    const tries = isPause ? (this.shown.tries?.[failure.method] ?? 0) : tryAgain(this.shown, failure.method);
    return stepAfter(refused, { rung, bytes, ways: this.ways, tries });
  }

  /** The last rung was refused, too: from the first message on, after a pause; in the end it is over. */
  startOver(what: string, failure: SlackFailure): never {
    const way = this.ways[0] ?? "thread";
    this.climb(what, { way, form: "blocks" });
    this.shown.rounds = (this.shown.rounds ?? 0) + 1;
    if (this.shown.rounds < mostRounds) throw failure;
    throw new LadderEnd(failure);
  }

  #others(part: string): SlackMaking[] {
    return (this.shown.pending ?? []).filter((each) => each.part !== part);
  }
}

/** Looks whether a message that was perhaps posted is there, so that it is continued instead of posted twice. */
export interface Wanted {
  /** Of the delivery. */
  id: string;
  /** The part that was being made. */
  making: string;
  /** Messages of the delivery that are known. */
  known: readonly string[];
}

interface Found {
  ts: string;
  bot_id?: string;
  app_id?: string;
  streaming_state?: string;
  metadata?: { event_payload?: { delivery?: string; part?: string } };
}

/** The message's `ts`; `undefined` when it was not posted. Throws a SlackFailure when the app may not look. */
async function lookFor(api: SlackApi, address: SlackAddress, wanted: Wanted): Promise<string | undefined> {
  const messages = await messagesSince(api, address);
  const own = messages.filter(({ ts, bot_id }) => bot_id !== undefined && !wanted.known.includes(ts));
  const marked = own.find(({ metadata }) => {
    const payload = metadata?.event_payload;
    return payload?.delivery === wanted.id && payload.part === wanted.making;
  });
  if (marked !== undefined || wanted.making !== "piece") return marked?.ts;
  // A stream gets its mark when it is stopped; deliveries to a place go one after the other, so an unmarked one is this one's.
  const isOurs = ({ app_id }: Found) => app_id === undefined || address.app === "" || app_id === address.app;
  return own.find((each) => isOurs(each) && each.streaming_state !== undefined && each.metadata === undefined)?.ts;
}

async function messagesSince(api: SlackApi, { room, thread, ts, atMs }: SlackAddress): Promise<Found[]> {
  const oldest = ts === "" ? String(Math.floor(atMs / 1000) - 60) : ts;
  const common = { channel: room, oldest, limit: 200, include_all_metadata: true };
  const { messages = [] } =
    thread === ""
      ? await api.call("conversations.history", common)
      : await api.call("conversations.replies", { ...common, ts: thread });
  return messages as Found[];
}
