/** A session's clients: one writer and some readers, from the first message to the last word. Only collects; judges nothing. */
import { cursorIn } from "../check-reader.ts";
import type { Door, EntryData, SentMessage, SessionLog } from "../session-log.ts";
import { Api } from "./api.ts";
import { Approver } from "./approver.ts";
import { Chance, pause } from "./chance.ts";
import { spansOf } from "./collector.ts";
import { DoorReader } from "./door-reader.ts";
import { messageText } from "./plan.ts";
import type { Points } from "./points.ts";
import { Reader } from "./reader.ts";

/** How long nothing may happen in a session that has work, while the server is killed now and then, where the server starts within a second. */
const quickStuckMs = 15_000;
/** How long a sleeper is left alone: longer than the watchdog of the soak's Worker. */
const sleepMs = 5_000;

/** What a message does while a turn is open; none: it waits in the queue. */
const manners = ["", "", "", "", "", "?on_busy=join", "?on_busy=interrupt"] as const;

function isOpen(status: string | undefined): boolean {
  return status === "queued" || status === "running" || status === "waiting";
}

/** What of a turn's JSON is looked at. */
interface TurnState {
  status: string;
  waiting_for?: { call_id: string }[];
}

export interface ClientSetup {
  url: string;
  seed: number;
  points: Points;
  /** When the model was last asked for this session. */
  lastAskedMs(session: string): number | undefined;
  /** Since when the server has not been killed any more; `undefined` while it may be. */
  quietSinceMs(): number | undefined;
  /** The run is given up: nothing is to be tried again. */
  isOver(): boolean;
  /** Whether the collector got this span. */
  has(spanId: string): boolean;
  /** How many times as long as on a machine with nothing else to do everything may take; 1 or more. */
  slowness(): number;
}

/** The collector fails now and then, and is asked again at most 5 s later (`build.ts`). */
const longestExportMs = 120_000;

export class Client {
  readonly log: SessionLog;
  readonly #setup: ClientSetup;
  readonly #api: Api;
  readonly #approver: Approver;
  readonly #chance: Chance;
  readonly #readers: Reader[];
  readonly #doors: DoorReader[] = [];
  #lastAckMs = 0;
  finished = false;

