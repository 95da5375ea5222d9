/**
 * The fault table behind OpenAI's two doors, streaming and not: each ending in the words of its door. The words are those
 * of OpenAI's API reference (chat object: `finish_reason`, `refusal`; Response object: `status`, `error.code`,
 * `incomplete_details.reason`), of its guide on error codes (status, `type`, and all four members of an error), and of
 * its client (openai 7.57.0: an error in a stream is a frame `{error}`, `[DONE]` ends a whole answer alone).
 */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../support/checked-worker.ts";
import { text } from "../../support/fake-provider.ts";
import { faultRows } from "../../support/fault-rows.ts";
import { startProvider } from "../../support/session-world.ts";
import { cutBy } from "../../support/wire-frames.ts";

const worker = checkedWorker();
const model = "deepseek-v3.2-exp";
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;

/** They last as long as a timer of the Worker's, or as a wait that the host asks for, or are heavy: `test/model/fault-table.test.ts` runs them, by a clock of its own. */
const slow = new Set([
  "a stall before the first byte",
  "a silent stall amid the stream",
  "comments for ever",
  "finish_reason, then silence",
  "429 with seconds",
  "429 with a date",
  "a delta of a megabyte",
]);
const rows = faultRows.filter(([what]) => !slow.has(what));
/** What the hosts of the table say in their own words, and a key that opens this Worker. */
const neverShown =
  /Authentication Fails|Insufficient Balance|overloaded|boom|no available channel|upstream|Bad gateway|terminated|connection refused|connect timeout|test-key/;

/** How failures are told that have words of their own: HTTP status, `type` and `code` of a chat completion, `error.code` of a Response. */
const worded: Record<string, [status: number, type: string, code: string, response: string]> = {
  context_overflow: [400, "invalid_request_error", "context_length_exceeded", "invalid_prompt"],
  model_rate_limited: [429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded"],
};
/** 503: the same request may succeed later. A web page in place of a model never will, so unreadable answers are both. */
const lasting = /^model_(?:refused|auth|payment|not_found)$/;

/** `code`: of a failure. */
interface Ending {
  reason: "completed" | "length" | "failed";
  code: string | undefined;
  refused: boolean;
}

let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function call(path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

const chat = (session: string, content: string, stream: boolean) =>
  call("/chat/completions", { model, stream, messages: [{ role: "user", content }] }, { "X-Session-Id": session });
const respond = (session: string, input: string, stream: boolean) =>
  call("/responses", { model, stream, input, conversation: session });

/** The `data` of each frame, as JSON where it is. */
const framesOf = (body: string): Json[] =>
  body
    .split("\n")
    .flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));

/** How the session's turns ended, in their order, by its transcript. */
async function endings(session: string): Promise<Ending[]> {
  const { entries } = JSON.parse((await call(`/sessions/${session}/entries?limit=500`)).text) as { entries: Json[] };
  const refused = new Set(entries.flatMap((entry) => (entry.finish_reason === "refusal" ? [entry.turn] : [])));
  return entries.flatMap(({ type, turn, reason, error }) =>
    type === "turn_ended" ? [{ reason, code: error?.code, refused: refused.has(turn) }] : [],
  );
}

/** What a failed turn may be answered with where nothing was sent before. */
function failedStatuses(code: string): number[] {
  const own = worded[code]?.[0];
  if (own !== undefined) return [own];
  return code === "model_malformed" ? [502, 503] : [lasting.test(code) ? 502 : 503];
}

function mustBeChat({ status, text: body }: { status: number; text: string }, of: Ending, streamed: boolean): void {
  const frames = streamed ? framesOf(body) : [];
  const isFiltered = of.code === "content_filter";
  if (of.reason === "failed" && !isFiltered) {
    const { code = "" } = of;
    const [, type, name] = worded[code] ?? [undefined, "server_error", code];
    expect(streamed ? [200] : failedStatuses(code)).toContain(status);
    const { error } = streamed ? frames.at(-1) : JSON.parse(body);
    expect(error).toEqual({ message: expect.stringMatching(/\S/), type, param: null, code: name });
    expect(frames).not.toContain("[DONE]");
    return;
  }
  expect(status).toBe(200);
  const finish = isFiltered ? "content_filter" : of.reason === "length" ? "length" : "stop";
  if (!streamed) {
    const [choice] = JSON.parse(body).choices;
    expect(choice.finish_reason).toBe(finish);
    expect(choice.message.refusal === null).toBe(!of.refused);
    return;
  }
  expect(frames.at(-1)).toBe("[DONE]");
  const choices = frames.flatMap((frame) => frame.choices ?? []);
  expect(choices.flatMap((choice) => choice.finish_reason ?? [])).toEqual([finish]);
  expect(choices.some((choice) => choice.delta.refusal !== undefined)).toBe(of.refused);
}

function mustBeResponse({ status, text: body }: { status: number; text: string }, of: Ending, streamed: boolean): void {
  const isFailed = of.reason === "failed" && of.code !== "content_filter";
  // Where nothing was sent before, a failure is an error that a client throws, as at the chat door.
  if (isFailed && !streamed) {
    mustBeChat({ status, text: body }, of, false);
    return;
  }
  expect(status).toBe(200);
  const frames = streamed ? framesOf(body) : [];
  const response = streamed ? frames.at(-1).response : JSON.parse(body);
  const error = worded[of.code ?? ""]?.[3] ?? "server_error";
  const reason = of.reason === "length" ? "max_output_tokens" : "content_filter";
  const expected =
    of.reason === "completed"
      ? { status: "completed", error: null, incomplete_details: null }
      : isFailed
        ? { status: "failed", error: { code: error, message: expect.stringMatching(/\S/) }, incomplete_details: null }
        : { status: "incomplete", error: null, incomplete_details: { reason } };
  expect(response).toMatchObject(expected);
  if (streamed) expect(frames.at(-1).type).toBe(`response.${expected.status}`);
  const parts = response.output.flatMap((item: Json) => item.content ?? []);
  if (of.reason === "completed") expect(parts.some((part: Json) => part.type === "refusal")).toBe(of.refused);
}

const doors = [
  [chat, mustBeChat],
  [respond, mustBeResponse],
] as const;
const seen: Record<string, number> = {};
afterAll(() => console.log("fault-doors:", JSON.stringify(seen)));

describe("the fault table behind OpenAI's doors", () => {
  it.each(rows)("[DOOR-1] %s", async (_, fault) => {
    const session = crypto.randomUUID();
    const asked: [answer: { status: number; text: string }, check: typeof mustBeChat, streamed: boolean][] = [];
    for (const streamed of [false, true]) {
      for (const [ask, check] of doors) {
        provider.forget();
        provider.enqueue(...Array.from({ length: 4 }, () => fault(cutBy(7))));
        asked.push([await ask(session, `Hello, ${asked.length}`, streamed), check, streamed]);
      }
    }
    provider.forget();
    provider.enqueue(text("Fine."));
    const last = await chat(session, "And now?", false);
    expect(JSON.parse(last.text).choices[0].message.content).toBe("Fine.");
    const ended = await endings(session);
    for (const [nth, [answer, check, streamed]] of asked.entries()) {
      const of = ended[nth];
      if (of === undefined) throw new Error(`turn ${nth} has not ended`);
      expect(answer.text).not.toMatch(neverShown);
      check(answer, of, streamed);
      const kind = of.code ?? (of.refused ? "refusal" : of.reason);
      seen[kind] = (seen[kind] ?? 0) + 1;
    }
  });
});
