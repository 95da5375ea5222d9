import { describe, expect, it } from "vitest";
import type { AssistantEntry, ResponseFormat } from "../../src/core/entry.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { jsonAnswerEvents } from "../../src/model/json-answer.ts";
import { MemorySession } from "../../src/test-kit/memory-session.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { calls, createFakeProvider, frames, type Reply, text } from "../support/fake-provider.ts";

const comet = "https://api.cometapi.com/v1";
const profile = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: comet, demo: false });

/** Asks once; `replies` are what the provider sends, one a call. */
async function asked(replies: Reply[], responseFormat?: ResponseFormat) {
  const provider = createFakeProvider();
  const tools = createToolbox([calculator]);
  const session = new MemorySession({ profile, baseUrl: comet, fetch: provider.fetch, tools, instructions: "" });
  session.pause = async () => {};
  provider.enqueue(...replies);
  const ended = await session.ask("Hello", responseFormat && { responseFormat });
  const replied = session.entries.filter((entry): entry is AssistantEntry => entry.type === "assistant");
  return { ended, replied, entries: session.entries, requests: provider.requests.length };
}

const sse = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const reply = (delta: object, finish: string) => frames(sse(delta) + sse({}, finish));
const thought = (reasoning: string, more: object = {}) => reply({ reasoning_content: reasoning, ...more }, "stop");
const sum = { name: "calculator", arguments: '{"expression":"6*7"}' };

describe("a call that is announced and does not come", () => {
  const preamble = "I'll read the brief file first.";

  it.each(["tool_calls", "function_call"])(
    "[NOCALL-1] %s: the model is asked again with a note, once",
    async (finish) => {
      const { ended, replied, entries, requests } = await asked([text(preamble, finish), calls([sum]), text("42")]);
      expect([ended.reason, requests]).toEqual(["completed", 3]);
      expect(replied[0]).toMatchObject({ content: preamble, noCall: true, finishReason: "stop" });
      expect(entries[2]).toMatchObject({ type: "note", content: expect.stringContaining("no call came through") });
    },
  );

  it("[NOCALL-1] then the turn fails with its own code", async () => {
    const { ended, requests } = await asked([text(preamble, "tool_calls"), text("Now.", "tool_calls")]);
    expect([requests, ended]).toMatchObject([2, { reason: "failed", failure: { code: "model_no_call" } }]);
  });

  it("[NOCALL-1] an answer to the note is an answer", async () => {
    const { ended, replied } = await asked([text(preamble, "tool_calls"), text("It is 42.")]);
    expect([ended.reason, replied.at(-1)?.content]).toEqual(["completed", "It is 42."]);
  });

  it("[NOCALL-1] the note does not use up the one about the answer's form", async () => {
    const format = { type: "json_object" } as const;
    const { ended, requests } = await asked([text(preamble, "tool_calls"), text("Sure!"), text('{"a":1}')], format);
    expect([ended.reason, requests]).toEqual(["completed", 3]);
  });

  it("[NOCALL-2] calls without a name and without arguments are none", async () => {
    const empty = { index: 0, id: "x", function: { arguments: "{}" } };
    const { replied, requests } = await asked([
      reply({ content: preamble, tool_calls: [empty] }, "tool_calls"),
      text("42"),
    ]);
    expect([requests, replied[0]?.noCall]).toEqual([2, true]);
    const beside = [
      { index: 0, id: "c", function: sum },
      { ...empty, index: 1 },
    ];
    const good = await asked([reply({ tool_calls: beside }, "tool_calls"), text("42")]);
    expect([good.ended.reason, good.replied[0]?.toolCalls.length]).toEqual(["completed", 1]);
  });

  it.each(["stop", "function_call"])("[NOCALL-2] calls that come with %s are run", async (finish) => {
    const { ended, entries } = await asked([calls([sum], finish), text("42")]);
    expect([ended.reason, entries.some(({ type }) => type === "tool")]).toEqual(["completed", true]);
  });

  it("[NOCALL-2] calls that come with length are not", async () => {
    const { ended, entries } = await asked([calls([sum], "length")]);
    expect([ended.reason, entries.some(({ type }) => type === "tool")]).toEqual(["length", false]);
  });
});

