/** The requests that are known to cost most, one for each way to spend the time of an instance, at the size that their door takes. */

/** `body` is made anew for each request, so that no two of them meet in one session or one receipt. */
export interface WorstInput {
  name: string;
  method: "POST" | "PUT";
  path: (id: string) => string;
  type?: string;
  headers?: Record<string, string>;
  body: (id: string) => string;
}

const megabyte = 1_048_576;
const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const json = (value: unknown) => JSON.stringify(value);
/** A value that is made once: making it would slow down the client that measures. */
const once = (make: () => string) => {
  let made: string | undefined;
  return () => {
    made ??= make();
    return made;
  };
};

const chat = (name: string, body: () => object): WorstInput => {
  return { name: `chat: ${name}`, method: "POST", path: () => "/v1/chat/completions", body: once(() => json(body())) };
};
const respond = (name: string, body: () => object): WorstInput => {
  return { name: `responses: ${name}`, method: "POST", path: () => "/v1/responses", body: once(() => json(body())) };
};
const ui = (name: string, body: () => object): WorstInput => {
  return { name: `ui: ${name}`, method: "POST", path: () => "/v1/ui/messages", body: once(() => json(body())) };
};
const say = (name: string, body: () => object | string): WorstInput => ({
  name: `message: ${name}`,
  method: "POST",
  path: (id) => `/v1/sessions/${id}/messages`,
  body: once(() => {
    const made = body();
    return typeof made === "string" ? made : json(made);
  }),
});

const user = (content: unknown) => ({ role: "user", content });
const talk = (count: number) =>
  times(count, (n) => (n % 2 === 0 ? user(`q${n}`) : { role: "assistant", content: `a${n}` }));
const tool = (parameters: object, n = 0) => ({ type: "function", function: { name: `f${n}`, parameters } });
const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });

function imported(id: string, entries: number, filler: string): string {
  const header = { longline: 1, id, title: null, metadata: {}, instructions: null, model: null, prefix: null };
  const usage = { input_tokens: 0, cached_tokens: 0, output_tokens: 0, reasoning_tokens: 0 };
  const lines = times(entries / 2, (n) => {
    const placed = { turn: `turn_${n + 1}`, at_ms: 1 };
    const asked = { seq: 2 * n + 1, type: "user", ...placed, content: filler, options: {} };
    const end = { seq: 2 * n + 2, type: "turn_ended", ...placed, reason: "cancelled", usage, cost_micros: 0, steps: 0 };
    return `${json(asked)}\n${json(end)}\n`;
  });
  return `${json({ ...header, created_at_ms: 1 })}\n${lines.join("")}`;
}

