import { describe, expect, it } from "vitest";
import { prepareTool, type RemoteCall, remoteTool, toolNames } from "../../src/tools/mcp/remote-tool.ts";
import { resultText } from "../../src/tools/mcp/result-text.ts";
import { type McpServerRules, serverFault } from "../../src/tools/mcp/server-rules.ts";
import { keptToolList } from "../../src/tools/mcp/tool-list.ts";
import { runTool } from "../../src/tools/run-tool.ts";
import type { JsonSchema } from "../../src/tools/strict-schema.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { toolsRefusal } from "../support/strict-check.ts";
import { toolContext } from "../support/tool-context.ts";

const names = (server: string, tools: string[]) => [...toolNames(server, tools).values()];
const prepared = (inputSchema: JsonSchema) => prepareTool({ name: "t", description: "Tests.", inputSchema }, "s__t");

describe("names of remote tools", () => {
  it("[MCP-1] say which server they are of, in letters that providers take", () => {
    expect(names("docs", ["search", "read.page", "größe/x", "a b"])).toEqual([
      "docs__search",
      "docs__read_page",
      "docs__gr__e_x",
      "docs__a_b",
    ]);
  });

  it("[MCP-1] are never equal, and the same each time", () => {
    const tools = ["a.b", "a/b", "a_b", "x".repeat(80), `${"x".repeat(80)}y`];
    const given = names("s", tools);
    expect(new Set(given).size).toBe(tools.length);
    expect(given[2]).toBe("s__a_b");
    for (const name of given) expect(name).toMatch(/^s__[A-Za-z0-9_-]{1,61}$/);
    expect(names("s", tools.toReversed())).toEqual(given.toReversed());
  });
});

const node = { type: "object", properties: { next: { $ref: "#/$defs/node" } } };

