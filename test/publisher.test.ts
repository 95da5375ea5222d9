/** What OpenAI's doors write, checked by the types of the publisher's own client, which are generated from its OpenAPI document (openai 7.57.0). */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../src/core/entry.ts";
import { eventsOfEntry } from "../src/core/event.ts";
import { ChatChunks } from "../src/doors/openai/chat/chunks.ts";
import { chatCompletion } from "../src/doors/openai/chat/completion.ts";
import { Segment } from "../src/doors/openai/chat/segment.ts";
import { itemList } from "../src/doors/openai/responses/item-list.ts";
import { ResponseWriter } from "../src/doors/openai/responses/response-writer.ts";
import { itemsOfEntries } from "../src/doors/openai/responses/transcript-items.ts";
import { assistant, call, ended, result, user } from "./support/entries.ts";

const root = fileURLToPath(new URL("..", import.meta.url).href);
mkdirSync(`${root}.wrangler`, { recursive: true });
const folder = mkdtempSync(`${root}.wrangler/publisher-`);
afterAll(() => rmSync(folder, { recursive: true }));

const failure = { code: "model_unavailable", detail: "Busy.", retryable: true } as const;
const calls = [call("c1", "weather", '{"city":"Ulm"}'), call("c2", "weather", "{}")];
const paying = [call("c3", "pay", '{"sum":9}')];
const logs: Record<string, NewEntry[]> = {
  text: [user(), assistant({ reasoning: "Hm.", content: "Hello." }), ended()],
  length: [user(), assistant({ content: "Hel", finishReason: "length" }), ended({ reason: "length" })],
  cancelled: [user(), assistant({ content: "Hel", finishReason: "cancelled" }), ended({ reason: "cancelled" })],
  refusal: [
    user(),
    assistant({ content: "No. No.", finishReason: "refusal", refusalFrom: 4 }),
    ended({ refused: true }),
  ],
  failed: [user(), ended({ reason: "failed", failure })],
  "content filter on the request": [
    user(),
    ended({ reason: "failed", failure: { ...failure, code: "content_filter" } }),
  ],
  "content filter on the answer": [
    user(),
    ended({ reason: "failed", failure: { ...failure, code: "content_filter", cause: "answer" } }),
  ],
  budget: [user(), ended({ reason: "budget_exhausted" })],
  "calls of the client": [
    user(),
    assistant({
      content: "Let me see.",
      toolCalls: calls,
      finishReason: "tool_calls",
      waits: { c1: "client", c2: "client" },
    }),
    result("c1", { name: "weather", content: "sun" }),
    result("c2", { name: "weather", content: "rain" }),
    assistant({ step: 2, content: "Sun and rain." }),
    ended(),
  ],
  "a call in a namespace": [
    user(),
    assistant({ toolCalls: [call("c4", "crm__find", "{}")], finishReason: "tool_calls", waits: { c4: "client" } }),
    result("c4", { name: "crm__find", content: "Ada" }),
    assistant({ step: 2, content: "Ada." }),
    ended(),
  ],
  "an approval": [
    user(),
    assistant({ toolCalls: paying, finishReason: "tool_calls", waits: { c3: "approval" } }),
    { type: "approval", turn: "turn_1", atMs: 0, step: 1, callId: "c3", name: "pay", approve: true, reason: "ok" },
    result("c3", { name: "pay", content: "paid" }),
    assistant({ step: 2, content: "Paid." }),
    ended(),
  ],
};
const placed = (log: NewEntry[]) => log.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);

function responseEvents(entries: readonly Entry[], summary: boolean, afterSeq?: number) {
  const metadata: Record<string, string> = { a: "b", ...(summary && { "openai.reasoning_summary": "auto" }) };
  const schema = { type: "object", properties: {} };
  const namespace = { name: "crm", tool: "find", description: "About customers" };
  const tools = [
    { name: "weather", description: "d", parameters: schema, strict: true },
    { name: "crm__find", description: "d", parameters: schema, namespace },
  ];
  const options = { tools, sampling: { temperature: 1 }, instructions: "Be kind." };
  const asked = { options, metadata, atMs: 1, isQueued: false, isStopped: false, birth: null };
  const place = { session: "s", turn: "turn_1", ...(afterSeq !== undefined && { afterSeq }) };
  const writer = new ResponseWriter({ ...place, defaultModel: "m", encrypted: true }, asked);
  const own = entries.filter(({ seq }) => seq > (afterSeq ?? 0));
  const frames = [...writer.opening(), ...writer.events(own.flatMap((entry) => eventsOfEntry(entry)))];
  return { events: frames.map(({ data }) => data), object: writer.object() };
}

