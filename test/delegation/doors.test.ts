/** What clients of each door see of agents that are called: while they work, ask, fail and are stopped. */
import { Client, type ClientCapabilities, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { UIMessage } from "ai";
import {
  AbstractChat,
  type ChatState,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
} from "ai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { crewFetch, published } from "../app/crew.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, gated, status, text } from "../support/fake-provider.ts";
import { PublisherCheck } from "../support/publisher-check.ts";
import { bindings } from "../support/session-world.ts";
import { readEvents } from "../support/sse-reader.ts";
import { UiCheck } from "../support/ui-check.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const openAi = new PublisherCheck();
const ui = new UiCheck();
const app: typeof fetch = openAi.watch(
  ui.watch((input, init) => {
    const { pathname, search } = new URL(String(input));
    return crewFetch(pathname + search, init ?? {}, bindings);
  }),
);

let crew: ReturnType<typeof startCrew>;
let world: CrewWorld;
beforeEach(() => {
  crew = startCrew();
  world = new CrewWorld("default");
  published.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(openAi.faults.splice(0)).toEqual([]);
  expect(await ui.faults()).toEqual([]);
});

const at = (path: string) => `https://crew.test/v1${path}`;
const post = (path: string, body: object) => app(at(path), { method: "POST", body: JSON.stringify(body) });
async function json(answer: Promise<Response>): Promise<{ status: number; body: Json }> {
  const { status, ...read } = await answer.then(async (each) => ({ status: each.status, body: await each.json() }));
  return { status, body: read.body };
}
const call = (agent: string, task: string, id = "c1") => ({
  ...{ id, name: "delegate" },
  arguments: JSON.stringify({ agent, task }),
});
const publishing = (what: string, id = "p1") => ({ id, name: "publish", arguments: JSON.stringify({ text: what }) });

/** What the agents answer where two writers ask a person, each, and then say what became of it. */
function twoAsk() {
  crew.answers("manager", calls([call("writer", "One", "c1"), call("writer", "Two", "c2")]), text("All done."));
  crew.answers("writer", calls([publishing("one")]), calls([publishing("two")]), text("Done."), text("Done."));
}
/** Until so many calls of children wait for a person; in the order in which they asked. */
async function asked(many: number): Promise<string[]> {
  return vi.waitFor(async () => {
    const state = unwrap(await world.stub.wait("turn_1", 0));
    const waiting = state.status === "waiting" ? state.waitingFor : [];
    expect(waiting).toHaveLength(many);
    return waiting.map(({ id }) => id);
  });
}

