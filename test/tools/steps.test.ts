import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import type { Effect } from "../../src/core/next-step.ts";
import { suspendedUntilMs } from "../../src/core/tool-steps.ts";
import { MemorySteps } from "../../src/test-kit/memory-steps.ts";
import { runDurably, runTool } from "../../src/tools/run-tool.ts";
import {
  longestWaitMs,
  mostCallBytes,
  mostSteps,
  mostValueBytes,
  stepsNotListed,
  type ToolStep,
} from "../../src/tools/steps/step.ts";
import { stepsOf } from "../../src/tools/steps/steps.ts";
import { createToolbox, defineTool } from "../../src/tools/tool.ts";
import { randomOf } from "../support/random.ts";
import { toolContext } from "../support/tool-context.ts";

const call = { seq: 2, callId: "c" };
const day = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

type Run = (step: ToolStep, signal: AbortSignal) => unknown;

/** A call whose steps are kept, and that can be run again and again. */
class Call {
  nowMs = 0;
  effect: Effect = "none";
  timeoutMs = 20_000;
  steps = new MemorySteps(() => this.nowMs);
  readonly #cancel = new AbortController();

  /** Its result; `undefined` when it waits. */
  async run(run: Run, context = {}): Promise<string | undefined> {
    const tool = defineTool({
      name: "long",
      description: "Long.",
      input: z.object({}),
      effect: this.effect,
      timeoutMs: this.timeoutMs,
      run: (_, { step, signal }) => run(step, signal),
    });
    const of = toolContext({ signal: this.#cancel.signal, now: () => this.nowMs, ...context });
    const stepKey = async (name: string) => `key of ${name}`;
    const options = { steps: stepsOf({ store: this.steps.store(call), stepKey }) };
    const made = await runDurably(createToolbox([tool]), { id: "c", name: "long", arguments: "{}" }, of, options);
    return made && (made.isError ? `error: ${made.content}` : made.content);
  }

  cancel() {
    this.#cancel.abort();
  }

  /** How long it does nothing by itself, in ms. */
  get restMs() {
    const untilMs = suspendedUntilMs(this.steps.calls(call.seq).get(call.callId), this.nowMs);
    return untilMs === undefined ? 0 : untilMs - this.nowMs;
  }
}

describe("a step", () => {
  it("[STEP-1] runs once: later runs of the call get what it returned, or threw, as JSON has it", async () => {
    const made = new Call();
    const ran: string[] = [];
    const run: Run = async (step) => {
      const order = await step.do("order", () => {
        ran.push("order");
        return { id: 7, at: new Date(0) };
      });
      const nothing = await step.do("nothing", () => {});
      const failure = await step
        .do("fails", () => Promise.reject(new Error("No.")))
        .catch((error: Error) => error.message);
      await step.sleep("rest", 1_000);
      return { order, nothing: nothing === undefined, failure };
    };
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = 1_000;
    const result = '{"order":{"id":7,"at":"1970-01-01T00:00:00.000Z"},"nothing":true,"failure":"No."}';
    expect(await made.run(run)).toBe(result);
    expect(await made.run(run)).toBe(result);
    expect(ran).toEqual(["order"]);
  });

  it.each<[Effect, Effect | undefined, number, string]>([
    ["none", undefined, 2, "did"],
    ["keyed", undefined, 2, "did"],
    ["unsafe", undefined, 1, "step_outcome_unknown"],
    ["unsafe", "keyed", 2, "did"],
    ["none", "unsafe", 1, "step_outcome_unknown"],
  ])(
    "[STEP-2] a crash in a step of a tool that is %s, itself %s, makes %i runs and %s",
    async (tool, own, runs, end) => {
      const made = new Call();
      made.effect = tool;
      const keys: string[] = [];
      const crashing: Run = (step) =>
        step.do(
          "once",
          ({ idempotencyKey }) => new Promise(() => keys.push(idempotencyKey)),
          own ? { effect: own } : {},
        );
      void made.run(crashing);
      await vi.waitFor(() => expect(keys).toHaveLength(1));
      const again: Run = (step) =>
        step
          .do("once", ({ idempotencyKey }) => did(() => keys.push(idempotencyKey)), own ? { effect: own } : {})
          .catch((error: Error) => error.name);
      expect(await made.run(again)).toBe(end);
      expect(await made.run(again)).toBe(end);
      expect(keys).toEqual(Array.from({ length: runs }, () => "key of once"));
    },
  );

  it("[STEP-3] that waits ends the run: its code catches nothing of it, and finally blocks do not run", async () => {
    const made = new Call();
    const seen: string[] = [];
    const run: Run = async (step) => {
      try {
        await step.sleep("long", 30 * day);
        return "awake";
      } catch {
        seen.push("caught");
      } finally {
        seen.push("finally");
      }
    };
    expect(await made.run(run)).toBeUndefined();
    expect([seen, made.restMs]).toEqual([[], 30 * day]);
    made.nowMs = 30 * day - 1;
    expect(await made.run(run)).toBeUndefined();
    expect(made.restMs).toBe(1);
    made.nowMs = 30 * day;
    expect(made.restMs).toBe(0);
    expect(await made.run(run)).toBe("awake");
    expect(seen).toEqual(["finally"]);
  });

  it("[STEP-3] waits for a signal, or until its time is over", async () => {
    const run: Run = async (step) => (await step.waitFor("shipped", { timeout: day })) ?? "none came";
    const signalled = new Call();
    expect(await signalled.run(run)).toBeUndefined();
    expect(signalled.steps.signal(call, "shipped", { parcel: 7 })).toBe(true);
    expect(signalled.restMs).toBe(0);
    expect(await signalled.run(run)).toBe('{"value":{"parcel":7}}');
    const late = new Call();
    expect(await late.run(run)).toBeUndefined();
    late.nowMs = day;
    expect(await late.run(run)).toBe("none came");
    expect(late.steps.signal(call, "shipped", 1)).toBe(false);
  });

  it("[STEP-4] runs beside others: what can go on goes on, and the call waits when nothing can", async () => {
    const made = new Call();
    const ran: string[] = [];
    const run: Run = async (step) => {
      const branch = async () => {
        await step.do("a", async () => void ran.push("a"));
        await step.do("b", async () => void ran.push("b"));
        await step.sleep("short", 10);
        return step.do("c", async () => did(() => ran.push("c")));
      };
      return step.all([branch(), step.waitFor("x", { timeout: day }), step.do("d", () => did(() => ran.push("d")))]);
    };
    expect(await made.run(run)).toBeUndefined();
    expect([ran.toSorted(), made.restMs]).toEqual([["a", "b", "d"], 10]);
    made.nowMs = 10;
    expect(await made.run(run)).toBeUndefined();
    expect([ran.toSorted(), made.restMs]).toEqual([["a", "b", "c", "d"], day - 10]);
    made.steps.signal(call, "x", 1);
    expect(await made.run(run)).toBe('["did",{"value":1},"did"]');
    expect(ran).toHaveLength(4);
  });

  it("[STEP-4] all waits for each of its steps, then throws the first failure", async () => {
    const made = new Call();
    const ended: string[] = [];
    const run: Run = (step) =>
      step.all([
        step.do("fails", () => Promise.reject(new Error("First."))),
        step.do("slow", async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          ended.push("slow");
        }),
      ]);
    expect(await made.run(run)).toBe("error: First.");
    expect(ended).toEqual(["slow"]);
  });

  it("[STEP-4] the first of several goes the same way at every replay, whatever has come since", async () => {
    const made = new Call();
    const run: Run = async (step) => {
      const first = await Promise.race([
        step.waitFor("shipped", { timeout: 10 * day }).then(() => "shipped"),
        step.sleep("patience", day).then(() => "patience"),
      ]);
      await step.do(`after ${first}`, () => {});
      await step.sleep("rest", day);
      return first;
    };
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = day;
    expect(await made.run(run)).toBeUndefined();
    expect(made.steps.signal(call, "shipped", 1)).toBe(true);
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = 2 * day;
    expect(await made.run(run)).toBe("patience");
  });

  it("[STEP-4] seeded: random calls of branches and waits replay to the same end, each step once", async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = randomOf(seed);
      const plan = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => Math.floor(random() * 3)));
      const made = new Call();
      const ran: string[] = [];
      const run: Run = async (step) => {
        const branch = async (kinds: number[], b: number) => {
          for (const [at, kind] of kinds.entries()) {
            const name = `s${b}.${at}`;
            if (kind === 0) await step.do(name, async () => void ran.push(name));
            else if (kind === 1) await step.sleep(name, (b + 1) * 7);
            else await Promise.race([step.sleep(name, 5), step.waitFor(`${name}w`, { timeout: 50 })]);
          }
        };
        await step.all(plan.map(branch));
        return "end";
      };
      let end = await made.run(run);
      for (let runs = 0; end === undefined && runs < 40; runs++) {
        made.nowMs += Math.ceil(made.restMs * (random() < 0.3 ? 2 : 1));
        end = await made.run(run);
      }
      expect([seed, end]).toEqual([seed, "end"]);
      expect([seed, new Set(ran).size]).toEqual([seed, ran.length]);
    }
  });
});

