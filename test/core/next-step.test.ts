import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { loopingFailure, type NextStep, nextStep, type Rules, type TurnView } from "../../src/core/next-step.ts";
import { notRun } from "../../src/core/not-run.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";

const rules: Rules = {
  maxSteps: 3,
  maxBarrenTries: 4,
  maxBarrenMs: 1_000,
  maxTurnMs: 60_000,
  maxWaitMs: 5_000,
  waitOf: () => undefined,
  effectOf: (name) => (name === "pay" ? "unsafe" : name === "mail" ? "keyed" : "none"),
  afterFailure: () => ({ type: "give_up" }),
  complaint: (content, format) => {
    if (content === "I will check") return { note: "Do it" };
    return format !== undefined && content !== "{}" ? { note: "Send JSON", failure: wrongForm } : undefined;
  },
};
const wrongForm = { code: "output_invalid", detail: "No JSON.", retryable: true } as const;

/** When every entry of `support/entries` was made. */
const now = 1_700_000_000_000;

function step(entries: NewEntry[], more: Partial<TurnView>, allowed: Rules): NextStep {
  const placed = entries.map((entry, place): Entry => ({ ...entry, seq: place + 1 }));
  const view = { barren: { tries: 0, sinceMs: now }, intents: new Set<string>(), joining: false, windowFull: false };
  return nextStep({ entries: placed, nowMs: now, ...view, ...more }, allowed);
}

