import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import type { TurnOptions } from "../../src/core/entry.ts";
import { profileFor } from "../../src/model/catalog.ts";
import type { Profile } from "../../src/model/profile.ts";
import { MemorySession } from "../../src/test-kit/memory-session.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { createToolbox, defineTool } from "../../src/tools/tool.ts";
import { calls, createFakeProvider, type Reply, status, text } from "../support/fake-provider.ts";
import { faultRows, oddCallRows } from "../support/fault-rows.ts";
import { deepseekV4, deepseekV32, type Host, mistral, openai } from "../support/host-rules.ts";
import { randomOf } from "../support/random.ts";
import { callDelta, cutBy, delta, done, stop, stream, sum, word } from "../support/wire-frames.ts";

const half = "\ud83d";
const odd = "\u0000\u0007\u001b[31m red \ufffe";

/** A tool that answers as badly as tools do. */
const chaos = defineTool({
  name: "chaos",
  description: "Answers badly.",
  input: z.object({ kind: z.string() }),
  effect: "none",
  run: ({ kind }) => {
    const results: Record<string, unknown> = {
      huge: "x".repeat(100_000),
      controls: odd,
      halves: `a${half}b`,
      empty: "",
      blank: " \n ",
      nothing: undefined,
      object: { text: `${half}${odd}` },
    };
    if (kind in results) return results[kind];
    throw kind === "throws" ? new Error(`${odd}${half}`) : odd;
  },
});
const tools = createToolbox([calculator, chaos]);

type Row = (seed: number) => Reply[];
const oneCall = (call: object): Row => {
  const body = callDelta(0, call) + delta({}, "tool_calls") + done;
  return (seed) => [stream(body)(cutBy(seed)), text("Done.")];
};
const said = (content: string, more = ""): Row => {
  return (seed) => [stream(delta({ content }) + more + stop + done)(cutBy(seed))];
};
const args = (json: string) => ({ id: "a", function: { name: "calculator", arguments: json } });

/** What a model may say for a name, an id, arguments, text and reasoning. */
const names = [
  "browser.tabs.open",
  "functions.calculator",
  "my tool",
  "Ünïcödé",
  "工具",
  "x".repeat(10_000),
  odd,
  half,
  "-",
];
const ids = ["", "x".repeat(600), "call:é 1", "functions.calculator:0", odd, half, "a", "123456789"];
const badArguments = [
  "[1,2]",
  "null",
  '"text"',
  "12",
  '{"expression":"1+1"',
  '{"expression":"\\ud83d"}',
  '{"\\u0000":"\\u0000"}',
  `{"expression":"${half}"}`,
  `{"expression":"${"9".repeat(140_000)}"}`,
  `${'{"a":'.repeat(500)}1${"}".repeat(500)}`,
  `${"[".repeat(5_000)}`,
  " \n ",
];
const texts = ["", " \n", odd, `a${half}`, "x".repeat(60_000), "<think>"];

const modelRows: [string, Row][] = [
  ...names.map((name): [string, Row] => [
    `the name ${name.slice(0, 20)}`,
    oneCall({ id: "a", function: { name, arguments: "{}" } }),
  ]),
  ...ids.map((id): [string, Row] => [`the id ${id.slice(0, 20)}`, oneCall({ id, function: sum })]),
  ...badArguments.map((json): [string, Row] => [`the arguments ${json.slice(0, 20)}`, oneCall(args(json))]),
  ...texts.map((each): [string, Row] => [`the text ${each.slice(0, 20)}`, said(each)]),
  ["reasoning", said("Well.", delta({ reasoning_content: `hm ${odd}${half}` }))],
  [
    "reasoning with a call",
    (seed) => [
      stream(
        delta({ reasoning_content: "hm" }) + callDelta(0, { id: "r", function: sum }) + delta({}, "tool_calls") + done,
      )(cutBy(seed)),
      text("Two."),
    ],
  ],
  [
    "two calls of one id",
    (seed) => [
      stream(callDelta(0, args("{}")) + callDelta(1, args("{}")) + delta({}, "tool_calls") + done)(cutBy(seed)),
      text("So."),
    ],
  ],
  [
    "calls without end",
    () =>
      Array.from({ length: 7 }, (_, n) =>
        calls([{ name: "calculator", arguments: `{"expression":"${n}+1"}`, id: "a" }]),
      ),
  ],
  ["a call, then a failure", () => [calls([sum]), status(401, {})]],
  ["a cut reply with reasoning", (seed) => [stream(delta({ reasoning_content: "hm" }) + word, "reset")(cutBy(seed))]],
];
const toolRows: [string, Row][] = [
  "huge",
  "controls",
  "halves",
  "empty",
  "blank",
  "nothing",
  "object",
  "throws",
  "odd",
].map((kind) => [
  `a tool that is ${kind}`,
  oneCall({ id: `t_${kind}`, function: { name: "chaos", arguments: `{"kind":"${kind}"}` } }),
]);
/** What hosts refuse; a session may meet each of them at any time. */
const refusalRows: [string, Row][] = [
  "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  "Unrecognized request argument supplied: stream_options",
  "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
  "The `reasoning_content` in the thinking mode must be passed back to the API.",
  "The reasoning_content field is not supported in input messages (messages[2])",
  "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]",
  "Invalid schema for function 'x'",
  "Content Exists Risk",
].map((message) => [
  `400 ${message.slice(0, 60)}`,
  () => [status(400, { error: { message, code: "invalid_request_error" } })],
]);
const tableRows: [string, Row][] = [
  // A megabyte of text is one more text here: the others do as well.
  ...faultRows
    .filter(([what]) => what !== "a delta of a megabyte")
    .map(([what, fault]): [string, Row] => [what, (seed) => [1, 2, 3].map(() => fault(cutBy(seed)))]),
  ...oddCallRows.map(([what, body]): [string, Row] => [
    `a call with ${what}`,
    (seed) => [stream(body + delta({}, "tool_calls") + done)(cutBy(seed)), text("Done.")],
  ]),
];
const rows = [...tableRows, ...modelRows, ...toolRows, ...refusalRows];

