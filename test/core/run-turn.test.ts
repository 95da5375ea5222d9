import { describe, expect, it } from "vitest";
import type { Draft } from "../../src/core/assemble.ts";
import type { Cut, Effects } from "../../src/core/effects.ts";
import type { NewEntry } from "../../src/core/entry.ts";
import type { ToolCall, ToolResult } from "../../src/core/message.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";
import type { Rules, TurnView } from "../../src/core/next-step.ts";
import { runTurn } from "../../src/core/run-turn.ts";
import { MemoryLog } from "../../src/test-kit/memory-log.ts";
import { user } from "../support/entries.ts";

/** A reply as the model streams it: one inner array per read from the provider. */
type Script = ModelEvent[][];
const say = (text: string): Script => [[{ type: "text", text }], [{ type: "finish", reason: "stop" }]];
const ask = (...names: string[]): Script => [
  names.map((name, index) => ({ type: "tool_call", index, id: `c${index}`, name, arguments: "{}" })),
  [
    { type: "usage", usage: { inputTokens: 5, cachedTokens: 1, outputTokens: 2, reasoningTokens: 0 } },
    { type: "finish", reason: "tool_calls" },
  ],
];

class Died extends Error {}

/** A world that plays scripts over a log in memory, and may die at its n-th append. */
class World implements Effects {
  readonly log: MemoryLog;
  readonly shown: string[] = [];
  readonly ran: string[] = [];
  readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  stop: "cancelled" | undefined;
  /** Messages that wait to join. */
  joins: string[] = [];
  /** Calls that were begun. */
  readonly intents: Set<string>;
  /** How full the window is, by its number of entries. */
  windowFull: (entries: number) => boolean = () => false;
  dieAtAppend = Number.POSITIVE_INFINITY;
  tool: (call: ToolCall) => Promise<string> = async (call) => `${call.name} done`;
  readonly #scripts: (step: number) => Script;

  constructor(scripts: Script[] | ((step: number) => Script), log = new MemoryLog(), intents = new Set<string>()) {
    this.intents = intents;
    this.#scripts = typeof scripts === "function" ? scripts : (step) => scripts[step - 1] ?? [];
    this.log = log;
    if (log.lastSeq === 0) log.append([user()]);
  }

  look(): TurnView {
    return {
      entries: this.log.read({ after: 0 }),
      ...(this.stop && { stop: this.stop }),
      barren: { tries: 0, sinceMs: 0 },
      intents: this.intents,
      joining: this.joins.length > 0,
      windowFull: this.windowFull(this.log.lastSeq),
      nowMs: 0,
    };
  }

  /** How many more model calls the account's budget allows. */
  money = Number.POSITIVE_INFINITY;
  async afford() {
    return this.money-- > 0;
  }

  async beginStep({ turn, step }: { turn: string; step: number }) {
    return {
      seq: this.log.lastSeq + 1,
      turn,
      step,
      attempt: 1,
      model: "m",
      prices: { hit: 0, miss: 1_000_000, output: 0 },
    };
  }

  async *generate({ of: { step } }: Draft) {
    for (const events of this.#scripts(step)) {
      if (this.signal.aborted) return;
      yield events;
    }
  }

  show(draft: Draft) {
    this.shown.push(String(draft.text));
  }

  async runTool(call: ToolCall): Promise<ToolResult> {
    this.ran.push(call.name);
    this.intents.add(call.id);
    return { callId: call.id, name: call.name, content: await this.tool(call), isError: false };
  }

  async append(entries: NewEntry[]) {
    if (--this.dieAtAppend < 0) throw new Died();
    this.log.append(entries);
  }

  async takeIn() {
    for (const content of this.joins.splice(0)) this.log.append([user({ content, joined: true, atMs: 0 })]);
  }

  saved: ReturnType<Effects["cutOff"]>;
  cutOff() {
    return this.saved;
  }

