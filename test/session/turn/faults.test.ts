import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf as openAiFailureOf } from "../../../src/doors/openai/openai-failure.ts";
import { entryJson } from "../../../src/wire/native.ts";
import { calls, type createFakeProvider, frames, status, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof createFakeProvider>;
let world: SessionWorld;
beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

describe("a provider that fails and comes back", () => {
  it("[RETRY-6] readers see one step; what they saw of the first try is void", async () => {
    provider.enqueue(frames(delta("half an ans")), text("a whole answer"));
    const { turn } = await world.send("Hello");
    const { reply } = await world.ended(turn);
    expect(reply).toMatchObject({
      content: "a whole answer",
      attempt: 2,
      tries: [{ failure: { code: "model_truncated" }, textChars: 11 }],
    });
    const whole = (await world.told()).map(({ event }) => event);
    expect(whole).toEqual(["turn.started", "step.started", "text.delta", "message.completed", "turn.ended"]);
    const [restarted, ...rest] = await world.told("live=false&after=2.1.0.11.0");
    expect(restarted).toMatchObject({
      event: "step.restarted",
      data: {
        step: 1,
        attempt: 2,
        reason: "The answer of deepseek-v3.2-exp at 127.0.0.1:9 broke off before its end. Send the message again.",
      },
    });
    expect(rest.map(({ event }) => event)).toEqual(["text.delta", "message.completed", "turn.ended"]);
  });

  it("[RETRY-5] a 400 that names reasoning_content turns the rule round, and the session remembers it", async () => {
    const thinking = `data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: "hm" } }] })}\n\n`;
    provider.enqueue(
      frames(thinking + delta("One"), 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'),
    );
    await world.ask("1");
    provider.allowReasoning();
    const missing = {
      error: { message: "Missing `reasoning_content` field in the assistant message at message index 2." },
    };
    provider.enqueue(status(400, missing), text("Two"), text("Three"));
    expect((await world.ask("2")).reply?.content).toBe("Two");
    await world.ask("3");
    const replayed = provider.requests.map(({ body }) => body.messages[2]?.reasoning_content);
    expect(replayed).toEqual([undefined, undefined, "hm", "hm"]);
  });

  it("[RETRY-2] waits as long as the provider asks", async () => {
    provider.enqueue(status(429, { error: { message: "slow down" } }, { "retry-after": "0" }), text("Hi"));
    const { reply } = await world.ask("Hello");
    expect(reply?.tries).toMatchObject([{ failure: { code: "model_rate_limited", retryAfterMs: 0 } }]);
  });

  it("[RETRY-7] a cancel ends the waiting", async () => {
    provider.enqueue(status(429, {}, { "retry-after": "60" }));
    const { turn } = await world.send("Hello");
    // Looked for from here: what waits for a promise of the object's goes on inside it, and ends with it.
    await vi.waitFor(() => expect(provider.requests).toHaveLength(1));
    await world.stub.cancel(turn);
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
  });
});

describe("what people read of a failure", () => {
  const secret = "upstream says: quota of org-42 is gone";
  it("[WORDS-3] is in two sentences; the host's own text is in the entry and in the log, and nowhere else", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    provider.enqueue(status(400, { error: { message: secret } }));
    const { ended } = await world.ask("Hello");
    const detail = ended.failure?.detail ?? "";
    expect(detail).toMatch(/^deepseek-v3\.2-exp at 127\.0\.0\.1:9 refused the request\. [^.]+\.$/);
    expect(ended.failure).not.toHaveProperty("raw");
    expect(JSON.stringify(await world.told())).not.toContain("org-42");
    const failed = (await world.entries())[1];
    expect(failed).toMatchObject({ failure: { raw: `HTTP 400: ${secret}`, detail } });
    if (failed !== undefined)
      expect(entryJson(failed)).toMatchObject({ error: { detail, raw: `HTTP 400: ${secret}` } });
    const logged = warned.mock.calls.map((call) => JSON.stringify(call)).join();
    expect(logged).toContain(secret);
    const chat = openAiFailureOf({ ...ended, type: "turn.ended" });
    expect(JSON.stringify(chat)).not.toContain("org-42");
    expect(chat?.error.message).toBe(detail);
  });

  it("[WORDS-2] an unknown model names the setting that holds it", async () => {
    provider.enqueue(status(404, { error: { message: "The model `x` does not exist.", code: 404 } }));
    const { ended } = await world.ask("Hello");
    expect(ended.failure).toMatchObject({ code: "model_not_found", detail: expect.stringMatching(/Set MODEL to/) });
  });
});

describe("answers in a form", () => {
  const responseFormat = {
    type: "json_schema",
    schema: { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
  } as const;

  it("[JUDGE-1] a wrong one is sent back once, with the fault named", async () => {
    provider.enqueue(text("Sure: a is 1"), text('{"a":1}'));
    const { turn } = await world.send("Give me a", { options: { responseFormat } });
    const { reply, ended } = await world.ended(turn);
    expect([reply?.content, ended.reason, ended.steps]).toEqual(['{"a":1}', "completed", 2]);
    expect(provider.requests[1]?.body.messages.at(-1)).toEqual({
      role: "user",
      content: expect.stringMatching(/does not parse.*Answer again, with the JSON alone\.$/),
    });
    expect(provider.requests[1]?.text.startsWith((provider.requests[0]?.text ?? "").slice(0, -2))).toBe(true);
  });

  it("[JUDGE-1] a second wrong one fails the turn", async () => {
    provider.enqueue(text('{"b":1}'), text('{"a":"1"}'));
    const { turn } = await world.send("Give me a", { options: { responseFormat } });
    expect((await world.ended(turn)).ended).toMatchObject({ reason: "failed", failure: { code: "output_invalid" } });
  });

  it("[JUDGE-3] the form is asked for at the tail, and by the provider's mode", async () => {
    provider.enqueue(text('{"a":1}'), text("Free again"));
    await world.ended((await world.send("Give me a", { options: { responseFormat } })).turn);
    await world.ask("Thanks");
    const [first, second] = provider.requests.map(({ body }) => body);
    expect(first.response_format).toEqual({ type: "json_object" });
    expect(first.messages.at(-1).content).toMatch(
      /^Give me a\n\nAnswer with JSON and nothing else.*\{"type":"object"/s,
    );
    expect(first.messages[0]).toEqual(second.messages[0]);
    expect(second.response_format).toBeUndefined();
  });
});

describe("a model that goes in circles", () => {
  it("[LOOP-1] [LOOP-2] is told once, then the turn ends, and the next request is legal", async () => {
    const circle = calls([{ name: "calculator", arguments: '{"expression":"1/0"}' }]);
    provider.enqueue(...Array.from({ length: 5 }, () => circle), text("Hello again"));
    const { ended } = await world.ask("1/0?");
    expect(ended).toMatchObject({ reason: "failed", failure: { code: "model_looping" }, steps: 5 });
    expect((await world.ask("Hello?")).reply?.content).toBe("Hello again");
  });
});

it("[RETRY-8] [ROLLOUT-1] a session begins with a drawn model, falls back, and stays", async () => {
  const { turnModels } = await import("../../../src/session/turn/turn-model.ts");
  const { agent } = await import("../../app/agent.ts");
  const settings = { model: { kind: "provider", baseUrl: "https://api.cometapi.com/v1", apiKey: "k1" } } as never;
  const models = [
    { id: "a", weight: 1 },
    { id: "b", weight: 3 },
    { id: "c", baseUrl: "https://api.deepseek.com", keySecret: "OTHER_KEY" },
  ] as const;
  const of = {
    settings,
    agent: { ...agent, models },
    bindings: { OTHER_KEY: "k2" } as never,
    sessionModel: null,
    sticky: null,
    options: {},
    chance: 0,
  };
  const ids = (more: object) => turnModels({ ...of, ...more }).map(({ profile }) => profile.id);
  const begun = Array.from({ length: 100 }, (_, n) => ids({ chance: (n + 0.5) / 100 })[0]);
  expect(["a", "b", "c"].map((id) => begun.filter((each) => each === id).length)).toEqual([25, 75, 0]);
  expect(ids({ chance: 0 })).toEqual(["a", "b", "c"]);
  expect(ids({ chance: 0.9 })).toEqual(["b", "c", "a"]);
  expect(ids({ sticky: "c" })).toEqual(["c", "a", "b"]);
  expect(ids({ sticky: "gone", chance: 0 })).toEqual(["a", "b", "c"]);
  expect(ids({ options: { model: "b" }, sticky: "c" })).toEqual(["b"]);
  expect(ids({ sessionModel: "a" })).toEqual(["a"]);
  expect(turnModels(of).map(({ apiKey, baseUrl }) => [apiKey, baseUrl])).toEqual([
    ["k1", "https://api.cometapi.com/v1"],
    ["k1", "https://api.cometapi.com/v1"],
    ["k2", "https://api.deepseek.com"],
  ]);
});

it("[PROFILE-5] a model that the catalog does not know is warned of at start", async () => {
  const { unknownModels } = await import("../../../src/session/turn/turn-model.ts");
  const { agent } = await import("../../app/agent.ts");
  const warned = (model: object, models = agent.models) => unknownModels({ model } as never, { ...agent, models });
  const comet = { kind: "provider", baseUrl: "https://api.cometapi.com/v1" };
  expect(warned({ kind: "demo" })).toEqual([]);
  expect(warned(comet)).toEqual([]);
  expect(warned({ ...comet, modelId: "gpt-9" })).toEqual([
    expect.stringMatching(/^The model gpt-9 at https:\/\/api\.cometapi\.com\/v1 is not in src\/model\/catalog\.ts/),
  ]);
  expect(warned(comet, [...agent.models, { id: "x", baseUrl: "https://x.test" }])).toHaveLength(1);
});
