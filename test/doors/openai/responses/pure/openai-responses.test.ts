import { accumulateResponse } from "openai/lib/responses/ResponseAccumulator";
import { ResponseStream } from "openai/lib/responses/ResponseStream";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../../../src/core/entry.ts";
import { eventsOfEntry, type PlacedEvent } from "../../../../../src/core/event.ts";
import { ResponseWriter } from "../../../../../src/doors/openai/responses/response-writer.ts";
import type { Frame } from "../../../../../src/wire/encoder.ts";
import type { AnswerRequest } from "../../../../../src/wire/manner.ts";
import { asking, assistant, call, ended, failed, result, user } from "../../../../support/entries.ts";
import { randomOf } from "../../../../support/random.ts";

const asked: AnswerRequest = { options: {}, metadata: {}, atMs: 1_700_000_000_000, isQueued: false, isStopped: false };
const writer = (startingAfter?: number, more: Partial<AnswerRequest> = {}, afterSeq?: number) =>
  new ResponseWriter(
    {
      session: "s",
      turn: "turn_1",
      defaultModel: "m",
      ...(afterSeq !== undefined && { afterSeq }),
      ...(startingAfter !== undefined && { startingAfter }),
    },
    { ...asked, ...more },
  );
const placed = (entries: NewEntry[]) => entries.map((entry, place) => ({ ...entry, seq: place + 1 }) as Entry);
const eventsOf = (entries: NewEntry[]) => placed(entries).flatMap((entry) => eventsOfEntry(entry));
const told = (events: PlacedEvent[], from = writer()) => [...from.opening(), ...from.events(events)];
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const dataOf = (frames: Frame[]) => frames.map(({ data }) => data as any);
const namesOf = (frames: Frame[]) => dataOf(frames).map(({ type }) => type.replace("response.", ""));

/** Cuts deltas into pieces of random length. */
function rechunked(events: PlacedEvent[], seed: number): PlacedEvent[] {
  const random = randomOf(seed);
  return events.flatMap((each): PlacedEvent[] => {
    const { event } = each;
    if (event.type !== "text.delta" && event.type !== "reasoning.delta") return [each];
    const pieces: PlacedEvent[] = [];
    for (let at = 0; at < event.text.length; ) {
      const length = 1 + Math.floor(random() * 5);
      pieces.push({ ...each, event: { ...event, text: event.text.slice(at, at + length) } });
      at += length;
    }
    return pieces;
  });
}

/** What a reader has who stopped at a number: of a delta that reaches beyond it, the beginning. */
function knownAt(frames: Frame[], cut: number): Frame[] {
  return dataOf(frames).flatMap((data): Frame[] => {
    const { delta, sequence_number: at } = data;
    if (at <= cut) return [{ data }];
    const known = delta?.slice(0, Math.max(0, delta.length - (at - cut)));
    return known ? [{ data: { ...data, delta: known } }] : [];
  });
}

/** What a reader has put together, delta by delta. */
function textsOf(frames: Frame[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { item_id, delta } of dataOf(frames)) {
    if (delta !== undefined) texts[item_id] = (texts[item_id] ?? "") + delta;
  }
  return texts;
}

/** Thinks and speaks, runs a tool of the server, is tried twice, and hands calls over to its client. */
const turn: NewEntry[] = [
  user(),
  asking(["clock"], { reasoning: "First I look at the clock.", content: "One moment …" }),
  result("c0"),
  asking(["paint", "weigh"], {
    step: 2,
    attempt: 2,
    reasoning: "Then I paint. 🎨",
    content: "Schön! 👋 It is noon.",
    toolCalls: [call("a", "paint", '{"colour":"red"}'), call("b", "weigh", "{}")],
    waits: { a: "client", b: "client" },
  }),
];

