import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { client } from "../../../src/client.ts";
import { operationsOf } from "../../../src/doors/openapi/document.ts";
import { router } from "../../../src/longline.ts";
import { app, doors } from "../../app/app.ts";
import { text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const operations = operationsOf(app, Object.assign({}, ...(await Promise.all(doors.map((door) => door.operations())))));
const read = async () => (await (await worker.fetch("https://longline.test/openapi.json")).json()) as Json;

describe("the OpenAPI document", () => {
  it("[OPENAPI-1] has every route of the app, and no other", () => {
    const routes = router(app, doors)
      .routes.filter(({ method, path }) => method !== "ALL" && !path.includes("*"))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}").replace(/(.)\/$/, "$1")}`);
    expect([...new Set(routes)].toSorted()).toEqual(Object.keys(operations).toSorted());
  });

  it("[OPENAPI-2] is open, says where it was reached, and describes what validates", async () => {
    const document = await read();
    expect(document).toMatchObject({ openapi: "3.1.0", servers: [{ url: "https://longline.test" }] });
    const { requestBody, parameters, responses } = document.paths["/v1/sessions/{id}/messages"].post;
    const { properties, required, additionalProperties } = requestBody.content["application/json"].schema;
    expect([required, additionalProperties]).toEqual([["content"], false]);
    expect(properties.content).toEqual({ type: "string", minLength: 1 });
    expect(parameters.map(({ name, in: at }: Json) => [at, name])).toEqual(
      expect.arrayContaining([
        ["path", "id"],
        ["query", "on_busy"],
        ["header", "Idempotency-Key"],
      ]),
    );
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(["200", "202", "400", "401", "429"]));
    expect(document.paths["/health"].get.security).toEqual([]);
    expect(document.paths["/v1/admin/accounts"].post.security).toEqual([{ admin: [] }]);
  });

  /** A number, one of some words, or a text of some form. */
  const refusesNone = ({ type, enum: words, const: only, pattern }: Json) =>
    type === "integer" ||
    words !== undefined ||
    only !== undefined ||
    (pattern !== undefined && !RegExp(pattern).test("none"));

  it("[OPENAPI-2] [NATIVE-31] every query and body that it says is wrong is refused, and its field named", async () => {
    const { paths } = await read();
    const headers = { Authorization: "Bearer test-admin-key-16", "Content-Type": "application/json" };
    await worker.fetch("https://longline.test/v1/admin/accounts", { method: "POST", headers, body: '{"id":"x"}' });
    let tried = 0;
    for (const [path, methods] of Object.entries<Json>(paths)) {
      for (const [method, { parameters = [], security }] of Object.entries<Json>(methods)) {
        const checked = parameters.filter(({ in: at, schema }: Json) => at === "query" && refusesNone(schema));
        for (const { name } of checked) {
          const url = `https://longline.test${path.replace(/\{\w+\}/g, "x")}?${name}=none`;
          const headers = { Authorization: `Bearer ${security?.[0]?.admin ? "test-admin-key-16" : "test-key"}` };
          const refused = await worker.fetch(url, { method: method.toUpperCase(), headers });
          const { detail, error } = (await refused.json()) as Json;
          expect([path, refused.status, detail ?? error.message]).toEqual([
            path,
            400,
            expect.stringContaining(`${name}: `),
          ]);
          tried++;
        }
      }
    }
    expect(tried).toBeGreaterThan(20);
  });

  it("[HTTP-8] a body that may be absent by the document may be absent, with its type; one that may not is required", async () => {
    const { paths } = await read();
    const absent: string[] = [];
    for (const [path, methods] of Object.entries<Json>(paths)) {
      for (const [method, { requestBody, security }] of Object.entries<Json>(methods)) {
        if (requestBody === undefined || requestBody.required) continue;
        const url = `https://longline.test${path.replace(/\{\w+\}/g, "assistant")}`;
        const headers = { Authorization: `Bearer ${security?.[0]?.admin ? "test-admin-key-16" : "test-key"}` };
        const answer = await worker.fetch(url, { method: method.toUpperCase(), headers });
        expect([path, answer.status, await answer.text()]).toEqual([
          path,
          expect.not.toBeOneOf([415, 500]),
          expect.not.stringContaining("body is empty"),
        ]);
        absent.push(`${method} ${path}`);
      }
    }
    expect(absent).toEqual(
      expect.arrayContaining(["post /v1/sessions", "post /v1/sessions/{id}/fork", "post /v1/conversations"]),
    );
    expect(absent).not.toContain("post /v1/sessions/{id}/messages");
    expect(absent).not.toContain("post /mcp");
    expect(paths["/v1/sessions/{id}/messages"].post.requestBody.required).toBe(true);
  });
});

