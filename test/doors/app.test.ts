import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { accountObject } from "../../src/account/account-object.ts";
import { unwrap } from "../../src/account/outcome.ts";
import { makeApp, partOfSetting } from "../../src/agent/app.ts";
import { discordSettings } from "../../src/channels/discord/discord-channel.ts";
import { slackSettings } from "../../src/channels/slack/slack-channel.ts";
import { webhookSettings } from "../../src/channels/webhook.ts";
import { alerts } from "../../src/doors/alerts.ts";
import { callbacks } from "../../src/doors/channels/callbacks.ts";
import { mcpSettings } from "../../src/doors/mcp-servers.ts";
import { otel, otelSettings } from "../../src/doors/otel.ts";
import { accepted } from "../../src/doors/refusal-words.ts";
import { traces } from "../../src/doors/traces.ts";
import type { Bindings } from "../../src/env.ts";
import {
  admin,
  aiSdk,
  copies,
  defineAgent,
  defineChannel,
  defineDoor,
  demoModel,
  discord,
  type LonglineConfig,
  longline,
  mcpServers,
  openai,
  openapi,
  prefixes,
  slack,
} from "../../src/index.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import { turnModels } from "../../src/session/turn/turn-model.ts";
import { agent } from "../app/agent.ts";
import { toys } from "../app/pool.ts";
import { pager, pages } from "../app/toy-channel.ts";
import { lines } from "../app/toy-door.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let warnings: string[];
beforeEach(() => {
  provider = startProvider();
  warnings = [];
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation((...words) => void warnings.push(words.join(" ")));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const agents = { a: defineAgent({ instructions: "Be brief." }) };
const start = (more: Partial<LonglineConfig> = {}) => longline({ agents, ...more });
/** An app over other settings than those of the tests. */
const made = (given: Record<string, string>, { doors = [], channels = [], ...more }: Partial<LonglineConfig> = {}) =>
  makeApp({ agents, ...more }, { doors, channels }, given as unknown as Bindings);

const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
/** To an app, whose sessions are those of the binding. */
async function ask(app: { fetch: typeof toys.fetch }, path: string, init: RequestInit = {}) {
  const toySessions = (env as unknown as { TOY_SESSIONS: DurableObjectNamespace }).TOY_SESSIONS;
  return app.fetch(new Request(`https://longline.test${path}`, init), { ...env, SESSIONS: toySessions }, context);
}
const key = { Authorization: "Bearer test-key" };

describe("an app without a door for JSON schemas", () => {
  const say = (session: string, body: object) =>
    ask(toys, `/v1/sessions/${session}/messages`, {
      method: "POST",
      headers: { ...key, "Content-Type": "application/json" },
      body: JSON.stringify({ content: "Hi", ...body }),
    });
  const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };

  it.each([
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools"],
    [{ tools: {} }, "tools"],
    [{ tools: [null] }, "tools"],
    [{ response_format: { type: "json_object" } }, "response_format"],
    [{ response_format: [] }, "response_format"],
    [{ response_format: { type: "json_schema", json_schema: { schema } } }, "response_format"],
  ])("[APP-9] refuses %j by name, and says what to list", async (body, field) => {
    const id = crypto.randomUUID();
    const refused = await say(id, body);
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { field, detail: expect.stringContaining("Add jsonSchemas() to its doors.") },
    ]);
    expect((await ask(toys, `/v1/sessions/${id}`, { headers: key })).status).toBe(404);
    provider.enqueue(text("Hello."));
    expect(await (await say(id, {})).json()).toMatchObject({ message: { content: "Hello." } });
  });

  it.each([
    { tools: null },
    { tools: [] },
    { response_format: null },
    { response_format: { type: "text" }, tools: null },
  ])("[APP-9] takes %j, which asks for none", async (body) => {
    provider.enqueue(text("Hello."));
    expect(await (await say(crypto.randomUUID(), body)).json()).toMatchObject({ message: { content: "Hello." } });
  });

  it("[APP-9] goes on with what a session has from an earlier deployment", async () => {
    const name = crypto.randomUUID();
    const { TOY_SESSIONS } = env as unknown as { TOY_SESSIONS: DurableObjectNamespace };
    const address = { account: "default", name };
    const stub = sessionObject({ ...bindings, SESSIONS: TOY_SESSIONS } as Bindings, address);
    const tools = [{ name: "f", description: "F.", parameters: schema, strict: true }];
    const options = { tools, responseFormat: { type: "json_schema" as const, schema } };
    provider.enqueue(text('{"b":1}'));
    const { turn } = accepted(await stub.submit(address, { messages: [{ content: "Hi", options }], create: {} }));
    expect(unwrap(await stub.wait(turn, 20_000))).toMatchObject({ status: "ended", ended: { reason: "completed" } });
    const [{ body } = { body: {} }] = provider.requests as { body: { tools?: object[] } }[];
    expect(body.tools).toMatchObject([{ function: { name: "f", parameters: schema } }]);
    expect(JSON.stringify(body.tools)).not.toContain('"strict":true');
  });
});

