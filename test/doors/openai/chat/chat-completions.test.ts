import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../../support/checked-worker.ts";
import { calls, gated, status, text } from "../../../support/fake-provider.ts";
import { startProvider } from "../../../support/session-world.ts";

const worker = checkedWorker();
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Asked {
  body?: object;
  headers?: Record<string, string>;
  method?: string;
}
function call(path: string, { body, headers = {}, method = body === undefined ? "GET" : "POST" }: Asked = {}) {
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const model = "deepseek-v3.2-exp";
const said = (content: string) => ({ role: "user", content });
const answer = (content: string) => ({ role: "assistant", content });
async function chat(messages: object[], more: object = {}, headers: Record<string, string> = {}) {
  const response = await call("/v1/chat/completions", { body: { model, messages, ...more }, headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
}
const named = () => ({ "X-Session-Id": id });
const entriesOf = async (session: string) =>
  ((await (await call(`/v1/sessions/${session}/entries?limit=500`)).json()) as Json).entries as Json[];
const talkOf = async (session: string) =>
  (await entriesOf(session)).flatMap(({ message }) => (message ? [`${message.role}: ${message.content}`] : []));
const sentMessages = () => provider.requests.at(-1)?.body.messages.slice(1);

const book = { type: "function", function: { name: "book", parameters: { type: "object", properties: {} } } };
const asksBook = calls([{ name: "book", arguments: '{"day":"Monday"}', id: "call_b" }]);
/** One step that asks for a tool of the server and for one of the client. */
const asksBoth = calls([
  { name: "calculator", arguments: '{"expression":"6*7"}', id: "call_s" },
  { name: "book", arguments: "{}", id: "call_b" },
]);

describe("a session behind chat completions", () => {
  it("[CHAT-5] without a name a conversation lives for a day, and is told its name", async () => {
    provider.enqueue(text("Hello!"));
    const { headers, body } = await chat([{ role: "system", content: "Be brief." }, said("Hi")]);
    expect(body).toMatchObject({
      object: "chat.completion",
      model,
      choices: [{ message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, prompt_cache_hit_tokens: 64 },
    });
    const session = headers.get("X-Session-Id") ?? "";
    const about = (await (await call(`/v1/sessions/${session}`)).json()) as Json;
    expect(Date.parse(about.expires_at) - Date.parse(about.created_at)).toBe(86_400_000);
    expect(provider.requests[0]?.body.messages[0].content).toContain("Be brief.");
    expect((await (await call(`/v1/chat/completions/${body.id}`)).json()) as Json).toMatchObject({
      id: body.id,
      choices: body.choices,
      usage: body.usage,
    });
  });

  it("[CHAT-5] with a name only what is new is taken in, and the provider's prefix stays the same", async () => {
    provider.enqueue(text("Blue."), text("Green."), text("Red."));
    await chat([said("Which colour?")], {}, named());
    await chat([said("Which colour?"), answer("Blue."), said("And now?")], {}, named());
    await chat([said("Just this one.")], {}, named());
    expect(await talkOf(id)).toEqual([
      "user: Which colour?",
      "assistant: Blue.",
      "user: And now?",
      "assistant: Green.",
      "user: Just this one.",
      "assistant: Red.",
    ]);
    const [first, second, third] = provider.requests.map(({ text }) => text.slice(0, -2));
    expect(second?.startsWith(first ?? "-")).toBe(true);
    expect(third?.startsWith(second ?? "-")).toBe(true);
  });

  it("[CHAT-5] a conversation that was edited goes on in a fork, which is named; the transcript stays", async () => {
    provider.enqueue(text("Blue."), text("Green."), text("Red."), text("Pink."));
    await chat([said("u1")], {}, named());
    await chat([said("u1"), answer("Blue."), said("u2")], {}, named());
    const before = await entriesOf(id);
    const again = await chat([said("u1"), answer("Blue."), said("u2, but")], {}, named());
    const fork = again.headers.get("X-Session-Id") ?? "";
    expect([again.headers.get("X-Session-Forked-From"), fork === id]).toEqual([id, false]);
    expect(again.body.choices[0].message.content).toBe("Red.");
    expect(await talkOf(fork)).toEqual(["user: u1", "assistant: Blue.", "user: u2, but", "assistant: Red."]);
    expect(await entriesOf(id)).toEqual(before);
    const edited = await chat([said("u1"), answer("Bleu."), said("u2"), answer("Green."), said("u3")], {}, named());
    const other = edited.headers.get("X-Session-Id") ?? "";
    expect((await talkOf(other)).slice(0, 4)).toEqual([
      "user: u1",
      "assistant: Bleu.",
      "user: u2",
      "assistant: Green.",
    ]);
    expect((await (await call(`/v1/sessions/${other}`)).json()) as Json).toMatchObject({
      forked_from: { session: id },
    });
  });

  it("[CHAT-5] a history that nobody knows seeds a session, calls and results with it", async () => {
    provider.enqueue(text("Yes."));
    const history = [
      said("u1"),
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "book", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c1", content: "booked" },
      answer("Done."),
      said("Sure?"),
    ];
    const { headers } = await chat(history, {}, named());
    expect(headers.get("X-Session-Forked-From")).toBeNull();
    expect(sentMessages().map(({ role }: Json) => role)).toEqual(["user", "assistant", "tool", "assistant", "user"]);
    expect((await talkOf(id)).slice(-2)).toEqual(["user: Sure?", "assistant: Yes."]);
  });

  it("[CHAT-5] several messages at once are one turn, each with its speaker", async () => {
    provider.enqueue(text("Hello you two."));
    await chat(
      [
        { ...said("Hi"), name: "Ann" },
        { ...said("Hey"), name: "Bo" },
      ],
      {},
      named(),
    );
    expect(sentMessages()).toEqual([said("Ann: Hi"), said("Bo: Hey")]);
    expect((await entriesOf(id)).filter(({ type }) => type === "turn_ended")).toHaveLength(1);
  });

  it("[CHAT-5] the same Idempotency-Key is the same answer, also without a name", async () => {
    provider.enqueue(text("Once."));
    const key = { "Idempotency-Key": id };
    const [one, two] = [await chat([said("Hi")], {}, key), await chat([said("Hi")], {}, key)];
    expect(two.body.id).toBe(one.body.id);
    expect(provider.requests).toHaveLength(1);
  });
});

describe("client tools", () => {
  it("[CHAT-3] are asked for, answered and gone on with, in a session and without one", async () => {
    for (const headers of [named(), {}]) {
      provider.enqueue(asksBook, text("Booked."));
      const first = await chat([said("Book Monday")], { tools: [book] }, headers);
      const [asked] = first.body.choices;
      expect(asked).toMatchObject({
        finish_reason: "tool_calls",
        message: {
          content: null,
          tool_calls: [{ id: "call_b", function: { name: "book", arguments: '{"day":"Monday"}' } }],
        },
      });
      const told = [said("Book Monday"), asked.message, { role: "tool", tool_call_id: "call_b", content: "ok" }];
      const second = await chat(told, { tools: [book] }, headers);
      expect(second.body.choices).toMatchObject([{ message: { content: "Booked." }, finish_reason: "stop" }]);
      expect(second.body.id).not.toBe(first.body.id);
      expect(sentMessages().at(-1)).toEqual({ role: "tool", tool_call_id: "call_b", content: "ok" });
      expect(provider.requests.at(-1)?.body.tools.map((tool: Json) => tool.function.name)).toContain("book");
      provider.forget();
    }
  });

  it("[CHAT-3] behind results the turn goes by what the new request chose", async () => {
    provider.enqueue(asksBook, text("Booked."));
    const first = await chat([said("Book")], { tools: [book], temperature: 1 }, named());
    const told = [said("Book"), first.body.choices[0].message, { role: "tool", tool_call_id: "call_b", content: "ok" }];
    await chat([{ role: "system", content: "Be brief." }, ...told], { tools: [book], temperature: 0 }, named());
    expect(provider.requests.map(({ body }) => body.temperature)).toEqual([1, 0]);
    expect(provider.requests[1]?.body.messages[0].content).toContain("Be brief.");
  });

  it("[CHAT-3] the same results sent again are the same answer", async () => {
    provider.enqueue(asksBook, text("Booked."));
    const first = await chat([said("Book")], { tools: [book] }, named());
    const told = [said("Book"), first.body.choices[0].message, { role: "tool", tool_call_id: "call_b", content: "ok" }];
    const second = await chat(told, { tools: [book] }, named());
    expect((await chat(told, { tools: [book] }, named())).body).toEqual({
      ...second.body,
      created: expect.any(Number),
    });
  });

  it("[CHAT-3] in one step with the server's own: those run here, and the turn ends once", async () => {
    provider.enqueue(asksBoth, text("All done."));
    const first = await chat([said("Both")], { tools: [book] }, named());
    expect(first.body.choices[0].message.tool_calls).toMatchObject([{ id: "call_b" }]);
    const told = [said("Both"), first.body.choices[0].message, { role: "tool", tool_call_id: "call_b", content: "ok" }];
    const second = await chat([...told, said("Hurry")], { tools: [book] }, named());
    expect(second.body.choices[0].message.content).toBe("All done.");
    expect(sentMessages().map(({ role, content }: Json) => [role, content])).toEqual([
      ["user", "Both"],
      ["assistant", ""],
      ["tool", "6*7 = 42"],
      ["tool", "ok"],
      ["user", "Hurry"],
    ]);
  });

  it("[CHAT-3] a person who goes on without results gives the calls up", async () => {
    provider.enqueue(asksBook, text("As you like."));
    const first = await chat([said("Book")], { tools: [book] }, named());
    expect(first.body.choices[0].finish_reason).toBe("tool_calls");
    const next = await chat([said("Never mind")], {}, named());
    expect(next.body.choices[0].message.content).toBe("As you like.");
    expect((await entriesOf(id)).find(({ type }) => type === "turn_ended").reason).toBe("interrupted");
  });

  it("[CHAT-3] an approval is no answer: the caller is told where it is given, and nothing is lost", async () => {
    const request = { url: "https://example.com/", method: "POST", body: "x" };
    provider.enqueue(
      calls([{ name: "send_request", arguments: JSON.stringify(request), id: "call_p" }]),
      text("Sent."),
    );
    const refused = await chat([said("Send it")], {}, named());
    expect([refused.status, refused.body.error.code]).toEqual([409, "approval_required"]);
    expect(refused.body.error.message).toContain(`/v1/sessions/${id}/approvals/call_p`);
    await call(`/v1/sessions/${id}/approvals/call_p`, { body: { approve: false } });
    await vi.waitFor(async () => {
      const later = (await (await call(`/v1/chat/completions/chatcmpl-${id}.1`)).json()) as Json;
      expect(later.choices[0].message.content).toBe("Sent.");
    });
  });
});

describe("parameters", () => {
  it("[CHAT-1] reach the provider, behind the conversation", async () => {
    provider.enqueue(text("{}"));
    const more = {
      max_completion_tokens: 99,
      temperature: 0.2,
      top_p: 0.9,
      stop: "END",
      frequency_penalty: 0.1,
      presence_penalty: -0.1,
      response_format: { type: "json_object" },
      tool_choice: "none",
      user: "ann",
      reasoning_effort: "none",
    };
    expect((await chat([said("Hi")], more, named())).status).toBe(200);
    const [{ text: sent, body }] = provider.requests as unknown as [{ text: string; body: Json }];
    expect(body).toMatchObject({
      model: "DeepSeek-V3.2-Exp-nothinking",
      max_tokens: 99,
      temperature: 0.2,
      top_p: 0.9,
      stop: ["END"],
      frequency_penalty: 0.1,
      presence_penalty: -0.1,
      response_format: { type: "json_object" },
      tool_choice: "none",
    });
    expect(sent.indexOf('"temperature"')).toBeGreaterThan(sent.indexOf('"messages"'));
    expect((await entriesOf(id))[0].metadata).toEqual({ user: "ann" });
  });

  it("[CHAT-1] a tool that must be used is asked for in the first step alone, and without thinking", async () => {
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("2"));
    const choice = { type: "function", function: { name: "calculator" } };
    await chat([said("1+1")], { tool_choice: choice, model: `${model}-thinking` }, named());
    expect(provider.requests.map(({ body }) => [body.model, body.tool_choice])).toEqual([
      ["DeepSeek-V3.2-Exp-nothinking", choice],
      ["DeepSeek-V3.2-Exp-nothinking", undefined],
    ]);
  });

  it("[CHAT-1] a thinking model is the model with thinking on", async () => {
    provider.enqueue(text("Hm."));
    expect((await chat([said("Hi")], { model: `${model}-thinking` })).body.model).toBe(`${model}-thinking`);
    expect(provider.requests[0]?.body.model).toBe("DeepSeek-V3.2-Exp-thinking");
    const { data } = (await (await call("/v1/models")).json()) as Json;
    expect(data.map(({ id }: Json) => id)).toEqual([model, `${model}-thinking`, "longline"]);
    provider.enqueue(text("Hi."));
    expect((await chat([said("Hi")], { model: "longline" }, named())).status).toBe(200);
    expect((await entriesOf(id))[0].options.model).toBeUndefined();
    expect((await call(`/v1/models/${model}`)).status).toBe(200);
    expect((await call("/v1/models/gpt-4")).status).toBe(404);
  });

  it.each([
    [{ n: 2 }, 400, "n"],
    [{ logit_bias: { 1: 5 } }, 400, "logit_bias"],
    [{ logit_bias: [] }, 400, "logit_bias"],
    [{ logprobs: true }, 400, "logprobs"],
    [{ functions: [{ name: "a" }] }, 400, "functions"],
    [{ functions: {} }, 400, "functions"],
    [{ temperature: 3 }, 400, "temperature"],
    [{ nonsense: 1 }, 400, "nonsense"],
    [{ model: "gpt-4" }, 404, "model"],
    [{ messages: [] }, 400, "messages"],
    [{ messages: [{ role: "user", content: "" }] }, 400, "messages.0.content"],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
      400,
      "messages.0.content.0",
    ],
    [{ messages: [said("a"), answer("b")] }, 400, "messages.1"],
    [{ messages: [said("a"), { role: "tool", tool_call_id: "c", content: "x" }] }, 400, "messages.1"],
    [{ response_format: { type: "yaml" } }, 400, "response_format.type"],
  ])("[CHAT-1] %j is refused by name, and nothing is stored", async (more, code, param) => {
    const { status, body } = await chat([said("Hi")], more, named());
    expect([status, body.error.param, body.error.type]).toEqual([code, param, "invalid_request_error"]);
    expect(body.error.message).not.toBe("");
    expect((await call(`/v1/sessions/${id}`)).status).toBe(404);
  });

  it.each([{ logit_bias: {} }, { functions: [] }, { tools: [] }, { stop: [] }, { metadata: {} }])(
    "[CHAT-1] %j asks for nothing, and is as good as absent",
    async (more) => {
      provider.enqueue(text("Hi."));
      expect((await chat([said("Hi")], more)).status).toBe(200);
    },
  );

  it("[CHAT-1] null is as good as absent", async () => {
    provider.enqueue(text("Hi."));
    const more = {
      temperature: null,
      tools: null,
      stop: null,
      n: null,
      logprobs: null,
      response_format: null,
      seed: null,
    };
    expect((await chat([{ ...said("Hi"), name: null }], { ...more, stream: null })).status).toBe(200);
  });
});

describe("errors", () => {
  it("[CHAT-4] a provider that fails is an error in OpenAI's words, and sending again works", async () => {
    provider.enqueue(status(400, { error: { message: "Content Exists Risk" } }), text("Fine."));
    const failed = await chat([said("Hi")], {}, named());
    expect([failed.status, failed.body.error.type]).toEqual([400, "invalid_request_error"]);
    expect(failed.headers.get("X-Session-Id")).toBe(id);
    const again = await chat([said("Hi")], {}, named());
    expect([again.body.choices[0].message.content, again.headers.get("X-Session-Id")]).toEqual(["Fine.", id]);
  });

  it("[CHAT-4] unknown completions, wrong sessions and wrong keys are refused alike", async () => {
    for (const path of ["nope", "chatcmpl-nope.1", `chatcmpl-${id}.1`, "resp_x.1"]) {
      const refused = await call(`/v1/chat/completions/${path}`);
      expect([refused.status, ((await refused.json()) as Json).error.code]).toEqual([404, "not_found"]);
    }
    expect((await chat([said("Hi")], {}, { "X-Session-Id": "no spaces" })).body.error.param).toBe("X-Session-Id");
    const stranger = await chat([said("Hi")], {}, { Authorization: "Bearer wrong" });
    expect([stranger.status, stranger.body.error.code]).toEqual([401, "invalid_api_key"]);
  });

  it("[CHAT-5] a turn begun here is read and stopped by Longline's own calls, and the other way round", async () => {
    const gate = gated("Once ", "upon");
    provider.enqueue(gate.reply);
    const body = { model, messages: [said("A story")], stream: true };
    const streaming = await call("/v1/chat/completions", { body, headers: named() });
    await gate.reached(1);
    await call(`/v1/sessions/${id}/cancel`, { body: {} });
    const frames = (await streaming.text()).split("\n\n").filter((frame) => frame !== "" && !frame.startsWith(":"));
    expect(frames.at(-1)).toBe("data: [DONE]");
    expect(frames.at(-2)).toContain('"finish_reason":"stop"');
    expect(await talkOf(id)).toEqual(["user: A story", "assistant: Once "]);
  });
});

describe("a client that comes back with an id", () => {
  it("[CURSOR-7] from behind its answer, or of another session, is refused; one from before it has nothing of it", async () => {
    provider.enqueue(text("One."), text("Two."), text("Other."));
    for (const content of ["1", "2"]) await chat([said(content)], {}, named());
    const other = await chat([said("3")]);
    const read = async (completion: string, last?: string) => {
      const headers = last === undefined ? {} : { "Last-Event-ID": last };
      const answer = await call(`/v1/chat/completions/${completion}?stream=true`, { headers });
      return { status: answer.status, text: await answer.text() };
    };
    const [first, second] = (await entriesOf(id)).filter(({ type }) => type === "user").map(({ turn }) => turn);
    const name = (turn: string) => `chatcmpl-${id}.${turn.replace("turn_", "")}`;
    const idOf = ({ text: frames }: { text: string }) =>
      /^id: (.+)$/m.exec(frames.slice(frames.lastIndexOf("\nid: ") + 1))?.[1] ?? "";
    const [one, two] = [await read(name(first)), await read(name(second))];
    expect((await read(name(first), idOf(two))).status).toBe(400);
    expect((await read(name(first), idOf(await read(other.body.id)))).status).toBe(400);
    expect((await read(name(second), idOf(one))).text).toBe(two.text);
    const rest = await read(name(first), idOf(one));
    expect([rest.text.includes("One."), rest.text.includes('"finish_reason":"stop"')]).toEqual([false, true]);
  });
});
