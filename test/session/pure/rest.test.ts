import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "../../../src/core/entry.ts";
import type { SteppedCalls, SuspendedCall, TurnRest } from "../../../src/core/tool-steps.ts";
import { Rest, stayMs } from "../../../src/session/read/rest.ts";
import type { StepRows } from "../../../src/tools/steps/feature.ts";

const start = Date.UTC(2026, 10, 26, 9);
const day = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

const sleep = (ms: number, name = "rest") => ({ name, kind: "sleep" as const, untilMs: start + ms });
const signal = (name: string, ms: number) => ({ name, kind: "signal" as const, untilMs: start + ms });
const call = (id: string, ...waits: SuspendedCall["waits"]): SuspendedCall => ({ id, name: "order", waits });

/** `calls`: those that have steps, and no result yet. */
function hostOf(...calls: SuspendedCall[]) {
  const reply = () => ({ type: "assistant", seq: 2, toolCalls: host.calls }) as unknown as Entry;
  const stepped = (): SteppedCalls =>
    new Map(host.calls.map(({ id, waits }) => [id, { waits, resumedMs: host.resumedMs }]));
  const host = {
    calls,
    /** When a wait of each was over. */
    resumedMs: 0,
    turns: {
      open: { turn: "turn_1", firstSeq: 1 },
      get suspended() {
        return host.calls.filter(({ waits }) => waits.length > 0);
      },
      waitingFor: [] as never[],
      entries: () => [reply()],
      firstSeq: (turn: string) => (turn === "turn_1" ? 1 : undefined),
    },
    steps: { calls: stepped } as unknown as StepRows,
    feed: { draft: undefined as unknown, confirmed: 3 },
    log: { lastSeq: 3 },
  };
  return host;
}

describe("what a client is sent while tools wait", () => {
  it.each<[what: string, calls: SuspendedCall[], words: string]>([
    ["a time", [call("c1", sleep(day))], "The tool order waits until 2026-11-27T09:00:00Z."],
    [
      "a signal",
      [call("c1", signal("paid:7", day))],
      'The tool order waits for the signal "paid:7", until 2026-11-27T09:00:00Z at the latest.',
    ],
    [
      "the first of more than three",
      [call("c1", sleep(1_000), sleep(2_000), sleep(3_000), sleep(4_000))],
      "The tool order waits until 2026-11-26T09:00:01Z, or until 2026-11-26T09:00:02Z, or until 2026-11-26T09:00:03Z, or for others.",
    ],
    [
      "more than five calls",
      ["a", "b", "c", "d", "e", "f"].map((id) => call(id, sleep(1_000))),
      `${"The tool order waits until 2026-11-26T09:00:01Z. ".repeat(5)}Others wait, too.`,
    ],
    [
      "a name that would turn its neighbours",
      [call("c1", signal("a\u202eb", day))],
      'The tool order waits for the signal "a\\u202eb", until 2026-11-27T09:00:00Z at the latest.',
    ],
  ])("[STEP-11] %s", (_, calls, words) => {
    expect(new Rest(hostOf(...calls), "turn_1").look(() => {})?.words).toBe(words);
  });

  it("[STEP-11] of a turn that is queued says that an earlier one waits", () => {
    const words = new Rest(hostOf(call("c1", sleep(day))), "turn_2").look(() => {})?.words;
    expect(words).toMatch(/^An earlier message is not answered yet\. The tool order waits /);
  });
});

