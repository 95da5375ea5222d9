import { afterEach, describe, expect, it, vi } from "vitest";
import { htmlToText } from "../../src/tools/html-to-text.ts";
import { McpConnection } from "../../src/tools/mcp/connection.ts";
import { prepareTool, remoteTool } from "../../src/tools/mcp/remote-tool.ts";
import { parseArguments } from "../../src/tools/parse-arguments.ts";
import { sendRequest } from "../../src/tools/send-request.ts";
import type { JsonSchema } from "../../src/tools/strict-schema.ts";
import { createMcpServer } from "../support/mcp-server.ts";
import { toolsRefusal } from "../support/strict-check.ts";
import { toolContext } from "../support/tool-context.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const schemaOf = (property: JsonSchema, more: JsonSchema = {}) => ({
  type: "object",
  properties: { a: property },
  ...more,
});
const prepared = (inputSchema: JsonSchema) => prepareTool({ name: "t", description: "Tests.", inputSchema }, "s__t");
const server = { name: "test", url: "https://mcp.example.com/mcp", bearer: "mcp-bearer/1+2" };

describe("schemas of remote tools", () => {
  it.each<[string, JsonSchema]>([
    ["a boolean of texts", schemaOf({ type: "boolean", enum: ["True"] })],
    ["a number of texts", schemaOf({ type: "number", enum: ["1", "2"] })],
    ["an integer of fractions", schemaOf({ type: "integer", enum: [1.5] })],
    ["a text of numbers", schemaOf({ type: "string", enum: ["a", 1] })],
    ["a text that is a number", schemaOf({ type: "string", const: 5 })],
    ["a text of nothing", schemaOf({ type: "string", enum: [] })],
    ["a number with a text as default", schemaOf({ type: "number", default: "5" })],
    ["an enum of objects", schemaOf({ type: "object", properties: { b: { type: "string" } }, enum: [{ b: "c" }] })],
    ["an enum of lists", schemaOf({ type: "array", items: { type: "string" }, enum: [["a"]] })],
    ["a type list whose choices fit one of them only", schemaOf({ type: ["boolean", "integer"], enum: ["True"] })],
    ["a required property that is not there", schemaOf({ type: "string" }, { required: ["a", "b"] })],
    [
      "one that is not there, inside",
      schemaOf({ type: "object", properties: { b: { type: "string" } }, required: ["c"] }),
    ],
    ["alternatives of another type", schemaOf({ type: "boolean", anyOf: [{ type: "string" }, { type: "null" }] })],
  ])("[BOUND-10] %s is not sent as strict", (_, schema) => {
    expect(prepared(schema)).toMatchObject({ declaration: { strict: false }, dirty: expect.any(String) });
  });

  it.each<[string, JsonSchema]>([
    ["choices of the type", schemaOf({ type: "string", enum: ["a", "b"], default: "a" })],
    ["choices of two types", schemaOf({ type: ["string", "null"], enum: ["a", null], default: null })],
    ["a default of one of two types", schemaOf({ type: ["string", "integer"], default: 5 })],
    ["null as the default of a text", schemaOf({ type: "string", default: null })],
    ["whole numbers", schemaOf({ type: "integer", enum: [1, 2] }, { required: ["a"] })],
  ])("[BOUND-10] %s still are strict", (_, schema) => {
    const { declaration } = prepared(schema);
    expect(declaration.strict).toBeUndefined();
    expect(toolsRefusal([{ type: "function", function: { strict: true, ...declaration } }] as never)).toBeUndefined();
  });

  const doubling = Object.fromEntries(
    Array.from({ length: 23 }, (_, n) => [
      `a${n}`,
      n === 0 ? {} : { allOf: [1, 2].map(() => ({ $ref: `#/$defs/a${n - 1}` })) },
    ]),
  );

  it.each<[string, JsonSchema, RegExp]>([
    ["that doubles", { ...schemaOf({ $ref: "#/$defs/a22" }), $defs: doubling }, /more than 2000 schemas/],
    ["with a pattern that blows up", schemaOf({ type: "string", pattern: "^(a+)+$" }), /properties\.a\.pattern/],
    ["in a circle", { ...schemaOf({ type: "string" }), allOf: [{ $ref: "#" }] }, /refers to itself/],
  ])("[BOUND-11] one %s leaves the tool usable: arguments are not checked here, with a warning", (_, schema, why) => {
    const tool = prepared(schema);
    expect(tool.unchecked).toMatch(why);
    const { parse } = remoteTool(tool, { url: server.url }, async () => ({ content: [] }));
    expect(parse(`{"a":"${"a".repeat(50)}!"}`)).toMatchObject({ ok: true });
  });

  it("[BOUND-11] arguments that would take too long are wrong, in words", () => {
    const tool = remoteTool(prepared(schemaOf({ type: "string", pattern: "\\s+$" })), server, async () => ({
      content: [],
    }));
    expect(tool.parse(JSON.stringify({ a: `${" ".repeat(100_000)}x` }))).toMatchObject({
      ok: false,
      detail: /to be checked/,
    });
  });
});

