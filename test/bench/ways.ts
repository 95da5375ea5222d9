/** The ways that the bench sends a message: to which subject, and in which words. */
import { entryLine, headerLine } from "../../src/doors/copies/transcript-text.ts";
import { assistant, ended, user } from "../support/entries.ts";
import type { Shot } from "./load.ts";
import { type Plan, planText } from "./plan.ts";
import type { Subject } from "./subject.ts";

export const apiKey = "bench-key";
const auth = { authorization: `Bearer ${apiKey}` };

export interface Way {
  name: string;
  subject: Subject;
  /** False for ways whose client sends the whole conversation with each request. */
  hasSessions: boolean;
  /** The sections that it takes part in; absent: all. */
  only?: readonly string[];
  shot(session: string, plan: Plan): Shot;
  /** Makes a session that has so many messages. */
  seed?(session: string, messages: number): Promise<void>;
  resume?: Resuming;
  /** Searches a session. */
  search?(session: string, query: string): Promise<void>;
  /** Makes the account's object do what it does for so many turns. */
  loadAccount?(load: { turns: number; atOnce: number; budget: boolean }): Promise<void>;
}

export interface Resuming {
  /** Begins a turn and resolves once its reply has so many characters; it goes on as its plan says. */
  begin(session: string, plan: Plan, characters: number): Promise<Resumed>;
}

export interface Resumed {
  /** A reader that saw all comes back, and reads one more token. */
  fromEnd(): Promise<void>;
  /** A reader that saw none comes, and reads everything that there is. */
  fromStart(): Promise<void>;
  end(): Promise<void>;
}

/** Chat Completions, which the pipe, the product and gateways take in the same words. */
export const completion = (plan: Plan): string =>
  JSON.stringify({ model: "deepseek-v3.2-exp", stream: true, messages: [{ role: "user", content: planText(plan) }] });

export function pipeWay(subject: Subject): Way {
  return {
    name: "pipe",
    subject,
    hasSessions: false,
    shot: (_, plan) => ({ url: subject.url, headers: {}, body: completion(plan) }),
  };
}

export function sketchWay(subject: Subject): Way {
  return {
    name: "sketch",
    subject,
    hasSessions: true,
    shot: (session, plan) => {
      const body = JSON.stringify({ content: planText(plan) });
      return { url: `${subject.url}/chats/${session}`, headers: {}, body };
    },
    seed: (session, seed) => posted(`${subject.url}/chats/${session}`, JSON.stringify({ content: "", seed })),
  };
}

export function chatWay(subject: Subject): Way {
  return {
    name: "chat",
    subject,
    hasSessions: false,
    shot: (_, plan) => ({ url: `${subject.url}/v1/chat/completions`, headers: auth, body: completion(plan) }),
  };
}

export function nativeWay(subject: Subject): Way {
  const at = (session: string) => `${subject.url}/v1/sessions/${session}`;
  return {
    name: "native",
    subject,
    hasSessions: true,
    shot: (session, plan) => ({
      url: `${at(session)}/messages`,
      headers: { ...auth, accept: "text/event-stream" },
      body: JSON.stringify({ content: planText(plan) }),
    }),
    seed: (session, messages) =>
      posted(`${subject.url}/v1/sessions/import?id=${session}`, transcript(session, messages), auth),
    resume: { begin: (session, plan, characters) => resumable(at(session), plan, characters) },
    search: async (session, query) => {
      const response = await fetch(`${at(session)}/search?q=${encodeURIComponent(query)}`, { headers: auth });
      const { results } = (await response.json()) as { results?: unknown[] };
      if ((results ?? []).length === 0) throw new Error(`The search answered ${response.status} and found nothing.`);
    },
    loadAccount: ({ turns, atOnce, budget }) => {
      const query = `turns=${turns}&at_once=${atOnce}&budget=${budget}&account=bench-${budget}`;
      return posted(`${subject.url}/bench/account?${query}`, "");
    },
  };
}

async function resumable(url: string, plan: Plan, characters: number): Promise<Resumed> {
  const headers = { ...auth, accept: "text/event-stream", "content-type": "application/json" };
  const body = JSON.stringify({ content: planText(plan) });
  const first = new AbortController();
  const begun = await fetch(`${url}/messages`, { method: "POST", headers, body, signal: first.signal });
  const place = await readUntil(begun, characters);
  const from = async (cursor: string, least: number) => {
    const abort = new AbortController();
    const query = cursor === "" ? "" : `?after=${encodeURIComponent(cursor)}`;
    await readUntil(await fetch(`${url}/events${query}`, { headers: auth, signal: abort.signal }), least);
    abort.abort();
  };
  return {
    fromEnd: () => from(place, 1),
    fromStart: () => from("", characters),
    end: async () => {
      await posted(`${url}/cancel`, "", auth);
      first.abort();
    },
  };
}

/** Reads a stream of native events until it has shown so many characters; the id of the newest event. */
async function readUntil({ body }: Response, characters: number): Promise<string> {
  let seen = 0;
  let id = "";
  let rest = "";
  for await (const text of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split("\n\n");
    rest = frames.pop() ?? "";
    for (const frame of frames) {
      id = /^id: (.*)$/m.exec(frame)?.[1] ?? id;
      if (!frame.includes("event: text.delta")) continue;
      seen += (JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? "{}") as { text: string }).text.length;
    }
    if (seen >= characters) return id;
  }
  throw new Error(`The stream ended after ${seen} of ${characters} characters: ${rest.slice(-300)}`);
}

export async function posted(url: string, body: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { method: "POST", body, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
}

/** An exported session of so many short messages. */
function transcript(id: string, messages: number): string {
  const header = {
    id,
    agent: null,
    title: null,
    metadata: {},
    instructions: null,
    model: null,
    prefix: null,
    createdAtMs: 1_700_000_000_000,
  };
  const entries = Array.from({ length: Math.ceil(messages / 2) }, (_, n) => {
    const turn = `turn_${n + 1}`;
    const content = `Message number ${2 * n}.`;
    return [
      user({ turn, content }),
      assistant({ turn, content: `Message number ${2 * n + 1}.` }),
      ended({ turn, reason: "completed", steps: 1 }),
    ];
  }).flat();
  const lines = entries.map((entry, place) => entryLine({ ...entry, seq: place + 1 }));
  return [headerLine(header), ...lines].join("\n");
}
