import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { loopingFailure, loopingResult } from "../../src/core/looping.ts";
import { type NextStep, nextStep, type Rules, type TurnView } from "../../src/core/next-step.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";

const rules: Rules = {
  maxSteps: 3,
  maxAttempts: 4,
  effectOf: (name) => (name === "pay" ? "unsafe" : name === "mail" ? "keyed" : "none"),
  afterFailure: () => ({ type: "give_up" }),
  complaint: (content, format) => {
    if (content === "I will check") return { note: "Do it" };
    return format !== undefined && content !== "{}" ? { note: "Send JSON", failure: wrongForm } : undefined;
  },
};
const wrongForm = { code: "output_invalid", detail: "No JSON.", retryable: true } as const;

function step(entries: NewEntry[], more: Partial<TurnView>, allowed: Rules): NextStep {
  const placed = entries.map((entry, place): Entry => ({ ...entry, seq: place + 1 }));
  return nextStep({ entries: placed, cancelRequested: false, attempts: 0, interrupted: false, ...more }, allowed);
}

const end = (reason: string, more: object = {}) => ({
  type: "end_turn",
  turn: "turn_1",
  step: 1,
  reason,
  unanswered: [],
  ...more,
});
const callModel = (step: number) => ({ type: "call_model", turn: "turn_1", step });
const run = (calls: unknown[], unknown: unknown[] = [], looping: unknown[] = []) => ({
  type: "run_tools",
  turn: "turn_1",
  step: 1,
  calls,
  unknown,
  looping,
});

const twoCalls = asking(["clock", "sum"]);
const secondReply = asking(["clock"], { step: 2 });
const thirdReply = asking(["clock"], { step: 3 });
const failure = failed().failure;

const failing = (times: number) =>
  Array.from({ length: times }, (_, n) => [
    asking(["clock"], { step: n + 1 }),
    result("c0", { step: n + 1, isError: true }),
  ]).flat();
const wantsJson = user({ options: { responseFormat: { type: "json_object" } } });
const note: NewEntry = { type: "note", turn: "turn_1", content: "Send JSON", atMs: 0 };

