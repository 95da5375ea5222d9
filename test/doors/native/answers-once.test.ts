/** Every door that takes an answer or a message is sent the same thing 1 to 5 times, at once or one after the other, with the first response lost: it has one effect, and all clients are told the same. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { accepted } from "../../../src/doors/refusal-words.ts";
import { Session } from "../../../src/session/object.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import type { Tool } from "../../../src/tools/tool.ts";
import { agent } from "../../app/agent.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { randomOf } from "../../support/random.ts";
import { bindings, startProvider } from "../../support/session-world.ts";
import { messengers, type Shown } from "../../support/signed-presses.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const seed = Number(process.env.ONCE_SEED ?? Math.floor(Math.random() * 1e9));
/** Rounds for each door; more by `ONCE_ROUNDS`. */
const rounds = Number(process.env.ONCE_ROUNDS ?? 2);

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
let provider: ReturnType<typeof startProvider>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const order = { url: "https://shop.example.com/orders", method: "POST", body: "{}" };
const orders = (callId = "c1") => calls([{ name: "send_request", arguments: JSON.stringify(order), id: callId }]);
const looksUp = (callId = "c1") => calls([{ name: "lookup", arguments: "{}", id: callId }]);
const lookup = { name: "lookup", description: "d", parameters: { type: "object", properties: {} } };
const chatTool = { type: "function", function: lookup };
const responseTool = { type: "function", ...lookup };

async function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...more },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = await answer.text();
  const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
  return { status: answer.status, body: (isJson ? JSON.parse(said) : said) as Json };
}
const post = (path: string, body?: unknown, more?: Record<string, string>) => call("POST", path, body, more);
const messageOf = ({ body }: { body: Json }): string => body.detail ?? body.error?.message ?? "";

/** What a client was told: where its answer is, or in which words it was refused. */
interface Told {
  status: number;
  answer: string;
}
const native = async (sent: ReturnType<typeof call>): Promise<Told> => {
  const { status, body } = await sent;
  const refusal = messageOf({ body });
  return { status, answer: refusal || `${body.session} ${body.turn}` };
};
const openAi = async (sent: ReturnType<typeof call>): Promise<Told> => {
  const { status, body } = await sent;
  return { status, answer: messageOf({ body }) || `${body.id} ${JSON.stringify(body.output ?? body.choices)}` };
};
const ui = async (sent: ReturnType<typeof call>): Promise<Told> => {
  const { status, body } = await sent;
  return { status, answer: typeof body === "string" ? body : messageOf({ body }) };
};

/** A door and a kind of answer: brings a session to where the answer is due, and returns how it is sent. `asks`: model calls that there are in the end. */
interface Door {
  name: string;
  asks: number;
  /** Requests of the tool that does harm. */
  effects: 0 | 1;
  prepare(): Promise<() => Promise<Told>>;
}

/** Those of shop.example.com alone: Slack's are answers. */
const effectsSeen = () => provider.outside.mock.calls.filter(([{ url }]) => url === order.url).length;

/** A call that waits, as a messenger shows it with its buttons. */
async function shownCall(): Promise<Shown> {
  provider.enqueue(orders(), text("Done."));
  const address = { account: "default", name: id };
  const session = sessionObject(bindings, address);
  const given = { messages: [{ content: "Go", options: {} }], create: {} };
  const { turn } = accepted(await session.submit(address, given));
  unwrap(await session.wait(turn, 10_000));
  const response = (await call("GET", `/v1/responses/resp_${id}.1`)).body;
  const { id: request, name, arguments: text_ } = response.output.at(-1);
  const ref = request.split(".").at(-1);
  return { session: id, approval: { ref, name, arguments: text_, state: "open" } };
}
const pressed = async (press: Promise<{ status: number; told: string }>): Promise<Told> => {
  const { status, told } = await press;
  return { status: told === "" ? status : 409, answer: told };
};

