import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localArms } from "../../../src/cli/eval/run/arms.ts";
import type { CaseRunner } from "../../../src/cli/eval/run/in-process.ts";
import { agentOf, loadApp } from "../../../src/cli/eval/run/load-app.ts";
import { CannotRun } from "../../../src/cli/eval/run/result.ts";
import { changeCost } from "../../../src/cli/replay/change-cost.ts";
import { type RecordedTurn, turnOf } from "../../../src/cli/replay/recorded-turns.ts";
import { readReplay } from "../../../src/cli/replay/replay.ts";
import { decided } from "../../../src/cli/replay/run-replay.ts";
import { recordedOutcome, shadowTurn } from "../../../src/cli/replay/shadow-turn.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { ScriptedRequest, ScriptedStep } from "../../../src/test.ts";
import { assistant, ended, result, user } from "../../support/entries.ts";
import { newest, type ShopModel, shopModel } from "../eval/shop-model.ts";

let model: ShopModel;
let folder: string;
beforeAll(async () => {
  model = shopModel();
  folder = await mkdtemp(join(tmpdir(), "longline-replay-"));
});
afterAll(async () => {
  model.close();
  await rm(folder, { recursive: true, force: true });
});

const place = (entries: object[]): Entry[] => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const calls = (id: string, number: string, step = 1) =>
  assistant({
    turn: "turn_2",
    step,
    content: "",
    finishReason: "tool_calls",
    toolCalls: [{ id, name: "find_order", arguments: `{"number":"${number}","detail":null}` }],
  });
/** An earlier turn, and one that looked up order 17 and then paid it back. */
const session = place([
  user({ content: "Hi" }),
  assistant({ content: "Hello." }),
  ended(),
  user({ turn: "turn_2", content: "Where is order 17? Else pay it back." }),
  calls("c1", "17"),
  result("c1", { turn: "turn_2", name: "find_order", content: "lost" }),
  assistant({
    turn: "turn_2",
    step: 2,
    content: "",
    finishReason: "tool_calls",
    toolCalls: [{ id: "c2", name: "refund", arguments: '{"number":"17"}' }],
  }),
  result("c2", { turn: "turn_2", step: 2, name: "refund", content: "paid" }),
  assistant({ turn: "turn_2", step: 3, content: "It is lost, and paid back." }),
  ended({ turn: "turn_2" }),
]);
const recorded = (entries: Entry[] = session): RecordedTurn =>
  turnOf({ session: "s", turn: "turn_2", instructions: "Be brief.", entries }) as RecordedTurn;
const runner = async (): Promise<CaseRunner> => {
  const loaded = await loadApp("test/cli/eval/shop/worker.ts");
  const none = { agents: [], models: [], versions: [], instructions: [] };
  const [arm] = await localArms(loaded, none, { liveTools: true });
  return arm?.runner as CaseRunner;
};
/** As the recorded model did, with these inputs. */
const like =
  (...inputs: [name: string, input: object][]) =>
  (request: ScriptedRequest): ScriptedStep => {
    const done = request.messages
      .slice(request.messages.findLastIndex(({ role }) => role === "user"))
      .filter(({ role }) => role === "tool");
    const next = inputs[done.length];
    return next === undefined
      ? `After ${done.map(({ content }) => content).join(" and ")}.`
      : { calls: [{ name: next[0], input: next[1] }] };
  };