  constructor(session: string, setup: ClientSetup) {
    this.#setup = setup;
    this.#chance = new Chance(setup.seed, `client of ${session}`);
    const url = `${setup.url}/v1/sessions/${session}`;
    const names = Array.from({ length: this.#chance.whole(1, 2) }, (_, n) => `${session}-r${n + 1}`);
    this.#readers = names.map((name) => new Reader(name, url, new Chance(setup.seed, `reader ${name}`)));
    const readers = this.#readers.map(({ log }) => log);
    const nothing = {
      doors: [],
      messages: [],
      decisions: [],
      entries: [],
      exported: [],
      traces: [],
      stuck: [],
      refusals: [],
    };
    this.log = { session, readers, ...nothing };
    this.#api = new Api(url, this.log);
    this.#approver = new Approver({ api: this.#api, log: this.log, points: setup.points, seed: setup.seed });
  }

  get serverErrors(): number {
    return this.#api.serverErrors;
  }

  /** Plays the session to its end. */
  async run(): Promise<void> {
    const count = this.#chance.whole(2, 5);
    for (let n = 1; n <= count; n++) {
      const message = this.#message(n);
      await this.#send(message);
      if (n === 1) this.#startReaders();
      this.#readDoor(message);
      if (this.#chance.happens(0.2)) await this.#post(message);
      if (this.#chance.happens(0.05)) await this.#api.json("/cancel", { method: "POST" });
      if (this.#chance.happens(0.6)) await this.#ended(message);
      else await pause(this.#chance.whole(0, 60));
      if (this.#setup.quietSinceMs() !== undefined) break;
    }
    await this.#finish();
  }

  /** Sends some messages and leaves the session alone, before the last kill. */
  async fallAsleep(): Promise<void> {
    await this.#send(this.#message(1));
    await this.#send(this.#message(2));
  }

  /** To be called after the last kill: waits, then looks whether the session has woken up by itself, and plays it to its end. */
  async wakeUp(): Promise<void> {
    const restartedMs = performance.now();
    await pause(sleepMs * this.#setup.slowness());
    const turn = this.log.messages.at(-1)?.turns[0];
    const state = (await this.#api.json(`/turns/${turn}`)) as TurnState | undefined;
    const wasAsked = (this.#setup.lastAskedMs(this.log.session) ?? 0) > restartedMs;
    const isOwed = isOpen(state?.status) && state?.status !== "waiting";
    if (isOwed && !wasAsked && !(await this.#isWaiting()))
      this.log.stuck.push(`${turn} is ${state?.status}: no alarm took it up`);
    this.#startReaders();
    for (const message of this.log.messages) this.#readDoor(message);
    await this.#finish();
  }

  /** Ends whatever still goes on. */
  async giveUp(): Promise<void> {
    await Promise.all([...this.#readers, ...this.#doors].map((reader) => reader.stop()));
  }

  /** A client of some other door reads the message's turn. */
  #readDoor({ id, turns: [turn] }: SentMessage): void {
    if (turn === undefined) return;
    const chance = new Chance(this.#setup.seed, `door of ${id}`);
    const door = chance.pick<Door>(["chat", "chat", "responses", "responses", "ui"]);
    const reader = new DoorReader({ door, url: this.#setup.url, session: this.log.session, turn, chance });
    this.#doors.push(reader);
    this.log.doors.push(reader.log);
  }

  #startReaders(): void {
    for (const reader of this.#readers) reader.start();
  }

  /** Waits for every turn, reads the transcript, lets the readers see its end. */
  async #finish(): Promise<void> {
    for (const message of this.log.messages) await this.#ended(message);
    this.log.entries = await this.#entries();
    this.log.exported = await this.#exported();
    for (const reader of this.#readers) await this.#drained(reader);
    for (const reader of this.#doors) await this.#told(reader);
    await this.giveUp();
    await this.#collected();
    // Judged only now: what has not come yet is no fault.
    this.finished = !this.#setup.isOver();
    if (this.#chance.happens(0.7)) await this.#api.json("", { method: "DELETE" });
  }

  /** Reads the trace of each turn, and waits until the collector has it: an erased session sends nothing more. */
  async #collected(): Promise<void> {
    const untilMs = performance.now() + longestExportMs * this.#setup.slowness();
    for (const { type, turn } of this.log.entries) {
      if (type !== "turn_ended" || turn === undefined) continue;
      let answer = await this.#api.ask(`/turns/${turn}/trace`);
      for (; answer === undefined && !this.#setup.isOver(); answer = await this.#api.ask(`/turns/${turn}/trace`))
        await new Promise((resolve) => setTimeout(resolve, 100));
      const spans = answer === undefined ? [] : spansOf(answer.text);
      this.log.traces.push({ turn, spans });
      while (
        !this.#setup.isOver() &&
        performance.now() < untilMs &&
        !spans.every(({ spanId }) => this.#setup.has(spanId))
      )
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #message(n: number): SentMessage {
    const id = `${this.log.session}-m${n}`;
    const message = { id, content: messageText(id, this.#chance), turns: [] };
    this.log.messages.push(message);
    return message;
  }

  /** Until it is accepted; sometimes twice at once. */
  async #send(message: SentMessage): Promise<void> {
    const twice = this.#chance.happens(0.1);
    while (message.turns.length === 0 && !this.#setup.isOver()) {
      await Promise.all([this.#post(message), ...(twice ? [this.#post(message)] : [])]);
      if (message.turns.length === 0) await pause(this.#chance.whole(5, 30));
    }
  }

  async #post({ id, content, turns }: SentMessage): Promise<void> {
    const headers = { "idempotency-key": id, prefer: "respond-async" };
    const manner = new Chance(this.#setup.seed, `manner of ${id}`).pick(manners);
    const answer = this.#api.json(`/messages${manner}`, { method: "POST", headers, body: JSON.stringify({ content }) });
    this.#setup.points.hit("client.sent");
    const came = (await answer) as { turn?: string } | undefined;
    if (came?.turn === undefined) return;
    turns.push(came.turn);
    this.#lastAckMs = performance.now();
    this.#setup.points.hit("client.acked");
  }

  /** Until the message's turn has ended, or nothing has happened for long. */
  async #ended({ id, turns }: SentMessage): Promise<void> {
    const [turn] = turns;
    while (turn !== undefined && !this.#setup.isOver()) {
      const state = (await this.#api.json(`/turns/${turn}`)) as TurnState | undefined;
      if (state !== undefined && !isOpen(state.status)) return;
      // A message in the queue may wait for a turn that waits for a person.
      if (state?.status === "queued") await this.#isWaiting();
      await this.#approver.decide((state?.waiting_for ?? []).map(({ call_id }) => call_id));
      if (this.#isStuck()) return void this.log.stuck.push(`${id} (${turn}) stays ${state?.status ?? "unanswered"}`);
      await pause(40);
    }
  }

  /** Whether some turn waits for a person, who then answers. */
  async #isWaiting(): Promise<boolean> {
    for (const { turns } of this.log.messages) {
      const state = (await this.#api.json(`/turns/${turns[0]}`)) as TurnState | undefined;
      if (state?.status !== "waiting") continue;
      await this.#approver.decide((state.waiting_for ?? []).map(({ call_id }) => call_id));
      return true;
    }
    return false;
  }

  #isStuck(): boolean {
    const { session } = this.log;
    const lastMs = Math.max(this.#lastAckMs, this.#setup.lastAskedMs(session) ?? 0);
    const quiet = this.#setup.quietSinceMs() ?? Number.POSITIVE_INFINITY;
    const nowMs = performance.now();
    return nowMs - lastMs > this.#stuckMs || nowMs - quiet > 4 * this.#stuckMs;
  }

  get #stuckMs(): number {
    return quickStuckMs * this.#setup.slowness();
  }

  async #entries(): Promise<EntryData[]> {
    const entries: EntryData[] = [];
    while (!this.#setup.isOver() && this.log.refusals.length === 0) {
      const path = `/entries?limit=500&after=${entries.length}`;
      const page = (await this.#api.json(path)) as { entries: EntryData[] } | undefined;
      if (page?.entries.length === 0) break;
      entries.push(...(page?.entries ?? []));
      if (page === undefined) await pause(20);
    }
    return entries;
  }

  async #exported(): Promise<string[]> {
    while (!this.#setup.isOver()) {
      const answer = await this.#api.ask("/export");
      if (answer?.status === 200) return answer.text.trimEnd().split("\n");
      await pause(20);
    }
    return [];
  }

  /** Until the client has come to the end of its answer. */
  async #told({ log }: DoorReader): Promise<void> {
    const beganMs = performance.now();
    while (log.state === "open" && log.refusals.length === 0 && !this.#setup.isOver()) {
      if (performance.now() - beganMs > this.#stuckMs) {
        return void this.log.stuck.push(`${log.door} of ${log.turn} has "${log.text}" and is not told the end`);
      }
      await pause(20);
    }
  }

  /** Until the reader has seen the newest entry. */
  async #drained(reader: Reader): Promise<void> {
    if (this.log.entries.length === 0) return;
    const newest = String(this.log.entries.at(-1)?.seq);
    const beganMs = performance.now();
    while (cursorIn(reader.lastId ?? "") !== newest && !this.#setup.isOver()) {
      if (performance.now() - beganMs > this.#stuckMs) {
        return void this.log.stuck.push(
          `${reader.log.name} stands at ${reader.lastId} and is not told entry ${newest}`,
        );
      }
      await pause(20);
    }
  }
}