describe("the Responses API", () => {
  const create = (body: object) => json(post("/responses", body));
  const textOf = ({ output }: Json) => output.flatMap(({ content }: Json) => content?.[0].text ?? []).join("|");
  const answerTo = ({ id }: Json, approve = true, reason?: string) => ({
    ...{ type: "mcp_approval_response", approval_request_id: id, approve },
    ...(reason && { reason }),
  });
  const begin = () => create({ input: "Go", conversation: world.name });

  it("[DELEG-21] ends with what a child asks, and the next response answers it, by the previous one or by the item alone", async () => {
    twoAsk();
    let { body } = await begin();
    const seen: Json[] = [body];
    const how = [(of: Json) => ({ previous_response_id: of.id }), () => ({})];
    while (textOf(body) !== "All done." && seen.length < 6) {
      expect(body).toMatchObject({ status: "completed", output: [{ type: "mcp_approval_request", name: "publish" }] });
      const more = how[seen.length % 2]?.(body);
      ({ body } = await create({ ...more, input: body.output.map((item: Json) => answerTo(item)) }));
      seen.push(body);
    }
    expect(textOf(body)).toBe("All done.");
    expect(published).toHaveLength(2);
    // What was given out is there afterwards, and what was asked before it was answered beside it.
    for (const each of seen) {
      const { output } = (await json(app(at(`/responses/${each.id}`)))).body;
      expect(output.slice(0, each.output.length)).toEqual(each.output);
    }
    const items = (await json(app(at(`/conversations/${world.name}/items?order=asc&limit=100`)))).body.data;
    const kinds = items.map(({ type }: Json) => type);
    expect(kinds.filter((type: string) => type.startsWith("mcp_"))).toHaveLength(4);
  });

  it("[DELEG-21] streams the same, also to a reader that comes back", async () => {
    crew.answers("manager", calls([call("writer", "One")]));
    crew.answers("writer", calls([publishing("one")]));
    const answer = post("/responses", { input: "Go", conversation: world.name, stream: true });
    const events = (await readEvents(await answer)).map(({ data }) => data as Json);
    expect(events.at(-1)).toMatchObject({
      ...{ type: "response.completed", response: { output: [{ type: "mcp_approval_request" }] } },
    });
    const { id, output } = events.at(-1).response;
    const again = await readEvents(await app(at(`/responses/${id}?stream=true&starting_after=1`)));
    expect(again.map(({ data }) => data)).toEqual(events.filter(({ sequence_number: n }) => n > 1));
    unwrap(await world.stub.cancel());
    await world.ended("turn_1");
    const late = await create({ previous_response_id: id, input: [answerTo(output[0])] });
    expect([late.status, late.body.error.message]).toEqual([400, expect.stringContaining("No approval request")]);
  });

  it("[DELEG-21] an answer that comes again is the same, one that differs a conflict, and a message alone is refused", async () => {
    crew.answers("manager", calls([call("writer", "One")]), text("All done."));
    crew.answers("writer", calls([publishing("one")]), text("No."));
    const { body } = await begin();
    const [item] = body.output;
    const behind = { previous_response_id: body.id };
    const alone = await create({ ...behind, input: "And?" });
    expect(alone.body.error.message).toBe(`No approval response found for approval request ${item.id}.`);
    const denial = { ...behind, input: [answerTo(item, false, "Not yet")] };
    const first = await create(denial);
    expect(textOf(first.body)).toBe("All done.");
    expect((await create(denial)).body).toEqual(first.body);
    const other = await create({ ...behind, input: [answerTo(item)] });
    expect([other.status, published]).toEqual([409, []]);
    expect(other.body.error.message).toContain(item.id);
  });

  it("[DELEG-21] its own call and a child's are answered one after the other", async () => {
    crew.answers("manager", calls([call("writer", "One"), publishing("own", "o1")]), text("All done."));
    crew.answers("writer", calls([publishing("one")]), text("Done."));
    const first = (await begin()).body;
    expect(first.output.map(({ arguments: of }: Json) => of)).toEqual(['{"text":"own"}']);
    await asked(2);
    const second = (await create({ previous_response_id: first.id, input: [answerTo(first.output[0])] })).body;
    expect(second.output.map(({ arguments: of }: Json) => of)).toEqual(['{"text":"one"}']);
    const third = (await create({ previous_response_id: second.id, input: [answerTo(second.output[0])] })).body;
    expect([textOf(third), published.length]).toEqual(["All done.", 2]);
    for (const each of [first, second, third])
      expect((await json(app(at(`/responses/${each.id}`)))).body).toEqual(each);
  });
});