async function askByMcp(more: object): Promise<Json> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
  };
  const params = { name: "ask", arguments: { question: "Go", session: id }, ...more, _meta };
  const { status, body } = await post(
    "/mcp",
    { jsonrpc: "2.0", id: 1, method: "tools/call", params },
    {
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": "ask",
    },
  );
  expect(status).toBe(200);
  const message = typeof body === "string" ? JSON.parse(body.slice(body.lastIndexOf("data: ") + 6)) : body;
  return message.result;
}
const mcpAnswer = async (asked: Promise<Json>): Promise<Told> => {
  const { structuredContent } = await asked;
  return { status: 200, answer: JSON.stringify(structuredContent) };
};

const nativeSession = async (reply: ReturnType<typeof calls>, more: object = {}) => {
  provider.enqueue(reply, text("Done."));
  const sent = await post(`/v1/sessions/${id}/messages`, { content: "Go", ...more });
  expect(sent.status).toBe(202);
};
const createResponse = async (reply: ReturnType<typeof calls>, more: object) => {
  provider.enqueue(reply, text("Done."));
  return (await post("/v1/responses", { input: "Go", ...more })).body;
};
const uiBody = (parts: object[]) => ({
  id,
  messages: [
    { id: "m1", role: "user", parts: [{ type: "text", text: "Go" }] },
    ...(parts.length > 0 ? [{ id: "msg_turn_1", role: "assistant", parts: [{ type: "step-start" }, ...parts] }] : []),
  ],
  tools: [chatTool],
});
const history = [
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Hello." },
  { role: "user", content: "Go" },
];