const table: [rule: string, given: NewEntry[], view: Partial<TurnView>, expected: unknown][] = [
  ["[TURN-1] no entries: idle", [], {}, { type: "idle" }],
  ["[TURN-1] an ended turn: idle", [user(), assistant(), ended()], {}, { type: "idle" }],
  ["[TURN-2] a user message: call the model", [user()], {}, callModel(1)],
  ["[TURN-3] two open calls: run both", [user(), twoCalls], {}, run([call("c0", "clock"), call("c1", "sum")])],
  [
    "[TURN-3] runs only the call that has no result yet",
    [user(), twoCalls, result("c1")],
    {},
    run([call("c0", "clock")]),
  ],
  [
    "[TURN-3] a result of an earlier step with the same id does not count",
    [user(), asking(["clock"]), result("c0"), secondReply],
    {},
    { ...run([call("c0")]), step: 2 },
  ],
  [
    "[TURN-4] all results there: call the model again",
    [user(), twoCalls, result("c1"), result("c0")],
    {},
    callModel(2),
  ],
  ["[TURN-5] a reply without calls: completed", [user(), assistant()], {}, end("completed")],
  [
    "[TURN-6] a reply cut by length: length",
    [user(), assistant({ finishReason: "length", cutCalls: 1 })],
    {},
    end("length"),
  ],
  [
    "[TURN-7] the most model calls made, tools run first",
    [user(), asking(["clock"]), result("c0"), secondReply, result("c0", { step: 2 }), thirdReply],
    {},
    { ...run([call("c0")]), step: 3 },
  ],
  [
    "[TURN-7] the most model calls made: step_limit",
    [
      user(),
      asking(["clock"]),
      result("c0"),
      secondReply,
      result("c0", { step: 2 }),
      thirdReply,
      result("c0", { step: 3 }),
    ],
    {},
    { ...end("step_limit"), step: 3 },
  ],
  ["[TURN-8] a failed model call: failed with its cause", [user(), failed()], {}, end("failed", { failure })],
  [
    "[TURN-9] cancelled before the model is called",
    [user()],
    { cancelRequested: true },
    { ...end("cancelled"), step: 0 },
  ],
  [
    "[TURN-9] cancelled with open calls: they are named",
    [user(), twoCalls, result("c0")],
    { cancelRequested: true },
    end("cancelled", { unanswered: [call("c1", "sum")] }),
  ],
  [
    "[TURN-9] cancelled between steps",
    [user(), asking(["clock"]), result("c0")],
    { cancelRequested: true },
    end("cancelled"),
  ],
  [
    "[TURN-9] a reply stopped half-way",
    [user(), assistant({ finishReason: "cancelled" })],
    { cancelRequested: true },
    end("cancelled"),
  ],
  [
    "[TURN-9] a cancel that comes after the answer changes nothing",
    [user(), assistant()],
    { cancelRequested: true },
    end("completed"),
  ],
  [
    "[TURN-9] a cancel while the model failed",
    [user(), failed()],
    { cancelRequested: true },
    end("cancelled", { failure }),
  ],
  [
    "[TURN-11] after a crash an unsafe call is not run again",
    [user(), asking(["clock", "pay", "mail"])],
    { interrupted: true },
    run([call("c0", "clock"), call("c2", "mail")], [call("c1", "pay")]),
  ],
  ["[TURN-11] without a crash an unsafe call is run", [user(), asking(["pay"])], {}, run([call("c0", "pay")])],
  [
    "[TURN-12] interrupted its most times",
    [user()],
    { attempts: 4 },
    {
      ...end("failed"),
      step: 0,
      failure: {
        code: "internal",
        detail: "The model call was interrupted 4 times before it could finish. Send the message again.",
        retryable: true,
      },
    },
  ],
  ["[TURN-12] interrupted less often: tried again", [user()], { attempts: 3 }, callModel(1)],
  [
    "[LOOP-1] a call that failed three times is not run again",
    [user(), ...failing(3), asking(["clock", "sum"], { step: 4 })],
    {},
    { ...run([call("c1", "sum")], [], [call("c0")]), step: 4 },
  ],
  [
    "[LOOP-1] after two failures it is",
    [user(), ...failing(2), asking(["clock"], { step: 3 })],
    {},
    { ...run([call("c0")]), step: 3 },
  ],
  [
    "[LOOP-2] once told, the same call ends the turn",
    [
      user(),
      ...failing(3),
      asking(["clock"], { step: 4 }),
      result("c0", { step: 4, isError: true, content: loopingResult }),
      asking(["clock"], { step: 5 }),
    ],
    {},
    { ...end("failed", { unanswered: [call("c0")], failure: loopingFailure }), step: 5 },
  ],
  [
    "[JUDGE-1] an answer in the wrong form is sent back",
    [wantsJson, assistant({ content: "Sure!" })],
    {},
    { type: "correct", turn: "turn_1", note: "Send JSON" },
  ],
  [
    "[JUDGE-1] after the note the model is called again",
    [wantsJson, assistant({ content: "Sure!" }), note],
    {},
    callModel(2),
  ],
  [
    "[JUDGE-1] a second wrong answer fails the turn",
    [wantsJson, assistant({ content: "Sure!" }), note, assistant({ step: 2, content: "No" })],
    {},
    { ...end("failed", { failure: wrongForm }), step: 2 },
  ],
  [
    "[JUDGE-1] a right one completes it",
    [wantsJson, assistant({ content: "Sure!" }), note, assistant({ step: 2, content: "{}" })],
    {},
    { ...end("completed"), step: 2 },
  ],
  [
    "[JUDGE-2] a mere promise is sent back",
    [user(), assistant({ content: "I will check" })],
    {},
    { type: "correct", turn: "turn_1", note: "Do it" },
  ],
  [
    "[JUDGE-2] and stands the second time",
    [user(), assistant({ content: "I will check" }), note, assistant({ step: 2, content: "I will check" })],
    {},
    { ...end("completed"), step: 2 },
  ],
];

describe("nextStep", () => {
  it.each(table)("%s", (rule, entries, view, expected) => {
    const allowed = rule.startsWith("[LOOP") ? { ...rules, maxSteps: 9 } : rules;
    expect(step(entries, view, allowed)).toEqual(expected);
  });
});