describe("broken arguments", () => {
  const rules = {
    schema: schemaOf({ type: "string" }),
    check: (input: object) => ({ ok: true as const, input }),
    mayMend: true,
  };

  it.each([
    ["short ones are repaired", "{a: 'b'}", true],
    ["just within 4 kB", `{a: '${"b".repeat(4_000)}'}`, true],
    ["longer than 4 kB", `{a: '${"b".repeat(5_000)}'}`, false],
    ["of too many quotes", `{"a": "${'"b\n'.repeat(500)}"}`, false],
    ["of quoted words", `{${'a "b" c '.repeat(3_000)}}`, false],
  ])("[BOUND-12] %s", (_, raw, ok) => {
    expect(parseArguments(raw, rules)).toMatchObject(ok ? { ok } : { ok, detail: /not valid JSON/ });
  });

  it("[BOUND-12] more than 200,000 values are too many", () => {
    const list = (length: number) => JSON.stringify({ list: Array.from({ length }, () => 0) });
    expect(parseArguments(list(190_000), rules).ok).toBe(true);
    expect(parseArguments(list(210_000), rules)).toMatchObject({ ok: false, detail: /200000 values/ });
  });
});

describe("pages", () => {
  it.each([
    ["rows without ends", "<table><tr><td>a<td>b<tr><td>c<td>d", "a b\nc d"],
    ["a table in a table", "<table><tr><td>a<table><tr><td>b</table>c</table>d", "a\n\nb\n\nc\n\nd"],
    ["comparisons", "<p>a < b and c<d", "a < b and c"],
    ["a tag that is cut off", "text<title ", "text"],
    ["an unclosed quote", 'text<p a="b>more', "text"],
    ["a > in a value", "<p title='a > b'>text", "text"],
    ["a quote that is no value", '<p " class=x>text</p>', "text"],
    ["an unclosed comment", "text<!-- more", "text"],
    ["short comments", "a<!-->b<!--->c<!-- > -->d", "abcd"],
    ["a declaration", "<?xml version='1.0'?><!doctype html>text", "text"],
    ["an end tag without a name", "a</>b</3 c>d", "abd"],
    ["tags in a title", "<title>a <b> c</title>d", "a <b> c\nd"],
    ["an end tag in a script", "<script>'</p></scripts>'</script >text", "text"],
    ["end tags of nothing", "</div></p>text</span>", "text"],
    ["hidden by a value without quotes", "<div hidden=x>no</div><span STYLE=display:none>no</span>yes", "yes"],
    ["hidden by the first of two values", "<div style='color:red' style='display:none'>yes</div>", "yes"],
    ["a foreign element that closes itself", "<svg><path/><g/></svg>text", "text"],
    ["a <div/> that does not", "<div hidden/>no</div>yes", "yes"],
  ])("[BOUND-13] %s", (_, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it("[BOUND-13] a megabyte of one kind gives its text", () => {
    expect(htmlToText('"‹"'.repeat(250_000))).toHaveLength(750_000);
    expect(htmlToText(`a${"<br>".repeat(250_000)}b`)).toBe("a\n\nb");
    expect(htmlToText(`${"<div>".repeat(100_000)}deep${"</div>".repeat(100_000)}`)).toBe("deep");
  });
});

describe("answers of servers", () => {
  it("[BOUND-6] send_request reads 20,000 bytes, cancels the rest, and says so", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>(
      { pull: (to) => to.enqueue(new Uint8Array(10_000).fill(0x61 + (pulled++ % 2))) },
      { highWaterMark: 0 },
    );
    const context = toolContext({ fetch: (async () => new Response(endless)) as never });
    const said = await sendRequest.run({ method: "POST", url: "https://a.example.com/" }, context);
    expect(said).toMatch(/\[cut: only the first 20000 bytes were read\]$/);
    expect(pulled).toBeLessThanOrEqual(4);
  });

  it.each([
    ["as it is", (key: string) => `Bearer ${key}`],
    ["URL-encoded", (key: string) => encodeURIComponent(key)],
    ["in base64", (key: string) => btoa(`u:${key}`)],
    ["as a header of its own", () => "Authorization: Bearer another-key-2"],
  ])("[BOUND-14] an MCP server's error that repeats the key %s does not bring it to the model", async (_, form) => {
    const page = `Internal error. Request: ${form(server.bearer)}`;
    const remote = createMcpServer([{ name: "f", inputSchema: { type: "object" } }], { bearer: server.bearer });
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) =>
      /tools\/(?:call|list)/.test(String(init?.body)) ? new Response(page, { status: 500 }) : remote.fetch(input, init),
    );
    const connection = new McpConnection(server);
    const { signal } = new AbortController();
    const failed = connection.call("f", {}, { idempotencyKey: "k", signal });
    const { message } = (await failed.catch((error: unknown) => error)) as Error;
    expect(message).toContain("Internal error");
    expect(message).toContain("[secret]");
    for (const secret of [server.bearer, form(server.bearer), "another-key-2"]) expect(message).not.toContain(secret);
    await expect(connection.listTools(signal)).rejects.toThrow("[secret]");
  });

  it("[BOUND-14] nor does a tool's result, nor the answer to a request that was refused", async () => {
    const result = (isError: boolean) => ({ isError, content: [{ type: "text", text: `key: ${server.bearer}` }] });
    for (const isError of [false, true]) {
      const tool = remoteTool(prepared(schemaOf({ type: "string" })), server, async () => result(isError));
      const said = await Promise.resolve(tool.run({}, toolContext({}))).catch((error: Error) => error.message);
      expect(said).toBe("key: [secret]");
    }
    const context = toolContext({
      fetch: (async () => new Response("authorization: Bearer abcdefgh", { status: 403 })) as never,
    });
    const sent = sendRequest.run({ method: "POST", url: "https://a.example.com/" }, context);
    await expect(sent).rejects.toThrow("authorization: Bearer [secret]");
  });
});