  /** What the model answers when it is asked for a summary; none: nothing can leave the window. */
  summaries: Script[] = [];
  cut(): Cut | undefined {
    if (this.summaries.length === 0) return undefined;
    const prices = { hit: 0, miss: 1_000_000, output: 0 };
    return { throughSeq: 1, model: "m", prices, outline: () => "outline" };
  }

  async *summarize() {
    yield* this.summaries.shift() ?? [];
  }

  now() {
    return 0;
  }

  pauses: number[] = [];
  async pause(delayMs: number) {
    this.pauses.push(delayMs);
  }

  chance() {
    return 0.5;
  }

  /** The log in short: `assistant:text`, `tool:id=content`, `turn_ended:reason`. */
  story(): string[] {
    return this.log.read({ after: 0 }).map((entry) => {
      switch (entry.type) {
        case "tool":
          return `tool:${entry.callId}=${entry.content}`;
        case "turn_ended":
          return `turn_ended:${entry.reason}`;
        case "approval":
          return `approval:${entry.approve}`;
        case "compaction":
          return `compaction:${entry.summary}`;
        default:
          return `${entry.type}:${entry.content}`;
      }
    });
  }
}

const rules: Rules = {
  maxSteps: 5,
  maxBarrenTries: 5,
  maxBarrenMs: 0,
  maxTurnMs: 1,
  maxWaitMs: 1,
  waitOf: () => undefined,
  effectOf: (name) => (name === "pay" ? "unsafe" : "none"),
  afterFailure: () => ({ type: "give_up" }),
  complaint: () => undefined,
};

describe("runTurn", () => {
  it("[TURN-5] answers, and shows the draft once per read", async () => {
    const world = new World([say("Hi")]);
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:Hi", "turn_ended:completed"]);
    expect(world.shown).toEqual(["", "Hi", "Hi"]);
  });

  it("[TURN-10] runs the calls of a step side by side and records each as it ends", async () => {
    const world = new World([ask("slow", "fast"), say("Done")]);
    const fastRecorded = Promise.withResolvers<void>();
    world.tool = async (call) => {
      if (call.name === "slow") await fastRecorded.promise;
      return call.name;
    };
    const append = world.append.bind(world);
    world.append = async (entries) => {
      await append(entries);
      if (entries.some((entry) => entry.type === "tool" && entry.name === "fast")) fastRecorded.resolve();
    };
    await runTurn(world, rules);
    expect(world.ran).toEqual(["slow", "fast"]);
    expect(world.story()).toEqual([
      "user:Hello",
      "assistant:",
      "tool:c1=fast",
      "tool:c0=slow",
      "assistant:Done",
      "turn_ended:completed",
    ]);
  });

  it("[TURN-7] stops after its most steps", async () => {
    const world = new World(() => ask("clock"));
    await runTurn(world, { ...rules, maxSteps: 2 });
    expect(world.story().at(-1)).toBe("turn_ended:step_limit");
    expect(world.ran).toEqual(["clock", "clock"]);
  });

  it("[TURN-8] a failed model call ends the turn with its cause", async () => {
    const failure = { code: "model_auth", detail: "Set MODEL_API_KEY.", retryable: false } as const;
    const world = new World([[[{ type: "failure", failure }]]]);
    await runTurn(world, rules);
    expect(world.log.last).toMatchObject({ type: "turn_ended", reason: "failed", failure });
  });

  it("[TURN-9] a cancel in mid-answer keeps what was said", async () => {
    const world = new World([say("Hi")]);
    world.show = (draft) => {
      if (String(draft.text) !== "Hi") return;
      world.stop = "cancelled";
      world.abort.abort();
    };
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:Hi", "turn_ended:cancelled"]);
  });

  it("[TURN-13] a turn's end sums all its model calls", async () => {
    const world = new World([
      ask("clock"),
      ask("clock"),
      [[{ type: "failure", failure: { code: "model_stalled", detail: "", retryable: true } }]],
    ]);
    await runTurn(world, rules);
    const usage = { inputTokens: 10, cachedTokens: 2, outputTokens: 4, reasoningTokens: 0 };
    expect(world.log.last).toMatchObject({ reason: "failed", usage, costMicros: 10, steps: 3 });
  });

  const scripts = [ask("clock", "sum"), ask("clock"), say("Done")];
  it.each([0, 1, 2, 3, 4, 5, 6])(
    "[TURN-14] a runner that dies at append %i is continued by the next one",
    async (dieAtAppend) => {
      const world = new World(scripts);
      world.dieAtAppend = dieAtAppend;
      await expect(runTurn(world, rules)).rejects.toThrow(Died);
      const next = new World(scripts, world.log);
      await runTurn(next, rules);
      const undisturbed = new World(scripts);
      await runTurn(undisturbed, rules);
      expect(next.story().toSorted()).toEqual(undisturbed.story().toSorted());
      expect(next.story().at(-1)).toBe("turn_ended:completed");
    },
  );

  it("[TURN-11] after a crash an unsafe call is not run again and is told so", async () => {
    const world = new World([ask("clock", "pay"), say("Done")]);
    world.dieAtAppend = 1;
    await expect(runTurn(world, rules)).rejects.toThrow(Died);
    expect(world.ran).toEqual(["clock", "pay"]);
    const next = new World([ask(), say("Done")], world.log, world.intents);
    await runTurn(next, rules);
    expect(next.ran).toEqual(["clock"]);
    expect(next.story()[2]).toMatch(/^tool:c1=Outcome unknown: the server stopped while this tool was running/);
  });

  it("[TURN-9] a cancel with open calls says that they were not run", async () => {
    const world = new World([ask("pay")]);
    world.dieAtAppend = 1;
    await expect(runTurn(world, rules)).rejects.toThrow(Died);
    // Died before the call was begun: nothing was intended.
    const next = new World([], world.log);
    next.stop = "cancelled";
    await runTurn(next, rules);
    expect(next.ran).toEqual([]);
    expect(next.story().slice(2)).toEqual(["tool:c0=Not run: the turn was ended first.", "turn_ended:cancelled"]);
  });
});