/** What users of other engines of durable steps ran into, as their reports tell it. */
describe("what was reported elsewhere", () => {
  it("[STEP-12] a wait whose length is read off the clock is the recorded one when it goes on (Blazity/ai-workflow#219)", async () => {
    const made = new Call();
    const run: Run = async (step) => {
      await step.sleep("until nine", 100 - made.nowMs);
      const signal = await step.waitFor("paid", { timeout: 300 - made.nowMs });
      return signal === undefined ? "over" : "paid";
    };
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = 250;
    expect([await made.run(run), made.restMs]).toEqual([undefined, 50]);
    made.nowMs = 9_000;
    expect(await made.run(run)).toBe("over");
  });

  it("[STEP-12] code that takes its time between recorded steps is not taken for other code", async () => {
    const made = new Call();
    const slow = () => new Promise((resolve) => setTimeout(resolve, 600));
    const run: Run = async (step) => {
      const a = await step.do("a", () => 1);
      if (made.nowMs > 0) await slow();
      const b = await step.do("b", () => 2);
      await step.sleep("rest", 10);
      return `${a}${b}`;
    };
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = 10;
    expect(await made.run(run)).toBe("12");
  });

  it("[STEP-12] code is not taken for other code where the process is paused for a while", async () => {
    const made = new Call();
    const run: Run = (step) =>
      step.all([
        (async () => {
          for (let n = 0; n < 5; n++) await step.do(`a${n}`, () => n);
          await step.sleep("rest", 10);
        })(),
        made.nowMs === 0 ? undefined : step.do("new", () => "end"),
      ]);
    expect(await made.run(run)).toBeUndefined();
    made.nowMs = 10;
    // After it everything is due at once, however long it was to take.
    const { setTimeout: later } = globalThis;
    const due = (work: () => void, ms = 0) => later(work, ms < 1_000 ? 0 : ms);
    const spied = vi.spyOn(globalThis, "setTimeout").mockImplementation(due as typeof setTimeout);
    const end = await made.run(run).finally(() => spied.mockRestore());
    expect(end).toBe('[null,"end"]');
  });

  it("[STEP-12] a step that is left out before a wait that is not over is named", async () => {
    const made = new Call();
    const both = (names: string[]) => async (step: ToolStep) => {
      for (const name of names) await step.do(name, () => name);
      return step.all([step.sleep("rest", 10), step.sleep("long", 100)]);
    };
    expect(await made.run(both(["a", "b"]))).toBeUndefined();
    made.nowMs = 10;
    expect(await made.run(both(["a"]))).toContain('did not come to its step "b"');
  });

  it("[STEP-12] what a step returned is not what its code changes afterwards (upstash/workflow-js#206)", async () => {
    const made = new Call();
    const seen: unknown[] = [];
    const run: Run = async (step) => {
      const source = { value: 1, at: new Date(0), none: undefined, list: [undefined, Number.NaN] };
      const got = await step.do("a", () => source);
      seen.push(structuredClone(got));
      source.value = 2;
      (got as { value: number }).value = 3;
      await step.sleep("rest", 10);
    };
    await made.run(run);
    made.nowMs = 10;
    await made.run(run);
    const recorded = { value: 1, at: "1970-01-01T00:00:00.000Z", list: [null, null] };
    expect(seen).toEqual([recorded, recorded]);
  });

  it.each<[what: string, thrown: unknown, message: string]>([
    ["a class of its own", Object.assign(new RangeError("no"), { code: "E7", cause: new Error("why") }), "no"],
    ["a text", "no", "no"],
    ["nothing", undefined, "The step failed and did not say why."],
    ["an object", { message: "no" }, "The step failed and did not say why."],
    ["no message", new TypeError(""), "TypeError"],
  ])(
    "[STEP-12] an error of %s is the same Error at first and later (aws-durable-execution-sdk-js#219)",
    async (_, thrown, message) => {
      const made = new Call();
      const seen: unknown[] = [];
      const run: Run = async (step) => {
        await step
          .do("a", () => {
            throw thrown;
          })
          .catch((error: Error) => seen.push([error.constructor.name, error.name, error.message, error.cause]));
        await step.sleep("rest", 10);
      };
      await made.run(run);
      made.nowMs = 10;
      await made.run(run);
      const same = ["Error", "Error", message, undefined];
      expect(seen).toEqual([same, same]);
    },
  );

  it.each<[what: string, run: Run]>([
    ["a step", (step) => step.do("outer", () => step.do("inner", () => 1))],
    ["a wait", (step) => step.do("outer", () => step.sleep("inner", 10))],
    ["a signal", (step) => step.do("outer", () => step.waitFor("inner", { timeout: 10 }))],
  ])("[STEP-12] %s within a step is refused by name, and does not wait for ever", async (_, run) => {
    expect(await new Call().run(run)).toMatch(
      /^error: step_within_step: The step "inner" begins within the step "outer"/,
    );
  });

  it("[STEP-12] steps beside a step that runs are not within it", async () => {
    const made = new Call();
    const run: Run = (step) =>
      step.all([
        step.do("a", () => new Promise((resolve) => setTimeout(() => resolve(1), 20))),
        Promise.resolve().then(() => step.do("b", () => 2)),
      ]);
    expect(await made.run(run)).toBe("[1,2]");
  });
});

