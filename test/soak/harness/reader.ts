/** A reader of a session's event stream: keeps every event, and comes back with the last id whenever the line is cut, by a kill or by itself. */
import { createParser } from "eventsource-parser";
import type { EventData, ReaderLog } from "../session-log.ts";
import { type Chance, pause } from "./chance.ts";

export class Reader {
  readonly log: ReaderLog;
  readonly #url: string;
  readonly #chance: Chance;
  readonly #stop = new AbortController();
  #lastId: string | undefined;
  #reading: Promise<void> | undefined;

  /** `url`: of the session. */
  constructor(name: string, url: string, chance: Chance) {
    this.log = { name, events: [], reconnects: 0, refusals: [] };
    this.#url = url;
    this.#chance = chance;
  }

  get lastId(): string | undefined {
    return this.#lastId;
  }

  start(): void {
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (let first = true; !this.#stop.signal.aborted; first = false) {
      if (!first) this.log.reconnects++;
      await this.#connect().catch(() => {});
      if (!this.#stop.signal.aborted) await pause(this.#chance.whole(5, 40));
    }
  }

  async #connect(): Promise<void> {
    const own = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, own.signal]);
    const headers: Record<string, string> = { authorization: "Bearer soak-key" };
    if (this.#lastId !== undefined) headers["last-event-id"] = this.#lastId;
    const response = await fetch(`${this.#url}/events`, { headers, signal });
    if (!response.ok || response.body === null) {
      this.log.refusals.push(`${response.status} ${await response.text()}`);
      return;
    }
    let left = this.#chance.happens(0.3) ? this.#chance.whole(1, 30) : Number.POSITIVE_INFINITY;
    const parser = createParser({
      onEvent: ({ id, event = "message", data }) => {
        if (left-- <= 0) return;
        this.log.events.push({ id, event, data: JSON.parse(data) as EventData });
        this.#lastId = id ?? this.#lastId;
      },
    });
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
      if (left <= 0) return own.abort();
    }
  }
}