describe("how long a client stays", () => {
  const isLong = (rest: Rest, wake = () => {}) => rest.look(wake)?.isLong;

  it("[STEP-11] not at all for a time that is more than a minute away", () => {
    expect(isLong(new Rest(hostOf(call("c1", sleep(stayMs + 1))), "turn_1"))).toBe(true);
  });

  it.each<[what: string, calls: SuspendedCall[]]>([
    ["a signal", [call("c1", signal("paid", day))]],
    ["a time within it", [call("c1", sleep(stayMs))]],
    ["a signal beside a far time", [call("c1", sleep(day)), call("c2", signal("paid", day))]],
  ])("[STEP-11] for a minute for %s, and is woken then", (_, calls) => {
    const rest = new Rest(hostOf(...calls), "turn_1");
    const wake = vi.fn();
    expect(isLong(rest, wake)).toBe(false);
    vi.advanceTimersByTime(stayMs - 1);
    expect([isLong(rest, wake), wake.mock.calls.length]).toEqual([false, 0]);
    vi.advanceTimersByTime(1);
    expect([isLong(rest, wake), wake.mock.calls.length]).toEqual([true, 1]);
  });

  it("[STEP-11] a minute anew when something has gone on meanwhile, and without a timer once it is over", () => {
    const host = hostOf(call("c1", signal("paid", day)));
    const rest = new Rest(host, "turn_1");
    rest.look(() => {});
    vi.advanceTimersByTime(stayMs);
    host.calls = [call("c1", signal("shipped", 2 * day))];
    expect(isLong(rest)).toBe(false);
    rest.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[STEP-11] as long as something goes on or a person is asked", () => {
    const host = hostOf();
    expect(new Rest(host, "turn_1").look(() => {})).toBeUndefined();
    const asked = { ...host.turns, suspended: [call("c1", sleep(day))], waitingFor: [{}] as never[] };
    expect(new Rest({ ...host, turns: asked }, "turn_1").look(() => {})).toBeUndefined();
  });
});

describe("the frames of a reader", () => {
  const encoder = { suspended: ({ id }: SuspendedCall) => [id], rests: ({ words }: TurnRest) => [words] };

  it("[STEP-11] name each call once, then the end; without a form for it, none", () => {
    const host = hostOf(call("c1", signal("paid", day)));
    const rest = new Rest(host, "turn_1");
    const frames = () => rest.frames(encoder, () => {});
    expect([frames(), frames()]).toEqual([["c1"], []]);
    host.calls = [call("c1", signal("paid", day)), call("c2", sleep(day))];
    expect(frames()).toEqual(["c2"]);
    vi.advanceTimersByTime(stayMs);
    expect(frames()).toEqual([expect.stringContaining("paid")]);
    expect(new Rest(host, "turn_1").frames({}, () => {})).toEqual([]);
  });

  it("[STEP-13] name a call without waits when it goes on, each call by itself, also for a reader that comes then", () => {
    const shown = { suspended: (of: SuspendedCall) => [`${of.id} ${of.waits.map(({ name }) => name).join(" ")}`] };
    const host = hostOf(call("c1", signal("paid", day)), call("c2", signal("shipped", day)));
    const [first, later] = [new Rest(host, "turn_1"), new Rest(host, undefined)];
    const frames = (rest: Rest) => rest.frames(shown, () => {});
    expect(frames(first)).toEqual(["c1 paid", "c2 shipped"]);
    host.calls = [call("c1"), call("c2", signal("shipped", day))];
    expect(frames(first)).toEqual([]);
    host.resumedMs = start;
    expect([frames(first), frames(first), frames(later)]).toEqual([["c1 "], [], ["c1 ", "c2 shipped"]]);
    host.calls = [call("c1", sleep(day)), call("c2")];
    expect(frames(first)).toEqual(["c1 rest", "c2 "]);
    // Its time is over, and nothing has gone on yet; then it ends at once.
    vi.advanceTimersByTime(day);
    expect(frames(first)).toEqual(["c1 "]);
    host.calls = [];
    expect(frames(first)).toEqual([]);
  });

  it("[STEP-11] of a queued turn name no call of the open one", () => {
    expect(new Rest(hostOf(call("c1", signal("paid", day))), "turn_2").frames(encoder, () => {})).toEqual([]);
  });

  it("[STEP-11] wait for what is not on disk yet, and for the end of a reply", () => {
    const host = hostOf(call("c1", sleep(day)));
    host.log.lastSeq = 4;
    expect(new Rest(host, "turn_1").frames(encoder, () => {})).toEqual([]);
    host.log.lastSeq = 3;
    host.feed.draft = {};
    expect(new Rest(host, "turn_1").frames(encoder, () => {})).toEqual([]);
  });
});
