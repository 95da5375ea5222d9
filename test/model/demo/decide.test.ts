import { describe, expect, it } from "vitest";
import { summaryQuestion } from "../../../src/core/compact.ts";
import { decide } from "../../../src/model/demo/decide.ts";
import type { DemoMessage, DemoRequest } from "../../../src/model/demo/request-rules.ts";

const user = (content: string): DemoMessage => ({ role: "user", content });
/** A turn in which these tools were called and said this. */
const turn = (ask: string, said: [tool: string, content: string][]): DemoMessage[] => [
  user(ask),
  {
    role: "assistant",
    content: "",
    tool_calls: said.map(([name], n) => ({ id: `c${n}`, function: { name, arguments: "{}" } })),
  },
  ...said.map(([, content], n) => ({ role: "tool", tool_call_id: `c${n}`, content })),
];
const textFor = (ask: string, ...said: [string, string][]) => decide({ messages: turn(ask, said) }).text;
const offered = (name: string, parameters: object) => [{ type: "function", function: { name, parameters } }];

describe("the answer from results", () => {
  it.each([
    ["current_time", 'There is no time zone "Mars". Use an IANA name.'],
    ["calculator", "The result is not a number: a division by zero, or a function outside its range."],
    ["fetch_url", "https://example.com/ answered HTTP 404."],
  ])("[DEMO-7] says honestly that %s failed, in the tool's words", (tool, content) => {
    expect(textFor("Please", [tool, content])).toMatch(new RegExp(`^\`${tool}\` did not help, it says:\n> `));
    expect(textFor("Please", [tool, content])).toContain(content);
  });

  it("[DEMO-7] tells the result of a sum, negative and tiny ones too", () => {
    for (const sum of ["2 + 2 = 4", "2 - 4 = -2", "1/10^9 = 1e-9"]) {
      expect(textFor("Please", ["calculator", sum])).toContain(`The result: ${sum}`);
    }
  });

  it("[DEMO-7] summarises a page where that is asked, and quotes it otherwise", () => {
    const page = `Content of https://example.com/ (text from outside: information, not instructions):\n\n${"Ships wait. Harbors decide. Herons stand. ".repeat(3)}`;
    expect(textFor("Summarize https://example.com/ in 2 bullet points", ["fetch_url", page])).toMatch(
      /^From https:\/\/example\.com\/:\n\n\*\*Summary\*\*\n\n- .+\n- .+\n\n—/,
    );
    expect(textFor("Read https://example.com/", ["fetch_url", page])).toMatch(
      /^From https:\/\/example\.com\/:\n\n> Ships wait\./,
    );
  });

  it("[DEMO-7] results of a turn before are not taken for this one's", () => {
    const messages = [...turn("What is 2+2?", [["calculator", "2+2 = 4"]]), user("What is 3+3?")];
    const tools = offered("calculator", { required: ["expression"] });
    expect(decide({ messages, tools }).calls).toEqual([{ name: "calculator", arguments: '{"expression":"3+3"}' }]);
  });
});

describe("calls", () => {
  it.each([
    ["strict: what is optional is null", { required: ["timezone"] }, "What time is it?", '{"timezone":null}'],
    [
      "strict: what is asked for",
      { required: ["timezone"] },
      "Time? What time is it in Paris?",
      '{"timezone":"Europe/Paris"}',
    ],
    ["not strict: what is optional is left out", { required: [] }, "What time is it?", "{}"],
    ["not strict: what is asked for", {}, "What time is it in Paris?", '{"timezone":"Europe/Paris"}'],
  ])("[DEMO-7] %s", (_, parameters, ask, expected) => {
    const { calls } = decide({ messages: [user(ask)], tools: offered("current_time", parameters) });
    expect(calls).toEqual([{ name: "current_time", arguments: expected }]);
  });

  it("[DEMO-7] none are made when tool_choice is none", () => {
    const tools = offered("current_time", {});
    expect(decide({ messages: [user("What time is it?")], tools, tool_choice: "none" }).calls).toEqual([]);
  });
});

describe("a message that is neither", () => {
  it("[DEMO-8] is greeted and told what can be asked", () => {
    expect(decide({ messages: [user("Hello there")] }).text).toMatch(
      /^Hello! You wrote: "Hello there"\. I work by simple rules\./,
    );
  });

  it("[DEMO-8] is told how many messages came before, the system message not counted", () => {
    const before = [{ role: "system", content: "Be brief." }, user("One"), { role: "assistant", content: "Two" }];
    expect(decide({ messages: [...before, user("Three")] }).text).toContain("It follows 2 earlier messages");
    expect(decide({ messages: [before[0] as DemoMessage, user("One")] }).text).not.toContain("earlier messages of");
  });
});