const doors: Door[] = [
  ...[true, false].map(
    (approve): Door => ({
      name: `native approval ${approve}`,
      asks: 2,
      effects: approve ? 1 : 0,
      async prepare() {
        await nativeSession(orders());
        return () => native(post(`/v1/sessions/${id}/approvals/c1`, { approve }));
      },
    }),
  ),
  {
    name: "a button",
    asks: 2,
    effects: 1,
    async prepare() {
      provider.enqueue(orders(), text("Done."));
      const address = { account: "default", name: id };
      const session = sessionObject(bindings, address);
      const given = { messages: [{ content: "Go", options: {} }], create: {} };
      const { turn } = accepted(await session.submit(address, given));
      unwrap(await session.wait(turn, 10_000));
      const response = (await call("GET", `/v1/responses/resp_${id}.1`)).body;
      const ref = response.output.at(-1).id.split(".").at(-1);
      return async () => {
        const approvals = [{ call: { ref }, approve: true, by: "ada" }];
        const pressed = await session.submit(address, { approvals });
        try {
          return { status: 200, answer: accepted(pressed).turn };
        } catch (error) {
          return { status: 409, answer: String(error) };
        }
      };
    },
  },
  ...[true, false].flatMap((approve): Door[] => [
    {
      name: `a button in Slack, ${approve}`,
      asks: 2,
      effects: approve ? 1 : 0,
      async prepare() {
        const shown = await shownCall();
        const { slack, pressSlack } = await messengers();
        provider.outside.mockImplementation(async (request) => (await slack(request)) ?? new Response("taken"));
        return () => pressed(pressSlack(shown, approve));
      },
    },
    {
      name: `a button in Discord, ${approve}`,
      asks: 2,
      effects: approve ? 1 : 0,
      async prepare() {
        const shown = await shownCall();
        const press = await (await messengers()).showInDiscord(shown);
        return () => pressed(press(approve));
      },
    },
    {
      name: `a form at an MCP client, ${approve}`,
      asks: 2,
      effects: approve ? 1 : 0,
      async prepare() {
        provider.enqueue(orders(), text("Done."));
        const { requestState, inputRequests } = await askByMcp({});
        const [name = ""] = Object.keys(inputRequests);
        const answer = { action: "accept", content: { approve } };
        return () => mcpAnswer(askByMcp({ requestState, inputResponses: { [name]: answer } }));
      },
    },
  ]),
  {
    name: "a form at an MCP client that is declined",
    asks: 2,
    effects: 0,
    async prepare() {
      provider.enqueue(orders(), text("Done."));
      const { requestState } = await askByMcp({});
      return () => mcpAnswer(askByMcp({ requestState, inputResponses: { call_0: { action: "decline" } } }));
    },
  },
  {
    name: "native results",
    asks: 2,
    effects: 0,
    async prepare() {
      await nativeSession(looksUp(), { tools: [chatTool] });
      const results = [{ call_id: "c1", content: "found" }];
      return () => native(post(`/v1/sessions/${id}/tool_results`, { results }));
    },
  },
  ...[true, false].map(
    (approve): Door => ({
      name: `Responses approval ${approve}`,
      asks: 2,
      effects: approve ? 1 : 0,
      async prepare() {
        const first = await createResponse(orders(), {});
        const approval_request_id = first.output.at(-1).id;
        const input = [{ type: "mcp_approval_response", approval_request_id, approve }];
        return () => openAi(post("/v1/responses", { previous_response_id: first.id, input }));
      },
    }),
  ),
  {
    name: "an approval in a conversation",
    asks: 2,
    effects: 1,
    async prepare() {
      const first = await createResponse(orders(), { conversation: id });
      const approval_request_id = first.output.at(-1).id;
      const input = [{ type: "mcp_approval_response", approval_request_id, approve: true }];
      return () => openAi(post("/v1/responses", { conversation: id, input }));
    },
  },
  {
    name: "an approval in a fork, of what was denied",
    asks: 3,
    effects: 1,
    async prepare() {
      const first = await createResponse(orders(), {});
      const approval_request_id = first.output.at(-1).id;
      const answer = { type: "mcp_approval_response", approval_request_id };
      await post("/v1/responses", { previous_response_id: first.id, input: [{ ...answer, approve: false }] });
      provider.enqueue(text("Done."));
      const body = { previous_response_id: first.id, input: [{ ...answer, approve: true }] };
      return () => openAi(post("/v1/responses", body));
    },
  },
  {
    name: "an approval with a function output",
    asks: 2,
    effects: 1,
    async prepare() {
      const both = calls([
        { name: "send_request", arguments: JSON.stringify(order), id: "c1" },
        { name: "lookup", arguments: "{}", id: "c2" },
      ]);
      const first = await createResponse(both, { tools: [responseTool] });
      const { id: approval_request_id } = first.output.find(({ type }: Json) => type === "mcp_approval_request");
      const input = [
        { type: "mcp_approval_response", approval_request_id, approve: true },
        { type: "function_call_output", call_id: "c2", output: "found" },
      ];
      return () => openAi(post("/v1/responses", { previous_response_id: first.id, input, tools: [responseTool] }));
    },
  },
  {
    name: "Responses outputs",
    asks: 2,
    effects: 0,
    async prepare() {
      const first = await createResponse(looksUp(), { tools: [responseTool] });
      const input = [{ type: "function_call_output", call_id: "c1", output: "found" }];
      return () => openAi(post("/v1/responses", { previous_response_id: first.id, input, tools: [responseTool] }));
    },
  },
  {
    name: "chat tool messages",
    asks: 2,
    effects: 0,
    async prepare() {
      provider.enqueue(looksUp(), text("Done."));
      const headers = { "X-Session-Id": id };
      const said = { role: "user", content: "Go" };
      const body = { model: "deepseek-v3.2-exp", messages: [said] as object[], tools: [chatTool] };
      const first = await post("/v1/chat/completions", body, headers);
      const messages = [said, first.body.choices[0].message, { role: "tool", tool_call_id: "c1", content: "found" }];
      return () => openAi(post("/v1/chat/completions", { ...body, messages }, headers));
    },
  },
  {
    name: "UI approval",
    asks: 2,
    effects: 1,
    async prepare() {
      provider.enqueue(orders(), text("Done."));
      await post("/v1/ui/messages", uiBody([]));
      const part = { type: "dynamic-tool", toolName: "send_request", toolCallId: "c1", state: "approval-responded" };
      const body = uiBody([{ ...part, approval: { id: "c1", approved: true } }]);
      return () => ui(post("/v1/ui/messages", body));
    },
  },
  {
    name: "UI results",
    asks: 2,
    effects: 0,
    async prepare() {
      provider.enqueue(looksUp(), text("Done."));
      await post("/v1/ui/messages", uiBody([]));
      const part = { type: "tool-lookup", toolCallId: "c1", state: "output-available", output: "found" };
      return () => ui(post("/v1/ui/messages", uiBody([part])));
    },
  },
  ...unnamed(),
  ...keyed(),
];

