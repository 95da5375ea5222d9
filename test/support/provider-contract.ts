/** What a stand-in for the model provider must do, run over the demo model and over the tests' own provider: both are as strict as the real one. */
import { describe, expect, it } from "vitest";

const tool = (parameters: unknown, strict = true) => ({
  type: "function",
  function: { name: "t", description: "", strict, parameters },
});
const shape = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const asks = {
  role: "assistant",
  content: "",
  tool_calls: [{ id: "c1", type: "function", function: { name: "t", arguments: "{}" } }],
};
const user = { role: "user", content: "Hi" };

const refusals: [what: string, request: object, message: string][] = [
  ["no messages", { messages: [] }, "Empty input messages"],
  ["a developer message", { messages: [{ role: "developer", content: "x" }] }, "unknown variant `developer`"],
  [
    "an empty assistant message",
    { messages: [user, { role: "assistant", content: null }] },
    "Invalid assistant message: content or tool_calls must be set",
  ],
  [
    "earlier reasoning",
    { messages: [user, { role: "assistant", content: "x", reasoning_content: "y" }] },
    "reasoning_content",
  ],
  [
    "a call without its result",
    { messages: [user, asks, user] },
    "insufficient tool messages following tool_calls message",
  ],
  ["a call without its result at the end", { messages: [user, asks] }, "insufficient tool messages"],
  [
    "a result without its call",
    { messages: [user, { role: "tool", tool_call_id: "c9", content: "x" }] },
    "must be a response to a preceding message",
  ],
  [
    "too many tokens asked for",
    { max_tokens: 8193, thinking: { type: "disabled" } },
    "the valid range of max_tokens is [1, 8192]",
  ],
  ["none asked for", { max_tokens: 0 }, "the valid range of max_tokens"],
  ["more than thinking allows", { max_tokens: 65_537, thinking: { type: "enabled" } }, "[1, 65536]"],
  [
    "stream options without a stream",
    { stream: false, stream_options: {} },
    "stream_options should be set along with stream = true",
  ],
  [
    "a forced tool while it thinks",
    { tool_choice: "required", thinking: { type: "enabled" } },
    "Thinking mode does not support this tool_choice",
  ],
  ["another kind of tool", { tools: [{ type: "web_search" }] }, "unknown variant `web_search`, expected `function`"],
  [
    "some tools strict, some not",
    { tools: [tool(shape({ a: { type: "string" } })), tool({}, false)] },
    "must be strict",
  ],
  ["a strict tool without properties", { tools: [tool(shape({}))] }, "An object with no properties is not allowed."],
  [
    "an empty object inside",
    { tools: [tool(shape({ a: shape({}) }))] },
    "An object with no properties is not allowed.",
  ],
  ["a property without a type", { tools: [tool(shape({ a: {} }))] }, "missing field type"],
  ["an array without items", { tools: [tool(shape({ a: { type: "array" } }))] }, "missing field items"],
  [
    "a map",
    { tools: [tool(shape({ a: { type: "string" } }, { additionalProperties: { type: "string" } }))] },
    "invalid type: map, expected a boolean",
  ],
  [
    "an open object",
    { tools: [tool({ type: "object", properties: { a: { type: "string" } }, required: ["a"] })] },
    "additionalProperties must be false",
  ],
  [
    "an optional property",
    { tools: [tool(shape({ a: { type: "string" } }, { required: [] }))] },
    "must be in required",
  ],
  ["a tool without a name", { tools: [{ type: "function", function: {} }] }, "tools[0].function.name"],
  [
    "more tools than it takes",
    { tools: Array.from({ length: 129 }, () => tool({}, false)) },
    "at most 128 are supported",
  ],
  [
    "messages that are no list",
    { messages: "Hi" },
    "Failed to deserialize the JSON body into the target type: messages",
  ],
  [
    "content that is no text",
    { messages: [user, { role: "user", content: 5 }] },
    "Failed to deserialize the JSON body into the target type: messages[1].content",
  ],
  [
    "a definition that is not strict",
    { tools: [tool(shape({ a: { $ref: "#/$def/b" } }, { $def: { b: { type: "object" } } }))] },
    "An object with no properties is not allowed.",
  ],
  [
    "an object in a list of types",
    { tools: [tool(shape({ a: { type: ["object", "null"] } }))] },
    "not supported in a list of types",
  ],
  [
    "a wrong member of a choice",
    { tools: [tool(shape({ a: { anyOf: [{ type: "null" }, { type: "array" }] } }))] },
    "missing field items",
  ],
  ["a schema that is none", { tools: [tool(shape({ a: null }))] }, "missing field type"],
  [
    "a result without content",
    { messages: [user, asks, { role: "tool", tool_call_id: "c1" }] },
    "messages[2]: missing field `content`",
  ],
  [
    "a second result for the same call",
    {
      messages: [
        user,
        asks,
        { role: "tool", tool_call_id: "c1", content: "x" },
        { role: "tool", tool_call_id: "c1", content: "x" },
      ],
    },
    "must be a response to a preceding message",
  ],
  ["a length", { tools: [tool(shape({ a: { type: "string", maxLength: 3 } }))] }, "maxLength is not supported"],
  [
    "a format",
    { tools: [tool(shape({ a: { type: "string", format: "date-time" } }))] },
    "format date-time is not supported",
  ],
];

