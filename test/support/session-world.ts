/** A fresh session in the Workers runtime with a provider of ours behind `fetch`, for tests of what stands in `src/session`. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import type { ApprovalDecision } from "../../src/core/answer-entries.ts";
import type { Entry } from "../../src/core/entry.ts";
import { accepted } from "../../src/doors/refusal-words.ts";
import type { Bindings } from "../../src/env.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import type { InboxMessage, Receipt } from "../../src/session/store/inbox.ts";
import type { SessionAddress } from "../../src/session/store/session-record.ts";
import type { ClientResult, Submission } from "../../src/session/submit/submit-rows.ts";
import type { BusyPolicy } from "../../src/session/turn/turns.ts";
import { createFakeProvider } from "./fake-provider.ts";
import type { Host } from "./host-rules.ts";
import { readEvents } from "./sse-reader.ts";

export const bindings = env as unknown as Bindings;

function freshAddress(): SessionAddress {
  return { account: "test", name: crypto.randomUUID() };
}

/** A provider that the Worker reaches instead of the outside, and what it asked of other hosts: they answer what `outside` does. */
export function startProvider(of: { host?: Host } = {}) {
  const provider = createFakeProvider(of);
  const outside = vi.fn(async (_request: Request) => new Response("taken"));
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const request = new Request(input, init);
    return new URL(request.url).hostname === "127.0.0.1" ? provider.fetch(input, init) : outside(request);
  });
  return { ...provider, outside };
}

const { now } = Date;
let skippedMs = 0;

/** From now on it is so much later, until the test's mocks are restored. Timers that run already do not know of it. */
export function skipTime(ms: number): void {
  skippedMs = vi.isMockFunction(Date.now) ? skippedMs + ms : ms;
  vi.spyOn(Date, "now").mockImplementation(() => now() + skippedMs);
}

/** From now on it is always the same time, until the test's mocks are restored: for what depends on how long something takes. */
export function stopTime(): void {
  if (!vi.isMockFunction(Date.now)) skippedMs = 0;
  vi.spyOn(Date, "now").mockReturnValue(Date.now());
}

export class SessionWorld {
  readonly address = freshAddress();

  /** Made anew at each use: a stub whose object was evicted is broken. */
  get stub() {
    return sessionObject(bindings, this.address);
  }

  async send(
    content: string,
    more: { receipt?: Receipt; onBusy?: BusyPolicy; options?: InboxMessage["options"] } = {},
  ) {
    const { receipt = {}, onBusy = "queue", options = {} } = more;
    return this.submit({ messages: [{ content, options }], receipt, onBusy, create: {} });
  }

  /** Hands the session something; throws what it refuses, in the words of the native API. */
  async submit(given: Submission, how: { isStreamed?: boolean } = {}) {
    return accepted(await this.stub.submit(this.address, given, how));
  }

  /** Answers about a call that waits for a person, which is named by its id, or as a button does. */
  async approve(call: string | { ref: string }, decision: ApprovalDecision & { digest?: string }) {
    const named = typeof call === "string" ? { id: call } : call;
    const { turn } = await this.submit({ approvals: [{ call: named, ...decision }] });
    return { turn };
  }

  /** The results of calls that ran at the client. */
  giveResults(results: ClientResult[]) {
    return this.submit({ results });
  }

  async ended(turn: string) {
    const state = unwrap(await this.stub.wait(turn, 30_000));
    if (state.status !== "ended") throw new Error(`${turn} is still ${state.status}`);
    return state;
  }

  /** Sends and waits for the turn's end. */
  async ask(content: string) {
    return this.ended((await this.send(content)).turn);
  }

  async entries(): Promise<Entry[]> {
    return unwrap(await this.stub.entries({ after: 0, limit: 1000 })).entries;
  }

  events(query = "live=false", signal?: AbortSignal) {
    return this.stub.fetch(`https://session/events?${query}`, signal ? { signal } : {});
  }

  async told(query?: string) {
    return readEvents(await this.events(query));
  }

  /** Changes rows behind the object's back. The instance ends then, since it keeps a copy of them in memory. */
  async rewrite(change: (storage: DurableObjectStorage) => unknown): Promise<void> {
    await this.inside(async (storage) => void (await change(storage)));
    await evictDurableObject(this.stub);
  }

  /** Looks into the object, without going through its methods. */
  inside<T>(look: (storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
    return runInDurableObject(this.stub, (_, { storage }) => look(storage));
  }
}