/** Results that are sent without a session and without a key, behind which the model calls a tool that does harm and waits for no one. */
function unnamed(): Door[] {
  const door = (name: string, prepare: (go: string) => Promise<() => Promise<Told>>): Door => ({
    name: `${name}, without a session`,
    asks: 3,
    effects: 1,
    prepare() {
      vi.spyOn(agent.tools.get("send_request") as Tool, "needsApproval").mockReturnValue(false);
      provider.enqueue(looksUp(), orders("c2"), text("Done."));
      return prepare(`Go ${id}`);
    },
  });
  const chatResults = (name: string, behind: object[]) =>
    door(name, async (go) => {
      const said = { role: "user", content: go };
      const body = { model: "deepseek-v3.2-exp", messages: [said] as object[], tools: [chatTool] };
      const first = await post("/v1/chat/completions", body);
      const result = { role: "tool", tool_call_id: "c1", content: "found" };
      const messages = [said, first.body.choices[0].message, result, ...behind];
      return () => openAi(post("/v1/chat/completions", { ...body, messages }));
    });
  const outputs = (name: string, more: object) =>
    door(name, async (go) => {
      const first = await post("/v1/responses", { input: go, tools: [responseTool], ...more });
      const output = { type: "function_call_output", call_id: "c1", output: "found" };
      const said = first.body.output.map(({ id: _, status: __, ...item }: Json) => item);
      const input = [{ role: "user", content: go }, ...said, output];
      return () => openAi(post("/v1/responses", { input, tools: [responseTool], ...more }));
    });
  return [
    chatResults("chat tool messages", []),
    chatResults("chat tool messages and one of a person", [{ role: "user", content: "Be quick" }]),
    outputs("Responses outputs", {}),
    outputs("Responses outputs that are not stored", { store: false }),
  ];
}

/** Messages whose clients send an Idempotency-Key. */
function keyed(): Door[] {
  const headers = () => ({ "Idempotency-Key": `"${id}"` });
  const message = (name: string, send: () => Promise<Told>): Door => ({
    name: `${name}, with a key`,
    asks: 1,
    effects: 0,
    async prepare() {
      provider.enqueue(text("Done."));
      return send;
    },
  });
  const model = "deepseek-v3.2-exp";
  const ask = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: { question: "Go" } } };
  const accept = { Accept: "application/json, text/event-stream" };
  return [
    message("a native message", () => native(post(`/v1/sessions/${id}/messages`, { content: "Go" }, headers()))),
    message("a first chat", () =>
      openAi(post("/v1/chat/completions", { model, messages: history.slice(2) }, headers())),
    ),
    message("a seeded chat", () => openAi(post("/v1/chat/completions", { model, messages: history }, headers()))),
    message("a seeded chat with a name", () =>
      openAi(post("/v1/chat/completions", { model, messages: history }, { ...headers(), "X-Session-Id": id })),
    ),
    message("a response", () => openAi(post("/v1/responses", { input: "Go" }, headers()))),
    message("a seeded response", () => openAi(post("/v1/responses", { input: history }, headers()))),
    message("a UI message", () => ui(post("/v1/ui/messages", uiBody([]), headers()))),
    message("a UI message anew", () =>
      ui(post("/v1/ui/messages", { ...uiBody([]), trigger: "regenerate-message" }, headers())),
    ),
    message("an MCP question", () => ui(post("/mcp", ask, { ...headers(), ...accept }))),
    {
      name: "outputs without a session, with a key",
      asks: 1,
      effects: 0,
      async prepare() {
        provider.enqueue(text("Done."));
        const call = { id: "c9", type: "function", function: { name: "lookup", arguments: "{}" } };
        const messages = [
          { role: "user", content: "Go" },
          { role: "assistant", content: null, tool_calls: [call] },
          { role: "tool", tool_call_id: "c9", content: "found" },
        ];
        return () => openAi(post("/v1/chat/completions", { model, messages, tools: [chatTool] }, headers()));
      },
    },
  ];
}