describe("a shadow replay", () => {
  it("[EVAL-20] asks the candidate with what was said before, and gives it the results that tools gave then; no tool runs", async () => {
    model.answer = like(["find_order", { number: "17" }], ["refund", { number: "17" }]);
    model.outside = () => {
      throw new Error("A tool ran.");
    };
    const { outcome, diverged, firstBody } = await shadowTurn(recorded(), await runner());
    expect([outcome.answer, outcome.status, diverged]).toEqual(["After lost and paid.", "completed", undefined]);
    expect(outcome.calls.map(({ name, result: content }) => [name, content])).toEqual([
      ["find_order", "lost"],
      ["refund", "paid"],
    ]);
    const first = JSON.parse(firstBody) as ScriptedRequest;
    expect(first.messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    expect([first.messages[0]?.content?.endsWith("Be brief."), newest(first, "user")]).toEqual([
      true,
      "Where is order 17? Else pay it back.",
    ]);
  });

  it("[EVAL-20] a call that was not made then ends the turn there, and the model is asked nothing more", async () => {
    const before = model.requests.length;
    model.answer = like(["find_order", { number: "17" }], ["refund", { number: "18" }]);
    const { outcome, diverged } = await shadowTurn(recorded(), await runner());
    expect(diverged).toEqual({ step: 2, name: "refund", input: { number: "18" } });
    expect([outcome.steps, model.requests.length - before]).toEqual([2, 2]);
    model.answer = like(["find_order", { number: "17" }], ["find_order", { number: "17" }]);
    expect((await shadowTurn(recorded(), await runner())).diverged).toMatchObject({ step: 2, name: "find_order" });
  });

  it("[EVAL-20] a provider that refuses is no answer, and what was recorded is read off its entries", async () => {
    model.answer = () => ({ status: 401 });
    await expect(shadowTurn(recorded(), await runner())).rejects.toThrow(CannotRun);
    const { agent } = await runner();
    expect(recordedOutcome(recorded(), agent.tools)).toMatchObject({
      answer: "It is lost, and paid back.",
      status: "completed",
      steps: 3,
      costMicros: 9,
    });
  });

  it.each([
    ["it has no answer", place([user({ turn: "turn_2" }), ended({ turn: "turn_2", reason: "failed" })])],
    [
      "other messages joined it",
      place([user({ turn: "turn_2" }), user({ turn: "turn_2", joined: true }), assistant({ turn: "turn_2" })]),
    ],
    [
      "it has tools of the client",
      place([
        user({ turn: "turn_2", options: { tools: [{ name: "t", description: "", parameters: {} }] } }),
        assistant({ turn: "turn_2" }),
      ]),
    ],
  ])("[EVAL-20] a turn is left out when %s", (why, entries) => {
    expect(turnOf({ session: "s", turn: "turn_2", instructions: null, entries })).toBe(why);
  });
});

describe("what a change costs", () => {
  const body = (instructions: string, more: object = {}) =>
    JSON.stringify({
      model: "m",
      messages: [
        { role: "system", content: instructions },
        { role: "user", content: "Hi" },
      ],
      user_id: instructions,
      ...more,
    });
  const facts = {
    days: [{ day: "2026-11-24", input_tokens: 1, cached_tokens: 1, cost_micros: 700_000 }],
    windowDays: 7,
    sessions: 70,
    prices: { hit: 28_000, miss: 280_000, output: 420_000 },
    costChange: -0.2,
  };

  it("[EVAL-21] a changed head voids what each session has cached: its tokens, once for the sessions of a day, by the price of a miss less a hit", () => {
    const requests = [
      { before: body("A"), now: body("B"), cachedTokens: 20_000 },
      { before: body("A"), now: body("B"), cachedTokens: 0 },
    ];
    expect(changeCost({ ...facts, requests })).toEqual({
      segment: "instructions changed",
      voidedTokens: 10_000,
      onceMicros: 25_200,
      sessionsPerDay: 10,
      perDayMicros: 100_000,
      morePerDayMicros: -20_000,
    });
  });

  it("[EVAL-21] the same head voids nothing, whoever asks; a later message is no head; without turns nothing is known", () => {
    const requests = [
      { before: body("A"), now: body("A", { user_id: "x" }), cachedTokens: 20_000 },
      { before: body("A"), now: body("A").replace("Hi", "Ho"), cachedTokens: 9 },
    ];
    expect(changeCost({ ...facts, requests })).toMatchObject({ voidedTokens: 0, onceMicros: 0 });
    expect(changeCost({ ...facts, requests }).segment).toBeUndefined();
    expect(changeCost({ ...facts, requests: [], days: [] })).toMatchObject({ voidedTokens: 0, perDayMicros: 0 });
  });
});

describe("the verdict of a replay", () => {
  it.each([
    [0, { turns: 10, judged: 5, least: 0.5 }, 0],
    [0, { turns: 10, judged: 4, least: 0.5 }, 2],
    [0, { turns: 3, judged: 1, least: 0.5 }, 2],
    [0, { turns: 10, judged: 0, least: 0.5 }, 2],
    [0, { turns: 10, judged: 1, least: 0.1 }, 0],
    [0, { turns: 10, judged: 0, least: 0 }, 0],
    [0, { turns: 10, judged: 9, least: 1 }, 2],
    [1, { turns: 10, judged: 1, least: 0.5 }, 1],
    [2, { turns: 10, judged: 10, least: 0.5 }, 2],
  ] as const)("[EVAL-26] %i, with %j, is exit code %i", (before, judging, after) => {
    const { exitCode, words } = decided(before, judging);
    expect([exitCode, words !== undefined]).toEqual([after, before !== after]);
    if (words !== undefined) expect(words).toContain(`${judging.judged} of ${judging.turns} turns`);
  });

  it("[EVAL-26] half of the turns is the least, where no other share is given", () => {
    expect([readReplay([], 0), readReplay(["--least-judged", "0.8"], 0)]).toMatchObject([
      { leastJudged: 0.5 },
      { leastJudged: 0.8 },
    ]);
  });
});

describe("options of longline replay", () => {
  it("[EVAL-22] reads how far back, how many, and the candidate: a file, or the version of this code", async () => {
    const file = join(folder, "new.md");
    writeFileSync(file, "You help.");
    expect(readReplay(["--since", "12h", "--limit", "5", "--candidate", file], 1e12)).toMatchObject({
      sinceMs: 1e12 - 43_200_000,
      windowDays: 0.5,
      limit: 5,
      instructions: file,
      version: undefined,
    });
    expect(readReplay(["--candidate", "v_0123456789abcdef"], 0)).toMatchObject({
      version: "v_0123456789abcdef",
      instructions: undefined,
      windowDays: 7,
    });
    expect(readReplay(["--help"], 0)).toBeUndefined();
    const loaded = await loadApp("test/cli/eval/shop/worker.ts");
    const { version } = agentOf(loaded.app, undefined);
    const arms = (versions: string[]) =>
      localArms(loaded, { agents: [], models: [], versions, instructions: [] }, { liveTools: false });
    expect((await arms([version]))[0]?.version).toBe(version);
    await expect(arms(["v_0123456789abcdef"])).rejects.toThrow("--versions-from");
  });

  it.each([
    [["--since", "yesterday"], "--since"],
    [["--since", "0d"], "--since"],
    [["--limit", "0"], "--limit"],
    [["--worse-by", "2"], "--worse-by"],
    [["--least-judged", "50%"], "--least-judged"],
    [["--least-judged", ""], "--least-judged"],
    [["--candidate", "none.md"], "there is no file none.md"],
  ])("[EVAL-22] refuses %j", (given, words) => {
    expect(() => readReplay(given, 0)).toThrow(words);
  });
});