describe("a channel that is not of the library", () => {
  const page = (body: object, pagerKey = "pager-key-1") =>
    ask(toys, "/channels/pager", { method: "POST", headers: { "X-Pager-Key": pagerKey }, body: JSON.stringify(body) });

  it("[APP-1] takes a message in, and shows its answer", async () => {
    const from = crypto.randomUUID();
    provider.enqueue(text("It is noon."));
    const taken = await page({ from, id: `${from}-1`, text: "What time is it?" });
    expect([taken.status, await taken.json()]).toMatchObject([200, { session: `pager_${from}`, turn: "turn_1" }]);
    await vi.waitFor(() =>
      expect(pages.filter(({ to }) => to === from)).toEqual([
        { to: from, key: "pager-key-1", text: "Hello: It is noon." },
      ]),
    );
    const again = await page({ from, id: `${from}-1`, text: "What time is it?" });
    expect(await again.json()).toMatchObject({ turn: "turn_1", repeated: true });
    expect((await page({ from, id: "x", text: "Hi" }, "another-key")).status).toBe(401);
    expect(provider.requests).toHaveLength(1);
  });

  it("[APP-1] has its pages, is in the OpenAPI document, and is refused by what it needs while it is not configured", async () => {
    expect(await (await ask(toys, "/channels/pager/about")).text()).toBe("A pager that says Hello.");
    const described = start({ channels: [pager()], doors: [openapi()] });
    const { paths } = (await (await ask(described, "/openapi.json")).json()) as { paths: Record<string, object> };
    expect([paths["/channels/pager"], paths["/channels/pager/about"], paths["/channels/slack"]]).toMatchObject([
      { post: { operationId: "postChannelsPager" } },
      { get: { operationId: "getChannelsPagerAbout" } },
      undefined,
    ]);
    const unset = defineChannel({ ...barred, configure: () => undefined });
    const refused = await ask(start({ channels: [unset] }), "/channels/barred", { method: "POST", body: "{}" });
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { code: "not_configured", detail: expect.stringContaining("Set BARRED_KEY: ") },
    ]);
  });
});

const barred = {
  name: "barred",
  settings: {},
  needs: "BARRED_KEY",
  configure: () => ({}),
  receive: async () => ({ kind: "nothing", response: new Response() }) as const,
  outlet: () => ({ live: false, paceMs: 1, retryMs: [], post: async () => ({ kind: "shown", shown: 0 }) as const }),
};

