import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../../src/core/entry.ts";
import { TranscriptChecker } from "../../../../src/core/legal.ts";
import { entryLine, headerLine, lineSchemas, readLine } from "../../../../src/doors/copies/transcript-lines.ts";
import { asking, assistant, call, ended, failed, result, user } from "../../../support/entries.ts";

const usage = { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 0 };
const placed = (entries: NewEntry[]) => entries.map((entry, place): Entry => ({ ...entry, seq: place + 1 }));

/** One entry of each kind, with every field that it can have. */
const all = placed([
  user({
    content: 'Grüße, 東京 😀 "x" \u2028 \ud83d',
    speaker: "Ada",
    metadata: { case_id: "1", camelCase: "2", __proto: "3" },
    options: {
      model: "m",
      thinking: true,
      responseFormat: {
        type: "json_schema",
        schema: { type: "object", additionalProperties: false, my_key: { aB: 1 } },
      },
      tools: [
        { name: "t", description: "d", parameters: { type: "object", properties: { someThing: {} } }, strict: true },
      ],
    },
  }),
  {
    type: "compaction",
    turn: "turn_1",
    atMs: 5,
    throughSeq: 1,
    summary: "s",
    cause: "unclear",
    model: "m",
    failure: { code: "model_empty", cause: "summary_calls", detail: "d", raw: "w", retryable: true, retryAfterMs: 4 },
    durationMs: 6,
    usage: { ...usage, estimated: true },
    costMicros: 7,
  },
  asking(["pay", "clock"], {
    waits: { c0: "approval" },
    reasoning: "r",
    repairs: ["x"],
    tries: [
      {
        model: "a",
        failure: { code: "internal", detail: "d", retryable: false },
        textChars: 3,
        paid: true,
        repeats: true,
      },
    ],
    firstEventMs: 1,
    durationMs: 2,
  }),
  {
    type: "approval",
    turn: "turn_1",
    atMs: 6,
    step: 1,
    callId: "c0",
    name: "pay",
    approve: false,
    reason: "no",
    metadata: { aB: "1" },
  },
  result("c1", { repairs: ["y"], metadata: { "a.b": "2" } }),
  result("c0", { isError: true }),
  { type: "note", turn: "turn_1", atMs: 7, content: "n" },
  assistant({ step: 2, cutCalls: 2, finishReason: "length" }),
  user({ joined: true, content: "j" }),
  failed({ step: 3 }),
  ended({ reason: "failed", failure: { code: "turn_timeout", detail: "t", retryable: true }, rowsWritten: 8 }),
]);

describe("a transcript in lines", () => {
  it("[COPY-1] every kind of entry comes back equal, with every field, and other people's names untouched", () => {
    for (const entry of all) {
      expect(lineSchemas.entry.parse(readLine(entryLine(entry)))).toEqual(entry);
    }
    const line = entryLine(all[0] as Entry);
    expect(line).toContain('"response_format"');
    expect(line).toContain('"camelCase":"2"');
    expect(line).toContain('"someThing"');
  });

  it("[COPY-1] and so does the header", () => {
    const header = {
      id: "s",
      agent: "support",
      title: null,
      metadata: { aB: "c_d" },
      instructions: "x",
      model: "m",
      prefix: null,
      createdAtMs: 5,
    };
    expect(lineSchemas.header.parse(readLine(headerLine(header)))).toEqual({ longline: 1, ...header });
  });

  it("[COPY-2] unknown and ill-typed fields are refused", () => {
    const line = JSON.parse(entryLine(all[2] as Entry));
    for (const change of [{ extra: 1 }, { step: 0 }, { cost_micros: 0.5 }, { usage: {} }, { waits: { c0: "never" } }]) {
      const parsed = lineSchemas.entry.safeParse(readLine(JSON.stringify({ ...line, ...change })));
      expect(parsed.success).toBe(false);
    }
    expect(() => readLine("[]")).toThrow(SyntaxError);
  });
});

describe("the checker of transcripts", () => {
  const faults = (entries: Entry[]) => {
    const checker = new TranscriptChecker();
    return entries.map((entry) => checker.fault(entry)).filter((fault) => fault !== undefined);
  };
  const of = (...entries: NewEntry[]) => faults(placed(entries))[0];

  it("[LEGAL-1] takes what Longline writes", () => {
    expect(faults(all)).toEqual([]);
    expect(
      of(user(), assistant(), ended(), user({ turn: "turn_7" }), failed({ turn: "turn_7" }), ended({ turn: "turn_7" })),
    ).toBeUndefined();
  });

  const table: [what: string, entries: NewEntry[], fault: string][] = [
    ["an answer without a question", [assistant()], "a turn must begin with a message of a person"],
    ["a question within a turn", [user(), user()], "turn_1 has not ended"],
    ["a turn within a turn", [user(), assistant({ turn: "turn_2" })], "it belongs to turn_2, and turn_1 has not ended"],
    ["a turn twice", [user(), assistant(), ended(), user()], "turn_1 is there twice"],
    ["a turn without a number", [user({ turn: "mine" })], '"mine" is no turn\'s name: turn_1, turn_2, ...'],
    ["a result without a call", [user(), result("c0")], 'no open call of this step is "c0"'],
    ["a result twice", [user(), asking(["a"]), result("c0"), result("c0")], 'no open call of this step is "c0"'],
    ["a call without a result", [user(), asking(["a"]), assistant({ step: 2 })], 'the call "c0" has no result yet'],
    ["an end with an open call", [user(), asking(["a"]), ended()], 'the call "c0" has no result yet'],
    ["a step twice", [user(), assistant(), assistant()], "step is 1, and it must go up"],
  ];
  it.each(table)("[LEGAL-1] refuses %s", (_what, entries, fault) => {
    expect(of(...entries)).toBe(fault);
  });

  it("[LEGAL-1] refuses a gap", () => {
    const [first, second] = placed([user(), assistant({ toolCalls: [call("x")] })]);
    expect(faults([first as Entry, { ...(second as Entry), seq: 3 }])).toEqual(["seq is 3, and 2 is next"]);
  });
});
