/**
 * Runs a turn as a Worker does whose instance is lost at one point: what was not recorded is forgotten, and the turn goes on
 * from the log and from the calls that were begun. Decides where the points are; does not judge the result.
 */
import type { Draft } from "../core/assemble.ts";
import type { Effects } from "../core/effects.ts";
import type { NewEntry } from "../core/entry.ts";
import type { Effect } from "../core/next-step.ts";
import type { MemorySession } from "./memory-session.ts";

/** The instance is lost. Nothing of it runs any more. */
export class InstanceLost extends Error {}

/** Counts the points of a run, and loses the instance at one of them. */
export class CrashPoints {
  readonly passed: string[] = [];
  readonly #lossAt: number;
  #isLost = false;

  /** `lossAt`: the number of the point, from 0; -1: none. */
  constructor(lossAt: number) {
    this.#lossAt = lossAt;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** `name`: such as "refund: after POST https://shop.example/refunds". Throws where the instance is lost here, and after that everywhere. */
  pass(name: string): void {
    if (this.#isLost) throw new InstanceLost();
    this.passed.push(name);
    if (this.passed.length - 1 !== this.#lossAt) return;
    this.#isLost = true;
    throw new InstanceLost();
  }
}

/** The calls that were begun, as the rows of a session have them: they outlive the instance. */
export class BegunCalls {
  readonly #runs = new Map<string, number>();
  /** Begun by the instance that runs now. */
  #own = new Set<string>();

  /** What changes nothing is recorded from its second run on. */
  begin(key: string, effect: Effect): void {
    const isAgain = this.#own.has(key) || this.#started.has(key);
    if (effect !== "none" || isAgain) this.#runs.set(key, (this.#runs.get(key) ?? (effect === "none" ? 1 : 0)) + 1);
    this.#own.add(key);
  }

  readonly #started = new Set<string>();

  /** A new instance: every call that was begun was perhaps run. */
  restart(): void {
    for (const key of this.#own) this.#started.add(key);
    this.#own = new Set();
  }

  /** Of one step: how often each call was begun, by its id. */
  of(step: string): Map<string, number> {
    return new Map(
      [...this.#runs].flatMap(([key, runs]) =>
        key.startsWith(`${step} `) ? [[key.slice(step.length + 1), runs]] : [],
      ),
    );
  }
}

export interface CrashingRun {
  session: MemorySession;
  points: CrashPoints;
  begun: BegunCalls;
  effectOf(tool: string): Effect;
}

/** The session's effects as an object of its own, to put something between the loop and the session. */
export function effectsOf(session: MemorySession): Effects {
  return {
    signal: session.signal,
    look: () => session.look(),
    afford: () => session.afford(),
    beginStep: (step, again) => session.beginStep(step, again),
    generate: (draft) => session.generate(draft),
    show: () => session.show(),
    runTool: (call, place) => session.runTool(call, place),
    append: (entries) => session.append(entries),
    takeIn: () => session.takeIn(),
    cutOff: () => session.cutOff(),
    cut: (why) => session.cut(why),
    summarize: (cut, draft) => session.summarize(cut, draft),
    now: () => session.now(),
    pause: (delayMs) => session.pause(delayMs),
    chance: () => session.chance(),
  };
}

/** The session's effects with the points between them. */
export function crashingEffects({ session, points, begun, effectOf }: CrashingRun): Effects {
  const stepOf = ({ turn, step }: { turn: string; step: number }) => `${turn}/${step}`;
  return {
    ...effectsOf(session),
    look() {
      const view = session.look();
      const reply = view.entries.findLast((entry) => entry.type === "assistant");
      const runs = reply?.type === "assistant" ? begun.of(stepOf(reply)) : new Map<string, number>();
      // What a call with steps has done is known from them, and its runs are no sign of a crash.
      const intents = new Set(runs.keys());
      return { ...view, intents, runs: new Map([...runs].filter(([id]) => !view.stepped?.has(id))) };
    },
    generate(draft: Draft) {
      points.pass(`model call ${draft.of.step}: before it`);
      return session.generate(draft);
    },
    async runTool(call, place) {
      points.pass(`${call.name}: before it is recorded as begun`);
      begun.begin(`${stepOf(place)} ${call.id}`, effectOf(call.name));
      points.pass(`${call.name}: recorded as begun, before it runs`);
      const result = await session.runTool(call, place);
      points.pass(`${call.name}: it ${result === undefined ? "waits" : "has run, before its result is recorded"}`);
      return result;
    },
    async append(entries) {
      const name = nameOf(entries);
      points.pass(`${name}: before it is recorded`);
      await session.append(entries);
      points.pass(`${name}: recorded`);
    },
    pause: () => Promise.resolve(),
  };
}

function nameOf(entries: readonly NewEntry[]): string {
  const [first] = entries;
  switch (first?.type) {
    case "assistant":
      return `answer of model call ${first.step}`;
    case "tool":
      return `result of ${first.name}`;
    case "turn_ended":
      return "end of the turn";
    default:
      return first?.type ?? "nothing";
  }
}
