import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "../../src/session/object.ts";
import { text } from "../support/fake-provider.ts";
import { startProvider } from "../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function post(path: string, body: unknown, type = "application/json") {
  const response = await worker.fetch(`https://longline.test${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": type },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  return { status: response.status, body: (await response.json()) as any };
}

const defs = Object.fromEntries(
  Array.from({ length: 23 }, (_, n) => [
    `a${n}`,
    n === 0 ? { type: "object" } : { allOf: [1, 2].map(() => ({ $ref: `#/$defs/a${n - 1}` })) },
  ]),
);
const crafted: [string, Record<string, unknown>, RegExp][] = [
  ["doubling references", { $ref: "#/$defs/a22", $defs: defs }, /more than 2000 schemas/],
  ["a circle", { $ref: "#" }, /refers to itself/],
];
const patterns: [string, Record<string, unknown>, RegExp][] = [
  ["a pattern", { properties: { a: { pattern: "^(a+)+$" } } }, /properties\.a\.pattern.*doubles/],
  ["a name's pattern", { patternProperties: { "(a|a)*b": {} } }, /patternProperties.*doubles/],
  ["a reference to nothing", { properties: { a: { $ref: "#/nothing" } } }, /leads to nothing/],
];
const called = (parameters: unknown) => ({ name: "f", parameters });

/** Where schemas come in, how a request with one is written, and the field that a refusal names. */
const doors: [string, (session: string, schema: unknown) => [path: string, body: object, field: RegExp]][] = [
  [
    "response_format of a message",
    (id, schema) => [
      `/v1/sessions/${id}/messages`,
      { content: "a", response_format: { type: "json_schema", json_schema: { name: "n", schema } } },
      /response_format\.json_schema\.schema/,
    ],
  ],
  [
    "response_format of a chat completion",
    (_, schema) => [
      "/v1/chat/completions",
      {
        model: "longline",
        messages: [{ role: "user", content: "a" }],
        response_format: { type: "json_schema", json_schema: { name: "n", schema } },
      },
      /response_format\.json_schema\.schema/,
    ],
  ],
  [
    "text.format of a response",
    (_, schema) => [
      "/v1/responses",
      { input: "a", text: { format: { type: "json_schema", name: "n", schema } } },
      /text\.format\.schema/,
    ],
  ],
];
const toolDoors: typeof doors = [
  [
    "tools of a message",
    (id, schema) => [
      `/v1/sessions/${id}/messages`,
      { content: "a", tools: [{ type: "function", function: called(schema) }] },
      /tools\.0\.function\.parameters/,
    ],
  ],
  [
    "tools of a chat completion",
    (_, schema) => [
      "/v1/chat/completions",
      {
        model: "longline",
        messages: [{ role: "user", content: "a" }],
        tools: [{ type: "function", function: called(schema) }],
      },
      /tools\.0\.function\.parameters/,
    ],
  ],
  [
    "tools of a response",
    (_, schema) => [
      "/v1/responses",
      { input: "a", tools: [{ type: "function", ...called(schema) }] },
      /tools\.0\.parameters/,
    ],
  ],
];