describe("calls of the client beside a child's ask", () => {
  const weather = { type: "function", name: "weather", parameters: { type: "object", properties: {} } };
  const both = () => {
    const atClient = { id: "w1", name: "weather", arguments: "{}" };
    crew.answers("manager", calls([call("writer", "One"), atClient]), text("All done."));
    crew.answers("writer", calls([publishing("one")]), text("Done."));
  };

  it("[DELEG-21] a response takes the outputs alone, and the next one shows the ask", async () => {
    both();
    const tools = [weather];
    const first = (await json(post("/responses", { input: "Go", conversation: world.name, tools }))).body;
    expect(first.output).toMatchObject([{ type: "function_call", call_id: "w1" }]);
    await asked(2);
    const output = { type: "function_call_output", call_id: "w1", output: "Sunny" };
    const next = { previous_response_id: first.id, tools };
    const second = (await json(post("/responses", { ...next, input: [output] }))).body;
    expect(second.output).toMatchObject([{ type: "mcp_approval_request", name: "publish" }]);
    const [{ id }] = second.output;
    const yes = { type: "mcp_approval_response", approval_request_id: id, approve: true };
    const third = (await json(post("/responses", { previous_response_id: second.id, tools, input: [yes] }))).body;
    expect([third.output.at(-1).content[0].text, published.length]).toEqual(["All done.", 1]);
  });

  it("[DELEG-21] a chat completion takes the result, and then names the ask", async () => {
    both();
    const headers = { "X-Session-Id": world.name };
    const tools = [{ type: "function", function: { name: "weather", parameters: weather.parameters } }];
    const complete = (messages: object[]) =>
      json(
        app(at("/chat/completions"), {
          method: "POST",
          headers,
          body: JSON.stringify({ model: "manager", messages, tools }),
        }),
      );
    const first = await complete([{ role: "user", content: "Go" }]);
    const { message } = first.body.choices[0];
    expect(message.tool_calls).toMatchObject([{ id: "w1" }]);
    await asked(2);
    const next = await complete([
      { role: "user", content: "Go" },
      message,
      { role: "tool", tool_call_id: "w1", content: "Sunny" },
    ]);
    expect([next.status, next.body.error.message]).toEqual([409, expect.stringContaining('of the agent "writer"')]);
    const [id] = await asked(1);
    await post(`/sessions/${world.name}/approvals/${id}`, { approve: true });
    await world.ended("turn_1");
    expect(published).toHaveLength(1);
  });
});

describe("chat completions", () => {
  const body = { model: "manager", messages: [{ role: "user", content: "Go" }] };
  const session = () => ({ headers: { "X-Session-Id": world.name } });
  const complete = (more: object = {}) =>
    app(at("/chat/completions"), { method: "POST", body: JSON.stringify({ ...body, ...more }), ...session() });

  it("[DELEG-21] names all that children ask, and who asks; the answer is there afterwards", async () => {
    twoAsk();
    const first = await json(complete());
    expect([first.status, first.body.error.code]).toEqual([409, "approval_required"]);
    const ids = await asked(2);
    const path = at(`/chat/completions/chatcmpl-${world.name}.1`);
    const { message } = (await json(app(path))).body.error;
    for (const id of ids) expect(message).toContain(`/v1/sessions/${world.name}/approvals/${id}`);
    expect(message.match(/of the agent "writer"/g)).toHaveLength(2);
    for (const id of ids) await post(`/sessions/${world.name}/approvals/${id}`, { approve: true });
    await world.ended("turn_1");
    expect((await json(app(path))).body.choices[0].message.content).toBe("All done.");
  });

  it("[DELEG-21] a stream ends with the notice", async () => {
    crew.answers("manager", calls([call("writer", "One")]));
    crew.answers("writer", calls([publishing("one")]));
    const words = await (await complete({ stream: true })).text();
    const [id] = await asked(1);
    expect(words).toContain(`/v1/sessions/${world.name}/approvals/${id}`);
  });
});

/** What `useChat` is over its own state: React's part only shows it. */
class Chat extends AbstractChat<UIMessage> {
  constructor(world: CrewWorld) {
    const state: ChatState<UIMessage> = {
      ...{ status: "ready", error: undefined, messages: [] },
      pushMessage: (message) => void state.messages.push(message),
      popMessage: () => void state.messages.pop(),
      replaceMessage(index, message) {
        state.messages[index] = message;
      },
      snapshot: (thing) => structuredClone(thing),
    };
    const transport = new DefaultChatTransport<UIMessage>({ api: at("/ui/messages"), fetch: app });
    super({
      id: world.name,
      state,
      transport,
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    });
  }

  get asks(): Json[] {
    const parts = (this.messages.at(-1)?.parts ?? []) as Json[];
    return parts.filter(({ state }) => state === "approval-requested");
  }

  get text(): string {
    return (this.messages.at(-1)?.parts ?? []).flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  }
}