describe("a response as a stream", () => {
  it("[RESPONSES-11] cut at any number, however it comes in pieces, it is resumed with exactly the rest", () => {
    const whole = told(rechunked(eventsOf(turn), 1));
    const last = Number(dataOf(whole).at(-1).sequence_number);
    const numbers = dataOf(whole).map(({ sequence_number }) => sequence_number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers);
    expect(new Set(numbers).size).toBe(numbers.length);
    const cuts = [...new Set(numbers.flatMap((number) => [number - 1, number, number + 1]))].filter(
      (n) => n >= 0 && n <= last,
    );
    for (const [seed, cut] of cuts.entries()) {
      // What a reader knows that stopped at `cut`, and what it gets then from a session that tells the same in other pieces.
      const rest = told(rechunked(eventsOf(turn), seed), writer(cut));
      const before = knownAt(whole, cut);
      expect(textsOf([...before, ...rest])).toEqual(textsOf(whole));
      const structural = (frames: Frame[]) => dataOf(frames).filter(({ delta }) => delta === undefined);
      expect(structural([...before, ...rest])).toEqual(structural(whole));
      expect(dataOf(rest).every(({ sequence_number }) => sequence_number > cut)).toBe(true);
    }
  });

  it("[RESPONSES-11] the same events give the same Response, told or read", () => {
    const streamed = writer();
    const frames = told(rechunked(eventsOf(turn), 3), streamed);
    const read = writer();
    read.events(eventsOf(turn));
    expect(read.object()).toEqual(streamed.object());
    expect(dataOf(frames).at(-1).response).toEqual(read.object());
    expect(read.ended).toBe(true);
  });

  it("[RESPONSES-11] OpenAI's accumulator puts it together as we do", () => {
    const once = turn.map((entry) => (entry.type === "assistant" ? { ...entry, attempt: 1 } : entry));
    const frames = told(rechunked(eventsOf(once), 5));
    let snapshot: ReturnType<typeof accumulateResponse> | undefined;
    for (const data of dataOf(frames).slice(0, -1))
      snapshot = accumulateResponse(data as ResponseStreamEvent, snapshot);
    const { output } = dataOf(frames).at(-1).response;
    expect(snapshot?.output).toEqual(output);
    expect(snapshot?.output_text).toBe("One moment …Schön! 👋 It is noon.");
  });
});

describe("an attempt that is void", () => {
  const entry = { ...assistant({ attempt: 2, content: "whole" }), seq: 2 } as Entry;
  const into = { attempt: 1, reasoning: 5, text: 4, calls: 0 };
  const first: PlacedEvent[] = [
    ...eventsOf([user()]),
    { event: { type: "step.started", step: 1, model: "m", attempt: 1 }, cursor: { done: 1 } },
    { event: { type: "reasoning.delta", text: "I thi" }, cursor: { done: 1 } },
    { event: { type: "text.delta", text: "half" }, cursor: { done: 1, into } },
  ];
  const second = [...eventsOfEntry(entry, into), ...eventsOfEntry({ ...ended(), seq: 3 } as Entry)];

  it("[RESPONSES-14] is closed as incomplete, and is not in the output", () => {
    const live = writer();
    const frames = told([...first, ...second], live);
    const dones = dataOf(frames).filter(({ type }) => type === "response.output_item.done");
    expect(dones.map(({ output_index, item }) => [output_index, item.id, item.status])).toEqual([
      [0, "rs_s.1.1", "completed"],
      [1, "msg_s.1.1", "incomplete"],
      [2, "msg_s.1.1.a2", "completed"],
    ]);
    expect(live.object().output.map(({ id }) => id)).toEqual(["msg_s.1.1.a2"]);
  });

  it("[RESPONSES-14] is no trouble to OpenAI's client, whether it saw it or not", async () => {
    const ends = (frames: Frame[]) => {
      const lines = dataOf(frames).map((data) => `${JSON.stringify(data)}\n`);
      return ResponseStream.fromReadableStream(new Blob(lines).stream()).finalResponse();
    };
    const live = await ends(told([...first, ...second]));
    expect(live).toMatchObject({ status: "completed", output: [{ id: "msg_s.1.1.a2" }] });
    const whole = eventsOf([user(), assistant({ attempt: 2, content: "whole" }), ended()]);
    expect((await ends(told(whole))).output).toEqual(live.output);
    const stopped = eventsOf([user(), assistant({ attempt: 2, content: "whole" }), ended({ reason: "cancelled" })]);
    expect(await ends(told(stopped))).toMatchObject({ status: "cancelled", output: [{ id: "msg_s.1.1.a2" }] });
  });

  it("[CURSOR-7] numbers of earlier versions, without gaps between items, are still places in what was said", () => {
    const whole = eventsOf([user(), assistant({ reasoning: "I think.", content: "Hello world" }), ended()]);
    // created, in_progress, 2 + 8 of reasoning, 3 that close it, 2 that open the text, 5 units of it.
    const rest = dataOf(told(whole, writer(21)));
    expect(rest[0]).toMatchObject({ delta: " world", item_id: "msg_s.1.1", sequence_number: 27 });
    expect(rest.at(-1)).toMatchObject({ type: "response.completed", sequence_number: 31 });
  });

  it("[CURSOR-3] is closed, and the response ended, for a reader that comes back to a turn that was stopped", () => {
    const live = dataOf(told(first));
    const stopped = eventsOf([user(), ended({ reason: "cancelled", steps: 0 })]);
    for (const { sequence_number: seen, type } of live.slice(2)) {
      const rest = dataOf(told(stopped, writer(seen)));
      expect(
        rest.map((data) => data.type),
        type,
      ).toEqual(["response.output_item.done", "response.incomplete"]);
      expect(live.some(({ item }) => item?.id === rest[0].item.id)).toBe(true);
      expect(rest[0].sequence_number).toBeGreaterThan(seen);
      expect(dataOf(told(stopped, writer(rest[0].sequence_number)))).toEqual(rest.slice(1));
    }
  });

  it("[RESPONSES-14] does not move the numbers of the next one, so that a reader who saw it is resumed", () => {
    const live = dataOf(told([...first, ...second]));
    const whole = eventsOf([user(), assistant({ attempt: 2, content: "whole" }), ended()]);
    const seen = live.find(({ delta }) => delta === "half").sequence_number;
    const rest = dataOf(told(whole, writer(seen)));
    const again = live.slice(live.findIndex(({ item }) => item?.id === "msg_s.1.1.a2"));
    expect(rest.slice(1)).toEqual(again);
  });
});