describe("crafted schemas at the doors", () => {
  const cases = [
    ...doors.flatMap(([door, ask]) => [...crafted, ...patterns].map((of) => [door, of[0], ask, of[1], of[2]] as const)),
    ...toolDoors.flatMap(([door, ask]) => crafted.map((of) => [door, of[0], ask, of[1], of[2]] as const)),
  ];

  it.each(cases)("[BOUND-15] %s: %s is refused by its name, and nothing is stored", async (_, __, ask, schema, why) => {
    const id = crypto.randomUUID();
    const [path, request, field] = ask(id, schema);
    const { status, body } = await post(path, request);
    expect(status).toBe(400);
    const { field: named, param, detail, message } = { ...body, ...body.error };
    expect(named ?? param).toMatch(field);
    expect(detail ?? message).toMatch(why);
    expect(provider.requests).toHaveLength(0);
  });

  it("[BOUND-15] a tree, and an address as zod writes it, are taken", async () => {
    provider.enqueue(text('{"children":[{"children":[]}],"email":"a@b.example"}'));
    const email =
      "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$";
    const schema = {
      type: "object",
      properties: {
        children: { type: "array", items: { $ref: "#" } },
        email: { type: "string", format: "email", pattern: email },
      },
    };
    const { status, body } = await post(`/v1/sessions/${crypto.randomUUID()}/messages`, {
      content: "a",
      response_format: { type: "json_schema", json_schema: { name: "n", schema } },
    });
    expect([status, body.status ?? body.reason]).toEqual([200, expect.anything()]);
  });

  it.each([
    ["chat completions", "/v1/chat/completions", (list: unknown[]) => ({ model: "longline", messages: list })],
    ["responses", "/v1/responses", (list: unknown[]) => ({ input: list })],
    ["UI messages", "/v1/ui/messages", (list: unknown[]) => ({ id: "many", messages: list })],
    ["messages", "/v1/sessions/many/messages", (list: unknown[]) => ({ content: "a", tools: list })],
    ["results", "/v1/sessions/many/tool_results", (list: unknown[]) => ({ results: list })],
  ])("[BOUND-16] %s: a body of nothing but faults is refused with 400", async (_, path, request) => {
    const lists = [Array(45_000).fill({}), Array(90_000).fill(1), Array(200_000).fill(1)];
    for (const list of lists)
      expect([list.length, (await post(path, request(list))).status]).toEqual([list.length, 400]);
    expect(provider.requests).toHaveLength(0);
  });

  it.each([
    ["chat completions", "/v1/chat/completions", "messages", { model: "longline" }],
    ["responses", "/v1/responses", "input", {}],
    ["UI messages", "/v1/ui/messages", "messages", { id: "many" }],
    ["messages", "/v1/sessions/many/messages", "tools", { content: "a" }],
    ["results", "/v1/sessions/many/tool_results", "results", {}],
    ["items", "/v1/conversations/many/items", "items", {}],
  ])("[BOUND-19] %s: a list of 10,001 is refused by its name", async (_, path, field, more) => {
    const { status, body } = await post(path, { ...more, [field]: Array(10_001).fill({ role: "user", content: "a" }) });
    const { field: named, param, detail, message } = { ...body, ...body.error };
    expect([status, named ?? param]).toEqual([400, field]);
    expect(detail ?? message).toBe(`${field}: has 10001 members; at most 10000 are taken.`);
  });

  it("[BOUND-19] what a tool gave in an old UI message may be a longer list", async () => {
    provider.enqueue(text("Done."));
    const output = Array.from({ length: 20_000 }, (_, n) => n);
    const part = { type: "tool-read", toolCallId: "c1", state: "output-available", input: {}, output };
    const messages = [
      { id: "m1", role: "assistant", parts: [part] },
      { id: "m2", role: "user", parts: [{ type: "text", text: "And?" }] },
    ];
    const response = await worker.fetch("https://longline.test/v1/ui/messages", {
      method: "POST",
      headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
      body: JSON.stringify({ id: crypto.randomUUID(), messages }),
    });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("Done.")]);
  });

  it("[BOUND-17] a conversation of many entries is stored page by page", async () => {
    provider.enqueue(text("Done."));
    const loads: number[] = [];
    const { prototype } = Session;
    const copy = prototype.copy;
    vi.spyOn(prototype, "copy").mockImplementation(function (this: Session, step, ...more) {
      if (step.type === "load") loads.push(step.lines.length);
      return copy.call(this, step, ...more);
    });
    const messages = Array.from({ length: 1_301 }, (_, n) => ({
      role: n % 2 ? "assistant" : "user",
      content: `m${n}`,
    }));
    const { status } = await post("/v1/chat/completions", { model: "longline", messages });
    expect([status, loads.length > 3, Math.max(...loads)]).toEqual([200, true, 500]);
  });

  it.each([100, 5_000, 100_000])("[BOUND-7] %i levels are refused with 400 at every door", async (levels) => {
    const deep = `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const header = {
      longline: 1,
      id: "x",
      title: null,
      metadata: {},
      instructions: null,
      model: null,
      prefix: null,
      created_at_ms: 1,
    };
    const entry = `{"seq":1,"turn":"turn_1","type":"user","at_ms":1,"content":"a","options":{"tools":[{"name":"f","description":"","parameters":{"a":${deep}}}]}}`;
    const id = crypto.randomUUID();
    const answers = await Promise.all([
      post(`/v1/sessions/import?id=${id}`, `${JSON.stringify(header)}\n${entry}\n`, "application/jsonl"),
      post("/v1/sessions", `{"id":"${id}","metadata":{"a":${deep}}}`),
      post(`/v1/sessions/${id}/messages`, `{"content":"a","response_format":{"a":${deep}}}`),
      post("/v1/chat/completions", `{"messages":${deep}}`),
      post("/v1/responses", `{"input":${deep}}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(answers[0]?.body).toMatchObject({ field: "line 2", detail: expect.stringContaining("nested deeper") });
  });

  it("[BOUND-28] a line of an import holds as many values as a body does, and about as many more as an entry has", async () => {
    const named = { longline: 1, title: null, metadata: {}, instructions: null, model: null, prefix: null };
    const lines = (id: string, values: number) => {
      const parameters = `{"enum":[${Array(values).fill(1).join()}]}`;
      const tools = `[{"name":"f","description":"","parameters":${parameters}}]`;
      const asked = `{"seq":1,"turn":"turn_1","type":"user","at_ms":1,"content":"a","options":{"tools":${tools}}}`;
      return `${JSON.stringify({ ...named, id, created_at_ms: 1 })}\n${asked}\n`;
    };
    const importOf = (id: string, values: number) =>
      post(`/v1/sessions/import?id=${id}`, lines(id, values), "application/jsonl");
    const [kept, refused] = [crypto.randomUUID(), crypto.randomUUID()];
    expect((await importOf(kept, 99_900)).status).toBe(201);
    const answer = await importOf(refused, 102_000);
    expect(answer).toMatchObject({
      status: 400,
      body: { field: "line 2", detail: "Line 2: has more than 101000 values. Nothing was imported." },
    });
  });
});

/** A chat whose last answer made so many calls, all of which have results. */
const answered = (question: string, calls: number) => ({
  model: "longline",
  messages: [
    { role: "user", content: question },
    {
      role: "assistant",
      tool_calls: Array.from({ length: calls }, (_, n) => ({ id: `c${n}`, function: { name: "f", arguments: "{}" } })),
    },
    ...Array.from({ length: calls }, (_, n) => ({ role: "tool", tool_call_id: `c${n}`, content: "" })),
  ],
});

it.each([
  ["a question of 1 MB and 1,000 calls", 1_000_000, 1_000],
  ["a question of 10,000 characters and 1,000 calls", 10_000, 1_000],
])("[BOUND-36] %s are no more than 25,000,000 bytes to hash", async (_, units, calls) => {
  let hashed = 0;
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  vi.spyOn(crypto.subtle, "digest").mockImplementation((name, data) => {
    hashed += data.byteLength;
    return digest(name, data);
  });
  provider.enqueue(text("Yes."));
  const { status } = await post("/v1/chat/completions", answered("q".repeat(units), calls));
  expect([status, hashed < 25_000_000]).toEqual([200, true]);
});