describe("a tool that breaks a rule of steps", () => {
  const faults: [what: string, run: Run, fault: string][] = [
    [
      "a name twice",
      async (step) => [await step.do("a", () => 1), await step.do("a", () => 2)],
      'step_name_used_twice: The call has two steps with the name "a"',
    ],
    ["no name", (step) => step.do("", () => 1), 'step_name_invalid: "" cannot name a step'],
    ["a name with a slash", (step) => step.sleep("a/b", 1), "step_name_invalid"],
    ["a name of 101 characters", (step) => step.sleep("a".repeat(101), 1), "step_name_invalid"],
    ["a name that is no text", (step) => step.sleep(7 as unknown as string, 1), 'step_name_invalid: "7"'],
    ["half a character", (step) => step.sleep("a\ud800", 1), "step_name_invalid"],
    [
      "a Map",
      (step) => step.do("a", () => new Map([[1, 2]])),
      'step_value_not_json: The step "a" has run, and what it returned is not JSON: it returned a value of the type Map',
    ],
    ["a function", (step) => step.do("a", () => () => 1), "step_value_not_json"],
    [
      "a circle",
      (step) =>
        step.do("a", () => {
          const circle: unknown[] = [];
          circle.push(circle);
          return circle;
        }),
      "step_value_not_json",
    ],
    ["a bigint", (step) => step.do("a", () => 1n), "step_value_not_json"],
    [
      "too large a value",
      (step) => step.do("a", () => "x".repeat(mostValueBytes)),
      `step_value_too_large: The step "a" has run, and its call would have ${mostValueBytes + 2} bytes`,
    ],
    [
      "too many bytes in all",
      async (step) => {
        for (let n = 0; n < 20; n++) await step.do(`a${n}`, () => "x".repeat(mostValueBytes - 2));
      },
      `step_value_too_large: The step "a16" has run, and its call would have ${mostCallBytes + mostValueBytes} bytes`,
    ],
    [
      "too many steps",
      async (step) => {
        for (let n = 0; n <= mostSteps; n++) await step.do(`a${n}`, () => n);
      },
      `step_limit_reached: A call has at most ${mostSteps} steps`,
    ],
    ["too long a wait", (step) => step.sleep("a", longestWaitMs + 1), 'step_wait_invalid: The step "a" would wait'],
    ["a wait that is no number", (step) => step.sleep("a", Number.NaN), "step_wait_invalid"],
    ["a wait before now", (step) => step.waitFor("a", { timeout: -1 }), "step_wait_invalid"],
    ["no timeout", (step) => step.waitFor("a", {} as { timeout: number }), "step_wait_invalid"],
  ];
  it.each(faults)("[STEP-5] %s: its call ends with a named error, whatever its code catches", async (_, run, fault) => {
    const made = new Call();
    const catching: Run = async (step, signal) => {
      try {
        return await run(step, signal);
      } catch {
        return "caught";
      }
    };
    expect(await made.run(catching)).toMatch(new RegExp(`^error: ${fault.replaceAll(/[()".]/g, "\\$&")}`));
  });

  const before: Run = async (step) => {
    await step.do("a", () => 1);
    await step.do("b", () => 2);
    await step.sleep("rest", 10);
  };
  const changes: [what: string, run: Run, words: string][] = [
    [
      "a step in another place",
      async (step) => {
        await step.do("b", () => 2);
        await step.do("a", () => 1);
        await step.sleep("rest", 10);
      },
      'did not come to its step "a"',
    ],
    [
      "a new step before",
      async (step) => {
        await step.do("new", () => 0);
        await before(step, new AbortController().signal);
      },
      'did not come to its step "a"',
    ],
    [
      "a step left out",
      async (step) => {
        await step.do("a", () => 1);
        await step.sleep("rest", 10);
      },
      'did not come to its step "b"',
    ],
    ["all steps left out", async () => "done", 'ended without its step "a"'],
    [
      "another kind of step",
      async (step) => {
        await step.sleep("a", 1);
      },
      'uses the name "a" for another kind',
    ],
    [
      "another wait",
      async (step) => {
        await step.do("a", () => 1);
        await step.do("b", () => 2);
        await step.sleep("other", 10);
      },
      'did not come to its step "rest"',
    ],
    [
      "names by chance",
      async (step) => {
        await step.do(`a ${Math.random()}`, () => 1);
      },
      'did not come to its step "a"',
    ],
  ];
  it.concurrent.each(changes)("[STEP-5] %s after a wait is named, and nothing new is run", async (_, run, words) => {
    const made = new Call();
    expect(await made.run(before)).toBeUndefined();
    const ran = vi.fn();
    const watched: Run = (step, signal) => {
      const own: ToolStep = {
        ...bound(step),
        do: (name, work, how) =>
          step.do(
            name,
            (of) => {
              ran(name);
              return work(of);
            },
            how,
          ),
      };
      return run(own, signal);
    };
    made.nowMs = 10;
    const result = await made.run(watched);
    expect(result).toMatch(/^error: step_order_changed: The call has recorded other steps than it now has: its code /);
    expect(result).toContain(words);
    expect(ran).not.toHaveBeenCalled();
  });

  it("[STEP-6] a step has the tool's time to itself, and a cancelled call begins no more steps", async () => {
    const slow = new Call();
    slow.timeoutMs = 60;
    // A machine that has other work could take longer than the call may.
    vi.useFakeTimers();
    const inTime = async (run: Run) => {
      const result = slow.run(run);
      await vi.advanceTimersByTimeAsync(1_000);
      return result;
    };
    const rest = () => new Promise((resolve) => setTimeout(resolve, 25));
    const rests = async (step: ToolStep) => {
      for (const name of ["a", "b", "c", "d"]) await step.do(name, rest);
      return "done";
    };
    expect(await inTime(rests)).toBe("done");
    const hangs: Run = async (step) => {
      await rests(step);
      return step.do("e", () => new Promise(() => {}));
    };
    expect(await inTime(hangs)).toMatch(/^error: Timed out after 60 ms/);
    const cancelled = new Call();
    const ran: string[] = [];
    const result = await cancelled.run(async (step) => {
      await step.do("a", async () => {
        ran.push("a");
        cancelled.cancel();
      });
      await step.do("b", () => ran.push("b"));
    });
    expect([result, ran]).toEqual([
      "error: Stopped while it was running. It may have taken effect all the same.",
      ["a"],
    ]);
  });

  it.each<[string, Run]>([
    ["do", (step) => step.do("a", () => 1)],
    ["sleep", (step) => step.sleep("a", 1)],
    ["waitFor", (step) => step.waitFor("a", { timeout: 1 })],
    ["all", (step) => step.all([])],
  ])("[STEP-9] step.%s of an app that does not list them is an error that says which line to add", async (_, run) => {
    const tool = defineTool({
      name: "t",
      description: "T.",
      input: z.object({}),
      effect: "none",
      run: (_, { step, signal }) => run(step, signal),
    });
    const made = await runTool(createToolbox([tool]), { id: "c", name: "t", arguments: "{}" }, toolContext());
    expect(made).toMatchObject({ content: stepsNotListed, isError: true });
    expect(stepsNotListed).toContain("`longTools: longTools(),`");
  });
});

function bound(step: ToolStep): ToolStep {
  return {
    do: step.do.bind(step),
    sleep: step.sleep.bind(step),
    waitFor: step.waitFor.bind(step),
    all: step.all.bind(step),
  };
}

function did(what: () => unknown): string {
  what();
  return "did";
}