/** `fresh` makes a provider that answers any legal request, with text, or with calls to one that offers the tools; `[rule]` begins the titles. */
export function providerContract(rule: string, fresh: (answer: "text" | "calls") => typeof fetch): void {
  const ask = (request: object, answer: "text" | "calls" = "text") =>
    fresh(answer)("https://provider.test/v1/chat/completions", {
      method: "POST",
      body: JSON.stringify({ model: "demo", stream: true, max_tokens: 100, messages: [user], ...request }),
    });

  describe("as strict as the real one", () => {
    it.each(refusals)(`${rule} refuses %s with 400`, async (_, request, message) => {
      const answer = await ask(request);
      const { error } = (await answer.json()) as { error: { message: string; type: string } };
      expect([answer.status, error.type]).toEqual([400, "invalid_request_error"]);
      expect(error.message).toContain(message);
    });

    it(`${rule} refuses a body that is no JSON with 400`, async () => {
      const answer = await fresh("text")("https://provider.test/v1/chat/completions", { method: "POST", body: "{" });
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { error: { message: expect.stringContaining("as JSON"), type: "invalid_request_error" } },
      ]);
    });

    it(`${rule} does not answer a request that was aborted before`, async () => {
      const init = { method: "POST", body: JSON.stringify({ messages: [user] }) };
      const asked = fresh("text")("https://provider.test/v1/chat/completions", {
        ...init,
        signal: AbortSignal.abort(new Error("gone")),
      });
      await expect(asked).rejects.toThrow("gone");
    });

    it(`${rule} takes a legal request and streams frames up to [DONE]`, async () => {
      const answer = await ask({
        messages: [user, asks, { role: "tool", tool_call_id: "c1", content: "x" }],
        tools: [
          tool(
            shape({
              a: { anyOf: [{ type: "string" }, { type: "null" }] },
              b: { type: "array", items: { type: "integer" } },
              c: { type: ["number", "null"] },
              d: { type: "string", format: "email" },
            }),
          ),
        ],
        stream_options: { include_usage: true },
      });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
      const frames = (await answer.text()).split("\n\n").filter((frame) => frame.startsWith("data: "));
      expect(frames.at(-1)).toBe("data: [DONE]");
      const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice(6)));
      const finished = chunks.map(({ choices }) => choices[0].finish_reason !== null);
      expect(finished.indexOf(true)).toBe(finished.length - 1);
      expect(chunks.map(({ usage }) => usage !== null)).toEqual(finished);
      expect(chunks[0].choices[0].delta.role).toBe("assistant");
    });

    it(`${rule} opens a call with id and name, then sends its arguments in fragments by index`, async () => {
      const offered = shape({ expression: { type: "string" } });
      const tools = [{ type: "function", function: { name: "calculator", strict: true, parameters: offered } }];
      const thinking = { type: "disabled" };
      const answer = await ask({ messages: [{ role: "user", content: "What is 2+2?" }], tools, thinking }, "calls");
      const chunks = (await answer.text())
        .split("\n\n")
        .filter((frame) => frame.startsWith("data: {"))
        .map((frame) => JSON.parse(frame.slice(6)));
      const [opening, ...rest] = chunks.flatMap(({ choices }) => choices[0].delta.tool_calls ?? []);
      expect(opening).toEqual({
        index: 0,
        id: expect.stringMatching(/^call_00_\w+$/),
        type: "function",
        function: { name: "calculator", arguments: "" },
      });
      expect(rest.length).toBeGreaterThan(1);
      expect(rest).toEqual(rest.map(({ function: part }) => ({ index: 0, function: { arguments: part.arguments } })));
      expect(rest.map(({ function: part }) => part.arguments).join("")).toBe('{"expression":"2+2"}');
      expect(chunks.at(-1).choices[0]).toMatchObject({ delta: { content: "" }, finish_reason: "tool_calls" });
    });
  });
}
