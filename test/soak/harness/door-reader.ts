/** A client of one of the other doors that reads one turn's answer: it is cut off at random, by a kill or by itself, and comes back with what it has, until the answer has ended. */
import { createParser } from "eventsource-parser";
import { ChatFold, type Fold, ResponseFold, UiFold } from "../../support/door-folds.ts";
import type { Door, DoorLog } from "../session-log.ts";
import { type Chance, pause } from "./chance.ts";

export interface DoorReading {
  door: Door;
  /** Of the server. */
  url: string;
  session: string;
  turn: string;
  chance: Chance;
}

export class DoorReader {
  readonly log: DoorLog;
  readonly #of: DoorReading;
  readonly #fold: Fold;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;

  constructor(of: DoorReading) {
    this.#of = of;
    const { door, turn } = of;
    this.#fold = door === "chat" ? new ChatFold() : door === "responses" ? new ResponseFold() : new UiFold();
    this.log = { door, turn, state: "open", text: "", faults: this.#fold.faults, refusals: [], reconnects: 0 };
    this.#reading = this.#read();
  }

  get isOver(): boolean {
    return this.log.state !== "open";
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.isOver && this.log.refusals.length === 0) {
      await this.#connect().catch(() => {});
      if (this.isOver) return;
      this.log.reconnects++;
      await pause(this.#of.chance.whole(5, 120));
    }
  }

  async #connect(): Promise<void> {
    const own = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, own.signal]);
    const response = await fetch(this.#address(), { headers: this.#headers(), signal });
    // The turn is over, and this door tells open turns only.
    if (response.status === 204) this.log.state = "gone";
    if (response.status >= 400 && response.status < 500)
      this.log.refusals.push(`${this.#of.door} ${this.#fold.place}: ${response.status} ${await response.text()}`);
    if (response.status !== 200 || response.body === null) return;
    this.#fold.opened();
    let left = this.#of.chance.happens(0.6) ? this.#of.chance.whole(1, 12) : Number.POSITIVE_INFINITY;
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (left-- <= 0 || this.isOver) return;
        this.#take(id, data === "[DONE]" ? data : JSON.parse(data));
      },
    });
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
      if (left <= 0 || this.isOver) return own.abort();
    }
  }

  #take(id: string | undefined, data: { type?: string; messageId?: string; finishReason?: string } | "[DONE]"): void {
    if (typeof data === "object" && data.type === "start" && data.messageId !== `msg_${this.#of.turn}`) {
      this.log.state = "gone";
      return;
    }
    // A message that waits for a person goes on when it is read again.
    if (typeof data === "object" && data.type === "finish" && data.finishReason === "tool-calls") return;
    this.#fold.take({ id, data });
    this.log.text = this.#fold.text;
    this.log.state = this.#fold.state;
    if (this.#fold instanceof ChatFold && this.#fold.code !== undefined) this.log.code = this.#fold.code;
  }

  #address(): string {
    const { door, url, session, turn } = this.#of;
    const answer = `${session}.${turn.replace("turn_", "")}`;
    if (door === "chat") return `${url}/v1/chat/completions/chatcmpl-${answer}?stream=true`;
    if (door === "ui") return `${url}/v1/ui/messages/${session}/stream`;
    const { place } = this.#fold;
    const after = place === undefined ? "" : `&starting_after=${place}`;
    return `${url}/v1/responses/resp_${answer}?stream=true${after}`;
  }

  #headers(): Record<string, string> {
    const { place } = this.#fold;
    const back = this.#of.door === "chat" && place !== undefined && { "last-event-id": place };
    return { authorization: "Bearer soak-key", ...back };
  }
}
