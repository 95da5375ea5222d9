import { describe, expect, it } from "vitest";
import * as z from "zod";
import { runTool } from "../../src/tools/run-tool.ts";
import { createToolbox, defineTool, type ToolContext } from "../../src/tools/tool.ts";
import { toolContext } from "../support/tool-context.ts";

const call = (args: string, name = "t") => ({ id: "call_1", name, arguments: args });

/** A toolbox of one tool, `t`, that does this. */
function doing(run: (input: unknown, context: ToolContext) => unknown, timeoutMs = 20_000) {
  return createToolbox([
    defineTool({ name: "t", description: "Tests.", input: z.object({}), effect: "none", timeoutMs, run }),
  ]);
}

const outcome = async (toolbox: ReturnType<typeof doing>, context = toolContext()) => {
  const { content, isError } = await runTool(toolbox, call("{}"), context);
  return { content, isError };
};

/** A signal that keeps count of who listens to it. */
function countedSignal(controller = new AbortController()) {
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  return { controller, signal, listeners: () => listeners };
}

const input = z.object({
  city: z.string().min(2),
  days: z.int().max(10).optional(),
  where: z.object({ zip: z.string().optional(), tags: z.array(z.string()) }).optional(),
});

const right: [string, string][] = [
  // [the model's text, what the tool gets]
  ['{"city":"Rome"}', '{"city":"Rome"}'],
  [' {"city":"Rome"}\n', '{"city":"Rome"}'],
  ['{"city":"Rome","days":null}', '{"city":"Rome"}'],
  ['{"city":"Rome","days":null,"where":null}', '{"city":"Rome"}'],
  ['{"city":"Rome","where":{"zip":null,"tags":[]}}', '{"city":"Rome","where":{"tags":[]}}'],
  ['{"city":"Rome","extra":1}', '{"city":"Rome"}'],
  ['{"city":"Rome","extra":null}', '{"city":"Rome"}'],
  ['{"city":"Rome","__proto__":{"days":3}}', '{"city":"Rome"}'],
  ['{"city":"Rome","constructor":{"prototype":{"days":3}}}', '{"city":"Rome"}'],
  ['{"city":"Rome","where":{"tags":[],"__proto__":{"zip":"1"}}}', '{"city":"Rome","where":{"tags":[]}}'],
  ['{"city":"Rome","city":"Oslo"}', '{"city":"Oslo"}'],
  ['{"city":"R\\u00f3ma \\ud83d\\ude00"}', '{"city":"Róma 😀"}'],
];

const noObject = "The arguments must be a JSON object.";
const wrong: [string, string][] = [
  // [the model's text, what it is told]
  ["null", noObject],
  ["[]", noObject],
  ['[{"city":"Rome"}]', noObject],
  ['"Rome"', noObject],
  ["42", noObject],
  ["true", noObject],
  ["", "✖ Invalid input: expected string, received undefined\n  → at city"],
  ["   \n", "✖ Invalid input: expected string, received undefined\n  → at city"],
  ["{}", "✖ Invalid input: expected string, received undefined\n  → at city"],
  ['{"town":"Rome"}', "✖ Invalid input: expected string, received undefined\n  → at city"],
  ['{"city":null}', "✖ Invalid input: expected string, received null\n  → at city"],
  ['{"city":7}', "✖ Invalid input: expected string, received number\n  → at city"],
  ['{"city":{}}', "✖ Invalid input: expected string, received object\n  → at city"],
  ['{"city":"R"}', "✖ Too small: expected string to have >=2 characters\n  → at city"],
  ['{"city":"Rome","days":11}', "✖ Too big: expected number to be <=10\n  → at days"],
  ['{"city":"Rome","days":"three"}', "✖ Invalid input: expected number, received string\n  → at days"],
  ['{"city":"Rome","days":1.5}', "✖ Invalid input: expected int, received number\n  → at days"],
  ['{"city":"Rome","where":[]}', "✖ Invalid input: expected object, received array\n  → at where"],
  ['{"city":"Rome","where":{}}', "✖ Invalid input: expected array, received undefined\n  → at where.tags"],
  ['{"city":"Rome","where":{"tags":null}}', "✖ Invalid input: expected array, received null\n  → at where.tags"],
  [
    '{"city":"Rome","where":{"tags":["a",1]}}',
    "✖ Invalid input: expected string, received number\n  → at where.tags[1]",
  ],
  ['{"__proto__":{"city":"Rome"}}', "✖ Invalid input: expected string, received undefined\n  → at city"],
  [
    '{"city":7,"days":"x"}',
    "✖ Invalid input: expected string, received number\n  → at city\n✖ Invalid input: expected number, received string\n  → at days",
  ],
];