describe("an answer in the reasoning alone", () => {
  it("[THOUGHT-1] is asked for once more, and then given as the answer, marked", async () => {
    const { ended, replied, requests } = await asked([thought("It is 41."), thought("It is 42.")]);
    expect([ended.reason, requests]).toEqual(["completed", 2]);
    expect(replied).toMatchObject([
      {
        content: "It is 42.",
        reasoning: "It is 42.",
        fromReasoning: true,
        finishReason: "stop",
        repairs: [expect.stringContaining("reasoning")],
        tries: [{ failure: { code: "model_empty" } }],
      },
    ]);
  });

  it("[THOUGHT-1] the second try may answer properly", async () => {
    const { replied, requests } = await asked([thought("It is 41."), text("It is 42.")]);
    expect([requests, replied[0]?.content, replied[0]?.fromReasoning]).toEqual([2, "It is 42.", undefined]);
  });

  it("[THOUGHT-1] also after tool results (DeepSeek-V3#1453), and behind white space", async () => {
    const blank = thought("It is 42.", { content: "\n\n" });
    const { replied, requests } = await asked([calls([sum]), blank, blank]);
    expect([requests, replied.at(-1)]).toMatchObject([3, { content: "\n\nIt is 42.", fromReasoning: true }]);
  });

  it("[THOUGHT-1] changes nothing beside calls, and where there is no reasoning either", async () => {
    const withCall = reply({ reasoning_content: "hm", tool_calls: [{ index: 0, id: "c", function: sum }] }, "stop");
    expect((await asked([withCall, text("42")])).ended.reason).toBe("completed");
    expect((await asked([text(""), text(""), text("")])).ended).toMatchObject({ failure: { code: "model_empty" } });
  });

  it("[THOUGHT-1] where a form was asked for, only if it has that form", async () => {
    const format = { type: "json_object" } as const;
    const good = await asked([thought('{"a":1}'), thought('{"a":1}')], format);
    expect([good.ended.reason, good.replied[0]?.content]).toEqual(["completed", '{"a":1}']);
    const bad = await asked([thought("So a is 1."), thought("So a is 1."), thought("So a is 1.")], format);
    expect(bad.ended).toMatchObject({ reason: "failed", failure: { code: "model_empty" } });
  });
});

describe("half a leaked call", () => {
  const half = 'Here it is. <｜DSML｜function_calls><｜DSML｜invoke name="calculator">';

  it("[SALVAGE-9] is tried again; when it comes again, the text beside it is the answer", async () => {
    const { ended, replied, requests } = await asked([text(half), text(half)]);
    expect([ended.reason, requests, replied[0]?.content]).toEqual(["completed", 2, "Here it is. "]);
    expect(replied[0]?.repairs).toEqual([expect.stringContaining("left out of the text")]);
  });

  it("[SALVAGE-9] without text the turn fails", async () => {
    const alone = half.slice(12);
    const { ended } = await asked([text(alone), text(alone), text(alone)]);
    expect(ended).toMatchObject({ reason: "failed", failure: { code: "model_malformed" } });
  });

  it("[SALVAGE-9] beside a good call it is left out, and the call runs", async () => {
    const residue = reply(
      { content: "‹｜DSML｜function_calls", tool_calls: [{ index: 0, id: "c", function: sum }] },
      "tool_calls",
    );
    const { replied, requests } = await asked([residue, text("42")]);
    expect([requests, replied[0]?.content, replied[0]?.toolCalls.length]).toEqual([2, "", 1]);
  });
});

