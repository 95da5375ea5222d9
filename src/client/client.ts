/** A client of the native door for programs and pages: typed by the schemas that the Worker validates with, streams that go on after a broken connection, refusals as errors. Knows nothing of Workers. */
import type * as z from "zod";
import type { forking } from "../doors/copies/routes.ts";
import type { approval, feedback, toolResults } from "../doors/native/answers.ts";
import type { entryRange, sending } from "../doors/native/messages.ts";
import type { sessionChanges, sessionCreation, sessionListing } from "../doors/native/sessions.ts";
import type { tokenRequest } from "../doors/native/tokens.ts";
import type { sentMessage } from "../doors/sent-message.ts";
import type { EntryJson, SessionDetailsJson, SessionJson, TurnJson } from "../wire/shapes.ts";
import { followed, type SentEvent } from "./follow.ts";
import { LonglineError } from "./longline-error.ts";

export type NewSession = z.input<typeof sessionCreation>;
export type SessionChanges = z.input<typeof sessionChanges>;
export type NewMessage = z.input<typeof sentMessage>;
export type SentApproval = z.input<typeof approval>;
export type SentFeedback = z.input<typeof feedback>;

export interface ClientOptions {
  /** Where the Worker is, such as `https://my-agent.example.workers.dev`. */
  url: string;
  /** A key of an account, or a session's token. */
  key: string;
  /** The global one when absent. */
  fetch?: typeof fetch;
}

/** How a message is sent. */
export interface Sending extends z.input<typeof sending> {
  /** The same key and body again: the same turn. A random one when absent, so that a retry is safe. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface Following {
  /** Id of the newest event that is known; absent: from the session's beginning. */
  after?: string;
  /** `false`: only the events that exist; by default new ones, too. */
  live?: boolean;
  signal?: AbortSignal;
}

export interface Client {
  sessions: {
    create(session?: NewSession): Promise<SessionJson>;
    list(page?: z.input<typeof sessionListing>): Promise<{ sessions: SessionJson[]; next_cursor: string | null }>;
    get(id: string): Promise<SessionDetailsJson>;
    change(id: string, changes: SessionChanges): Promise<SessionJson>;
    erase(id: string): Promise<{ deleted: { entries: number; bytes: number } }>;
    fork(id: string, from?: z.input<typeof forking>): Promise<SessionJson>;
    entries(id: string, range?: z.input<typeof entryRange>): Promise<{ entries: EntryJson[]; last_seq: number }>;
    token(id: string, request: z.input<typeof tokenRequest>): Promise<{ token: string; expires_at: string }>;
  };
  /** Sends a message, and waits for the turn's end: `waitSeconds` at most (60; up to 300), after which the turn goes on without you. */
  send(session: string, message: NewMessage, how?: Sending & { waitSeconds?: number }): Promise<TurnJson>;
  /** Sends a message, and gives its turn's events up to the end, also over a connection that breaks. */
  stream(session: string, message: NewMessage, how?: Sending): AsyncIterable<SentEvent>;
  /** The session's events, from any place on. */
  events(session: string, from?: Following): AsyncIterable<SentEvent>;
  turn(session: string, turn: string): Promise<TurnJson>;
  cancel(session: string, turn?: string): Promise<void>;
  approve(session: string, callId: string, answer: SentApproval): Promise<{ turn: string }>;
  toolResults(session: string, results: z.input<typeof toolResults>["results"]): Promise<{ turn: string }>;
  feedback(session: string, given: SentFeedback): Promise<void>;
}

/**
 * A client of one Worker. Every call throws a `LonglineError` for what the Worker refuses.
 *
 * @example
 * const longline = client({ url: "https://my-agent.example.workers.dev", key });
 * for await (const event of longline.stream("orders-17", { content: "Where is my order?" }))
 *   if (event.type === "text.delta") process.stdout.write(event.text);
 */
export function client({ url, key, fetch = globalThis.fetch }: ClientOptions): Client {
  const request = async (method: string, path: string, { body, query, headers, signal }: Request = {}) => {
    const answer = await fetch(`${url.replace(/\/+$/, "")}/v1/sessions${path}${queryOf(query)}`, {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    if (!answer.ok) throw await LonglineError.of(answer);
    return answer;
  };
  const json = async <T>(...given: Parameters<typeof request>) => (await (await request(...given)).json()) as T;
  const at = (id: string, more = "") => `/${encodeURIComponent(id)}${more}`;
  const sent = (message: NewMessage, { on_busy, idempotencyKey = randomKey(), signal }: Sending) => ({
    body: message,
    query: { on_busy },
    headers: { "Idempotency-Key": idempotencyKey } as Record<string, string>,
    ...(signal && { signal }),
  });
  const opened =
    (session: string, { live, signal }: Following) =>
    (after: string | undefined) =>
      request("GET", at(session, "/events"), { query: { after, live }, ...(signal && { signal }) });
  return {
    sessions: {
      create: (session = {}) => json("POST", "", { body: session }),
      list: (page = {}) => json("GET", "", { query: page }),
      get: (id) => json("GET", at(id)),
      change: (id, changes) => json("PATCH", at(id), { body: changes }),
      erase: (id) => json("DELETE", at(id)),
      fork: (id, from = {}) => json("POST", at(id, "/fork"), { body: from }),
      entries: (id, range = {}) => json("GET", at(id, "/entries"), { query: range }),
      token: (id, body) => json("POST", at(id, "/tokens"), { body }),
    },
    send(session, message, { waitSeconds = 60, ...how } = {}) {
      const { headers, ...more } = sent(message, how);
      return json("POST", at(session, "/messages"), {
        ...more,
        headers: { ...headers, Prefer: `wait=${waitSeconds}` },
      });
    },
    stream(session, message, how = {}) {
      const { headers, ...more } = sent(message, how);
      const first = () =>
        request("POST", at(session, "/messages"), { ...more, headers: { ...headers, Accept: "text/event-stream" } });
      const { signal } = how;
      // Sent again with its key, it is the same turn; once an event has an id, the stream goes on after it.
      const open = (after: string | undefined) => (after === undefined ? first() : opened(session, how)(after));
      return followed(open, { isTurn: true, signal });
    },
    events: (session, from = {}) =>
      followed(opened(session, from), { after: from.after, isLive: from.live !== false, signal: from.signal }),
    turn: (session, turn) => json("GET", at(session, `/turns/${encodeURIComponent(turn)}`)),
    cancel: async (session, turn) => void (await request("POST", at(session, "/cancel"), { query: { turn } })),
    approve: (session, callId, body) => json("POST", at(session, `/approvals/${encodeURIComponent(callId)}`), { body }),
    toolResults: (session, results) => json("POST", at(session, "/tool_results"), { body: { results } }),
    feedback: async (session, body) => void (await request("POST", at(session, "/feedback"), { body })),
  };
}

interface Request {
  body?: unknown;
  query?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Browsers have `crypto.randomUUID` only in pages that came by HTTPS or from this machine. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function queryOf(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