interface Place {
  host: Host;
  profile: Profile;
  baseUrl: string;
}
const at = (host: Host, modelId: string, baseUrl: string): Place => {
  return { host, baseUrl, profile: profileFor({ modelId, baseUrl, demo: false }) };
};
/** Each host under its own address, and the first and the last behind a gateway that says nothing about it. */
const places = [
  at(openai, "gpt-5", "https://api.openai.com/v1"),
  at(deepseekV32, "deepseek-v3.2", "https://api.cometapi.com/v1"),
  at(deepseekV4, "deepseek-flash", "https://api.deepseek.com"),
  at(mistral, "mistral-large-latest", "https://api.mistral.ai/v1"),
  at(openai, "gpt-5", "https://gateway.test/v1"),
  at(mistral, "mistral-large-latest", "https://gateway.test/v1"),
  at(deepseekV4, "deepseek-flash", "https://gateway.test/v1"),
];

class Bench extends MemorySession {
  readonly provider: ReturnType<typeof createFakeProvider>;

  constructor({ host, ...of }: Place) {
    const provider = createFakeProvider({ host });
    super({ ...of, fetch: provider.fetch, tools, instructions: "Be brief." });
    this.provider = provider;
  }

  async say(content: string, options: TurnOptions = {}): Promise<string> {
    let end: string | undefined;
    const running = this.ask(content, options).then(({ reason }) => {
      end = reason;
    });
    while (end === undefined) await vi.advanceTimersByTimeAsync(20_000);
    await running;
    return end;
  }
}

const optionsOf = (random: () => number): TurnOptions => {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const thinking = pick([undefined, true, false, "low" as const, "max" as const]);
  const form = pick([undefined, undefined, undefined, { type: "json_object" as const }]);
  const temperature = pick([undefined, undefined, 0.2]);
  return {
    ...(thinking !== undefined && { thinking }),
    ...(form && { responseFormat: form }),
    ...(temperature !== undefined && { sampling: { temperature } }),
  };
};

/** Each request that was answered begins with the messages of the one before, unless a refusal came between or the window moved. */
function mustGrow({ provider: { requests }, entries }: Bench, story: string[]): void {
  // A host that asked for another form gets it from there on.
  if (JSON.stringify(entries).includes('"change":')) return;
  let before: string[] | undefined;
  for (const { body } of requests) {
    const { messages } = body as { messages: { content: string; prefix?: boolean; tool_calls?: object[] }[] };
    // Of long texts the beginning and the length are enough.
    const short = (_: string, value: unknown) =>
      typeof value === "string" ? `${value.slice(0, 200)} ${value.length}` : value;
    const now = messages.filter(({ prefix }) => prefix !== true).map((message) => JSON.stringify(message, short));
    const moved = messages.some(({ content }) => /^(Summary of the conversation|\[Entries 1 to)/.test(content));
    if (before !== undefined && !moved) {
      expect(now.slice(0, before.length), story.join("\n")).toEqual(before);
    }
    before = moved ? undefined : now;
  }
}

async function sequence(seed: number): Promise<void> {
  const random = randomOf(seed);
  const place = places[seed % places.length] as Place;
  const bench = new Bench(place);
  const story = [`seed ${seed}`, place.host.name, place.baseUrl];
  const many = 1 + Math.floor(random() * 6);
  for (let n = 0; n < many; n++) {
    const [what, row] = rows[Math.floor(random() * rows.length)] ?? ["", () => []];
    bench.provider.enqueue(...row(seed), text("And so."));
    const options = optionsOf(random);
    story.push(
      `${JSON.stringify(what)} ${JSON.stringify(options)} -> ${await bench.say(random() < 0.1 ? odd : "Hello", options)}`,
    );
    bench.provider.forget();
    if (random() < 0.3) bench.restart();
  }
  mustGrow(bench, story);
  bench.provider.enqueue(text("Better now."));
  const end = await bench.say("And now?");
  const answer = bench.entries.findLast((entry) => entry.type === "assistant");
  const failed = bench.entries.findLast((entry) => entry.type === "step_failed")?.failure.detail;
  expect([end, answer?.content], [...story, failed, ...bench.provider.refusals.slice(-3)].join("\n")).toEqual([
    "completed",
    "Better now.",
  ]);
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-23T12:00:00Z") });
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("whatever was said", () => {
  // 504 sequences in 18 batches, so that a failure names its neighbourhood and the others still run.
  it.each(Array.from({ length: 18 }, (_, n) => [1 + n * 28, (n + 1) * 28]))(
    "[ALIVE-1] seeds %i to %i: after any sequence of faults the next message is answered",
    async (first, last) => {
      for (let seed = first; seed <= last; seed++) await sequence(seed);
    },
  );
});