describe("a turn that waits, grows or shrinks", () => {
  it("[WAIT-1] rests while a call waits for a person, and goes on once it is approved", async () => {
    const world = new World([ask("clock", "pay"), say("Done")]);
    const asking: Rules = {
      ...rules,
      maxWaitMs: 10,
      waitOf: ({ name }) => (name === "pay" ? "approval" : undefined),
    };
    await runTurn(world, asking);
    expect(world.story()).toEqual(["user:Hello", "assistant:", "tool:c0=clock done"]);
    world.log.append([
      { type: "approval", turn: "turn_1", step: 1, callId: "c1", name: "pay", approve: true, atMs: 0 },
    ]);
    await runTurn(world, asking);
    expect(world.story().slice(3)).toEqual([
      "approval:true",
      "tool:c1=pay done",
      "assistant:Done",
      "turn_ended:completed",
    ]);
    expect(world.ran).toEqual(["clock", "pay"]);
  });

  it("[BUSY-2] a message that joins is answered in the same turn", async () => {
    const world = new World([say("One"), say("Two")]);
    world.joins = ["And this?"];
    world.look = () => ({
      ...World.prototype.look.call(world),
      joining: world.joins.length > 0 && world.log.lastSeq > 1,
    });
    await runTurn(world, rules);
    expect(world.story()).toEqual([
      "user:Hello",
      "assistant:One",
      "user:And this?",
      "assistant:Two",
      "turn_ended:completed",
    ]);
  });

  it("[COMPACT-1] the window is made smaller before the call, and the turn's end counts what that cost", async () => {
    const world = new World([say("Hi")]);
    const paid = { inputTokens: 7, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    world.summaries = [[[{ type: "usage", usage: paid }], ...say("They said hello.")]];
    world.windowFull = (entries) => entries === 1;
    await runTurn(world, rules);
    expect(world.story()).toEqual([
      "user:Hello",
      "compaction:They said hello.",
      "assistant:Hi",
      "turn_ended:completed",
    ]);
    expect(world.log.last).toMatchObject({ usage: { inputTokens: 7 }, costMicros: 7, steps: 1 });
  });

  const overflow: Script = [
    [{ type: "failure", failure: { code: "context_overflow", detail: "Too long.", retryable: false } }],
  ];

  it("[COMPACT-2] a provider that finds the conversation too long is asked again with less", async () => {
    let calls = 0;
    const world = new World(() => (++calls === 1 ? overflow : say("Hi")));
    world.summaries = [say("Short.")];
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "compaction:Short.", "assistant:Hi", "turn_ended:completed"]);
  });

  it("[COMPACT-2] when nothing can leave, the turn fails with the cause", async () => {
    const world = new World([overflow]);
    await runTurn(world, rules);
    expect(world.log.last).toMatchObject({ reason: "failed", failure: { code: "context_overflow" } });
  });

  it("[COMPACT-3] a model that writes no summary is stood in for, one that cannot be reached is not", async () => {
    const refusing = new World([say("Hi")]);
    refusing.summaries = [ask("clock")];
    refusing.windowFull = (entries) => entries === 1;
    await runTurn(refusing, rules);
    expect(refusing.story()).toEqual(["user:Hello", "compaction:outline", "assistant:Hi", "turn_ended:completed"]);

    const down = new World([say("Hi")]);
    down.summaries = [[[{ type: "failure", failure: { code: "model_unavailable", detail: "503", retryable: true } }]]];
    down.windowFull = () => true;
    await runTurn(down, rules);
    expect(down.story()).toEqual(["user:Hello", "step_failed:", "turn_ended:failed"]);
  });

  it("[COMPACT-3] a summary is tried again as a step is", async () => {
    const world = new World([say("Hi")]);
    const failure = { code: "model_unavailable", detail: "503", retryable: true } as const;
    const paid = { inputTokens: 7, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    world.summaries = [
      [
        [
          { type: "usage", usage: paid },
          { type: "failure", failure },
        ],
      ],
      say("Short."),
    ];
    world.windowFull = (entries) => entries === 1;
    await runTurn(world, { ...rules, afterFailure: () => ({ type: "again", how: "restart", afterMs: 5 }) });
    expect(world.story()[1]).toBe("compaction:Short.");
    expect(world.pauses).toEqual([5]);
    expect(world.log.last).toMatchObject({ costMicros: 7 });
  });

  const reasoningAlone: Script = [
    [{ type: "reasoning", text: "They talked about boats." }],
    [{ type: "failure", failure: { code: "model_empty", detail: "Empty.", retryable: true } }],
  ];
  it.each<[what: string, summary: Script, cause: string, calls: number]>([
    ["reasoning alone", reasoningAlone, "summary_reasoning", 2],
    ["nothing", [[{ type: "finish", reason: "stop" }]], "summary_empty", 2],
    ["calls", ask("clock"), "summary_calls", 1],
    [
      "no text before its longest",
      [[{ type: "reasoning", text: "Hm" }], [{ type: "finish", reason: "length" }]],
      "summary_length",
      1,
    ],
  ])(
    "[COMPACT-5] a summary that is %s is requested twice at most, and the outline says why",
    async (_, summary, cause, calls) => {
      const world = new World([say("Hi")]);
      world.summaries = Array.from({ length: 6 }, () => summary);
      world.windowFull = (entries) => entries === 1;
      await runTurn(world, { ...rules, afterFailure: () => ({ type: "again", how: "restart", afterMs: 0 }) });
      expect(world.story()).toEqual(["user:Hello", "compaction:outline", "assistant:Hi", "turn_ended:completed"]);
      expect(world.log.read({ after: 1 })[0]).toMatchObject({
        cause: "in_time",
        failure: { code: "model_empty", cause },
      });
      expect(6 - world.summaries.length).toBe(calls);
    },
  );

  it("[COMPACT-5] a summary that breaks off twice is paid for twice, and an outline takes its place", async () => {
    const world = new World([say("Hi")]);
    const usage = { inputTokens: 7, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    const failure = { code: "model_truncated", detail: "Cut.", retryable: true } as const;
    world.summaries = Array.from(
      { length: 6 },
      (): Script => [[{ type: "usage", usage }], [{ type: "failure", failure }]],
    );
    world.windowFull = (entries) => entries === 1;
    await runTurn(world, { ...rules, afterFailure: () => ({ type: "again", how: "restart", afterMs: 0 }) });
    expect(world.story()[1]).toBe("compaction:outline");
    expect(world.log.last).toMatchObject({ costMicros: 14 });
  });

  it("[COST-7] a stop during a summary books what it cost, and shows nothing of it", async () => {
    const world = new World([say("never")]);
    const usage = { inputTokens: 7, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
    world.summaries = [[[{ type: "usage", usage }], [{ type: "text", text: "They talked." }]]];
    world.windowFull = () => world.stop === undefined;
    const summarize = world.summarize.bind(world);
    world.summarize = async function* () {
      yield* summarize();
      world.stop = "cancelled";
      world.abort.abort();
    };
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:", "turn_ended:cancelled"]);
    expect(world.log.last).toMatchObject({ costMicros: 7 });
  });

  const unclear = { code: "model_refused", cause: "unclear", detail: "Refused.", retryable: false } as const;
  it.each<[what: string, first: Script, near: boolean, compacts: boolean]>([
    ["a refusal in unknown words, near the window", [[{ type: "failure", failure: unclear }]], true, true],
    ["a refusal in unknown words, far from it", [[{ type: "failure", failure: unclear }]], false, false],
    [
      "a refusal in known words, near the window",
      [[{ type: "failure", failure: { code: "model_payment", detail: "", retryable: false } }]],
      true,
      false,
    ],
    [
      "a stream without anything in it, near the window",
      [[{ type: "failure", failure: { code: "model_truncated", detail: "", retryable: true } }]],
      true,
      true,
    ],
    ["an answer that has no room, near the window", [[{ type: "finish", reason: "length" }]], true, true],
    [
      "a finish reason that says so",
      [[{ type: "text", text: "Half" }], [{ type: "finish", reason: "model_context_window_exceeded" }]],
      false,
      true,
    ],
  ])("[COMPACT-6] %s", async (_, first, near, compacts) => {
    let calls = 0;
    const world = new World(() => (++calls === 1 ? first : say("Hi")));
    const effects = Object.assign(world, { nearlyFillsWindow: () => near });
    world.summaries = [say("Short.")];
    await runTurn(effects, rules);
    expect(world.story().includes("compaction:Short.")).toBe(compacts);
    if (compacts) expect(world.story().at(-1)).toBe("turn_ended:completed");
  });

  it("[COMPACT-6] unknown words are believed once", async () => {
    const world = new World(() => [[{ type: "failure", failure: unclear }]]);
    const effects = Object.assign(world, { nearlyFillsWindow: () => true });
    world.summaries = [say("Short."), say("Shorter.")];
    await runTurn(effects, rules);
    expect(world.story()).toEqual(["user:Hello", "compaction:Short.", "step_failed:", "turn_ended:failed"]);
  });

  it("[COMPACT-6] an answer that the window cut is the answer when nothing can leave", async () => {
    const world = new World([
      [[{ type: "text", text: "Half" }], [{ type: "finish", reason: "model_context_window_exceeded" }]],
    ]);
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:Half", "turn_ended:length"]);
  });

  it("[RESUME-2] what a cut-off answer had said stays when the turn is stopped", async () => {
    const world = new World([]);
    world.stop = "cancelled";
    const of = { turn: "turn_1", step: 1, attempt: 2, model: "m" };
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const said = { content: "Half", reasoning: "", toolCalls: [], finishReason: "cancelled" } as const;
    world.saved = { type: "assistant", ...of, ...said, toolCalls: [], usage, costMicros: 0, atMs: 0 };
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:Half", "turn_ended:cancelled"]);
  });
});

describe("a budget", () => {
  it("[BUDGET-1] ends the turn with what it has when there is no money for another call", async () => {
    const world = new World([ask("clock"), say("never")]);
    world.money = 1;
    await runTurn(world, rules);
    expect(world.story()).toEqual(["user:Hello", "assistant:", "tool:c0=clock done", "turn_ended:budget_exhausted"]);
    expect(world.log.last).toMatchObject({ steps: 1, costMicros: 5 });
  });

  it("[BUDGET-1] also between two tries, and before a summary", async () => {
    const stalled: Script = [
      [{ type: "usage", usage: { inputTokens: 5, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 } }],
      [{ type: "failure", failure: { code: "model_stalled", detail: "Silence.", retryable: true } }],
    ];
    const tries = new World([stalled]);
    tries.money = 1;
    await runTurn(tries, { ...rules, afterFailure: () => ({ type: "again", how: "restart", afterMs: 0 }) });
    expect(tries.story()).toEqual(["user:Hello", "step_failed:", "turn_ended:budget_exhausted"]);
    expect(tries.log.last).toMatchObject({ steps: 1, costMicros: 5 });

    const full = new World([say("never")]);
    full.money = 0;
    full.summaries = [say("never")];
    full.windowFull = () => true;
    await runTurn(full, rules);
    expect(full.story()).toEqual(["user:Hello", "turn_ended:budget_exhausted"]);
  });
});

describe("a model call that fails", () => {
  const fail = (...said: string[]): Script => [
    ...said.map((text): ModelEvent[] => [{ type: "text", text }]),
    [{ type: "usage", usage: { inputTokens: 5, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 } }],
    [{ type: "failure", failure: { code: "model_stalled", detail: "Silence.", retryable: true } }],
  ];
  const again = (how: "restart" | "continue", more: object = {}): Rules => ({
    ...rules,
    afterFailure: (tries) =>
      tries.length > 2 ? { type: "give_up" } : { type: "again", how, afterMs: 100 * tries.length, ...more },
  });
  /** Each try of the one step has its script. */
  class Tries extends World {
    tries: Script[];
    begun: unknown[] = [];
    constructor(tries: Script[]) {
      super([]);
      this.tries = tries;
    }
    override async beginStep(step: { turn: string; step: number }, how?: unknown) {
      this.begun.push(how);
      return { ...(await super.beginStep(step)), attempt: this.begun.length };
    }
    override async *generate() {
      yield* this.tries.shift() ?? [];
    }
  }

  it("[RETRY-6] leaves one entry with the tries before it, and counts what they used", async () => {
    const world = new Tries([fail("half"), fail(), say("Hi")]);
    await runTurn(world, again("restart"));
    expect(world.story()).toEqual(["user:Hello", "assistant:Hi", "turn_ended:completed"]);
    const failure = { code: "model_stalled", detail: "Silence.", retryable: true };
    expect(world.log.read({ after: 1 })[0]).toMatchObject({
      attempt: 3,
      tries: [
        { model: "m", failure, textChars: 4 },
        { model: "m", failure, textChars: 0 },
      ],
      usage: { inputTokens: 10, outputTokens: 2 },
      costMicros: 10,
    });
    expect(world.pauses).toEqual([100, 200]);
  });

  it("[RETRY-6] a failure that stands keeps its tries, too", async () => {
    const world = new Tries([fail("a"), fail("b"), fail("c")]);
    await runTurn(world, again("restart"));
    expect(world.story()).toEqual(["user:Hello", "step_failed:c", "turn_ended:failed"]);
    expect(world.log.read({ after: 1 })[0]).toMatchObject({ tries: [{ textChars: 1 }, { textChars: 1 }] });
  });

  it("[RETRY-4] a continued answer is one answer", async () => {
    const world = new Tries([fail("one, "), say("two")]);
    await runTurn(world, again("continue"));
    expect(world.story()[1]).toBe("assistant:one, two");
    expect(world.shown.filter((text) => !text.startsWith("one, ") && text !== "")).toEqual([]);
  });

  it("[RETRY-3] hands the choice of another model to the next try", async () => {
    const world = new Tries([fail(), say("Hi")]);
    await runTurn(world, again("restart", { model: "other" }));
    expect(world.begun).toEqual([undefined, { type: "again", how: "restart", afterMs: 100, model: "other" }]);
  });

  it("[RETRY-7] a cancel while it waits ends the turn, and what was said stays", async () => {
    const world = new Tries([fail("half"), say("never")]);
    world.pause = async () => {
      world.stop = "cancelled";
      world.abort.abort();
    };
    await runTurn(world, again("restart"));
    expect(world.story()).toEqual(["user:Hello", "step_failed:half", "turn_ended:cancelled"]);
  });

  it("[JUDGE-1] an answer in the wrong form is sent back with a note, and the turn goes on", async () => {
    const world = new World([say("Sure!"), say("{}")]);
    await runTurn(world, {
      ...rules,
      complaint: (content) => (content === "{}" ? undefined : { note: "JSON, please." }),
    });
    expect(world.story()).toEqual([
      "user:Hello",
      "assistant:Sure!",
      "note:JSON, please.",
      "assistant:{}",
      "turn_ended:completed",
    ]);
  });

  it("[LOOP-1] a looping call gets its note and the others run", async () => {
    const world = new World((step) => (step < 8 ? ask("clock") : say("Done")));
    await runTurn(world, { ...rules, maxSteps: 9 });
    expect(world.ran).toHaveLength(5);
    expect(world.story().at(-1)).toBe("turn_ended:failed");
    expect(world.log.last).toMatchObject({ failure: { code: "model_looping" } });
  });
});

describe("the limits of an invocation", () => {
  const names = Array.from({ length: 12 }, (_, n) => `tool${n}`);

  it("[PLATFORM-10] at most five calls run at once, and a call's time begins when it is run", async () => {
    const world = new World([ask(...names), say("Done")]);
    let running = 0;
    let most = 0;
    world.tool = async ({ name }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 0));
      running--;
      return name;
    };
    await runTurn(world, rules);
    expect(most).toBe(5);
    expect(world.ran).toEqual(names);
    expect(world.story().at(-1)).toBe("turn_ended:completed");
  });

  it("[PLATFORM-10] what an invocation may not begin any more waits for the next one, and nothing runs twice", async () => {
    const world = Object.assign(new World([ask(...names), ask("last"), say("Done")]), { isSpent: false });
    let left = 7;
    const invocations: number[] = [];
    world.tool = async ({ name }) => {
      world.isSpent = --left <= 0;
      return name;
    };
    for (let n = 0; n < 10 && world.log.last?.type !== "turn_ended"; n++) {
      left = 7;
      world.isSpent = false;
      await runTurn(world, rules);
      invocations.push(world.ran.length);
    }
    expect([...world.ran].sort()).toEqual([...names, "last"].sort());
    expect(invocations.length).toBe(2);
    expect(world.story().at(-1)).toBe("turn_ended:completed");
  });

  it("[PLATFORM-10] a failure is passed on once no call runs any more", async () => {
    const world = new World([ask(...names), say("Done")]);
    const slow = Promise.withResolvers<void>();
    world.tool = async ({ name }) => {
      if (name === "tool0") throw new Error("Network connection lost.");
      await slow.promise;
      return name;
    };
    let settled = false;
    const turn = runTurn(world, rules).finally(() => {
      settled = true;
    });
    turn.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(settled).toBe(false);
    slow.resolve();
    await expect(turn).rejects.toThrow("Network connection lost.");
  });
});
