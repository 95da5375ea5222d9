import { describe, expect, it } from "vitest";
import type { Message } from "../../src/core/message.ts";
import { profileFor } from "../../src/model/catalog.ts";
import type { Profile } from "../../src/model/profile.ts";
import { requestBody, serializeHead, serializeMessage, wireModelId } from "../../src/model/serialize.ts";

const comet = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: "https://api.cometapi.com/v1", demo: false });
const demo = profileFor({ modelId: "", baseUrl: "", demo: true });
const generic = profileFor({ modelId: "m", baseUrl: "https://example.com/v1", demo: false });
const replaying: Profile = { ...comet, reasoningReplay: "replay" };

const tool = (name: string) => ({ name, description: `does ${name}`, parameters: { type: "object" } });
const call = { id: "c1", name: "a", arguments: '{ "n":1.0 }' };

describe("serializeMessage", () => {
  const rows: [what: string, message: Message, profile: Profile, json: string][] = [
    ["system", { role: "system", content: "Be kind." }, comet, '{"role":"system","content":"Be kind."}'],
    ["user", { role: "user", content: "Hi\n" }, comet, '{"role":"user","content":"Hi\\n"}'],
    [
      "user with a speaker",
      { role: "user", content: "Hi", speaker: "Ann" },
      comet,
      '{"role":"user","content":"Ann: Hi"}',
    ],
    [
      "assistant",
      { role: "assistant", content: "Hello", reasoning: "", toolCalls: [] },
      comet,
      '{"role":"assistant","content":"Hello"}',
    ],
    [
      "tool result",
      { role: "tool", callId: "c1", name: "a", content: "42", isError: false },
      comet,
      '{"role":"tool","tool_call_id":"c1","content":"42"}',
    ],
  ];
  it.each(rows)("[WIRE-1] writes a message of kind %s", (_what, message, profile, json) => {
    expect(serializeMessage(message, profile)).toBe(json);
  });

  it("[WIRE-2] sends content as an empty string, never null, and arguments byte for byte", () => {
    const message: Message = {
      role: "assistant",
      content: "",
      reasoning: "",
      toolCalls: [call, { ...call, id: "c2", arguments: "" }],
    };
    expect(serializeMessage(message, comet)).toBe(
      '{"role":"assistant","content":"","tool_calls":[' +
        '{"id":"c1","type":"function","function":{"name":"a","arguments":"{ \\"n\\":1.0 }"}},' +
        '{"id":"c2","type":"function","function":{"name":"a","arguments":"{}"}}]}',
    );
  });

  it("[WIRE-3] replays reasoning only to models that want it, and only where there is some", () => {
    const message: Message = { role: "assistant", content: "4", reasoning: "2+2", toolCalls: [] };
    expect(serializeMessage(message, comet)).toBe('{"role":"assistant","content":"4"}');
    expect(serializeMessage(message, replaying)).toBe('{"role":"assistant","content":"4","reasoning_content":"2+2"}');
    expect(serializeMessage({ ...message, reasoning: "" }, replaying)).toBe('{"role":"assistant","content":"4"}');
  });

  it("[WIRE-4] replaces half a character, which strict JSON readers refuse", () => {
    expect(serializeMessage({ role: "user", content: "a\ud83cb 🎉" }, comet)).toBe(
      '{"role":"user","content":"a\ufffdb 🎉"}',
    );
  });
});

describe("serializeHead", () => {
  it("[WIRE-5] writes the parameters, the tools by name and the instructions, in this order", () => {
    const head = serializeHead({ profile: demo, tools: [tool("b"), tool("B"), tool("a")], instructions: "Be kind." });
    const wireTool = (name: string) =>
      `{"type":"function","function":{"name":"${name}","description":"does ${name}","strict":true,"parameters":{"type":"object"}}}`;
    expect(head).toBe(
      '{"model":"demo","stream":true,"stream_options":{"include_usage":true},"max_tokens":8192,"thinking":{"type":"enabled"},' +
        `"tools":[${wireTool("B")},${wireTool("a")},${wireTool("b")}],` +
        '"messages":[{"role":"system","content":"Be kind."}',
    );
  });

  it("[WIRE-5] one tool that is not strict makes the whole request so", () => {
    const tool = (name: string, strict?: boolean) => {
      return { name, description: "", parameters: { type: "object" }, ...(strict !== undefined && { strict }) };
    };
    const strictIn = (...tools: ReturnType<typeof tool>[]) =>
      JSON.parse(`${serializeHead({ profile: demo, tools, instructions: "x" })}]}`).tools.map(
        (each: { function: { strict?: boolean } }) => each.function.strict,
      );
    expect(strictIn(tool("a"), tool("b", true))).toEqual([true, true]);
    expect(strictIn(tool("a"), tool("b", false))).toEqual([undefined, undefined]);
  });

  it("[WIRE-5] leaves out tools where there are none, and strict where the provider has none", () => {
    const bare = serializeHead({ profile: generic, tools: [], instructions: "" });
    expect(Object.keys(JSON.parse(requestBody(bare, [])))).toEqual([
      "model",
      "stream",
      "stream_options",
      "max_tokens",
      "messages",
    ]);
    expect(serializeHead({ profile: generic, tools: [tool("a")], instructions: "" })).not.toContain("strict");
  });

  it.each([
    [demo, undefined, { model: "demo", thinking: { type: "enabled" } }],
    [demo, false, { model: "demo", thinking: { type: "disabled" } }],
    [comet, undefined, { model: "deepseek-v3.2-exp" }],
    [comet, true, { model: "DeepSeek-V3.2-Exp-thinking" }],
    [comet, false, { model: "DeepSeek-V3.2-Exp-nothinking" }],
    [generic, true, { model: "m" }],
  ])("[WIRE-6] switches thinking as the profile says ($0.provider, $1)", (profile, thinking, expected) => {
    const { model, thinking: sent } = JSON.parse(
      requestBody(serializeHead({ profile, thinking, tools: [], instructions: "" }), []),
    );
    expect({ model, ...(sent && { thinking: sent }) }).toEqual(expected);
    expect(wireModelId(profile, thinking)).toBe(expected.model);
  });
});

describe("requestBody", () => {
  it("[WIRE-7] makes request n+1 begin with the bytes of request n", () => {
    const messages: Message[] = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "", reasoning: "hm", toolCalls: [call] },
      { role: "tool", callId: "c1", name: "a", content: "42", isError: false },
      { role: "user", content: "and?", speaker: "Ann" },
    ];
    const head = serializeHead({ profile: comet, tools: [tool("a")], instructions: "Be kind." });
    const bodies = messages.map((_, last) => {
      const soFar = messages.slice(0, last + 1).map((message) => serializeMessage(message, comet));
      return requestBody(head, soFar);
    });
    for (const [at, body] of bodies.entries()) {
      expect(JSON.parse(body).messages).toHaveLength(at + 2);
      expect(bodies[at + 1] ?? body).toSatisfy((next: string) => next.startsWith(body.slice(0, -"]}".length)));
    }
  });

  it("[WIRE-7] writes the same bytes whatever order the tools were given in", () => {
    const tools = [tool("a"), tool("b")];
    const head = (given: typeof tools) => serializeHead({ profile: comet, tools: given, instructions: "x" });
    expect(head(tools)).toBe(head(tools.toReversed()));
  });
});
