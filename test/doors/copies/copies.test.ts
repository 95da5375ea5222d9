import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { notRun } from "../../../src/core/not-run.ts";
import { agent } from "../../app/agent.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

function call(
  method: string,
  path: string,
  body?: unknown,
  type = "application/json",
  headers: Record<string, string> = {},
): Promise<Response> {
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": type, ...headers },
    ...(body !== undefined && { body: sent }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function json(response: Response | Promise<Response>): Promise<{ status: number; body: any }> {
  const answer = await response;
  return { status: answer.status, body: await answer.json() };
}

const entries = async (session: string) => (await json(call("GET", `/v1/sessions/${session}/entries`))).body.entries;
const ask = (session: string, content: string) => json(call("POST", `/v1/sessions/${session}/messages`, { content }));

/** Two turns, the second with a tool. */
async function talk(): Promise<void> {
  await call("POST", "/v1/sessions", { id, title: "Colours", metadata: { team: "a" }, instructions: "Be brief." });
  provider.enqueue(text("Blue."), calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("Two."));
  await ask(id, "Which colour?");
  await ask(id, "1+1?");
}

describe("a fork", () => {
  it("[FORK-1] begins with the entries up to a place, and goes its own way", async () => {
    await talk();
    const { status, body } = await json(call("POST", `/v1/sessions/${id}/fork`, { after_seq: 3, title: "Again" }));
    expect([status, body]).toMatchObject([
      201,
      {
        title: "Again",
        metadata: { team: "a" },
        last_seq: 3,
        status: "idle",
        usage: { steps: 0 },
        forked_from: { session: id, after_seq: 3 },
      },
    ]);
    expect(await entries(body.id)).toEqual((await entries(id)).slice(0, 3));
    provider.enqueue(text("Four."));
    expect((await ask(body.id, "2+2?")).body).toMatchObject({ turn: "turn_2", message: { content: "Four." } });
    const sent = provider.requests.at(-1)?.body.messages;
    expect(sent.map(({ content }: { content: string }) => content)).toEqual([
      expect.stringMatching(/Be brief\.$/),
      "Which colour?",
      "Blue.",
      "2+2?",
    ]);
    expect((await entries(id)).length).toBe(8);
  });

  it("[FORK-1] without a place is the whole session; before the first entry it is empty, for an edited message", async () => {
    await talk();
    const whole = await json(call("POST", `/v1/sessions/${id}/fork`));
    expect(await entries(whole.body.id)).toEqual(await entries(id));
    const empty = await json(call("POST", `/v1/sessions/${id}/fork`, { after_seq: 0 }));
    expect([empty.status, empty.body.last_seq]).toEqual([201, 0]);
    provider.enqueue(text("Red."));
    expect((await ask(empty.body.id, "Which colour, really?")).body.message.content).toBe("Red.");
  });

  it("[FORK-2] in the middle of a turn ends that turn, with results for its open calls", async () => {
    await talk();
    const { body } = await json(call("POST", `/v1/sessions/${id}/fork`, { after_seq: 5 }));
    const copied = await entries(body.id);
    expect(copied.slice(5)).toMatchObject([
      { type: "tool", message: { is_error: true, content: notRun.copiedOpen } },
      { type: "turn_ended", reason: "interrupted" },
    ]);
    provider.enqueue(text("Fine."));
    expect((await ask(body.id, "Go on")).body).toMatchObject({ status: "completed", turn: "turn_3" });
  });

  it("[FORK-3] beyond the log, or onto another session, is refused and makes nothing", async () => {
    await talk();
    const beyond = await json(call("POST", `/v1/sessions/${id}/fork`, { after_seq: 9, id: `${id}-x` }));
    expect([beyond.status, beyond.body.field]).toEqual([400, "after_seq"]);
    expect((await call("GET", `/v1/sessions/${id}-x`)).status).toBe(404);
    const onto = await json(call("POST", `/v1/sessions/${id}/fork`, { id }));
    expect([onto.status, onto.body.code]).toEqual([409, "conflict"]);
    expect((await call("POST", `/v1/sessions/${crypto.randomUUID()}/fork`, {})).status).toBe(404);
  });

  it("[FORK-4] is not billed again for what it copied", async () => {
    await talk();
    const { body } = await json(call("POST", `/v1/sessions/${id}/fork`, {}));
    provider.enqueue(text("Yes."));
    await ask(body.id, "Still there?");
    await vi.waitFor(async () => {
      const usage = await json(call("GET", "/v1/usage?group_by=session"));
      const row = usage.body.usage.find(({ session }: { session: string }) => session === body.id);
      expect(row?.steps).toBe(1);
    });
  });
});

describe("a copy of a session whose tool waits", () => {
  /** The transcript of the session in another one. */
  const copied: Record<string, () => Promise<string>> = {
    fork: async () => (await json(call("POST", `/v1/sessions/${id}/fork`))).body.id,
    import: async () => {
      const lines = await (await call("GET", `/v1/sessions/${id}/export`)).text();
      const { status, body } = await json(
        call("POST", `/v1/sessions/import?id=${id}-x`, lines, "application/x-ndjson"),
      );
      expect(status).toBe(201);
      return body.id;
    },
  };

  it.each(["fork", "import"])(
    "[COPY-4] by %s: the turn ends there, no step runs again, no result says that the tool did not run, and the first one goes on",
    async (how) => {
      const tool = agent.tools.get("calculator");
      let orders = 0;
      if (tool)
        vi.spyOn(tool, "run").mockImplementation(async (_, { step }) => {
          await step.do("order", () => void orders++, { effect: "unsafe" });
          return (await step.waitFor("shipped", { timeout: 86_400_000 }))?.value;
        });
      provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1"}' }]));
      await call("POST", `/v1/sessions/${id}/messages`, { content: "Order it." }, undefined, {
        Prefer: "respond-async",
      });
      await vi.waitFor(async () => expect((await json(call("GET", `/v1/sessions/${id}`))).body.status).toBe("waiting"));
      const copy = (await copied[how]?.()) ?? "";
      expect((await entries(copy)).slice(2)).toMatchObject([
        { type: "tool", message: { is_error: true, content: notRun.copiedOpen } },
        { type: "turn_ended", reason: "interrupted" },
      ]);
      const signal = (to: string) => call("POST", `/v1/sessions/${to}/signals/shipped`, { value: 7 });
      expect((await signal(copy)).status).toBe(404);
      provider.enqueue(text("It was shipped."));
      expect((await signal(id)).status).toBe(200);
      await vi.waitFor(async () => expect((await entries(id)).at(-1)).toMatchObject({ reason: "completed" }));
      expect(orders).toBe(1);
    },
  );

  it("[COPY-4] or asks a person: the call waits in the first one alone", async () => {
    const tool = agent.tools.get("calculator");
    if (tool) vi.spyOn(tool, "needsApproval").mockReturnValue(true);
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1"}' }]));
    await ask(id, "Pay it.");
    const { body } = await json(call("POST", `/v1/sessions/${id}/fork`));
    expect((await entries(body.id)).at(-2)).toMatchObject({ message: { content: notRun.copiedWaiting } });
    await call("POST", `/v1/sessions/${id}/cancel`);
  });
});

describe("export and import", () => {
  const exported = async (session: string) => (await call("GET", `/v1/sessions/${session}/export`)).text();
  const jsonl = "application/x-ndjson";

  it("[COPY-1] gives an equal session back, which goes on as the first one would", async () => {
    await talk();
    const lines = await exported(id);
    expect(lines.trimEnd().split("\n")).toHaveLength(9);
    expect(JSON.parse(lines.split("\n")[0] ?? "")).toMatchObject({ longline: 1, id, instructions: "Be brief." });
    const copy = `${id}-copy`;
    const { status, body } = await json(call("POST", `/v1/sessions/import?id=${copy}`, lines, jsonl));
    expect(status).toBe(201);
    const original = (await json(call("GET", `/v1/sessions/${id}`))).body;
    expect(body).toEqual({ ...original, id: copy });
    expect(await entries(copy)).toEqual(await entries(id));
    expect((await exported(copy)).replace(copy, id)).toBe(lines);
    provider.enqueue(text("Three."));
    expect((await ask(copy, "1+2?")).body.turn).toBe("turn_3");
  });

  it("[COPY-2] a broken line is named, and nothing is imported", async () => {
    await talk();
    const lines = (await exported(id)).trimEnd().split("\n");
    const target = `${id}-broken`;
    const attempt = async (change: (lines: string[]) => void) => {
      const changed = [...lines];
      change(changed);
      const answer = await json(call("POST", `/v1/sessions/import?id=${target}`, changed.join("\n"), jsonl));
      expect((await call("GET", `/v1/sessions/${target}`)).status).toBe(404);
      return [answer.status, answer.body.detail];
    };
    const wrong = (line: number, what: RegExp) => [
      400,
      expect.stringMatching(new RegExp(`^Line ${line}: .*${what.source}.*Nothing was imported\\.$`)),
    ];
    expect(await attempt((all) => void all.splice(0))).toEqual(wrong(1, /missing/));
    expect(await attempt((all) => void all.splice(0, 1, "{}"))).toEqual(wrong(1, /longline/));
    expect(await attempt((all) => void all.splice(3, 1, '{"half'))).toEqual(wrong(4, /not a JSON object/));
    expect(await attempt((all) => void all.splice(4, 1))).toEqual(wrong(5, /seq is 5, and 4 is next/));
    expect(await attempt((all) => void all.splice(2, 1, (all[2] ?? "").replace('"assistant"', '"robot"')))).toEqual(
      wrong(3, /type/),
    );
    expect(await attempt((all) => void all.splice(1, 1, (all[1] ?? "").replace('"content"', '"text"')))).toEqual(
      wrong(2, /content/),
    );
    expect(
      await attempt((all) => void all.splice(6, 1, (all[6] ?? "").replace(/"call_id":"[^"]*"/, '"call_id":"x"'))),
    ).toEqual(wrong(7, /no open call/));
    // And the id is free still.
    expect((await call("POST", `/v1/sessions/import?id=${target}`, lines.join("\n"), jsonl)).status).toBe(201);
  });

  it("[FEEDBACK-2] feedback goes along, once, after its turn, and is not counted again", async () => {
    await talk();
    const rate = (session: string, given: object) => json(call("POST", `/v1/sessions/${session}/feedback`, given));
    await rate(id, { turn: "turn_1", score: 1 });
    await rate(id, { turn: "turn_1", score: -0.5, label: "too_short", comment: 'She wrote "no":\nNo.' });
    await rate(id, { turn: "turn_2", score: 1 });
    const lines = (await exported(id)).trimEnd().split("\n");
    expect(lines).toHaveLength(11);
    const types = lines.slice(1).map((line) => JSON.parse(line).type);
    expect([types.indexOf("feedback"), types.at(-1)]).toEqual([types.indexOf("turn_ended") + 1, "feedback"]);
    const copy = `${id}-copy`;
    expect((await call("POST", `/v1/sessions/import?id=${copy}`, lines.join("\n"), jsonl)).status).toBe(201);
    const ratingOf = async (session: string, turn: string) =>
      (await json(call("GET", `/v1/sessions/${session}/turns/${turn}`))).body.feedback;
    expect(await ratingOf(copy, "turn_1")).toMatchObject({
      score: -0.5,
      label: "too_short",
      comment: 'She wrote "no":\nNo.',
    });
    for (const turn of ["turn_1", "turn_2"]) expect(await ratingOf(copy, turn)).toEqual(await ratingOf(id, turn));
    expect((await exported(copy)).replace(copy, id).trimEnd()).toBe(lines.join("\n"));
    expect(await entries(copy)).toEqual(await entries(id));
    // A turn that was held elsewhere is no turn of this account, and its feedback is not counted, either.
    provider.enqueue(text("Three."));
    await ask(copy, "1+2?");
    await vi.waitFor(async () => {
      const { usage } = (await json(call("GET", "/v1/usage?group_by=session"))).body;
      const counts = new Map(
        usage.map((sum: { session: string; feedback: { count: number } }) => [sum.session, sum.feedback.count]),
      );
      expect([counts.get(id), counts.get(copy)]).toEqual([2, 0]);
    });
    const broken = [...lines];
    broken.splice(1, 0, '{"turn":"turn_1","type":"feedback","at_ms":1,"score":1}');
    const early = await json(call("POST", `/v1/sessions/import?id=${id}-b`, broken.join("\n"), jsonl));
    expect([early.status, early.body.detail]).toEqual([
      400,
      expect.stringMatching(/^Line 2: it is about turn_1, which is no turn before it/),
    ]);
    for (const wrong of ['"score":2', '"score":1,"extra":1', '"score":"1"', '"score":1,"label":7']) {
      const line = `{"turn":"turn_1","type":"feedback","at_ms":1,${wrong}}`;
      const answer = await json(call("POST", `/v1/sessions/import?id=${id}-w`, [...lines, line].join("\n"), jsonl));
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(/^Line 12: /)]);
    }
  });

  it("[COPY-3] an id that is taken is refused, and so is one that is being made", async () => {
    await talk();
    const lines = await exported(id);
    expect((await json(call("POST", "/v1/sessions/import", lines, jsonl))).body).toMatchObject({ code: "conflict" });
  });
});

describe("an erased session", () => {
  it("[ERASE-1] is not made again by a message, a fork or an approval; only by who makes it anew", async () => {
    await talk();
    expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(200);
    const refused = [
      ask(id, "Hello?"),
      json(call("POST", `/v1/sessions/${id}/fork`, {})),
      json(call("POST", `/v1/sessions/${id}/approvals/c1`, { approve: true })),
      json(call("GET", `/v1/sessions/${id}/export`)),
      json(call("GET", `/v1/sessions/${id}/search?q=x`)),
    ];
    for (const answer of await Promise.all(refused))
      expect([answer.status, answer.body.code]).toEqual([404, "not_found"]);
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
    expect((await call("POST", "/v1/sessions", { id })).status).toBe(201);
    provider.enqueue(text("Hi."));
    expect((await ask(id, "Hello?")).body).toMatchObject({ turn: "turn_1", status: "completed" });
  });
});

describe("search and positions", () => {
  it("[SESSION-9] GET search finds entries of one session, best first", async () => {
    await talk();
    const { body } = await json(call("GET", `/v1/sessions/${id}/search?q=colour%20blue`));
    expect(body.results.map(({ seq, type }: { seq: number; type: string }) => [seq, type])).toEqual([
      [2, "assistant"],
      [1, "user"],
    ]);
    expect((await json(call("GET", `/v1/sessions/${id}/search`))).body.field).toBe("q");
  });

  it("[EVENT-8] an id of another session, or of an erased one of the same name, is refused", async () => {
    await talk();
    const other = crypto.randomUUID();
    provider.enqueue(text("Hi."));
    await ask(other, "Hello");
    const events = await (await call("GET", `/v1/sessions/${other}/events?live=false`)).text();
    const foreign = /^id: (\S+)$/m.exec(events)?.[1] ?? "";
    expect(foreign).toMatch(/^[0-9a-z]{6}-1$/);
    expect((await call("GET", `/v1/sessions/${other}/events?live=false&after=${foreign}`)).status).toBe(200);
    const refused = await json(call("GET", `/v1/sessions/${id}/events?live=false&after=${foreign}`));
    expect([refused.status, refused.body.field]).toEqual([400, "after"]);
  });
});

describe("approvals and results over HTTP", () => {
  const order = '{"method":"POST","url":"https://shop.example.com/orders","body":null}';

  it("[WAIT-9] a waiting turn is answered 202 with what it waits for, and goes on after the answer", async () => {
    provider.enqueue(calls([{ id: "call_pay", name: "send_request", arguments: order }]));
    const { status, body } = await ask(id, "Order it");
    expect([status, body]).toMatchObject([
      202,
      {
        status: "waiting",
        message: { tool_calls: [{ id: "call_pay" }] },
        waiting_for: [{ call_id: "call_pay", name: "send_request", arguments: order, kind: "approval" }],
      },
    ]);
    for (const [path, sent, field] of [
      ["approvals/call_pay", { approve: "yes" }, "approve"],
      ["approvals/call_pay", {}, "approve"],
      ["tool_results", { results: [] }, "results"],
      [
        "tool_results",
        {
          results: [
            { call_id: "a", content: "" },
            { call_id: "a", content: "" },
          ],
        },
        "results",
      ],
    ] as const) {
      expect((await json(call("POST", `/v1/sessions/${id}/${path}`, sent))).body).toMatchObject({ status: 400, field });
    }
    provider.enqueue(text("Ordered."));
    expect(await json(call("POST", `/v1/sessions/${id}/approvals/call_pay`, { approve: true }))).toEqual({
      status: 200,
      body: { session: id, turn: "turn_1", call_id: "call_pay", approve: true },
    });
    expect((await call("POST", `/v1/sessions/${id}/approvals/call_pay`, { approve: true })).status).toBe(409);
    await vi.waitFor(async () =>
      expect((await json(call("GET", `/v1/sessions/${id}/turns/turn_1`))).body.status).toBe("completed"),
    );
  });

  it("[WAIT-9] tools of the sender are declared as OpenAI's, and a name of the agent's is refused", async () => {
    const tool = (name: string) => ({ type: "function", function: { name, parameters: { type: "object" } } });
    const send = (tools: unknown[]) => json(call("POST", `/v1/sessions/${id}/messages`, { content: "Hi", tools }));
    expect((await send([tool("calculator")])).body).toMatchObject({ status: 400, field: "tools.0.function.name" });
    expect((await send([tool("x"), tool("x")])).body).toMatchObject({ status: 400, field: "tools.1.function.name" });
    expect((await send([{ type: "web_search" }])).body).toMatchObject({ status: 400 });
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
    provider.enqueue(calls([{ id: "c1", name: "where_am_i", arguments: "{}" }]), text("In Rome."));
    expect((await send([tool("where_am_i")])).body).toMatchObject({ status: "waiting" });
    const results = [{ call_id: "c1", content: "Rome" }];
    expect((await json(call("POST", `/v1/sessions/${id}/tool_results`, { results }))).body).toEqual({
      session: id,
      turn: "turn_1",
      accepted: ["c1"],
    });
    await vi.waitFor(async () =>
      expect((await json(call("GET", `/v1/sessions/${id}/turns/turn_1`))).body.status).toBe("completed"),
    );
  });
});