/** The sessions that took something in this test: the account's list may not know yet that one of them runs. */
const begun = new Set<string>();
beforeEach(() => {
  begun.clear();
  const { submit } = Session.prototype;
  vi.spyOn(Session.prototype, "submit").mockImplementation(function (this: Session, address, ...given) {
    begun.add(address.name);
    return submit.call(this, address, ...given);
  });
});

/** Idle again: nothing runs that could still have an effect. */
async function settled(): Promise<void> {
  for (const name of begun) {
    const session = sessionObject(bindings, { account: "default", name });
    const newest = await session.newest();
    if (newest.ok && newest.value !== null) unwrap(await session.wait(newest.value.turn, 10_000));
  }
}

describe(`an answer counts once (ONCE_SEED=${seed})`, () => {
  it.each(doors.map((door) => [door.name, door] as const))("[ONCE-11] %s", async (_name, door) => {
    const random = randomOf(seed);
    for (let round = 0; round < rounds; round++) {
      const askedBefore = provider.requests.length;
      provider.outside.mockClear();
      id = crypto.randomUUID();
      const send = await door.prepare();
      const times = 2 + Math.floor(random() * 4);
      // Both in the first two rounds.
      const atOnce = round < 2 ? round === 0 : random() < 0.5;
      const told: Told[] = [];
      // The client that comes first never hears of it.
      if (!atOnce) await send();
      if (atOnce) told.push(...(await Promise.all(Array.from({ length: times }, send))));
      else for (let time = 1; time < times; time++) told.push(await send());
      await settled();
      const taken = told.filter(({ status }) => status === 200);
      const refused = told.filter(({ status }) => status !== 200);
      expect(new Set(taken.map(({ answer }) => answer)).size, JSON.stringify(told)).toBeLessThanOrEqual(1);
      for (const { status, answer } of refused) {
        expect([status, answer]).toEqual([409, expect.stringMatching(/was (approved|denied) already/)]);
      }
      const asks = provider.requests.length - askedBefore;
      expect({ effects: effectsSeen(), asks }, JSON.stringify({ round, times, told })).toEqual({
        effects: door.effects,
        asks: door.asks,
      });
    }
  });
});