describe("how a response ends", () => {
  const ends = (more: Parameters<typeof ended>[0], before: NewEntry[] = []) => {
    const of = writer();
    const frames = told(eventsOf([user(), ...before, ended(more)]), of);
    return { last: namesOf(frames).at(-1), object: of.object() };
  };

  it.each([
    ["completed", undefined, "completed", { status: "completed", error: null, incomplete_details: null }],
    ["length", undefined, "incomplete", { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }],
    [
      "step_limit",
      undefined,
      "incomplete",
      { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
    ],
    ["cancelled", undefined, "incomplete", { status: "cancelled", incomplete_details: null }],
    ["interrupted", undefined, "incomplete", { status: "cancelled" }],
    ["budget_exhausted", undefined, "failed", { status: "failed", error: { code: "rate_limit_exceeded" } }],
    ["failed", "model_unavailable", "failed", { status: "failed", error: { code: "server_error", message: "why" } }],
    ["failed", "model_rate_limited", "failed", { status: "failed", error: { code: "rate_limit_exceeded" } }],
    ["failed", "context_overflow", "failed", { status: "failed", error: { code: "invalid_prompt" } }],
    ["failed", "content_filter", "failed", { status: "failed", error: { code: "invalid_prompt" } }],
  ] as const)("[RESPONSES-8] a turn that ends %s (%s) ends with response.%s", (reason, code, last, object) => {
    const failure = code === undefined ? {} : { failure: { code, detail: "why", retryable: false } };
    expect(ends({ reason, ...failure })).toMatchObject({ last, object });
  });

  it("[RESPONSES-8] what a failed reply said is shown, unless another one follows", () => {
    const broken = failed({ content: "half" });
    expect(ends({ reason: "failed" }, [broken]).object.output).toMatchObject([{ status: "incomplete" }]);
    const { object } = ends({ reason: "completed" }, [broken, assistant({ step: 2, content: "whole" })]);
    expect(object.output).toMatchObject([{ status: "completed", content: [{ text: "whole" }] }]);
  });

  it("[RESPONSES-4] what comes behind its client's answers belongs to the next response", () => {
    const rest: NewEntry[] = [
      result("a", { step: 2 }),
      result("b", { step: 2 }),
      assistant({ step: 3, content: "Done" }),
      ended(),
    ];
    const all = [...turn, ...rest];
    const one = writer();
    one.events(eventsOf(all));
    expect(one.object().output.map(({ type }) => type)).toEqual([
      "reasoning",
      "message",
      "reasoning",
      "message",
      "function_call",
      "function_call",
    ]);
    const two = writer(undefined, {}, 6);
    two.events(
      placed(all)
        .slice(6)
        .flatMap((entry) => eventsOfEntry(entry)),
    );
    expect(two.object()).toMatchObject({
      id: "resp_s.1.6",
      status: "completed",
      output: [{ content: [{ text: "Done" }] }],
    });
  });
});