describe("useChat", () => {
  const ready = (chat: Chat) => vi.waitFor(() => expect(chat.status).toBe("ready"));

  it("[DELEG-20] answers what the agent itself and its child ask at once", async () => {
    crew.answers("manager", calls([publishing("own", "o1"), call("writer", "One")]), text("All done."));
    crew.answers("writer", calls([publishing("one")]), text("Done."));
    const chat = new Chat(world);
    await chat.sendMessage({ text: "Go" });
    await asked(2);
    // As a page that is loaded again.
    chat.messages = (await json(app(at(`/ui/messages/${world.name}`)))).body;
    expect(chat.asks.map(({ input }) => input.text).toSorted()).toEqual(["one", "own"]);
    for (const { approval } of chat.asks) await chat.addToolApprovalResponse({ id: approval.id, approved: true });
    await vi.waitFor(() => expect(chat.text).toBe("All done."));
    expect([chat.asks, published.length]).toEqual([[], 2]);
    const tools = chat.messages.at(-1)?.parts.flatMap((part) => ("toolCallId" in part ? [part] : [])) ?? [];
    expect(tools.map(({ state }) => state)).toEqual(["output-available", "output-available", "output-available"]);
    expect(new Set(tools.map(({ toolCallId }) => toolCallId)).size).toBe(3);
    expect(chat.messages.filter(({ role }) => role === "assistant")).toHaveLength(1);
  });

  it("[DELEG-20] gives a result of the page beside them", async () => {
    const atClient = { id: "w1", name: "weather", arguments: "{}" };
    crew.answers("manager", calls([atClient, call("writer", "One")]), text("All done."));
    crew.answers("writer", calls([publishing("one")]), text("Done."));
    const chat = new Chat(world);
    const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } }];
    await chat.sendMessage({ text: "Go" }, { body: { tools } });
    await asked(2);
    chat.messages = (await json(app(at(`/ui/messages/${world.name}`)))).body;
    await chat.addToolOutput({ tool: "weather" as never, toolCallId: "w1", output: "Sunny" as never });
    for (const { approval } of chat.asks) await chat.addToolApprovalResponse({ id: approval.id, approved: true });
    await vi.waitFor(() => expect(chat.text).toBe("All done."));
    const results = (await world.results()).map(({ content }) => content);
    expect([results.toSorted(), published.length]).toEqual([["Done.", "Sunny"], 1]);
  });

  it("[DELEG-20] answers one ask after the other, as they come", async () => {
    crew.answers("manager", calls([call("writer", "One"), publishing("own", "o1")]), text("All done."));
    const slow = gated("");
    crew.answers("writer", calls([publishing("one")]), slow.reply);
    const chat = new Chat(world);
    await chat.sendMessage({ text: "Go" });
    slow.release();
    crew.answers("writer", text("Done."));
    for (let round = 0; chat.text !== "All done." && round < 4; round++) {
      for (const { approval } of chat.asks) await chat.addToolApprovalResponse({ id: approval.id, approved: true });
      await ready(chat);
      if (chat.asks.length === 0 && chat.text !== "All done.") await chat.resumeStream();
    }
    expect([chat.text, published.length]).toEqual(["All done.", 2]);
  });
});