describe("an app without webhooks() and callbacks()", () => {
  it.each([
    ["/v1/deliveries", "callbacks"],
    ["/v1/deliveries/secret", "callbacks"],
    ["/channels/webhooks/orders", "webhooks"],
    ["/v1/prefixes", "prefixes"],
  ])("[APP-12] says at %s what to list", async (path, line) => {
    const answer = await ask(start(), path, { headers: key });
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      { detail: expect.stringContaining(`the app's doors do not list ${line}()`) },
    ]);
  });

  it("[APP-12] refuses a callback_url by name, and takes the message without it", async () => {
    const say = (body: object) =>
      ask(toys, `/v1/sessions/${crypto.randomUUID()}/messages`, {
        method: "POST",
        headers: { ...key, "Content-Type": "application/json" },
        body: JSON.stringify({ content: "Hi", ...body }),
      });
    const refused = await say({ callback_url: "https://receiver.example.com/a" });
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { field: "callback_url", detail: "The app does not list callbacks(). Add it to its doors." },
    ]);
    provider.enqueue(text("Hello."));
    expect(await (await say({})).json()).toMatchObject({ message: { content: "Hello." } });
  });

  it("[APP-12] lists what an earlier deployment owes to a URL among the dead deliveries, with the line that is missing", async () => {
    const address = { account: "default", name: crypto.randomUUID() };
    const { TOY_SESSIONS } = env as unknown as { TOY_SESSIONS: DurableObjectNamespace };
    const stub = sessionObject({ ...bindings, SESSIONS: TOY_SESSIONS } as Bindings, address);
    const replyTo = { channel: "callback", url: "https://receiver.example.com/a" };
    provider.enqueue(text("Hello."));
    accepted(await stub.submit(address, { messages: [{ content: "Hi", options: {} }], create: {}, replyTo }));
    const dead = async () => {
      const { deliveries } = (await (await ask(toys, "/v1/deliveries", { headers: key })).json()) as {
        deliveries: { session: string; error: string }[];
      };
      return deliveries.filter(({ session }) => session === address.name);
    };
    await vi.waitFor(async () => expect(await dead()).toHaveLength(1));
    expect((await dead())[0]?.error).toContain("The app does not list callbacks(). Add it to its doors.");
  });

  it("[APP-12] does not start with rules of a webhook, or an alert to a URL", () => {
    expect(() => start({ webhooks: { orders: {} } })).toThrow(/"orders".*Add webhooks\(\) to the app's doors/);
    const to = { channel: "callback", url: "https://pager.example.com/hook" } as never;
    const rules = alerts([{ metric: "failed_turns", over: 1, windowMinutes: 5, to }]);
    expect(() => start({ alerts: rules })).toThrow("The app does not list callbacks(). Add it to its doors.");
    expect(() => start({ alerts: rules, doors: [callbacks()] })).not.toThrow();
    expect(made({ WEBHOOK_SECRETS: "orders=abc" }).warnings).toEqual([
      expect.stringContaining("WEBHOOK_SECRETS is set, but the app does not list webhooks() or callbacks()"),
    ]);
  });
});

it("[TRACE-14] an app that lists traces() makes the trace of a turn, and owes no collector anything", async () => {
  const session = crypto.randomUUID();
  provider.enqueue(text("Hello."));
  await (await ask(toys, `/lines/${session}`, { method: "POST", headers: key, body: "Hi" })).text();
  const path = `/v1/sessions/${session}/turns/turn_1/trace`;
  const trace = (await (await ask(toys, path, { headers: key })).json()) as Record<string, never>;
  expect(trace).toMatchObject({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "longline" } }] },
        scopeSpans: [{ spans: [{ name: "invoke_agent toy" }, { kind: 3 }] }],
      },
    ],
  });
  expect(JSON.stringify(trace)).not.toContain("Hello.");
});

it("[TRACE-14] with an endpoint that traces() does not read, the app says what to list", () => {
  const given = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.example.com" };
  expect(made(given, { observe: traces() }).warnings).toEqual([
    expect.stringContaining("the app does not list `observe: otel()`: it has no effect."),
  ]);
  expect(made(given, { observe: otel() }).warnings).toEqual([]);
  expect(made(given, { observe: otel() }).telemetry?.isExported).toBe(true);
  expect(made({}, { observe: otel() }).telemetry?.isExported).toBe(false);
});

