import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bugs } from "./bugs.ts";
import {
  checkSession,
  decisionFaults,
  endingFaults,
  keyedFaults,
  lostMessages,
  transcriptFaults,
  unrecorded,
  unsafeFaults,
} from "./check.ts";
import { doorFaults } from "./check-doors.ts";
import { readerFaults } from "./check-reader.ts";
import { buildWorker } from "./harness/build.ts";
import type { Execution } from "./harness/tool-server.ts";
import { runSoak } from "./run-soak.ts";
import type { EntryData, SeenEvent, SessionLog } from "./session-log.ts";
import { reportText } from "./soak-report.ts";
import { StepClient } from "./step-client.ts";
import { type Effects, faultsOf } from "./step-world.ts";
import { runStepsSoak } from "./steps.ts";

const seed = 25;
/** What is waited for within a soak is waited for longer on a slow machine, some of it for minutes. */
const limitMs = 300_000;

it(
  "[SOAK-1] [ROLLOUT-20] nothing is lost, done twice, or counted twice in a rollout over 25 kills",
  async () => {
    console.log(`npm run soak -- --kills 25 --messages 35 --seed ${seed}`);
    // So many messages are accepted before the last kill: how fast the machine is decides nothing.
    const report = await runSoak({ kills: 25, seed, messages: 35 });
    console.log(reportText(report));
    expect(report.violations).toEqual([]);
    expect(report.kills).toBe(25);
    expect(report.messages).toBeGreaterThan(20);
    expect(report.turns).toBeGreaterThan(20);
    expect(report.eventsChecked).toBeGreaterThan(200);
    expect(report.doorAnswers).toBeGreaterThan(15);
    expect(report.rolloutTurns).toBeGreaterThan(20);
    expect(report.rolloutDecisions).toBeGreaterThan(0);
    expect(Object.values(report.toolCalls).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
  },
  limitMs,
);

it(
  "[STEP-10] steps of random plans are done once, none is lost and each turn ends over 6 kills of the process",
  async () => {
    console.log(`npm run soak -- --only steps --kills 6 --seed ${seed}`);
    const report = await runStepsSoak({ kills: 6, seed });
    console.log(report);
    expect(report.faults).toEqual([]);
    expect(report.steps).toBeGreaterThan(5);
  },
  limitMs,
);

it("[STEP-10] the counter of steps sees one that is done twice, with another key, lost, or answered with the wrong signal", () => {
  const client = new StepClient("w1", { url: "", seed });
  client.plans.splice(0, 9, [
    { do: "a", effect: "unsafe" },
    { do: "b", effect: "keyed" },
    { waitFor: "c", timeout: 1 },
  ]);
  client.state = "completed";
  Object.assign(client.outcomes, { a: "did a", b: "did b", c: "c" });
  const effects: Effects = new Map([
    ["a", { effect: "unsafe", keys: ["k"] }],
    ["b", { effect: "keyed", keys: ["l", "l"] }],
  ]);
  expect(faultsOf(client, effects)).toEqual([]);
  effects.set("a", { effect: "unsafe", keys: ["k", "k"] });
  effects.set("b", { effect: "keyed", keys: ["l", "m"] });
  client.outcomes.c = null;
  expect(faultsOf(client, effects)).toHaveLength(3);
  effects.clear();
  expect(faultsOf(client, effects)).toEqual(["a was not done", "b was not done", "c got null"]);
});

/** A session as it should be: one message, a payment, an answer. */
const entries: EntryData[] = [
  { seq: 1, turn: "turn_1", type: "user", message: { content: "s1-m1: pay" } },
  {
    seq: 2,
    turn: "turn_1",
    type: "assistant",
    step: 1,
    message: { content: "", tool_calls: [{ id: "c1", function: { name: "pay", arguments: "{}" } }] },
  },
  {
    seq: 3,
    turn: "turn_1",
    type: "tool",
    step: 1,
    message: { content: "pay done", tool_call_id: "c1", name: "pay", is_error: false },
  },
  { seq: 4, turn: "turn_1", type: "assistant", step: 2, message: { content: "Answer to s1-m1 (1): sea." } },
  { seq: 5, turn: "turn_1", type: "turn_ended", reason: "completed" },
];
const execution = (more: Partial<Execution> = {}): Execution => {
  return { name: "pay", item: "i", callId: "c1", idempotencyKey: "k1", applied: true, ...more };
};
const usage = '"usage":{"input_tokens":0,"cached_tokens":0,"output_tokens":0,"reasoning_tokens":0},"cost_micros":0';
const tried = '"attempt":1,"model":"m","reasoning":""';
const exported = [
  "{}",
  '{"seq":1,"turn":"turn_1","type":"user","at_ms":0,"content":"s1-m1: pay","options":{}}',
  `{"seq":2,"turn":"turn_1","type":"assistant","at_ms":0,"step":1,${tried},"content":"","tool_calls":[{"id":"c1","name":"pay","arguments":"{}"}],"finish_reason":"tool_calls",${usage}}`,
  '{"seq":3,"turn":"turn_1","type":"tool","at_ms":0,"step":1,"call_id":"c1","name":"pay","content":"pay done","is_error":false,"duration_ms":0}',
  `{"seq":4,"turn":"turn_1","type":"assistant","at_ms":0,"step":2,${tried},"content":"Answer to s1-m1 (1): sea.","tool_calls":[],"finish_reason":"stop",${usage}}`,
  `{"seq":5,"turn":"turn_1","type":"turn_ended","at_ms":0,"reason":"completed","steps":2,${usage}}`,
];
const event = (id: string, name: string, data: SeenEvent["data"] = {}): SeenEvent => {
  return { id: `aaaaaa-${id}`, event: name, data };
};
const events = [
  event("1", "turn.started", { turn: "turn_1" }),
  event("2.1.0.0.0", "step.started"),
  event("2.1.0.0.1", "tool.called", { call_id: "c1", name: "pay", arguments: "{}" }),
  event("2", "message.completed", { message: { content: "" } }),
  event("3", "tool.finished", { call_id: "c1", content: "pay done" }),
  event("4.1.0.0.0", "step.started"),
  event("4.1.0.25.0", "text.delta", { text: "Answer to s1-m1 (1): sea." }),
  event("4", "message.completed", { message: { content: "Answer to s1-m1 (1): sea." } }),
  event("5", "turn.ended", { turn: "turn_1", reason: "completed" }),
];
const reader = { name: "r", events, reconnects: 0, refusals: [] };
const good: SessionLog = {
  session: "s1",
  messages: [{ id: "s1-m1", content: "s1-m1: pay", turns: ["turn_1", "turn_1"] }],
  decisions: [],
  readers: [reader],
  doors: [],
  entries,
  exported,
  traces: [],
  stuck: [],
  refusals: [],
};
const without = <T>(list: readonly T[], place: number) => list.filter((_, at) => at !== place);
const seeing = (seen: SeenEvent[]) => readerFaults({ ...reader, events: seen }, entries);

describe("the checker", () => {
  it("[SOAK-2] finds nothing wrong with what is right", () => {
    expect(checkSession(good, [execution()])).toEqual([]);
  });

  const broken: [what: string, faults: string[], fault: RegExp][] = [
    [
      "a lost message",
      lostMessages({ ...good, entries: entries.slice(1) }),
      /was accepted as turn_1, and is undefined/,
    ],
    ["a message twice", lostMessages({ ...good, entries: [...entries, entries[0] as EntryData] }), /has the turns/],
    [
      "a key with two turns",
      lostMessages({ ...good, messages: [{ id: "m", content: "x", turns: ["turn_1", "turn_2"] }] }),
      /was given the turns/,
    ],
    ["a turn without an end", endingFaults(entries.slice(0, 4)), /has 0 endings/],
    ["a turn with two", endingFaults([...entries, entries[4] as EntryData]), /has 2 endings/],
    ["an answer to another message", endingFaults(without(entries, 3)), /answers s1-m1 with ""/],
    [
      "a gap",
      transcriptFaults({ entries: entries.slice(1), exported: without(exported, 2) }),
      /seq is 3, and 2 is next/,
    ],
    ["a lost line", transcriptFaults({ entries, exported: exported.slice(0, 5) }), /5 entries are 4 lines/],
    ["an unsafe call twice", unsafeFaults(entries, [execution(), execution()]), /c1 ran 2 times/],
    ["a result without a run", unsafeFaults(entries, []), /says "pay done", but the call ran 0 times/],
    [
      "a key that took effect twice",
      keyedFaults([execution({ name: "book" }), execution({ name: "book" })]),
      /2 times/,
    ],
    [
      "a call with two keys",
      keyedFaults([execution({ name: "book" }), execution({ name: "book", idempotencyKey: "k2" })]),
      /c1 came with 2 of idempotencyKey/,
    ],
    [
      "a run that was never recorded",
      unrecorded(entries, [execution({ callId: "c9" })]),
      /c9 ran and is not in the log/,
    ],
    [
      "a denied call that ran",
      decisionFaults({ ...good, decisions: [{ callId: "c1", approve: false, statuses: [200] }] }, [
        execution({ name: "wire_money" }),
      ]),
      /c1 ran without being approved/,
    ],
    [
      "a call that was decided twice",
      decisionFaults({ ...good, decisions: [{ callId: "c1", approve: true, statuses: [200, 200] }] }, []),
      /decided more than once/,
    ],
    ["a missing event", seeing(without(events, 4)), /where the log has "3 \| tool\.finished/],
    ["an event twice", seeing([...events.slice(0, 4), ...events.slice(3)]), /comes after/],
    ["an event that went back", seeing([...events, event("1", "ping")]), /ping aaaaaa-1 comes after aaaaaa-5/],
    ["a lost delta", seeing(without(events, 6)), /is "" in parts/],
    ["a call that was not told", seeing(without(events, 2)), /calls of entry 2/],
  ];
  it.each(broken)("[SOAK-2] notices %s", (_what, faults, fault) => {
    expect(faults.join("\n")).toMatch(fault);
  });

  it("[SOAK-4] a client of another door has the text of the transcript, or was told that it has not", () => {
    const door = { door: "chat", turn: "turn_1", text: "Answer to s1-m1 (1): sea.", faults: [] } as const;
    const of = (more: object) => ({ ...door, state: "whole" as const, refusals: [], reconnects: 0, ...more });
    const faults = (more: object) => doorFaults({ doors: [of(more)], entries });
    expect(faults({})).toEqual([]);
    expect(faults({ text: "Answer to", state: "error", code: "answer_restarted" })).toEqual([]);
    expect(faults({ text: "Answer to Answer to s1-m1 (1): sea." })).toEqual([
      expect.stringContaining('has "Answer to Answer'),
    ]);
    expect(faults({ faults: ["the item msg_1 is opened twice"] })).toEqual([expect.stringContaining("opened twice")]);
  });

  it("[SOAK-4] a step that starts twice, and text that nothing voids, are faults", () => {
    const started = (id: string) => event(id, "step.started", { step: 2 });
    const twice = [
      ...events.slice(0, 5),
      started("4.1.0.0.0"),
      event("4.1.0.3.0", "text.delta", { text: "Ans" }),
      started("5.1.0.0.0"),
    ];
    expect(seeing(twice).join()).toMatch(/step turn_1 2 starts twice/);
    const left = [
      ...events.slice(0, 5),
      started("4.1.0.0.0"),
      event("4.1.0.3.0", "text.delta", { text: "Ans" }),
      ...events.slice(8),
    ];
    expect(seeing(left).join()).toMatch(/"Ans" was never voided/);
  });

  it("[SOAK-2] what got stuck, or was refused, is a fault", () => {
    const stuck = checkSession({ ...good, stuck: ["s1-m1 stays running"], refusals: ["GET /x: 404"] }, [execution()]);
    expect(stuck.map(({ rule }) => rule)).toEqual(["every accepted message ends", "nothing legal is refused"]);
  });

  it("[SOAK-2] a text that was voided by a restart is thrown away", () => {
    const restarted = [
      ...events.slice(0, 6),
      event("4.1.0.7.0", "text.delta", { text: "Another" }),
      event("4.2.0.0.0", "step.restarted"),
      event("4.2.0.25.0", "text.delta", { text: "Answer to s1-m1 (1): sea." }),
      ...events.slice(7),
    ];
    expect(seeing(restarted)).toEqual([]);
    expect(seeing(without(restarted, 7)).join()).toMatch(/is "AnotherAnswer to/);
  });
});

it("[SOAK-3] each planted bug replaces a module of the soak's Worker, and is in the Worker that is built with it", async () => {
  const plain = await buildWorker();
  for (const { name, module } of bugs) {
    expect(plain).toContain(`// ${module}\n`);
    expect(plain).not.toContain(`// test/soak/seams/${name}.ts\n`);
    expect(existsSync(`test/soak/seams/${name}.ts`), name).toBe(true);
  }
  const [bug] = bugs;
  expect(await buildWorker(bug)).toContain(`// test/soak/seams/${bug?.name}.ts\n`);
  await expect(buildWorker({ name: "no-intent", module: "src/moved-away.ts" })).rejects.toThrow(/src\/moved-away\.ts/);
});