describe("MCP", () => {
  async function client(capabilities: ClientCapabilities, answer: (message: string) => object): Promise<Client> {
    const made = new Client(
      { name: "test", version: "1" },
      { capabilities, versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    if (capabilities.elicitation)
      made.setRequestHandler("elicitation/create", ({ params }) => answer(params.message) as { action: "decline" });
    const fetch: typeof globalThis.fetch = (input, init) =>
      crewFetch(new URL(String(input)).pathname, init ?? {}, bindings);
    await made.connect(new StreamableHTTPClientTransport(new URL("https://crew.test/mcp"), { fetch }));
    return made;
  }

  it("[DELEG-21] puts what a child asks to the person at the client, with the agent's name", async () => {
    twoAsk();
    const shown: string[] = [];
    const asking = await client({ elicitation: { form: {} } }, (message) => {
      shown.push(message);
      return { action: "accept", content: { approve: true } };
    });
    const { structuredContent } = await asking.callTool({
      name: "ask",
      arguments: { question: "Go", session: world.name },
    });
    expect(structuredContent).toMatchObject({ status: "completed", answer: "All done." });
    expect([shown.length, published.length]).toEqual([2, 2]);
    for (const message of shown) expect(message).toContain('publish of the agent "writer"');
    await asking.close();
  });

  it("[DELEG-21] says to a client without forms where a child's call is approved", async () => {
    crew.answers("manager", calls([call("writer", "One")]));
    crew.answers("writer", calls([publishing("one")]));
    const asking = await client({}, () => ({}));
    const { structuredContent } = await asking.callTool({
      name: "ask",
      arguments: { question: "Go", session: world.name },
    });
    const [id] = await asked(1);
    expect(structuredContent).toMatchObject({ status: "waiting", answer: expect.stringContaining(`/approvals/${id}`) });
    await asking.close();
  });
});

describe("a child that fails or is stopped", () => {
  const doors: [name: string, ask: () => Promise<string>][] = [
    [
      "native",
      async () => (await json(post(`/sessions/${world.name}/messages`, { content: "Go" }))).body.message.content,
    ],
    [
      "chat",
      async () =>
        (
          await json(
            post("/chat/completions", {
              model: "manager",
              user: world.name,
              messages: [{ role: "user", content: "Go" }],
            }),
          )
        ).body.choices[0].message.content,
    ],
    [
      "responses",
      async () =>
        (await json(post("/responses", { input: "Go", conversation: world.name }))).body.output.at(-1).content[0].text,
    ],
    [
      "useChat",
      async () => {
        const chat = new Chat(world);
        await chat.sendMessage({ text: "Go" });
        return chat.text;
      },
    ],
  ];

  it.each(doors)("[DELEG-21] %s: the answer says so, and the client sees no error", async (_, ask) => {
    crew.answers("manager", calls([call("writer", "One")]), text("It failed."));
    crew.answers("writer", status(401, { error: { message: "no key" } }));
    expect(await ask()).toBe("It failed.");
  });

  const streams: [name: string, open: () => Promise<Response>, end: RegExp][] = [
    [
      "native",
      () => {
        const headers = { Accept: "text/event-stream" };
        return app(at(`/sessions/${world.name}/messages`), { method: "POST", headers, body: '{"content":"Go"}' });
      },
      /"type":"agent.started".*"reason":"cancelled"/s,
    ],
    [
      "chat",
      () =>
        post("/chat/completions", {
          model: "manager",
          user: "u",
          stream: true,
          messages: [{ role: "user", content: "Go" }],
        }),
      /data: \[DONE\]/,
    ],
    [
      "responses",
      () => post("/responses", { input: "Go", conversation: world.name, stream: true }),
      /response\.incomplete/,
    ],
    [
      "useChat",
      () => {
        const said = { id: "m1", role: "user", parts: [{ type: "text", text: "Go" }] };
        return post("/ui/messages", { id: world.name, messages: [said] });
      },
      /"type":"data-agent".*"type":"finish"/s,
    ],
  ];

  it.each(streams)(
    "[DELEG-21] %s: a stream over a child that works ends with a cancel, in its own form, and the child with it",
    async (_, open, end) => {
      const slow = gated("It is");
      crew.answers("manager", calls([call("writer", "One")]));
      crew.answers("writer", slow.reply);
      const answer = await open();
      const session = answer.headers.get("X-Session-Id") ?? world.name;
      const read = answer.text();
      await slow.reached(0);
      const at = world.session(session);
      unwrap(await at.stub.cancel());
      expect(await Promise.race([read, at.ended("turn_1").then(() => read)])).toMatch(end);
      await vi.waitFor(async () =>
        expect((await (await at.child()).entries()).at(-1)).toMatchObject({ reason: "cancelled" }),
      );
    },
  );
});