const end = (reason: string, more: object = {}) => ({
  type: "end_turn",
  turn: "turn_1",
  step: 1,
  reason,
  refused: [],
  ...more,
});
const callModel = (step: number) => ({ type: "call_model", turn: "turn_1", step });
const run = (calls: unknown[], refused: unknown[] = []) => ({
  type: "run_tools",
  turn: "turn_1",
  step: 1,
  calls,
  refused,
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

type Row = [rule: string, given: NewEntry[], view: Partial<TurnView>, expected: unknown];

const asks = asking(["pay", "form", "clock"], { waits: { c0: "approval", c1: "client" } });
const approval = (approve: boolean, more: object = {}): NewEntry => {
  return { type: "approval", turn: "turn_1", step: 1, callId: "c0", name: "pay", approve, atMs: now, ...more };
};
const waiting = [
  { ...call("c0", "pay"), kind: "approval", sinceMs: now },
  { ...call("c1", "form"), kind: "client", sinceMs: now },
];
const timedOut = { code: "turn_timeout", retryable: true };

/** `c0` has steps, and waits for these times. */
const stepped = (...untilMs: number[]): Partial<TurnView> => ({
  intents: new Set(["c0"]),
  stepped: new Map([
    ["c0", { waits: untilMs.map((until, at) => ({ name: `w${at}`, kind: "sleep", untilMs: until })), resumedMs: now }],
  ]),
});
const payAndClock = asking(["pay", "clock"]);

const steps: Row[] = [
  [
    "[STEP-2] an unsafe call with steps is run again",
    [user(), payAndClock, result("c1")],
    stepped(),
    run([call("c0", "pay")]),
  ],
  ["[STEP-4] calls beside one that waits are run", [user(), payAndClock], stepped(now + 9, now + 7), run([call("c1")])],
  [
    "[STEP-3] the turn waits for the earliest time",
    [user(), payAndClock, result("c1")],
    stepped(now + 9, now + 7),
    { type: "wait", calls: [], untilMs: now + 7 },
  ],
  [
    "[STEP-3] a call whose time is over is run",
    [user(), payAndClock, result("c1")],
    stepped(now + 9, now),
    run([call("c0", "pay")]),
  ],
  [
    "[STEP-3] a person's time and a tool's time are both watched",
    [user(), asking(["pay", "clock"], { waits: { c1: "client" } })],
    stepped(now + 9_000),
    { type: "wait", calls: [{ ...call("c1"), kind: "client", sinceMs: now }], untilMs: now + 5_000 },
  ],
  [
    "[STEP-3] no time limit runs while a tool waits",
    [user(), payAndClock, result("c1")],
    { ...stepped(now + 9_999_999), nowMs: now + 999_999 },
    { type: "wait", calls: [], untilMs: now + 9_999_999 },
  ],
  [
    "[STEP-3] it runs anew when the wait is over",
    [user(), payAndClock, result("c1")],
    { stepped: new Map([["c0", { waits: [], resumedMs: now + 900_000 }]]), nowMs: now + 950_000 },
    run([call("c0", "pay")]),
  ],
  [
    "[STEP-7] a cancel ends the wait, and the result does not say that nothing was done",
    [user(), payAndClock, result("c1")],
    { ...stepped(now + 9), stop: "cancelled" },
    end("cancelled", { refused: [{ call: call("c0", "pay"), content: notRun.stopped }] }),
  ],
];

const waits: Row[] = [
  ["[WAIT-1] calls that wait for nobody are run first", [user(), asks], {}, run([call("c2", "clock")])],
  [
    "[WAIT-1] then the turn waits for the others",
    [user(), asks, result("c2")],
    {},
    { type: "wait", calls: waiting, untilMs: now + 5_000 },
  ],
  ["[WAIT-1] an approved call is run", [user(), asks, result("c2"), approval(true)], {}, run([call("c0", "pay")])],
  [
    "[WAIT-1] an approved call that was begun before a crash is not run again",
    [user(), asks, result("c2"), approval(true)],
    { intents: new Set(["c0"]) },
    run([], [{ call: call("c0", "pay"), content: notRun.unknown }]),
  ],
  [
    "[YEARS-1] a call that was begun four times without a result is not begun again, the others are",
    [user(), asking(["clock", "sum", "clock"])],
    {
      runs: new Map([
        ["c0", 4],
        ["c1", 3],
      ]),
    },
    run([call("c1", "sum"), call("c2", "clock")], [{ call: call("c0", "clock"), content: notRun.crashing(4) }]),
  ],
  [
    "[WAIT-2] a denied call is not run, and the model is told why",
    [user(), asks, result("c2"), approval(false, { reason: "Too much" })],
    {},
    run([], [{ call: call("c0", "pay"), content: "Not run: a person denied this call. They said: Too much" }]),
  ],
  [
    "[WAIT-3] what nobody answers in time gets a result that says so",
    [user(), asks, result("c2")],
    { nowMs: now + 5_000 },
    run(
      [],
      [
        { call: call("c0", "pay"), content: notRun.expired("approval") },
        { call: call("c1", "form"), content: notRun.expired("client") },
      ],
    ),
  ],
  [
    "[WAIT-4] a cancelled turn waits no longer",
    [user(), asks, result("c2")],
    { stop: "cancelled" },
    end("cancelled", {
      refused: [
        { call: call("c0", "pay"), content: notRun.turnOver },
        { call: call("c1", "form"), content: notRun.turnOver },
      ],
    }),
  ],
  [
    "[LIMIT-1] a turn that worked for too long ends as failed",
    [user(), asking(["clock"]), result("c0")],
    { nowMs: now + 60_000 },
    end("failed", { failure: expect.objectContaining(timedOut) }),
  ],
  [
    "[LIMIT-1] a reply that was stopped by it, too",
    [user(), assistant({ finishReason: "cancelled" })],
    { nowMs: now + 60_000 },
    end("failed", { failure: expect.objectContaining(timedOut) }),
  ],
  [
    "[LIMIT-1] an answer that came at the last moment stands",
    [user(), assistant()],
    { nowMs: now + 60_000 },
    end("completed"),
  ],
  [
    "[LIMIT-1] waiting for a person is no work",
    [user({ atMs: now - 70_000 }), asks, result("c2")],
    { nowMs: now + 1_000 },
    { type: "wait", calls: waiting, untilMs: now + 5_000 },
  ],
  [
    "[LIMIT-1] and their answer gives the turn its time anew",
    [
      user({ atMs: now - 70_000 }),
      asking(["pay"], { atMs: now - 70_000, waits: { c0: "approval" } }),
      approval(true),
      result("c0"),
    ],
    { nowMs: now + 1_000 },
    callModel(2),
  ],
  [
    "[BUSY-2] a message that joins is taken in before the model is called again",
    [user(), asking(["clock"]), result("c0")],
    { joining: true },
    { type: "take_in", turn: "turn_1" },
  ],
  [
    "[BUSY-2] and before an answer ends the turn",
    [user(), assistant()],
    { joining: true },
    { type: "take_in", turn: "turn_1" },
  ],
  ["[BUSY-2] the model answers what has joined", [user(), assistant(), user({ joined: true })], {}, callModel(2)],
  [
    "[BUSY-3] an interrupted turn ends as interrupted",
    [user(), asking(["clock"]), result("c0")],
    { stop: "interrupted" },
    end("interrupted"),
  ],
  [
    "[COMPACT-1] a window that is nearly full is made smaller before the model is called",
    [user()],
    { windowFull: true },
    { type: "compact", turn: "turn_1", step: 1 },
  ],
];

const table: Row[] = [
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
  ["[TURN-9] cancelled before the model is called", [user()], { stop: "cancelled" }, { ...end("cancelled"), step: 0 }],
  [
    "[TURN-9] cancelled with open calls: they are named",
    [user(), twoCalls, result("c0")],
    { stop: "cancelled" },
    end("cancelled", { refused: [{ call: call("c1", "sum"), content: notRun.turnOver }] }),
  ],
  [
    "[TURN-9] cancelled between steps",
    [user(), asking(["clock"]), result("c0")],
    { stop: "cancelled" },
    end("cancelled"),
  ],
  [
    "[TURN-9] a reply stopped half-way",
    [user(), assistant({ finishReason: "cancelled" })],
    { stop: "cancelled" },
    end("cancelled"),
  ],
  [
    "[TURN-9] a cancel that comes after the answer changes nothing",
    [user(), assistant()],
    { stop: "cancelled" },
    end("completed"),
  ],
  ["[TURN-9] a cancel while the model failed", [user(), failed()], { stop: "cancelled" }, end("cancelled")],
  [
    "[TURN-11] after a crash an unsafe call is not run again",
    [user(), asking(["clock", "pay", "mail"])],
    { intents: new Set(["c1", "c2"]) },
    run([call("c0", "clock"), call("c2", "mail")], [{ call: call("c1", "pay"), content: notRun.unknown }]),
  ],
  ["[TURN-11] an unsafe call that was not begun is run", [user(), asking(["pay"])], {}, run([call("c0", "pay")])],
  [
    "[TURN-11] a turn that ends does not say of a call that was begun that it was not run",
    [user(), asking(["pay", "mail", "clock"])],
    { intents: new Set(["c0", "c1"]), stop: "cancelled" },
    end("cancelled", {
      refused: [
        { call: call("c0", "pay"), content: notRun.unknown },
        { call: call("c1", "mail"), content: notRun.unknown },
        { call: call("c2", "clock"), content: notRun.turnOver },
      ],
    }),
  ],
  [
    "[TURN-12] cut off its most times, over long enough",
    [user()],
    { barren: { tries: 4, sinceMs: now - 1_000 } },
    {
      ...end("failed"),
      step: 0,
      failure: {
        code: "internal",
        cause: "interrupted",
        detail: "The model call was interrupted 4 times before it could bring anything. Send the message again.",
        retryable: true,
      },
    },
  ],
  ["[TURN-12] cut off less often: tried again", [user()], { barren: { tries: 3, sinceMs: now - 9_000 } }, callModel(1)],
  [
    "[TURN-12] a row of deploys within minutes gives nothing up",
    [user()],
    { barren: { tries: 40, sinceMs: now - 999 } },
    callModel(1),
  ],
  ...waits,
  ...steps,
  [
    "[LOOP-1] a call that failed three times is not run again",
    [user(), ...failing(3), asking(["clock", "sum"], { step: 4 })],
    {},
    { ...run([call("c1", "sum")], [{ call: call("c0"), content: notRun.looping }]), step: 4 },
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
      result("c0", { step: 4, isError: true, content: notRun.looping }),
      asking(["clock"], { step: 5 }),
    ],
    {},
    {
      ...end("failed", { refused: [{ call: call("c0"), content: notRun.turnOver }], failure: loopingFailure }),
      step: 5,
    },
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