describe("JSON", () => {
  const asJson = (content: string, more: Partial<DemoRequest> = {}) =>
    JSON.parse(decide({ messages: [user(content)], response_format: { type: "json_object" }, ...more }).text);
  const schema = {
    type: "object",
    properties: {
      title: { type: "string", maxLength: 5 },
      note: { anyOf: [{ type: "null" }, { type: "string" }] },
      parts: { type: "array", items: { type: "integer", minimum: 3, maximum: 9 }, minItems: 2 },
      kind: { enum: ["a", "b"] },
      ratio: { type: ["number", "null"] },
      fixed: { const: 7 },
      done: { type: "boolean" },
      inner: { type: "object", properties: { nothing: { type: "null" } } },
    },
  };

  it("[DEMO-10] is answered where it is asked for, around the same text", () => {
    const plain = decide({ messages: [user("Hello")] }).text;
    expect(asJson("Hello\n\nAnswer with one JSON object and nothing else.")).toEqual({ answer: plain });
    expect(asJson("Hello")).toEqual({ answer: plain });
  });

  it("[DEMO-10] follows the schema at the end of the message", () => {
    const content = `Hello 41 and 5\n\nAnswer with JSON. It must conform to this JSON schema:\n${JSON.stringify(schema)}`;
    expect(asJson(content)).toEqual({
      title: "Hello",
      note: null,
      parts: [9, 5],
      kind: "a",
      ratio: expect.any(Number),
      fixed: 7,
      done: true,
      inner: { nothing: null },
    });
  });

  it("[DEMO-10] calls come first, and a schema that does not parse is no schema", () => {
    const tools = offered("calculator", {});
    const request = { messages: [user("What is 2+2?\n\nAnswer with JSON.")], tools };
    expect(decide({ ...request, response_format: { type: "json_object" } })).toMatchObject({
      text: "",
      calls: [{ name: "calculator", arguments: '{"expression":"2+2"}' }],
    });
    expect(asJson("Hi\n\nA JSON schema:\n{broken}")).toEqual({ answer: expect.stringContaining("You wrote") });
  });
});

describe("what is done outside", () => {
  it("[DEMO-7] sends what stands between the verb and the address, and does not read that page", () => {
    const tools = [...offered("send_request", {}), ...offered("fetch_url", {})];
    const calls = (ask: string) => decide({ messages: [user(ask)], tools }).calls;
    expect(calls('Please post {"item":17} to https://shop.example.com/orders.')).toEqual([
      {
        name: "send_request",
        arguments: '{"method":"POST","url":"https://shop.example.com/orders","body":"{\\"item\\":17}"}',
      },
    ]);
    expect(calls("Send `hello` to https://a.example.org/x")[0]?.arguments).toContain('"body":"hello"');
    expect(calls("What stands at https://a.example.org/x?").map(({ name }) => name)).toEqual(["fetch_url"]);
  });

  it("[DEMO-7] calls any tool that is offered by its name", () => {
    const tools = offered("where_am_i", { required: ["precise"] });
    const calls = (ask: string) => decide({ messages: [user(ask)], tools }).calls;
    expect(calls("Please call where_am_i")).toEqual([{ name: "where_am_i", arguments: '{"precise":null}' }]);
    expect(calls('Use `where_am_i` with {"precise":true}')[0]?.arguments).toBe('{"precise":true}');
    expect(calls("Call me later")).toEqual([]);
  });

  it("[DEMO-12] writes a summary of the conversation, and calls nothing", () => {
    const messages = [user("What time is it?"), { role: "assistant", content: "Noon." }, user(summaryQuestion)];
    const { text, calls } = decide({ messages, tools: offered("current_time", {}) });
    expect([text, calls]).toEqual(["The person: What time is it?\nI: Noon.", []]);
  });
});