describe("names for generators of clients", () => {
  it("[OPENAPI-5] each call has an operationId of its own, and no schema is named like a global", async () => {
    const { paths, components } = await read();
    const ids = Object.values<Json>(paths).flatMap((methods) =>
      Object.values<Json>(methods).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(Object.keys(operations).length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const schemas = Object.keys(components.schemas);
    expect(schemas).toContain("ResponseObject");
    expect(schemas.filter((name) => name in globalThis)).toEqual([]);
  });
});

describe("the typed client", () => {
  const longline = client({
    url: "https://longline.test/",
    key: "test-key",
    fetch: (input: RequestInfo | URL, init?: RequestInit) => worker.fetch(input as string, init),
  });

  it("[OPENAPI-3] knows the calls, their bodies and their answers", async () => {
    provider.enqueue(text("Hi."), text("Again."));
    const made = await longline.sessions.create({ title: "First" });
    expectTypeOf(made.title).toEqualTypeOf<string | null>();
    const turn = await longline.send(made.id, { content: "Hi", speaker: "Ann" });
    expectTypeOf(turn.message?.content).toEqualTypeOf<string | undefined>();
    expect(turn).toMatchObject({ status: "completed", message: { content: "Hi." } });
    const { entries, last_seq } = await longline.sessions.entries(made.id, { limit: 2 });
    expectTypeOf(last_seq).toEqualTypeOf<number>();
    expect(entries).toHaveLength(2);
    const { sessions } = await longline.sessions.list({ limit: 1 });
    expect(sessions[0]?.id).toBe(made.id);
    // @ts-expect-error: a message has content
    await expect(longline.send(made.id, { text: "Hi" })).rejects.toMatchObject({ status: 400, field: "content" });
  });

  it("[OPENAPI-9] streams a turn's events by name, and goes on after a broken connection without a second turn", async () => {
    provider.enqueue(text("One two three."));
    const id = crypto.randomUUID();
    let asked = 0;
    const cutting: typeof fetch = async (input, init) => {
      const answer = await worker.fetch(input as string, init);
      if (++asked > 1 || answer.body === null) return answer;
      // The first connection breaks after its first read.
      const reader = answer.body.getReader();
      const { value } = await reader.read();
      void reader.cancel();
      let isSent = false;
      const body = new ReadableStream({
        pull(controller) {
          if (isSent) return controller.error(new TypeError("connection lost"));
          isSent = true;
          controller.enqueue(value);
        },
      });
      return new Response(body, answer);
    };
    let said = "";
    const types: string[] = [];
    for await (const event of client({ url: "https://longline.test", key: "test-key", fetch: cutting }).stream(id, {
      content: "Count.",
    })) {
      types.push(event.type);
      if (event.type === "text.delta") said += event.text;
    }
    expect([said, types.at(-1), asked > 1]).toEqual(["One two three.", "turn.ended", true]);
    expect(types.filter((type) => type === "turn.started")).toHaveLength(1);
    const { entries } = await longline.sessions.entries(id);
    expect(entries.filter(({ type }) => type === "user")).toHaveLength(1);
  });

  it("[OPENAPI-9] a refusal is an error with its code and field", async () => {
    const missing = await longline.sessions.get("nowhere").catch((error: unknown) => error);
    expect(missing).toMatchObject({ name: "LonglineError", status: 404, code: "not_found" });
    const closed = client({ url: "https://longline.test", key: "wrong-key", fetch: worker.fetch.bind(worker) });
    await expect(closed.sessions.list()).rejects.toMatchObject({ status: 401 });
  });
});