describe("a JSON answer", () => {
  const format = { type: "json_object" } as const;
  const json = '{\n  "a": "``` ~~~ `x`"\n}';
  const fenced: [string, string][] = [
    ["json", `\`\`\`json\n${json}\n\`\`\``],
    ["no language", `\`\`\`\n${json}\n\`\`\`\n`],
    ["JSON5", `\`\`\`JSON5\n${json}\n\`\`\``],
    ["jsonc and a space", `\`\`\` jsonc \n${json}\n\`\`\``],
    ["five backticks", `\`\`\`\`\`json\n${json}\n\`\`\`\`\``],
    ["tildes", `~~~json\n${json}\n~~~`],
    ["one line", `\`\`\`json ${json} \`\`\``],
    ["no line breaks at all", `\`\`\`${json}\`\`\``],
    ["CRLF", `\`\`\`json\r\n${json}\r\n\`\`\`\r\n`],
    ["no end", `\`\`\`json\n${json}\n`],
    ["a byte order mark", `\ufeff\`\`\`json\n${json}\n\`\`\``],
    ["white space around", ` \n\n\`\`\`json\n\n${json}\n\n\`\`\` \n\n`],
  ];

  function streamed(pieces: Iterable<string>, begun = ""): { text: string; repaired: boolean } {
    const read = jsonAnswerEvents(begun);
    const events = [...pieces].flatMap((piece) => read([{ type: "text", text: piece }]));
    const all: ModelEvent[] = [...events, ...read([{ type: "finish", reason: "stop" }])];
    const text = all.map((event) => (event.type === "text" ? event.text : "")).join("");
    return { text, repaired: all.some(({ type }) => type === "repair") };
  }

  it.each(fenced)("[JUDGE-4] loses the fence with %s, wherever it is cut", (_, whole) => {
    const cuts = Array.from({ length: whole.length + 1 }, (_, at) => [whole.slice(0, at), whole.slice(at)]);
    for (const pieces of [[...whole], ...cuts]) expect(streamed(pieces)).toEqual({ text: json, repaired: true });
  });

  it.each([json, ` ${json}\n`, `\ufeff${json}`, "[1]", "7", '"`"'])(
    "[JUDGE-4] %j without a fence loses white space alone",
    (whole) => {
      const expected = whole.replace(/^[\s\ufeff]+|\s+$/g, "");
      for (const pieces of [[whole], [...whole]]) expect(streamed(pieces)).toEqual({ text: expected, repaired: false });
    },
  );

  it("[JUDGE-4] that goes on after a cut loses the closing fence", () => {
    expect(streamed(["1}\n```"], '{"a":')).toEqual({ text: "1}", repaired: true });
  });

  it("[JUDGE-4] in a fence is stored and checked without it, in one call", async () => {
    const { ended, replied, requests } = await asked([text(`\`\`\`json\n${json}\n\`\`\``)], format);
    expect([ended.reason, requests, replied[0]?.content]).toEqual(["completed", 1, json]);
    expect(replied[0]?.repairs).toEqual([expect.stringContaining("code fence")]);
  });

  it.each([
    `Here:\n\`\`\`json\n${json}\n\`\`\``,
    `\`\`\`json\n${json}\n\`\`\`\nAnything else?`,
    "```python\nprint(1)\n```",
  ])("[JUDGE-4] [JUDGE-1] %j is sent back once", async (wrong) => {
    const { ended, requests } = await asked([text(wrong), text(json)], format);
    expect([ended.reason, requests]).toEqual(["completed", 2]);
    expect((await asked([text(wrong), text(wrong)], format)).ended).toMatchObject({
      failure: { code: "output_invalid" },
    });
  });

  it("[JUDGE-4] keeps a fence where no form was asked for", async () => {
    const whole = `\`\`\`json\n${json}\n\`\`\``;
    expect((await asked([text(whole)])).replied[0]?.content).toBe(whole);
  });
});
