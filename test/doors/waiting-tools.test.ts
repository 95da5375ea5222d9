import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stayMs } from "../../src/session/read/rest.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import type { ToolStep } from "../../src/tools/steps/step.ts";
import { agent } from "../app/agent.ts";
import { checkedUiWorker } from "../support/checked-ui-worker.ts";
import { checkedWorker } from "../support/checked-worker.ts";
import { calls, text } from "../support/fake-provider.ts";
import { bindings, skipTime, startProvider } from "../support/session-world.ts";
import { eventReads } from "../support/sse-reader.ts";

const worker = checkedWorker();
const uiWorker = checkedUiWorker();
const until = (check: () => unknown) => vi.waitFor(check);
const day = 86_400_000;

let provider: ReturnType<typeof startProvider>;
let session: string;

beforeEach(() => {
  provider = startProvider();
  session = crypto.randomUUID();
  provider.enqueue(calls([{ id: "c1", name: "calculator", arguments: '{"expression":"1"}' }]), text("It is shipped."));
});
afterEach(() => {
  vi.restoreAllMocks();
});

function longTool(run: (step: ToolStep) => unknown): void {
  const tool = agent.tools.get("calculator");
  if (tool === undefined) throw new Error("no calculator");
  vi.spyOn(tool, "run").mockImplementation((_, { step }) => run(step));
}
const sleeping = () => longTool((step) => step.sleep("rest", day));
const signalled = () => longTool((step) => step.waitFor("shipped:7", { timeout: 30 * day }));

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const { fetch } = path.startsWith("/v1/ui/") ? uiWorker : worker;
  const answer = await fetch(`https://longline.test${path}`, {
    method,
    headers: {
      Authorization: "Bearer test-key",
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  const isStream = answer.headers.get("Content-Type")?.startsWith("text/event-stream") ?? false;
  const lines = raw.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice("data: ".length)] : []));
  const frames: Json[] = isStream ? lines.map((line) => (line === "[DONE]" ? line : JSON.parse(line))) : [];
  const json: Json = isStream || raw === "" ? undefined : JSON.parse(raw);
  return { status: answer.status, headers: answer.headers, frames, json };
}

/** Its alarm wakes the session after the tool's day. */
async function dayPasses(name = session): Promise<void> {
  skipTime(day + 1_000);
  await runDurableObjectAlarm(sessionObject(bindings, { account: "default", name }));
}
const turnOf = async (name = session) => (await call("GET", `/v1/sessions/${name}/turns/turn_1`)).json;
const ended = (name?: string) => until(async () => expect((await turnOf(name)).status).toBe("completed"));

const words = /^The tool calculator waits until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\. /;
const waiting = [
  { call_id: "c1", name: "calculator", waits: [{ name: "rest", kind: "sleep", until: expect.any(String) }] },
];

const chat = (more: object = {}) =>
  call(
    "POST",
    "/v1/chat/completions",
    { model: "longline", messages: [{ role: "user", content: "Ship it." }], ...more },
    { "X-Session-Id": session },
  );