function chunks(entries: readonly Entry[], waiting: boolean) {
  const manner = { as: "openai-chat", id: "x", created: 1, model: "m", includeUsage: true, showTools: true } as const;
  const writer = new ChatChunks({ ...manner, hasForm: false, isPart: false }, { session: "s", tag: "t" });
  const frames = writer.events(entries.flatMap((entry) => eventsOfEntry(entry)));
  const more = waiting ? writer.waits(paying.map((each) => ({ ...each, kind: "approval" as const, sinceMs: 0 }))) : [];
  return [...frames, ...more].flatMap(({ data }) => (data === undefined || "error" in (data as object) ? [] : [data]));
}

function completion(entries: readonly Entry[]) {
  const segment = new Segment();
  for (const entry of entries) for (const { event } of eventsOfEntry(entry)) segment.take(event);
  return chatCompletion(segment, { id: "x", created: 1, model: "m", isPart: false });
}

/** On the wire OpenAI says null for these where its types say that they are absent: see `response.created` in its API reference. */
const nullOnTheWire = ["usage", "user"];

/** `output_text` is added by the client to what it reads (openai 7.57.0, lib/ResponsesParser). */
function asRead(response: object): object {
  const kept = Object.entries(response).filter(([name, value]) => value !== null || !nullOnTheWire.includes(name));
  return { ...Object.fromEntries(kept), output_text: "" };
}

function eventAsRead(event: unknown): unknown {
  const { response, ...rest } = event as { response?: object };
  return response === undefined ? event : { ...rest, response: asRead(response) };
}

/** Without DeepSeek's member, of which OpenAI's types know nothing. */
function withoutReasoning(chunk: unknown): unknown {
  const text = JSON.stringify(chunk, (name, value: unknown) => (name === "reasoning_content" ? undefined : value));
  return JSON.parse(text);
}

/** All that the doors write, by the publisher's name for it. */
function traffic(): Record<string, unknown[]> {
  const all: Record<string, unknown[]> = { events: [], responses: [], chunks: [], completions: [], pages: [] };
  for (const [name, log] of Object.entries(logs)) {
    const entries = placed(log);
    for (const summary of [false, true]) {
      for (const afterSeq of name === "calls of the client" ? [undefined, 4] : [undefined]) {
        const { events, object } = responseEvents(entries, summary, afterSeq);
        all.events?.push(...events.map(eventAsRead));
        all.responses?.push(asRead(object));
      }
    }
    const told = [...chunks(entries, false), ...chunks(entries.slice(0, 2), name === "an approval")];
    all.chunks?.push(...told.map(withoutReasoning));
    all.completions?.push(completion(entries));
    const items = itemsOfEntries(entries, { session: "s", birth: null });
    all.pages?.push(itemList(items, { order: "asc", limit: 100 }));
  }
  return all;
}

const types: Record<string, string> = {
  events: "ResponseStreamEvent",
  responses: "Response",
  chunks: "ChatCompletionChunk",
  completions: "ChatCompletion",
  pages: "{ object: 'list'; data: ConversationItem[]; first_id: string; last_id: string; has_more: boolean }",
};
const head = `import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";
import type { ConversationItem } from "openai/resources/conversations/items";
type Read<T> = T extends readonly (infer U)[] ? readonly Read<U>[] : T extends object ? { readonly [K in keyof T]: Read<T[K]> } : T;
`;

/** The faults that the compiler finds in `values`, each as the value of its line. */
async function faults(values: Record<string, unknown[]>): Promise<string[]> {
  const lines = Object.entries(values).flatMap(([kind, all]) =>
    all.map((value) => {
      const text = JSON.stringify(value);
      return { text, code: `{ const a = ${text} as const; const b: Read<${types[kind]}> = a; void b; }` };
    }),
  );
  writeFileSync(`${folder}/traffic.ts`, `${head}${lines.map(({ code }) => code).join("\n")}\nexport {};\n`);
  const compiler = `${root}node_modules/.bin/tsc`;
  const options = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "esnext",
    "--module",
    "nodenext",
  ];
  const run = promisify(execFile)(compiler, [...options, "--moduleResolution", "nodenext", `${folder}/traffic.ts`], {
    cwd: root,
  });
  const output = await run.then(({ stdout }) => stdout).catch((error: { stdout: string }) => error.stdout);
  // The place says which value it is, the innermost line why.
  return output
    .split(/\n(?=\S)/)
    .filter((text) => text.includes("error TS"))
    .map((text) => text.split("\n").slice(-4).join("\n").slice(0, 600));
}

describe("what OpenAI's doors write", () => {
  it("[PUBLISHER-1] is what the publisher's own client expects: bodies, every event, items", async () => {
    const all = traffic();
    expect(all.events?.length).toBeGreaterThan(100);
    expect(await faults(all)).toEqual([]);
  });

  it("[PUBLISHER-1] would notice what is not", async () => {
    const [event] = traffic().events ?? [];
    const wrong = { ...(event as object), sequence_number: "1" };
    expect((await faults({ events: [wrong], chunks: [{ id: 1 }] })).length).toBe(2);
  });
});