const noJson = [
  "{",
  '{"city":"Rome"',
  '{"city":"Rome",}',
  "{city:1}",
  "Rome",
  "{'city':'Rome'}",
  '{"a":1}{"b":2}',
  "```json\n{}\n```",
  "{\u0000}",
];

describe("the arguments of a call", () => {
  const seen: unknown[] = [];
  const toolbox = createToolbox([
    defineTool({
      name: "t",
      description: "Tests.",
      input,
      effect: "unsafe",
      run: (value) => {
        seen.push(value);
        return value;
      },
    }),
  ]);

  it.each(right)("[TOOL-9] %s reaches the tool", async (raw, content) => {
    expect(await runTool(toolbox, call(raw), toolContext())).toEqual({
      callId: "call_1",
      name: "t",
      content,
      isError: false,
    });
    expect(Object.getPrototypeOf(seen.at(-1))).toBe(Object.prototype);
    expect((seen.at(-1) as { days?: number }).days).toBeUndefined();
  });

  it.each(wrong)("[TOOL-9] %s is explained, and the tool not called", async (raw, detail) => {
    const before = seen.length;
    expect(await runTool(toolbox, call(raw), toolContext())).toEqual({
      callId: "call_1",
      name: "t",
      content: `The tool was not called, because its arguments are wrong.\n${detail}`,
      isError: true,
    });
    expect(seen).toHaveLength(before);
  });

  it.each(noJson)("[TOOL-9] %j is said to be no JSON", async (raw) => {
    const before = seen.length;
    const { content, isError } = await runTool(toolbox, call(raw), toolContext());
    expect(isError).toBe(true);
    expect(content).toMatch(
      /^The tool was not called, because its arguments are wrong\.\nThe arguments are not valid JSON: .+/,
    );
    expect(seen).toHaveLength(before);
  });

  it("[TOOL-9] a million characters are read, and a hundred thousand mistakes told in short", async () => {
    const city = "R".repeat(1_000_000);
    const whole = await runTool(toolbox, call(JSON.stringify({ city })), toolContext());
    expect([whole.isError, seen.at(-1)]).toEqual([false, { city }]);
    const tags = Array.from({ length: 100_000 }, (_, n) => n);
    const told = await runTool(toolbox, call(JSON.stringify({ city: "Rome", where: { tags } })), toolContext());
    expect(told.isError).toBe(true);
    expect(told.content.length).toBeLessThan(100_100);
    expect(told.content).toMatch(/\[cut: \d+ more characters\]$/);
  });

  it("[TOOL-9] nesting without end is an error, not a crash", async () => {
    const deep = `{"city":"Rome","where":${'{"where":'.repeat(50_000)}1${"}".repeat(50_000)}}`;
    expect((await runTool(toolbox, call(deep), toolContext())).isError).toBe(true);
  });

  it.each([
    [
      "throws",
      z.string().transform(() => {
        throw new Error("bad transform");
      }),
      "bad transform",
    ],
    ["waits", z.string().refine(async () => true), "Encountered Promise"],
  ])("[TOOL-9] a schema that %s makes an error result", async (_does, field, said) => {
    const tool = defineTool({
      name: "t",
      description: "T.",
      input: z.object({ f: field }),
      effect: "none",
      run: () => "ran",
    });
    const { content, isError } = await runTool(createToolbox([tool]), call('{"f":"a"}'), toolContext());
    expect(isError).toBe(true);
    expect(content).toContain(said);
  });
});

