import { exports } from "cloudflare:workers";
import { createParser } from "eventsource-parser";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { entryJson } from "../../../src/wire/native.ts";
import { agent } from "../../app/agent.ts";
import { calls, frames, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;
beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const order = { method: "POST", url: "https://shop.example.com/orders", body: '{"item":17}' };
const leak = `<｜DSML｜tool_calls><｜DSML｜invoke name="send_request">${Object.entries(order)
  .map(([name, value]) => `<｜DSML｜parameter name="${name}" string="true">${value}</｜DSML｜parameter>`)
  .join("")}</｜DSML｜invoke></｜DSML｜tool_calls>`;
const sse = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const thought = (reasoning: string) => frames(sse({ reasoning_content: reasoning }) + sse({}, "stop"));

async function post(path: string, body: object): Promise<Response> {
  const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json", Accept: "text/event-stream" };
  return worker.fetch(`https://longline.test${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

// biome-ignore lint/suspicious/noExplicitAny: the test looks into the JSON of three dialects
type Json = any;
async function streamed(path: string, body: object): Promise<Json[]> {
  const told: Json[] = [];
  const onEvent = ({ data }: { data: string }) => {
    if (data !== "[DONE]") told.push(JSON.parse(data));
  };
  createParser({ onEvent }).feed(await (await post(path, body)).text());
  return told;
}

describe("a tool that does harm and that no one must approve", () => {
  beforeEach(() => {
    const tool = agent.tools.get("send_request");
    if (tool === undefined) throw new Error("The agent has no send_request.");
    vi.spyOn(tool, "needsApproval").mockReturnValue(false);
  });

  it("[ONCE-1] is not run on leaked markup alone before a person says yes, and then once", async () => {
    provider.enqueue(text(`One moment. ${leak}`));
    const { turn } = await world.send("Order number 17");
    const waiting = unwrap(await world.stub.wait(turn, 30_000));
    expect(waiting).toMatchObject({ status: "waiting", waitingFor: [{ name: "send_request", kind: "approval" }] });
    expect(provider.outside).not.toHaveBeenCalled();
    const [, reply] = await world.entries();
    const [id = ""] = reply?.type === "assistant" ? (reply.salvaged ?? []) : [];
    expect(reply).toMatchObject({ content: "One moment. ", salvaged: [id], waits: { [id]: "approval" } });
    provider.enqueue(text("Ordered."));
    await world.approve(id, { approve: true });
    expect((await world.ended(turn)).ended.reason).toBe("completed");
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it("[ONCE-1] [ONCE-2] is run once where the call came leaked, as a call and again under another id", async () => {
    const args = JSON.stringify(order);
    const call = (index: number, id: string) => ({ index, id, function: { name: "send_request", arguments: args } });
    const both = sse({ content: leak }) + sse({ tool_calls: [call(0, "a"), call(1, "b")] }) + sse({}, "tool_calls");
    provider.enqueue(frames(both), text("Ordered."));
    const { ended } = await world.ask("Order number 17");
    expect(ended.reason).toBe("completed");
    expect(provider.outside).toHaveBeenCalledTimes(1);
    const entries = await world.entries();
    expect(entries[1]).toMatchObject({ content: "", copies: { b: "a" }, toolCalls: [{ id: "a" }, { id: "b" }] });
    const [, shown] = entries.map(entryJson);
    expect(shown).toMatchObject({ copies: { b: "a" } });
  });
});

describe("what readers see", () => {
  it("[THOUGHT-1] an answer that came as reasoning alone is text of the last attempt", async () => {
    provider.enqueue(thought("It is 41."), thought("It is 42."));
    const told = await streamed(`/v1/sessions/${crypto.randomUUID()}/messages`, { content: "6*7?" });
    const completed = told.find(({ message }) => message !== undefined);
    expect(completed.message.content).toBe("It is 42.");
    const since = told.slice(told.findLastIndex(({ attempt }) => attempt !== undefined));
    expect(since.map(({ text }) => text ?? "").join("")).toBe("It is 42.It is 42.");
    provider.enqueue(thought("It is 41."), thought("It is 42."));
    const chunks = await streamed("/v1/chat/completions", {
      model: "longline",
      stream: true,
      messages: [{ role: "user", content: "6*7?" }],
    });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("It is 42.");
  });

  it("[JUDGE-4] a JSON answer in a fence is the same in deltas, message and store, in every dialect", async () => {
    const json = '{"a": 1}';
    const fenced = () =>
      provider.enqueue(
        frames(...[..."```json\n", json, ..."\n```\n"].map((content) => sse({ content })), sse({}, "stop")),
      );
    const response_format = { type: "json_object" };
    fenced();
    const native = await streamed(`/v1/sessions/${crypto.randomUUID()}/messages`, { content: "a?", response_format });
    expect(native.map(({ text }) => text ?? "").join("")).toBe(json);
    expect(native.find(({ message }) => message !== undefined).message.content).toBe(json);
    fenced();
    const chat = await streamed("/v1/chat/completions", {
      model: "longline",
      stream: true,
      messages: [{ role: "user", content: "a?" }],
      response_format,
    });
    expect(chat.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(json);
    fenced();
    const input = { model: "longline", input: "a?", text: { format: response_format } };
    const response = (await (await post("/v1/responses", input)).json()) as Json;
    expect(response.output.at(-1).content[0].text).toBe(json);
    expect(provider.requests).toHaveLength(3);
  });

  it("[NOCALL-1] a call that never comes is a failure in OpenAI's words", async () => {
    provider.enqueue(text("I'll look.", "tool_calls"), text("I'll look.", "tool_calls"));
    const answer = await post("/v1/chat/completions", {
      model: "longline",
      messages: [{ role: "user", content: "6*7?" }],
    });
    expect([answer.status, ((await answer.json()) as Json).error.code]).toEqual([503, "model_no_call"]);
    provider.enqueue(
      text("I'll look.", "tool_calls"),
      calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]),
      text("42"),
    );
    const good = await post("/v1/chat/completions", {
      model: "longline",
      messages: [{ role: "user", content: "6*7?" }],
    });
    expect(good.status).toBe(200);
  });
});