describe("a door that is not of the library", () => {
  const say = (path: string, content: string, headers: HeadersInit = key) =>
    ask(toys, path, { method: "POST", headers, body: content });

  it("[APP-2] runs a message and writes its stream by an encoder of its own", async () => {
    provider.enqueue(text("One. Two."));
    const answer = await say(`/lines/${crypto.randomUUID()}`, "Count.");
    expect(answer.headers.get("X-Lines")).toBe("1");
    const written = await answer.text();
    expect(written.replace(/^(data: |:.*)/gm, "").replace(/\n/g, "")).toBe("One. Two.-- completed");
  });

  it("[APP-2] is behind the key, refuses in words of its own, reads its own settings, and lets pages in", async () => {
    const session = crypto.randomUUID();
    const nobody = await say(`/lines/${session}`, "Hi", {});
    expect([nobody.status, await nobody.text()]).toEqual([401, expect.stringMatching(/^no: /)]);
    const long = await say(`/lines/${session}`, "x".repeat(41));
    expect([long.status, await long.text()]).toEqual([400, "no: at most 40 characters"]);
    const page = await ask(toys, `/lines/${session}`, {
      method: "POST",
      headers: { ...key, Origin: "https://app.example" },
      body: "x".repeat(41),
    });
    expect(page.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(page.headers.get("Access-Control-Expose-Headers")).toMatch(/,X-Lines$/);
    expect(provider.requests).toHaveLength(0);
  });
});

describe("what an app does not list", () => {
  it.each([
    ["POST", "/v1/chat/completions"],
    ["POST", "/v1/responses"],
    ["GET", "/v1/models"],
    ["POST", "/v1/ui/messages"],
    ["POST", "/mcp"],
    ["GET", "/openapi.json"],
    ["POST", "/channels/slack"],
    ["GET", "/channels/slack/install"],
    ["POST", "/channels/discord"],
  ])("[APP-3] %s %s is not there, and is refused in the native words", async (method, path) => {
    const refused = await ask(start(), path, { method, headers: key, ...(method === "POST" && { body: "{}" }) });
    expect([refused.status, refused.headers.get("Content-Type")]).toEqual([404, "application/problem+json"]);
    expect(await refused.json()).toMatchObject({ code: "not_found", detail: `There is nothing at ${path}.` });
  });

  it.each([
    ["PUT", "/v1/prefixes", "prefixes"],
    ["GET", "/v1/prefixes/sha256-0", "prefixes"],
    ["GET", "/v1/admin/accounts", "admin"],
    ["POST", "/v1/sessions/import", "copies"],
    ["POST", "/v1/sessions/a/fork", "copies"],
    ["GET", "/v1/sessions/a/export", "copies"],
  ])("[APP-3] %s %s is not there without its line, which is named", async (method, path, part) => {
    const refused = await ask(start(), path, { method, headers: key, ...(method === "POST" && { body: "{}" }) });
    expect(refused.status).toBe(404);
    const detail = `There is nothing at ${path}: the app's doors do not list ${part}().`;
    expect(await refused.json()).toMatchObject({ code: "not_found", detail });
    expect((await ask(start(), path, { method })).status).toBe(401);
  });

  it("[APP-3] accounts, prefixes and copies are lines of the app, and no doors of its agents", async () => {
    const app = start({ doors: [admin(), prefixes(), copies(), openapi()] });
    const admins = { Authorization: "Bearer test-admin-key-16" };
    expect((await ask(app, "/v1/admin/accounts", { headers: admins })).status).toBe(200);
    expect((await ask(app, "/v1/admin/accounts", { headers: key })).status).toBe(401);
    const text = { ...key, "Content-Type": "text/plain" };
    expect((await ask(app, "/v1/prefixes", { method: "PUT", headers: text, body: "Handbook." })).status).toBe(201);
    const { agents } = (await (await ask(app, "/v1/agents", { headers: key })).json()) as { agents: object[] };
    expect(agents).toMatchObject([{ doors: ["openapi"] }]);
    const { paths } = (await (await ask(app, "/openapi.json")).json()) as { paths: object };
    expect(paths).toMatchObject({ "/v1/admin/accounts": {}, "/v1/prefixes": {}, "/v1/sessions/import": {} });
    expect((await ask(app, "/v1/sessions/none/fork", { method: "POST", headers: key })).status).toBe(404);
    expect((await ask(app, "/v1/sessions/import", { method: "POST", headers: key, body: "" })).status).toBe(400);
  });

  it("[APP-3] and the native door is always there", async () => {
    const session = crypto.randomUUID();
    provider.enqueue(text("Here."));
    const answer = await ask(start(), `/v1/sessions/${session}/messages`, {
      method: "POST",
      headers: { ...key, "Content-Type": "application/json" },
      body: JSON.stringify({ content: "Are you there?" }),
    });
    expect(await answer.json()).toMatchObject({ message: { content: "Here." } });
    expect((await ask(start(), "/health")).status).toBe(200);
  });

  it("[APP-4] an answer that is owed to a channel that is not listed any more is given up with words, and the session goes on", async () => {
    const world = new SessionWorld();
    provider.enqueue(text("First."), text("Second."));
    const replyTo = { channel: "teams", room: "1" };
    const { turn } = await world.submit({ messages: [{ content: "Hi", options: {} }], replyTo, create: {} });
    await world.ended(turn);
    const { account, name } = world.address;
    const letters = async () => (await accountObject(bindings, account).deliveries(500)).letters;
    await vi.waitFor(async () => expect((await letters()).filter(({ session }) => session === name)).toHaveLength(1));
    expect((await letters()).find(({ session }) => session === name)).toMatchObject({
      address: replyTo,
      error: 'The app does not list the channel "teams". List it in `channels` of longline(…), and retry the delivery.',
    });
    await world.ask("And now?");
    expect((await world.entries()).at(-1)).toMatchObject({ type: "turn_ended", reason: "completed" });
  });
});

describe("a wrong app", () => {
  const twice = (name: string) => defineDoor({ name, routes: () => [] });
  const withSetting = (name: string, schema: z.ZodType) =>
    defineChannel({ ...barred, settings: { [name]: { schema, secret: true } } });

  it.each([
    ["a door twice", { doors: [openai(), aiSdk(), openai()] }, "The door openai is listed twice. Remove one."],
    ["a channel twice", { channels: [slack(), discord(), slack()] }, "The channel slack is listed twice. Remove one."],
    [
      "a wrong setting of a channel",
      { channels: [withSetting("PAGER_KEY", z.string().min(99, "is too short: use at least 99 characters"))] },
      "- PAGER_KEY is too short: use at least 99 characters.",
    ],
    [
      "a wrong setting of a door",
      {
        doors: [
          defineDoor({
            name: "odd",
            settings: { PAGER_KEY: { schema: z.string().regex(/^x/, "must begin with x") } },
            routes: () => [],
          }),
        ],
      },
      '- PAGER_KEY must begin with x. It was "pager-key-1".',
    ],
    [
      "a setting that two parts read in two ways",
      { channels: [withSetting("API_KEY", z.string())] },
      "The setting API_KEY is declared by two parts of the app in two ways. Rename one of them.",
    ],
    [
      "a manner of streaming that two doors have",
      { doors: [lines(), defineDoor({ name: "more", routes: () => [], encoders: lines().encoders })] },
      'The doors lines and more both write streams as "lines". Rename one of them.',
    ],
    [
      "an MCP server that cannot be asked",
      { mcp: mcpServers({ docs: { url: "http://docs.example.com" } }) },
      "- docs: its url is not asked: ",
    ],
    ["no agent", { agents: {} }, "The app has no agent."],
    ["a door that was not called", { doors: [openai as never] }, "`doors` of the app holds something else than a call"],
    [
      "a channel that was not called",
      { channels: [slack as never] },
      "holds something else than a call such as slack()",
    ],
    [
      "the rules of servers in the place of the servers",
      { mcp: { docs: { url: "https://docs.example.com" } } as never },
      "`mcp` of the app holds something else than a call such as mcpServers({ … }).",
    ],
  ] satisfies [string, Partial<LonglineConfig>, string][])("[APP-5] %s stops the Worker", (_, config, complaint) => {
    expect(() => start(config)).toThrow(complaint);
  });

  it("[APP-5] a door or a channel cannot have every name", () => {
    expect(() => twice("Two words")).toThrow("A door's name must begin with a small letter");
    for (const name of ["callback", "webhooks", "Slack", "a/b", ""])
      expect(() => defineChannel({ ...barred, name })).toThrow(`it was "${name}".`);
  });

  it("[APP-5] all wrong settings of all parts are named at once, and no secret is shown", () => {
    const wrong = () =>
      made(
        { MODEL: "two words", SLACK_BOT_TOKEN: "xoxb secret", DISCORD_PUBLIC_KEY: "abc", MCP_SERVERS: "hidden" },
        { channels: [slack(), discord()], mcp: mcpServers() },
      );
    expect(wrong).toThrow(
      /- MODEL must be[\s\S]*- SLACK_BOT_TOKEN must not[\s\S]*- DISCORD_PUBLIC_KEY must be[\s\S]*- MCP_SERVERS must/,
    );
    expect(wrong).not.toThrow(/xoxb secret|hidden/);
  });
});

describe("settings of parts", () => {
  it("[APP-6] one that is set for a part that the app does not list is warned of, and is not read", () => {
    const given = { SLACK_SIGNING_SECRET: "no good", MCP_SERVERS: "no pair", DISCORD_PUBLIC_KEY: "abc" };
    expect(made(given).warnings).toEqual([
      "SLACK_SIGNING_SECRET is set, but the app does not list slack() in `channels`: it has no effect. List it, or remove the setting.",
      expect.stringContaining("DISCORD_PUBLIC_KEY is set, but the app does not list discord()"),
      expect.stringContaining("MCP_SERVERS is set, but the app does not list `mcp: mcpServers()`"),
    ]);
    expect(made({ SLACK_SIGNING_SECRET: "good" }, { channels: [slack()] }).warnings).toEqual([]);
    const adminKey = { ADMIN_KEY: "an-admin-key-of-16" };
    expect(made(adminKey).warnings).toEqual([
      expect.stringContaining("ADMIN_KEY is set, but the app does not list admin()"),
    ]);
    expect(made(adminKey, { doors: [admin()] }).warnings).toEqual([]);
    expect(made({ SLACK_SIGNING_SECRET: "<secret>" }, { channels: [slack()] }).warnings).toEqual([
      expect.stringContaining("The setting SLACK_SIGNING_SECRET still has its example value"),
    ]);
    const declared = { ...slackSettings, ...discordSettings, ...mcpSettings, ...otelSettings, ...webhookSettings };
    expect(Object.keys(partOfSetting).filter((name) => !(name in declared))).toEqual([]);
  });

  it("[APP-6] a part is handed what it declared, and no other part's secrets", () => {
    const seen: object[] = [];
    const look = (values: object) => {
      seen.push(values);
      return [];
    };
    const settings = { PAGER_KEY: { schema: z.string(), secret: true }, NOT_SET: { schema: z.string() } };
    start({ doors: [defineDoor({ name: "odd", settings, routes: look })] });
    start({ channels: [defineChannel({ ...barred, settings, configure: look })] });
    expect(seen).toEqual([{ PAGER_KEY: "pager-key-1" }, { PAGER_KEY: "pager-key-1" }]);
    expect(seen.map((values) => Object.keys(values))).toEqual([Object.keys(settings), Object.keys(settings)]);
  });

  it("[APP-6] a warning is said in the log at the start", () => {
    start({ channels: [withExample()], doors: [admin(), callbacks()] });
    expect(warnings).toEqual([expect.stringContaining("The setting PAGER_KEY still has its example value")]);
  });

  function withExample() {
    vi.spyOn(env as unknown as Record<string, string>, "PAGER_KEY", "get").mockReturnValue("changeme");
    return pager();
  }
});

describe("the model of an app", () => {
  const modelOf = (app: ReturnType<typeof made>) =>
    turnModels({
      ...{ settings: app.settings, agent, bindings, sessionModel: null, sticky: null, options: {}, chance: 0 },
    })[0];

  it("[APP-7] is the demo model where it is listed and no provider is configured", async () => {
    const model = modelOf(made({}, { demo: demoModel() }));
    expect([model.isDemo, model.profile.id]).toEqual([true, "demo"]);
    const answer = await model.fetch(`${model.baseUrl}/models`);
    expect(await answer.json()).toMatchObject({ data: [{ id: "demo" }] });
    expect(modelOf(made({ MODEL_API_KEY: "k" }, { demo: demoModel() })).isDemo).toBeUndefined();
  });

  it("[APP-7] is none without either: nothing is sent anywhere, and the key is named", async () => {
    const app = made({});
    const model = modelOf(app);
    expect((await model.fetch(`${model.baseUrl}/chat/completions`, { method: "POST" })).status).toBe(401);
    expect([provider.outside.mock.calls, provider.requests]).toEqual([[], []]);
    expect(model.place.keySetting).toEqual({ name: "MODEL_API_KEY", isSet: false });
  });
});

it("[APP-1] the toys change nothing of the tests' own app", async () => {
  const { default: worker } = exports as unknown as { default: { fetch: typeof fetch } };
  expect((await worker.fetch("https://longline.test/channels/pager", { method: "POST" })).status).toBe(404);
});
