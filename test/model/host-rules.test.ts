import { describe, expect, it } from "vitest";
import { deepseekV4, deepseekV32, type Host, hosts, mistral, openai } from "../support/host-rules.ts";

const user = { role: "user", content: "Hi" };
const call = (id = "abc123XYZ", name = "t", args = "{}") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});
const asks = (...calls: object[]) => ({ role: "assistant", content: "", tool_calls: calls, reasoning_content: "hm" });
const answer = (id = "abc123XYZ", content = "x") => ({ role: "tool", tool_call_id: id, content });
const plain = (message: object) =>
  Object.fromEntries(Object.entries(message).filter(([name]) => name !== "reasoning_content"));
const takesReasoning = (host: Host) => host.name.startsWith("DeepSeek");
const refusal = (host: Host, { messages = [user], ...more }: { messages?: object[] } & Record<string, unknown>) => {
  const all = takesReasoning(host) ? messages : messages.map(plain);
  return host.refuse(JSON.stringify({ model: "m", stream: true, messages: all, ...more }));
};

/** What all four refuse. */
const shared: [what: string, messages: object[]][] = [
  ["a name with dots", [user, asks(call("abc123XYZ", "a.b")), answer()]],
  ["an empty name", [user, asks(call("abc123XYZ", "")), answer()]],
  ["a name of 65 characters", [user, asks(call("abc123XYZ", "x".repeat(65))), answer()]],
  ["a call without a result", [user, asks(call()), user]],
  ["a result without a call", [user, answer()]],
  ["a second result", [user, asks(call()), answer(), answer()]],
  ["two calls of one id", [user, asks(call(), call()), answer()]],
  ["an empty assistant", [user, { role: "assistant", content: "" }, user]],
  ["an assistant of null", [user, { role: "assistant", content: null }, user]],
  ["half a character", [{ role: "user", content: "\ud83d" }]],
  ["a control character", [{ role: "user", content: "a\u0000" }]],
  ["half a character inside arguments", [user, asks(call("abc123XYZ", "t", '{"a":"\\ud83d"}')), answer()]],
];

describe("the tests' hosts", () => {
  describe.each(hosts.map((host) => [host.name, host] as const))("%s", (_, host) => {
    it.each(shared)("[HOST-1] refuses %s", (_what, messages) => {
      expect(refusal(host, { messages })?.status).toBe(400);
    });

    it("[HOST-1] refuses 129 tools, and an answer that does not fit beside the request", () => {
      const tool = (n: number) => ({ type: "function", function: { name: `t${n}` } });
      expect(refusal(host, { tools: Array.from({ length: 129 }, (_each, n) => tool(n)) })?.status).toBe(400);
      expect(
        refusal(host, { messages: [{ role: "user", content: "x".repeat(5_000_000) }], max_tokens: 8_000 })?.status,
      ).toBe(400);
    });

    it("[HOST-1] takes a legal conversation", () => {
      const tools = [{ type: "function", function: { name: "t", parameters: { type: "object" } } }];
      const messages = [
        user,
        asks(call()),
        answer(),
        { role: "assistant", content: "x", reasoning_content: "hm" },
        user,
      ];
      expect(refusal(host, { messages, tools })).toBeUndefined();
    });
  });

  it.each<[string, Host, object, number, RegExp]>([
    ["OpenAI: max_tokens", openai, { max_tokens: 1 }, 400, /Use 'max_completion_tokens' instead/],
    ["OpenAI: a temperature", openai, { temperature: 0.2 }, 400, /Only the default/],
    ["OpenAI: an unknown parameter", openai, { thinking: {} }, 400, /Unknown parameter: 'thinking'/],
    [
      "OpenAI: an id of 41 characters",
      openai,
      { messages: [user, asks(call("x".repeat(41))), answer("x".repeat(41))] },
      400,
      /maximum length 40/,
    ],
    [
      "Mistral: an id of ten",
      mistral,
      { messages: [user, asks(call("abc123XYZ0")), answer("abc123XYZ0")] },
      400,
      /length of 9/,
    ],
    [
      "Mistral: a user behind a result",
      mistral,
      { messages: [user, asks(call()), answer(), user] },
      400,
      /Unexpected role 'user' after role 'tool'/,
    ],
    [
      "Mistral: an assistant at the end",
      mistral,
      { messages: [user, { role: "assistant", content: "x" }] },
      400,
      /Expected last role/,
    ],
    ["Mistral: an unknown parameter", mistral, { user_id: "x" }, 422, /extra_forbidden/],
    ["Mistral: stream options", mistral, { stream_options: { include_usage: true } }, 422, /extra_forbidden/],
    ["V4: a user id with a space", deepseekV4, { user_id: "a b" }, 400, /user_id/],
    ["V4: an unknown effort", deepseekV4, { reasoning_effort: "medium" }, 400, /unknown variant/],
    [
      "V4: a reply of an earlier turn without reasoning",
      deepseekV4,
      { messages: [user, plain(asks(call())), answer(), { role: "assistant", content: "x" }, user] },
      400,
      /must be passed back/,
    ],
    [
      "V3.2: one of this turn without",
      deepseekV32,
      { thinking: { type: "enabled" }, messages: [user, plain(asks(call())), answer()] },
      400,
      /message index 1/,
    ],
    [
      "V3.2: a developer",
      deepseekV32,
      { messages: [{ role: "developer", content: "x" }] },
      400,
      /unknown variant `developer`/,
    ],
    [
      "V3.2: a forced tool while it thinks",
      deepseekV32,
      { thinking: { type: "enabled" }, tool_choice: "required" },
      400,
      /does not support this tool_choice/,
    ],
    [
      "V3.2: an id twice",
      deepseekV32,
      { messages: [user, asks(call()), answer(), asks(call()), answer()] },
      400,
      /must be unique/,
    ],
  ])("[HOST-1] %s", (_, host, more, status, words) => {
    const refused = refusal(host, more as never);
    expect([refused?.status, JSON.stringify(refused?.body)]).toEqual([status, expect.stringMatching(words)]);
  });

  it("[HOST-1] V3.2 forgets earlier turns, V4 does not think when it is told so", () => {
    const messages = [user, plain(asks(call())), answer(), { role: "assistant", content: "x" }, user];
    expect(refusal(deepseekV32, { messages, thinking: { type: "enabled" } })).toBeUndefined();
    expect(refusal(deepseekV4, { messages, thinking: { type: "disabled" } })).toBeUndefined();
  });
});