describe("what a call comes to", () => {
  const a = { half: "\ud83d", cycle: {} as Record<string, unknown> };
  a.cycle.self = a.cycle;

  const returned: [string, unknown, string][] = [
    ["text", "done", "done"],
    ["empty text", "", ""],
    ["a promise of text", Promise.resolve("later"), "later"],
    ["an object", { a: [1, null] }, '{"a":[1,null]}'],
    ["a number", 42, "42"],
    ["false", false, "false"],
    ["null", null, "null"],
    ["a date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["undefined", undefined, "(no output)"],
    ["a function", () => 1, "(no output)"],
    ["half a character", `a${a.half}b`, "a\ufffdb"],
    ["half a character in JSON", { a: a.half }, '{"a":"\\ud83d"}'],
  ];
  it.each(returned)("[TOOL-10] %s", async (_what, value, content) => {
    expect(await outcome(doing(() => value))).toEqual({ content, isError: false });
  });

  it.each([
    ["a bigint", 1n],
    ["a cycle", a.cycle],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
    ],
  ])("[TOOL-10] %s cannot be said, and is an error", async (_what, value) => {
    const { content, isError } = await outcome(doing(() => value));
    expect(isError).toBe(true);
    expect(content).toMatch(/^The tool returned something that is not JSON: /);
  });

  const hollow: [string, () => unknown, RegExp][] = [
    ["a Response", () => new Response("x"), /a Response\. Return its text: await response\.text\(\)\.$/],
    ["a Request", () => new Request("https://a.test"), /type Request/],
    ["headers", () => new Headers(), /type Headers/],
    ["a stream", () => new Response("x").body, /type ReadableStream/],
    ["a Blob", () => new Blob(["x"]), /type Blob/],
    ["an Error", () => new Error("It broke."), /an Error \(It broke\.\)\. Throw it instead\.$/],
    ["a Map", () => new Map([["a", 1]]), /type Map/],
    ["a Set", () => new Set([1]), /type Set/],
    ["bytes", () => new Uint8Array([1]), /type Uint8Array/],
    ["a buffer", () => new ArrayBuffer(1), /type ArrayBuffer/],
    ["a pattern", () => /a/, /type RegExp/],
    ["an iterator", () => [1].values(), /type Array Iterator/],
    ["a generator", () => (async function* () {})(), /type AsyncGenerator/],
    ["a promise inside", () => ({ a: Promise.resolve(1) }), /a Promise inside of it/],
    ["a Map inside", () => ({ a: [{ b: new Map() }] }), /type Map/],
  ];
  it.each(hollow)("[WORLD-7] %s is an error that says what to return", async (_what, value, detail) => {
    const { content, isError } = await outcome(doing(value));
    expect(isError).toBe(true);
    expect(content).toMatch(/^The tool has run, and its result is not JSON: it returned /);
    expect(content).toMatch(detail);
  });

  it.each<[string, unknown, string]>([
    ["a URL", new URL("https://a.test/"), '"https://a.test/"'],
    ["what has toJSON", { toJSON: () => ({ a: 1 }) }, '{"a":1}'],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    [
      "an object of a class",
      new (class {
        a = 1;
      })(),
      '{"a":1}',
    ],
  ])("[WORLD-7] %s is taken as it is", async (_what, value, content) => {
    expect(await outcome(doing(() => value))).toEqual({ content, isError: false });
  });

  it("[WORLD-7] a large result is not looked through", async () => {
    const rows = Array.from({ length: 200_000 }, (_, id) => ({ id }));
    expect((await outcome(doing(() => rows))).isError).toBe(false);
  });

  const thrown: [string, unknown, string][] = [
    ["an Error", new Error("It broke."), "It broke."],
    ["an Error without words", new TypeError(""), "TypeError"],
    ["text", "just text", "just text"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["an object", { code: 7 }, '{"code":7}'],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object without a prototype", Object.create(null), "{}"],
    ["a cycle", a.cycle, "The tool failed and did not say why."],
    ["half a character", new Error(`a${a.half}`), "a\ufffd"],
  ];
  it.each(thrown)("[TOOL-11] thrown: %s", async (_what, error, content) => {
    const throwing = () => {
      throw error;
    };
    expect(await outcome(doing(throwing))).toEqual({ content, isError: true });
    expect(await outcome(doing(async () => throwing()))).toEqual({ content, isError: true });
  });

  it("[TOOL-11] a tool that does not exist is answered with those that do", async () => {
    expect(
      await runTool(
        doing(() => ""),
        call("{}", "constructor"),
        toolContext(),
      ),
    ).toEqual({
      callId: "call_1",
      name: "constructor",
      content: 'There is no tool "constructor". The tools are: t.',
      isError: true,
    });
    expect((await runTool(createToolbox([]), call("{}", "x"), toolContext())).content).toBe(
      'There is no tool "x". The tools are: none.',
    );
  });

  const most = 4_000_000;
  const lengths: [string, string, string][] = [
    ["4,000,000 characters are kept", "x".repeat(most), "x".repeat(most)],
    ["one more is cut", "x".repeat(most + 1), `${"x".repeat(most)}\n[cut: 1 more characters]`],
    ["no character is halved", `${"x".repeat(most - 1)}😀yz`, `${"x".repeat(most - 1)}\n[cut: 4 more characters]`],
    [
      "a whole one at the end is kept",
      `${"x".repeat(most - 2)}😀yz`,
      `${"x".repeat(most - 2)}😀\n[cut: 2 more characters]`,
    ],
  ];
  it.each(lengths)("[TOOL-12] %s", async (_what, text, content) => {
    const told = await outcome(doing(() => text));
    // Not compared whole: nobody reads a difference of four megabytes.
    expect([told.isError, told.content.length, told.content.slice(-50)]).toEqual([
      false,
      content.length,
      content.slice(-50),
    ]);
  });

  it("[TOOL-12] of an error, 100,000 characters are kept", async () => {
    const told = await outcome(doing(() => Promise.reject(new Error("x".repeat(100_001)))));
    expect(told).toEqual({ content: `${"x".repeat(100_000)}\n[cut: 1 more characters]`, isError: true });
  });

  it("[TOOL-10] the tool gets the call's context", async () => {
    const seen: ToolContext[] = [];
    const context = toolContext({ callId: "call_9", idempotencyKey: "k" });
    await runTool(
      doing((_, given) => seen.push(given)),
      call("{}"),
      context,
    );
    expect(seen).toEqual([{ ...context, signal: expect.any(AbortSignal), step: expect.any(Object) }]);
    expect(seen[0]?.signal).not.toBe(context.signal);
  });
});

describe("a call's time", () => {
  it("[TOOL-13] a tool that never settles is timed out, and its signal aborted", async () => {
    const seen: AbortSignal[] = [];
    const hanging = doing((_, { signal }) => {
      seen.push(signal);
      return new Promise(() => {});
    }, 1);
    const content = "Timed out after 1 ms. It may have taken effect all the same.";
    expect(await outcome(hanging)).toEqual({ content, isError: true });
    expect(seen.map(({ aborted, reason }) => [aborted, reason.message])).toEqual([[true, content]]);
  });

  it("[TOOL-13] the reason of the end is told, not what the tool throws because of it", async () => {
    const obedient = doing((_, { signal }) => {
      const { promise, reject } = Promise.withResolvers();
      signal.addEventListener("abort", () => reject(new Error("aborted inside")));
      return promise;
    }, 1);
    expect((await outcome(obedient)).content).toBe("Timed out after 1 ms. It may have taken effect all the same.");
  });

  it("[TOOL-13] a tool in time is not aborted afterwards", async () => {
    const seen: AbortSignal[] = [];
    const quick = doing((_, { signal }) => {
      seen.push(signal);
      return "quick";
    }, 1);
    expect((await outcome(quick)).content).toBe("quick");
    await outcome(doing(() => new Promise(() => {}), 5));
    expect(seen.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it("[TOOL-14] a turn that is cancelled before runs nothing", async () => {
    let runs = 0;
    const counted = countedSignal();
    counted.controller.abort();
    expect(
      await outcome(
        doing(() => ++runs),
        toolContext({ signal: counted.signal }),
      ),
    ).toEqual({
      content: "Stopped before it was run.",
      isError: true,
    });
    expect([runs, counted.listeners()]).toEqual([0, 0]);
  });

  it("[TOOL-14] a turn that is cancelled meanwhile ends the call and aborts the tool's signal", async () => {
    const counted = countedSignal();
    const seen: AbortSignal[] = [];
    const started = Promise.withResolvers<void>();
    const hanging = doing((_, { signal }) => {
      seen.push(signal);
      started.resolve();
      return new Promise(() => {});
    });
    const running = outcome(hanging, toolContext({ signal: counted.signal }));
    await started.promise;
    expect(counted.listeners()).toBe(1);
    counted.controller.abort();
    expect(await running).toEqual({
      content: "Stopped while it was running. It may have taken effect all the same.",
      isError: true,
    });
    expect([seen[0]?.aborted, counted.listeners()]).toEqual([true, 0]);
  });

  it.each<[string, () => unknown]>([
    ["returns", () => "a"],
    [
      "throws",
      () => {
        throw new Error("b");
      },
    ],
    ["rejects", () => Promise.reject(new Error("c"))],
    ["hangs", () => new Promise(() => {})],
  ])("[TOOL-14] nothing listens to the turn's signal after a tool that %s", async (_does, run) => {
    const counted = countedSignal();
    await outcome(doing(run, 1), toolContext({ signal: counted.signal }));
    expect(counted.listeners()).toBe(0);
  });

  it("[TOOL-13] a tool that fails after its time is over troubles nobody", async () => {
    const late = Promise.withResolvers<never>();
    expect((await outcome(doing(() => late.promise, 1))).isError).toBe(true);
    late.reject(new Error("too late"));
    await expect(late.promise).rejects.toThrow("too late");
  });
});