const clean: [string, JsonSchema, JsonSchema][] = [
  [
    "an optional field",
    { type: "object", properties: { a: { type: "string", minLength: 2 }, b: { type: "integer" } }, required: ["a"] },
    {
      a: { description: "At least 2 characters.", type: "string" },
      b: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
  ],
  [
    "several types, and a choice with null",
    {
      type: "object",
      properties: { a: { type: ["string", "null"], description: "A." }, b: { enum: ["x", null] }, c: { const: 3 } },
      required: ["a", "b", "c"],
    },
    {
      a: { description: "A.", anyOf: [{ type: "string" }, { type: "null" }] },
      b: { anyOf: [{ type: "string", enum: ["x"] }, { type: "null" }] },
      c: { type: "number", enum: [3] },
    },
  ],
  [
    "references, as pydantic writes them",
    {
      type: "object",
      $defs: { Unit: { type: "string", enum: ["c", "f"], title: "Unit" } },
      properties: { unit: { allOf: [{ $ref: "#/$defs/Unit" }], description: "Which.", default: "c" } },
      required: ["unit"],
    },
    { unit: { description: 'Which. Default: "c".', type: "string", enum: ["c", "f"] } },
  ],
  [
    "keywords of other drafts and makes, and patterns that not every engine has",
    {
      $schema: "http://json-schema.org/draft-04/schema#",
      type: "object",
      properties: {
        n: { type: "number", minimum: 1, exclusiveMinimum: true },
        o: { type: "string", nullable: true },
        p: { type: "string", pattern: "^(?=x)" },
        l: { items: { type: "string" } },
      },
      required: ["n", "o", "p", "l"],
    },
    {
      n: { type: "number", minimum: 1 },
      o: { anyOf: [{ type: "string" }, { type: "null" }] },
      p: { description: "Pattern: ^(?=x)", type: "string" },
      l: { type: "array", items: { type: "string" } },
    },
  ],
];

const dirty: [string, JsonSchema][] = [
  ["a map", { type: "object", properties: { m: { type: "object", additionalProperties: { type: "string" } } } }],
  ["anything", { type: "object", properties: { a: {} } }],
  ["itself", { type: "object", $defs: { node }, properties: { tree: { $ref: "#/$defs/node" } } }],
  ["a list of what is not said", { type: "object", properties: { a: { type: "array" } } }],
  ["an intersection", { type: "object", properties: { a: { allOf: [{ type: "object" }, { type: "object" }] } } }],
  ["a reference to nowhere", { type: "object", properties: { a: { $ref: "https://example.com/a.json" } } }],
  ["an object without properties", { type: "object", properties: { a: { type: "object" } } }],
  ["choices beside a choice", { anyOf: [{ required: ["a"] }], type: "object", properties: { a: { type: "string" } } }],
  ["what is no schema", { type: "object", properties: { a: { type: 7 } } }],
];

describe("schemas of remote tools", () => {
  it.each(clean)("[MCP-2] are made strict: %s", (_what, schema, properties) => {
    const { declaration, dirty } = prepared(schema);
    expect([dirty, declaration.strict]).toEqual([undefined, undefined]);
    expect(declaration.parameters).toMatchObject({ properties, required: Object.keys(properties) });
    expect(toolsRefusal([{ type: "function", function: { ...declaration, strict: true } }])).toBeUndefined();
  });

  it("[MCP-2] say so where there are no arguments", () => {
    for (const schema of [{ type: "object" }, { type: "object", properties: {} }, {}])
      expect(prepared(schema).declaration.parameters).toMatchObject({ required: ["proceed"] });
  });

  it.each(dirty)("[MCP-2] that hold %s are sent as they are", (_what, schema) => {
    const { declaration, dirty } = prepared(schema);
    expect(declaration).toMatchObject({ strict: false, parameters: { ...schema, type: "object" } });
    expect(dirty).toMatch(/^Tool "s__t": the schema at /);
  });

  it("[MCP-2] that double with each reference do no harm", () => {
    const $defs: Record<string, JsonSchema> = { d30: { type: "string", description: "x".repeat(500) } };
    for (let n = 0; n < 30; n++) {
      const $ref = `#/$defs/d${n + 1}`;
      $defs[`d${n}`] = { type: "object", properties: { a: { $ref }, b: { $ref } }, required: ["a", "b"] };
    }
    expect(prepared({ type: "object", $defs, properties: { a: { $ref: "#/$defs/d0" } } }).declaration.strict).toBe(
      false,
    );
    const short = prepared({ type: "object", $defs, properties: { a: { $ref: "#/$defs/d23" } } });
    expect(short.dirty).toContain("too long once its references are put in their place");
  });

  it("[MCP-2] that are nested without end do no harm", () => {
    let schema: JsonSchema = { type: "string" };
    for (let depth = 0; depth < 1_000; depth++) schema = { type: "object", properties: { a: schema } };
    expect(prepared(schema).declaration.strict).toBe(false);
  });
});

const input = {
  type: "object",
  properties: {
    city: { type: "string", minLength: 2 },
    days: { type: "integer", maximum: 10 },
    note: { type: ["string", "null"] },
  },
  required: ["city"],
};

/** Runs the tool with these arguments; `sent` is what would have been sent. */
async function run(raw: string, { rules = {}, schema = input as JsonSchema, answer = {} as object } = {}) {
  const sent: unknown[] = [];
  const call: RemoteCall = async (args) => {
    sent.push(args);
    return { content: [], ...answer };
  };
  const tool = remoteTool(prepared(schema), { url: "https://mcp.example.com", ...rules } as McpServerRules, call);
  const result = await runTool(createToolbox([tool]), { id: "c", name: "s__t", arguments: raw }, toolContext());
  return { sent, tool, ...result };
}

describe("arguments of remote tools", () => {
  it("[MCP-3] are sent without the nulls that stand for nothing, and with those that mean null", async () => {
    expect((await run('{"city":"Rome","days":null,"note":null}')).sent).toEqual([{ city: "Rome", note: null }]);
    expect((await run('{"proceed":"yes"}', { schema: { type: "object" } })).sent).toEqual([{}]);
  });

  it("[MCP-3] are not sent when the server's own schema refuses them, and the model is told why", async () => {
    for (const raw of ['{"city":"R"}', '{"days":3}', '{"city":"Rome","days":11}', "[]", '{"city":']) {
      const { sent, isError, content } = await run(raw);
      expect([sent, isError]).toEqual([[], true]);
      expect(content).toMatch(/^The tool was not called, because its arguments are wrong\.\n./);
    }
    expect((await run('{"city":"Rome","days":11}')).content).toContain("#/days");
  });

  it("[MCP-3] that nobody here can check are left to the server", async () => {
    const schema = { type: "object", properties: { a: { $ref: "#/nowhere" }, b: { type: "string", pattern: "(" } } };
    expect((await run('{"a":1,"b":"x"}', { schema })).sent).toEqual([{ a: 1, b: "x" }]);
  });

  it("[MCP-3] are not mended for a tool that may do harm", async () => {
    expect((await run('{city:"Rome"}')).sent).toEqual([]);
    expect((await run('{city:"Rome"}', { rules: { effect: "none" } })).sent).toEqual([{ city: "Rome" }]);
  });
});

describe("results of remote tools", () => {
  const results: [string, Parameters<typeof resultText>[0], string][] = [
    [
      "texts",
      {
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      "a\nb",
    ],
    ["text before structure", { content: [{ type: "text", text: "a" }], structuredContent: { n: 1 } }, "a"],
    ["structure alone", { content: [], structuredContent: { n: 1 } }, '{"n":1}'],
    [
      "an image",
      { content: [{ type: "image", data: "AAAA", mimeType: "image/png" }] },
      "[image, image/png, not shown]",
    ],
    [
      "resources",
      {
        content: [
          { type: "resource_link", uri: "file:///a", name: "A" },
          { type: "resource", resource: { uri: "file:///b", mimeType: "text/plain", text: "inside" } },
          { type: "resource", resource: { uri: "file:///c", blob: "AAAA" } },
        ],
      },
      "[resource file:///a, A]\n[resource file:///b, text/plain]\ninside\n[resource file:///c, not shown]",
    ],
    ["what is new to us", { content: [{ type: "hologram" }] }, "[hologram, not shown]"],
    ["nothing", { content: [] }, "(no output)"],
  ];
  it.each(results)("[MCP-4] are told as text: %s", (_what, result, text) => {
    expect(resultText(result)).toBe(text);
  });

  it("[MCP-4] that are errors are error results", async () => {
    const answer = { isError: true, content: [{ type: "text", text: "no such city" }] };
    expect(await run('{"city":"Rome"}', { answer })).toMatchObject({ isError: true, content: "no such city" });
    expect(await run('{"city":"Rome"}')).toMatchObject({ isError: false, content: "(no output)" });
  });
});

describe("what the app says about a server", () => {
  it("[MCP-8] decides about harm and approval; unsafe and unasked when it says nothing", async () => {
    const { tool } = await run("{}");
    expect([tool.effect, tool.timeoutMs, tool.needsApproval('{"city":"Rome"}')]).toEqual(["unsafe", 30_000, false]);
    const strict = (await run("{}", { rules: { effect: "keyed", approval: "always", timeoutMs: 5 } })).tool;
    expect([strict.effect, strict.timeoutMs, strict.needsApproval('{"city":"Rome"}')]).toEqual(["keyed", 5, true]);
    expect(strict.needsApproval('{"city":1}')).toBe(false);
  });

  it("[MCP-9] leads to public names by https only, and on a developer's machine to loopback", () => {
    const fault = (url: string, isDev = false, name = "docs") => serverFault({ name, url }, isDev);
    for (const url of ["https://mcp.example.com/mcp", "https://mcp.example.com:8443/mcp?key=1"])
      expect([fault(url), fault(url, true)]).toEqual([undefined, undefined]);
    for (const url of ["http://127.0.0.1:3000/mcp", "http://localhost/mcp", "https://[::1]/mcp"])
      expect([fault(url), fault(url, true)]).toEqual([expect.stringContaining("is not asked"), undefined]);
    for (const url of [
      "http://mcp.example.com",
      "https://10.0.0.1/mcp",
      "https://db.internal/",
      "https://a:b@mcp.example.com/",
    ])
      expect(fault(url, true)).toContain("is not asked");
    expect(fault("mcp")).toContain("must be a URL");
    for (const name of ["a__b", "_a", "a.b", "a".repeat(33), ""])
      expect(fault("https://mcp.example.com", false, name)).toContain("its name must be");
  });

  it("[MCP-6] a list out of KV is one of ours, or none", () => {
    const list = [{ name: "a", description: "", inputSchema: { type: "object" } }];
    expect(keptToolList(structuredClone(list))).toEqual(list);
    for (const other of [undefined, {}, [{ name: 1 }], "x"]) expect(keptToolList(other)).toBeUndefined();
  });
});