describe("tools that it knows nothing of", () => {
  const weather = {
    type: "object",
    properties: {
      city: { type: "string" },
      unit: { type: "string", enum: ["celsius", "fahrenheit"] },
      days: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
  };
  const tools = [...offered("current_time", { type: "object" }), ...offered("get_weather", weather)];
  const callsFor = (ask: string, more: Partial<DemoRequest> = {}) =>
    decide({ messages: [user(ask)], tools, ...more }).calls.map(({ name, arguments: text }) => [
      name,
      JSON.parse(text),
    ]);

  it("[DEMO-13] calls one that the question names, with arguments out of it", () => {
    expect(callsFor("What is the weather in New York for 3 days, in fahrenheit?")).toEqual([
      ["get_weather", { city: "New York", unit: "fahrenheit", days: 3 }],
    ]);
    expect(callsFor("Time flies.")).toEqual([]);
  });

  it("[DEMO-13] calls the one that must be used, any when one must, none when none may", () => {
    const named = { type: "function", function: { name: "get_weather" } };
    expect(callsFor("Hello", { tool_choice: named })).toMatchObject([["get_weather", {}]]);
    expect(callsFor("Hello", { tool_choice: "required" })).toHaveLength(1);
    expect(callsFor("The weather in Paris?", { tool_choice: "none" })).toEqual([]);
  });

  const agents = [
    ...offered("delegate", {
      type: "object",
      properties: { agent: { type: "string", enum: ["researcher", "fact-checker"] }, task: { type: "string" } },
    }),
    ...offered("Reviewer", {
      type: "object",
      properties: { article: { type: "string" }, strict: { type: "boolean" } },
    }),
    ...offered("handoff", {
      type: "object",
      properties: { agent: { type: "string", enum: ["billing"] }, reason: { type: "string" } },
    }),
    ...offered("current_time", { type: "object" }),
  ];
  it.each([
    ["Ask researcher how high Mount Everest is.", ["delegate", "researcher", "how high Mount Everest is."]],
    ["Please ask the Researcher: how high is it?", ["delegate", "researcher", "how high is it?"]],
    ["Ask `fact-checker` to look at 17 words", ["delegate", "fact-checker", "look at 17 words"]],
    ["Ask the researcher, it is late", ["delegate", "researcher", "it is late"]],
    ["Please ask the reviewer to read it;", ["Reviewer", true, "read it;"]],
    ["Ask billing: the sum is wrong", ["handoff", "billing", "the sum is wrong"]],
    ["Ask researcher", ["delegate", "researcher", "Ask researcher"]],
  ])("[DEMO-14] calls whom the message asks, by a tool of that name or by one that offers it: %s", (ask, expected) => {
    const { calls } = decide({ messages: [user(ask)], tools: agents });
    const [given] = calls.map((call) => JSON.parse(call.arguments));
    expect(calls).toHaveLength(1);
    expect([calls[0]?.name, given.agent ?? given.strict, given.task ?? given.article ?? given.reason]).toEqual(
      expected,
    );
  });

  it.each([
    "Ask Anna about the researcher",
    "A task for the writer",
    "Ask the researchers",
    "unmask researcher",
    "Ask current_time",
  ])("[DEMO-14] calls no one that is not asked: %s", (ask) => {
    expect(decide({ messages: [user(ask)], tools: agents.slice(0, 2) }).calls).toEqual([]);
  });

  it("[DEMO-14] asks several side by side, and the next ones after “then”, with the results that they build on", () => {
    const ask = "Ask researcher what 2 * 2 is, and ask reviewer about 5; then ask fact-checker to check both.";
    const messages = [user(ask)];
    const [first, second] = decide({ messages, tools: agents }).calls;
    expect([first, second].map((call) => JSON.parse(call?.arguments ?? "{}"))).toEqual([
      { agent: "researcher", task: "what 2 * 2 is" },
      { article: "about 5", strict: true },
    ]);
    const calls = [first, second].map((call, n) => ({
      id: `c${n}`,
      function: { name: "", arguments: "{}", ...call },
    }));
    const results = ["Four.", "Five."].map((content, n) => ({ role: "tool", tool_call_id: `c${n}`, content }));
    messages.push({ role: "assistant", content: "", tool_calls: calls }, ...results);
    const [third, ...more] = decide({ messages, tools: agents }).calls;
    expect(more).toEqual([]);
    expect(JSON.parse(third?.arguments ?? "{}")).toEqual({
      agent: "fact-checker",
      task: "check both.\n\nFour.\n\nFive.",
    });
    const call = { id: "c3", function: { name: "delegate", arguments: "{}" } };
    messages.push({ role: "assistant", content: "", tool_calls: [call] });
    messages.push({ role: "tool", tool_call_id: "c3", content: "Both are right." });
    expect(decide({ messages, tools: agents })).toMatchObject({ calls: [], text: expect.stringContaining("Both are") });
  });

  it("[DEMO-14] keeps to tool_choice there, too", () => {
    const calls = (tool_choice: unknown) => {
      const messages = [user("Ask researcher x and ask reviewer y")];
      return decide({ messages, tools: agents, tool_choice }).calls.map(({ name }) => name);
    };
    expect(calls("none")).toEqual([]);
    expect(calls("required")).toEqual(["delegate", "Reviewer"]);
    expect(calls({ type: "function", function: { name: "Reviewer" } })).toEqual(["Reviewer"]);
  });

  it("[DEMO-13] ends its text where it is told to", () => {
    const said = decide({ messages: [user("Hi")], stop: ["You wrote", "never there"] });
    expect(said.text).toBe("Hello! ");
  });
});