export const worstInputs: readonly WorstInput[] = [
  chat("3,001 messages", () => ({ model: "longline", messages: talk(3_001) })),
  chat("1 MB in 16,001 messages", () => ({ model: "longline", messages: talk(16_001) })),
  chat("8 MB in 3,001 messages", () => ({
    model: "longline",
    messages: talk(3_001).map((message) => ({ ...message, content: "x".repeat(2_700) })),
  })),
  chat("8 MB in 50 messages", () => ({
    model: "longline",
    messages: times(51, (n) => ({ role: n % 2 === 0 ? "user" : "assistant", content: "é".repeat(80_000) })),
  })),
  chat("8 MB in one message before the last", () => ({
    model: "longline",
    messages: [user('日"'.repeat(1_550_000)), { role: "assistant", content: "a" }, user("b")],
  })),
  chat("5,000 calls and results", () => ({
    model: "longline",
    messages: [
      user("a"),
      {
        role: "assistant",
        tool_calls: times(5_000, (n) => ({ id: `c${n}`, function: { name: "f", arguments: "{}" } })),
      },
      ...times(5_000, (n) => ({ role: "tool", tool_call_id: `c${4_999 - n}`, content: "" })),
    ],
  })),
  chat("a question of 4 MB, 3,000 calls and results", () => ({
    model: "longline",
    messages: [
      user("q".repeat(4_000_000)),
      {
        role: "assistant",
        tool_calls: times(3_000, (n) => ({ id: `c${n}`, function: { name: "f", arguments: "{}" } })),
      },
      ...times(3_000, (n) => ({ role: "tool", tool_call_id: `c${n}`, content: "" })),
    ],
  })),
  chat("90,000 parts of one message", () => ({
    model: "longline",
    messages: [user(times(30_000, () => ({ type: "text", text: "a" })))],
  })),
  chat("99,000 faults in a list", () => ({ model: "longline", messages: times(49_000, () => ({})) })),
  chat("99,000 faults in one message", () => ({ model: "longline", messages: [user(times(99_000, () => 1))] })),
  chat("99,000 unknown members", () => ({
    model: "longline",
    messages: [user("a")],
    ...Object.fromEntries(times(99_000, (n) => [`m${n}`, 1])),
  })),
  chat("a schema with an enum of 45,000", () => ({
    model: "longline",
    messages: [user("a")],
    tools: [tool({ type: "object", properties: { a: { enum: times(45_000, (n) => `value ${n}`) } } })],
  })),
  chat("a strict schema with an enum of 45,000", () => ({
    model: "longline",
    messages: [user("a")],
    tools: [
      {
        type: "function",
        function: {
          name: "f",
          strict: true,
          parameters: {
            type: "object",
            properties: { a: { type: "string", enum: times(45_000, (n) => `value ${n}`) } },
            required: ["a"],
            additionalProperties: false,
          },
        },
      },
    ],
  })),
  chat("120 tools of 250 properties", () => ({
    model: "longline",
    messages: [user("a")],
    tools: times(120, (n) =>
      tool({ type: "object", properties: Object.fromEntries(times(250, (m) => [`p${m}`, { type: "string" }])) }, n),
    ),
  })),
  chat("120 strict tools of 250 properties", () => ({
    model: "longline",
    messages: [user("a")],
    tools: times(120, (n) => {
      const names = times(250, (m) => `p${m}`);
      const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
      const parameters = { type: "object", properties, required: names, additionalProperties: false };
      return { type: "function", function: { name: `f${n}`, strict: true, parameters } };
    }),
  })),
  chat("a response format of 1,900 patterns", () => ({
    model: "longline",
    messages: [user("a")],
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "n",
        schema: {
          type: "object",
          properties: Object.fromEntries(
            times(1_900, (n) => [`p${n}`, { type: "string", pattern: "^([a-z]{1,50}-){1,50}$" }]),
          ),
        },
      },
    },
  })),
  respond("10,000 items", () => ({
    input: times(9_999, (n) => ({ role: n % 2 === 0 ? "user" : "assistant", content: `m${n}` })),
  })),
  respond("5,000 calls and outputs", () => ({
    input: [
      user("a"),
      ...times(4_900, (n) => ({ type: "function_call", call_id: `c${n}`, name: "f", arguments: "{}" })),
      ...times(4_900, (n) => ({ type: "function_call_output", call_id: `c${4_899 - n}`, output: "" })),
      user("b"),
    ],
  })),
  respond("99,000 faults in a list", () => ({ input: times(49_000, () => ({})) })),
  respond("9,000 tools", () => ({
    input: "a",
    tools: times(9_000, (n) => ({ type: "function", name: `f${n}`, parameters: {} })),
  })),
  respond("long metadata", () => ({ input: "a", metadata: Object.fromEntries(times(40_000, (n) => [`m${n}`, "x"])) })),
  ui("20,000 messages", () => ({
    id: crypto.randomUUID(),
    messages: times(20_000, (n) => ({ id: `m${n}`, role: "user", parts: [{ type: "text", text: "a" }] })),
  })),
  ui("8 MB of old messages", () => ({
    id: crypto.randomUUID(),
    messages: times(2_001, (n) => ({
      id: `m${n}`,
      role: "user",
      parts: [{ type: "text", text: "x".repeat(n === 2_000 ? 10 : 4_000) }],
    })),
  })),
  ui("99,000 faults in a list", () => ({ id: "a", messages: times(49_000, () => ({})) })),
  say("1 MB of backslashes", () => `{"content":"${"\\\\".repeat(megabyte / 2 - 100)}"}`),
  say("1 MB of quotes in a formula", () => ({ content: `1${"+1".repeat(megabyte / 2 - 100)}` })),
  say("1 MB of backticks", () => ({ content: "`".repeat(megabyte - 100) })),
  say("1 MB of half surrogate pairs", () => `{"content":"${"\\ud800".repeat(megabyte / 6 - 100)}"}`),
  say("64 levels, 1,500 times", () => ({ content: "a", tools: times(1_500, () => deep(62)) })),
  say("90,000 unknown members", () => ({ content: "a", ...Object.fromEntries(times(90_000, (n) => [`${n}`, 1])) })),
  say("90,000 tags of metadata", () => ({
    content: "a",
    metadata: Object.fromEntries(times(90_000, (n) => [`${n}`, 1])),
  })),
  {
    name: "import: 8,000 small entries",
    method: "POST",
    path: (id) => `/v1/sessions/import?id=${id}`,
    type: "application/x-ndjson",
    body: (id) => imported(id, 8_000, "a"),
  },
  {
    name: "import: 8 MB in one entry",
    method: "POST",
    path: (id) => `/v1/sessions/import?id=${id}`,
    type: "application/x-ndjson",
    body: (id) => imported(id, 2, "x".repeat(7_900_000)),
  },
  {
    name: "import: 8 MB of escapes in one entry",
    method: "POST",
    path: (id) => `/v1/sessions/import?id=${id}`,
    type: "application/x-ndjson",
    body: (id) => imported(id, 2, "日\n".repeat(2_000_000)),
  },
  {
    name: "import: 100,000 values in one entry",
    method: "POST",
    path: (id) => `/v1/sessions/import?id=${id}`,
    type: "application/x-ndjson",
    body: (id) => imported(id, 2, "a").replace('"options":{}', `"options":{"x":[${"{},".repeat(100_000)}{}]}`),
  },
  {
    name: "prefix: 4 MB of documents",
    method: "PUT",
    path: () => "/v1/prefixes",
    body: (id) => json({ documents: times(900, () => ({ title: id, text: "word ".repeat(800) })) }),
  },
  {
    name: "prefix: 4 MB of text",
    method: "PUT",
    path: () => "/v1/prefixes",
    type: "text/plain",
    body: (id) => `${id}${"é".repeat(2_097_000)}`,
  },
  {
    name: "MCP: 1 MB of calls in one list",
    method: "POST",
    path: () => "/mcp",
    headers: { Accept: "application/json, text/event-stream" },
    body: once(() => json(times(20_000, (n) => ({ jsonrpc: "2.0", id: n, method: "tools/list" })))),
  },
];