describe("what is refused, or told, about an answer that comes again", () => {
  it("[ONCE-19] results that come again with a message that did not come with them then: the message is answered", async () => {
    provider.enqueue(looksUp(), text("Found."), text("Quickly."));
    const headers = { "X-Session-Id": id };
    const said = { role: "user", content: "Go" };
    const body = { model: "deepseek-v3.2-exp", tools: [chatTool] };
    const first = await post("/v1/chat/completions", { ...body, messages: [said] }, headers);
    const messages = [said, first.body.choices[0].message, { role: "tool", tool_call_id: "c1", content: "found" }];
    const answer = async (...behind: object[]) =>
      (await post("/v1/chat/completions", { ...body, messages: [...messages, ...behind] }, headers)).body.choices[0]
        .message.content;
    expect(await answer()).toBe("Found.");
    // Its client did not hear of that answer.
    expect(await answer({ role: "user", content: "Be quick" })).toBe("Quickly.");
    expect(provider.requests).toHaveLength(3);
  });

  it("[ONCE-12] 20 parallel duplicates of a seeded chat are one answer, and another body with their key is refused", async () => {
    provider.enqueue(text("Done."));
    const body = { model: "deepseek-v3.2-exp", messages: history };
    const key = { "Idempotency-Key": id };
    const all = await Promise.all(Array.from({ length: 20 }, () => post("/v1/chat/completions", body, key)));
    expect(all.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    expect(provider.requests).toHaveLength(1);
    for (const messages of [[...history, { role: "user", content: "More" }], history.slice(2)]) {
      expect((await post("/v1/chat/completions", { ...body, messages }, key)).status).toBe(422);
    }
  });

  it("[ONCE-12] a session that is made with a key is made once", async () => {
    const key = { "Idempotency-Key": id };
    const all = await Promise.all(Array.from({ length: 5 }, () => post("/v1/sessions", { title: "A" }, key)));
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 201]);
  });

  it("[ONCE-13] an approval that was given is refused in a fork with its outcome, whatever comes with it", async () => {
    const first = await createResponse(orders(), {});
    const approval_request_id = first.output.at(-1).id;
    const yes = { type: "mcp_approval_response", approval_request_id, approve: true };
    const behind = { previous_response_id: first.id };
    const unstored = await post("/v1/responses", { ...behind, input: [yes], store: false });
    expect([unstored.status, unstored.body.error.param]).toEqual([400, "store"]);
    const second = await post("/v1/responses", { ...behind, input: [yes] });
    provider.enqueue(text("Later."));
    await post("/v1/responses", { previous_response_id: second.body.id, input: "And?" });
    expect((await post("/v1/responses", { ...behind, input: [yes] })).body.id).toBe(second.body.id);
    for (const input of [
      [{ ...yes, approve: false }],
      [{ ...yes, reason: "Really" }],
      [yes, { role: "user", content: "Be quick" }],
    ]) {
      const again = await post("/v1/responses", { ...behind, input });
      expect([again.status, messageOf(again)]).toEqual([
        409,
        `The approval request ${approval_request_id} was approved already, and has run.`,
      ]);
    }
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it("[ONCE-14] a session that was erased and made again by its name hands on other idempotency keys, and takes no old approval", async () => {
    const keys: (string | null | undefined)[] = [];
    let old: { id: string; ref: string } | undefined;
    for (let life = 0; life < 2; life++) {
      const first = await createResponse(orders(), { conversation: id });
      const ref = first.output.at(-1).id;
      if (old !== undefined) {
        const stale = { type: "mcp_approval_response", approval_request_id: old.ref, approve: true };
        expect((await post("/v1/responses", { conversation: id, input: [stale] })).status).toBe(400);
        expect((await post("/v1/responses", { previous_response_id: old.id, input: [stale] })).status).toBe(400);
      }
      old = { id: first.id, ref };
      const input = [{ type: "mcp_approval_response", approval_request_id: ref, approve: true }];
      await post("/v1/responses", { conversation: id, input });
      keys.push(provider.outside.mock.calls.at(-1)?.[0].headers.get("idempotency-key"));
      expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(200);
      await post("/v1/sessions", { id });
    }
    expect(new Set(keys).size).toBe(2);
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);
  });

  it("[ONCE-14] a form of an MCP client answers no call of a session that was made again by its name", async () => {
    const approve = { call_0: { action: "accept", content: { approve: true } } };
    provider.enqueue(orders(), orders());
    const { requestState } = await askByMcp({});
    expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(200);
    await post("/v1/sessions", { id });
    const again = await askByMcp({});
    const stale = await askByMcp({ requestState, inputResponses: approve });
    expect(stale.inputRequests).toEqual(again.inputRequests);
    expect(effectsSeen()).toBe(0);
    provider.enqueue(text("Done."));
    await askByMcp({ requestState: again.requestState, inputResponses: approve });
    expect(effectsSeen()).toBe(1);
  });

  it.each([
    ["used twice by the model", "c1"],
    ["too long to be sent back", "x".repeat(201)],
    ["a dot", "."],
    ["two dots", ".."],
    ["with a space", "a b"],
    ["half a character", "\ud800"],
  ])("[ONCE-15] an id %s is replaced, so that a late answer meets no other call", async (_what, callId) => {
    await nativeSession(orders());
    await post(`/v1/sessions/${id}/approvals/c1`, { approve: false });
    await settled();
    provider.enqueue(orders(callId));
    const { body } = await post(`/v1/sessions/${id}/messages`, { content: "Again" });
    const [{ call_id }] = body.waiting_for;
    expect(call_id).toMatch(/^call_\d+_0$/);
    expect((await post(`/v1/sessions/${id}/approvals/c1`, { approve: true })).status).toBe(409);
    expect(provider.outside).not.toHaveBeenCalled();
    provider.enqueue(text("Sent."));
    expect((await post(`/v1/sessions/${id}/approvals/${call_id}`, { approve: true })).status).toBe(200);
    await settled();
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });
});