describe("a chat completion whose tool waits for a day", () => {
  it("[STEP-11] streams words that say so, and ends; sent back, it is answered by the rest", async () => {
    sleeping();
    const { frames } = await chat({ stream: true });
    const id = `chatcmpl-${session}.1`;
    const notice = frames.map((frame) => frame.choices?.[0]?.delta.content ?? "").join("");
    expect(notice).toMatch(/^\[Waiting: The tool calculator waits until /);
    expect(notice).toContain(`The answer then goes on at GET /v1/chat/completions/${id}.]`);
    expect(frames.at(-1)).toBe("[DONE]");
    expect(frames.at(-2)).toMatchObject({ longline: { waiting }, choices: [{ finish_reason: "stop" }] });
    const messages = [
      { role: "user", content: "Ship it." },
      { role: "assistant", content: notice },
    ];
    expect(await chat({ messages })).toMatchObject({ status: 409, json: { error: { code: "tool_waiting" } } });
    await dayPasses();
    const rest = await chat({ messages });
    expect(rest.json).toMatchObject({
      id,
      choices: [{ message: { content: "It is shipped." }, finish_reason: "stop" }],
    });
    expect((await call("GET", `/v1/chat/completions/${id}`)).json.choices).toEqual(rest.json.choices);
  });

  it("[STEP-11] that does not stream is refused at once, not to be sent again, and is read at its address", async () => {
    sleeping();
    const { status, headers, json } = await chat();
    expect([status, headers.get("X-Should-Retry"), headers.get("X-Session-Id")]).toEqual([409, "false", session]);
    expect(json.error).toMatchObject({ code: "tool_waiting", message: expect.stringMatching(words) });
    const [path = ""] = /\/v1\/chat\/completions\/[\w.-]+(?=,)/.exec(json.error.message) ?? [];
    expect(await call("GET", path)).toMatchObject({ status: 409, json: { error: { code: "tool_waiting" } } });
    await dayPasses();
    await ended();
    expect((await call("GET", path)).json.choices[0].message.content).toBe("It is shipped.");
  });

  it("[STEP-11] with a form ends without words in it", async () => {
    sleeping();
    const { frames } = await chat({ stream: true, response_format: { type: "json_object" } });
    expect(frames.flatMap((frame) => frame.choices?.[0]?.delta.content || [])).toEqual([]);
    expect(frames.at(-2)).toMatchObject({ longline: { waiting } });
  });
});

const respond = (more: object = {}) =>
  call("POST", "/v1/responses", { input: "Ship it.", conversation: session, ...more });

describe("a response whose tool waits for a day", () => {
  it("[STEP-11] streams an error that says so, and goes on after its number", async () => {
    sleeping();
    const { frames } = await respond({ stream: true });
    const [last, error] = frames.slice(-2);
    expect(error).toMatchObject({ type: "error", code: "tool_waiting", message: expect.stringMatching(words) });
    expect(error.sequence_number).toBe(last.sequence_number);
    const { id } = frames[0].response;
    const path = `/v1/responses/${id}?stream=true&starting_after=`;
    // A client that comes back too early loses nothing either.
    const early = await call("GET", `${path}${error.sequence_number}`);
    expect(early.frames).toMatchObject([{ type: "error", sequence_number: error.sequence_number }]);
    await dayPasses();
    await ended();
    const whole = (await call("GET", `/v1/responses/${id}?stream=true`)).frames;
    const rest = (await call("GET", `${path}${error.sequence_number}`)).frames;
    expect([...frames.slice(0, -1), ...rest].map(({ type }) => type)).toEqual(whole.map(({ type }) => type));
    expect(rest.at(-1)).toMatchObject({ type: "response.completed", response: { id, status: "completed" } });
  });

  it("[STEP-11] that does not stream is refused at once, not to be sent again, and is read at its address", async () => {
    sleeping();
    const { status, headers, json } = await respond();
    expect([status, headers.get("X-Should-Retry")]).toEqual([409, "false"]);
    expect(json.error).toMatchObject({ code: "tool_waiting", message: expect.stringMatching(words) });
    const path = headers.get("Location") ?? "";
    expect(json.error.message).toContain(path);
    expect((await call("GET", path)).json).toMatchObject({ status: "in_progress", output: [], longline: { waiting } });
    await dayPasses();
    await ended();
    const done = (await call("GET", path)).json;
    expect([done.status, done.output[0].content[0].text, done.longline]).toEqual([
      "completed",
      "It is shipped.",
      undefined,
    ]);
  });

  it("[STEP-11] in the background is polled as any other", async () => {
    sleeping();
    const { status, json } = await respond({ background: true });
    expect([status, ["queued", "in_progress"]]).toEqual([200, expect.arrayContaining([json.status])]);
    const poll = async () => (await call("GET", `/v1/responses/${json.id}`)).json;
    await until(async () => expect(await poll()).toMatchObject({ status: "in_progress", longline: { waiting } }));
    await dayPasses();
    await until(async () => expect(await poll()).toMatchObject({ status: "completed" }));
  });
});

const ui = (content: string) =>
  call("POST", "/v1/ui/messages", {
    id: session,
    messages: [{ id: content, role: "user", parts: [{ type: "text", text: content }] }],
  });

describe("a message of useChat whose tool waits for a day", () => {
  it("[STEP-11] ends with the reason waiting, is resumed from its start, and 204 once it is whole", async () => {
    sleeping();
    const { frames } = await ui("Ship it.");
    expect(frames).toContainEqual({ type: "data-tool-waiting", id: "c1", transient: true, data: waiting[0] });
    const last = { type: "finish", finishReason: "other", messageMetadata: { reason: "waiting", waiting } };
    expect(frames.slice(-3)).toEqual([{ type: "finish-step" }, last, "[DONE]"]);
    const resume = () => call("GET", `/v1/ui/messages/${session}/stream`);
    expect((await resume()).frames).toEqual(frames);
    await dayPasses();
    await ended();
    expect((await resume()).status).toBe(204);
    const messages = (await call("GET", `/v1/ui/messages/${session}`)).json;
    expect(messages.at(-1).parts).toContainEqual(expect.objectContaining({ type: "text", text: "It is shipped." }));
  });
});

const mcp = async (name: string, args: object) => {
  const params = { name, arguments: args };
  const { frames, json } = await call("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
  return (json ?? frames.at(-1)).result;
};

describe("an MCP client whose agent's tool waits for a day", () => {
  it("[STEP-11] gets an answer at once that says so, and reads the rest by read_answer", async () => {
    sleeping();
    const asked = await mcp("ask", { question: "Ship it.", session });
    expect(asked.structuredContent).toMatchObject({ session, turn: "turn_1", status: "waiting" });
    expect(asked.content[0].text).toMatch(words);
    expect(asked.content[0].text).toContain('read_answer and turn "turn_1"');
    const read = () => mcp("read_answer", { session, turn: "turn_1" });
    expect(await read()).toEqual(asked);
    await dayPasses();
    expect((await read()).structuredContent).toMatchObject({ status: "completed", answer: "It is shipped." });
    expect(await mcp("read_answer", { session, turn: "turn_9" })).toMatchObject({ isError: true });
    expect(await mcp("read_answer", { session: "a b", turn: "turn_1" })).toMatchObject({ isError: true });
  });
});

describe("a message after a turn whose tool waits for a day", () => {
  const lead = /An earlier message is not answered yet\. The tool calculator waits until /;

  it.each<[door: string, send: () => Promise<Json>]>([
    ["a chat stream", async () => (await chat({ stream: true })).frames],
    ["a chat completion", async () => (await chat()).json],
    ["a stream of a response", async () => (await respond({ stream: true })).frames],
    ["a response", async () => (await respond()).json],
    ["an MCP client", () => mcp("ask", { question: "And?", session })],
  ])("[STEP-11] %s is sent words that say so, and is answered afterwards", async (_, send) => {
    sleeping();
    await call(
      "POST",
      `/v1/sessions/${session}/messages`,
      { content: "Ship it." },
      {
        Accept: "application/json",
        Prefer: "respond-async",
      },
    );
    await until(async () => expect((await turnOf()).status).toBe("waiting"));
    expect(JSON.stringify(await send())).toMatch(lead);
    provider.enqueue(text("Second."));
    await dayPasses();
    await until(async () => {
      const { json } = await call("GET", `/v1/sessions/${session}/turns/turn_2`);
      expect(json).toMatchObject({ status: "completed", message: { content: "Second." } });
    });
  });

  it("[STEP-11] of a chat client that sends the words back is of the same session", async () => {
    sleeping();
    const { frames } = await chat({ stream: true });
    const notice = frames.map((frame) => frame.choices?.[0]?.delta.content ?? "").join("");
    const messages = [
      { role: "user", content: "Ship it." },
      { role: "assistant", content: notice },
      { role: "user", content: "And?" },
    ];
    const { status, headers, json } = await chat({ messages });
    expect([status, headers.get("X-Session-Id"), headers.get("X-Session-Forked-From")]).toEqual([409, session, null]);
    expect(json.error.message).toMatch(lead);
    provider.enqueue(text("Second."));
    await dayPasses();
    await until(async () => {
      const { json } = await call("GET", `/v1/sessions/${session}/turns/turn_2`);
      expect(json).toMatchObject({ status: "completed", message: { content: "Second." } });
    });
  });

  it("[STEP-11] of useChat ends with the reason waiting", async () => {
    sleeping();
    await ui("Ship it.");
    const { frames } = await ui("And?");
    expect(frames).toEqual([
      expect.objectContaining({ type: "start", messageId: "msg_turn_2" }),
      expect.objectContaining({ messageMetadata: { reason: "waiting", waiting } }),
      "[DONE]",
    ]);
  });
});

describe("a tool that waits for what can come at any time", () => {
  /** The minute for which clients stay passes at once, when it is to. */
  function shortStay() {
    const { setTimeout: later } = globalThis;
    let isOver = false;
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, ms = 0) =>
      later(
        () => {
          if (ms > 5_000 && ms <= stayMs && isOver) skipTime(stayMs);
          run();
        },
        ms > 5_000 && ms <= stayMs ? 50 : ms,
      )) as typeof setTimeout);
    return () => {
      isOver = true;
    };
  }

  it.each<[door: string, send: () => Promise<Json>]>([
    ["a chat stream", () => chat({ stream: true })],
    ["a chat completion", () => chat()],
    ["a stream of a response", () => respond({ stream: true })],
    ["a response", () => respond()],
    ["useChat", () => ui("Ship it.")],
  ])("[STEP-11] %s stays for a minute, and hears the answer that comes in it", async (_, send) => {
    signalled();
    const answer = send();
    await until(async () => expect((await turnOf()).status).toBe("waiting"));
    await call("POST", `/v1/sessions/${session}/signals/shipped:7`, { value: 1 });
    expect(JSON.stringify(await answer)).toMatch(/shipped\.|It is/);
    expect((await turnOf()).status).toBe("completed");
  });

  it.each<[door: string, send: () => Promise<Json>]>([
    ["a chat stream", () => chat({ stream: true })],
    ["a chat completion", () => chat()],
    ["a stream of a response", () => respond({ stream: true })],
    ["a response", () => respond()],
    ["useChat", () => ui("Ship it.")],
  ])("[STEP-11] %s is sent words after a minute; the turn waits on", async (_, send) => {
    signalled();
    const pass = shortStay();
    const answer = send();
    await until(async () => expect((await turnOf()).status).toBe("waiting"));
    pass();
    const sent = JSON.stringify(await answer);
    expect(sent, sent).toContain("shipped:7");
    expect(await turnOf()).toMatchObject({ status: "waiting" });
    await call("POST", `/v1/sessions/${session}/signals/shipped:7`, { value: 1 });
    await ended();
  });

  it("[STEP-11] a reader of the native stream stays: it is sent what is waited for, and the answer", async () => {
    sleeping();
    const answer = await worker.fetch(`https://longline.test/v1/sessions/${session}/messages`, {
      method: "POST",
      headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ content: "Ship it." }),
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let read = "";
    const readUntil = async (mark: string) => {
      for (let isDone = false; !isDone && !read.includes(mark); ) {
        const { done, value = "" } = (await reader?.read()) ?? { done: true };
        isDone = done;
        read += value;
      }
    };
    await readUntil("event: tool.waiting");
    await dayPasses();
    await readUntil("event: turn.ended");
    await reader?.cancel();
    const frames: Json[] = (read.match(/(?<=^data: ).*/gm) ?? []).map((data) => JSON.parse(data));
    // That the call goes on is not sent where its result is there at once.
    const types = frames.flatMap(({ type, waits }) => (waits?.length === 0 ? [] : [type]));
    expect(types.filter((type) => /^t(ool|urn)\./.test(type))).toEqual([
      "turn.started",
      "tool.called",
      "tool.waiting",
      "tool.finished",
      "turn.ended",
    ]);
  });

  it("[STEP-13] a reader is sent that the call goes on when its signal has come; so is one that comes back then", async () => {
    const gate = Promise.withResolvers<string>();
    longTool(async (step) => {
      await step.waitFor("shipped:7", { timeout: 30 * day });
      return gate.promise;
    });
    const path = `/v1/sessions/${session}`;
    const async = { Accept: "application/json", Prefer: "respond-async" };
    await call("POST", `${path}/messages`, { content: "Ship it." }, async);
    const headers = { Authorization: "Bearer test-key" };
    const seen: Json[] = [];
    for await (const events of eventReads(await worker.fetch(`https://longline.test${path}/events`, { headers }))) {
      for (const { event, id, data } of events) {
        seen.push({ event, id, waits: data.waits });
        if (event === "turn.ended") return;
        if (event !== "tool.waiting") continue;
        if (data.waits.length > 0) {
          await call("POST", `${path}/signals/shipped:7`, {});
          continue;
        }
        const last = seen.findLast((each) => each.id !== undefined).id;
        for (const after of ["0", last]) {
          const back = (await call("GET", `${path}/events?after=${after}&live=false`)).frames;
          expect(back.at(-1)).toEqual(data);
        }
        gate.resolve("shipped");
      }
    }
    expect(seen).toEqual("ended by turn.ended");
  });
});
