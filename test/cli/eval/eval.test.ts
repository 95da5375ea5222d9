import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { CaseInput } from "../../../src/cli/eval/dataset/case.ts";
import { evaluate, runEval } from "../../../src/cli/eval/eval.ts";
import { readOptions } from "../../../src/cli/eval/options.ts";
import type { EvalSummary } from "../../../src/cli/eval/report/summarize.ts";
import type { RunResult } from "../../../src/cli/eval/run/result.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { createDemoFetch } from "../../../src/model/demo/demo-fetch.ts";
import type { ScriptedRequest, ScriptedStep } from "../../../src/test.ts";
import { assistant, result, user } from "../../support/entries.ts";
import { newest, type ShopModel, shopModel } from "./shop-model.ts";

let model: ShopModel;
let folder: string;
let printed: string[];
beforeAll(() => {
  model = shopModel();
});
afterAll(() => model.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longline-eval-"));
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(console, "error").mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  model.answer = found;
});
afterEach(() => {
  vi.restoreAllMocks();
  delete process.env.LONGLINE_CASSETTE;
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

/** Looks up the order that is named, and says what the tool says. */
function found(request: ScriptedRequest): ScriptedStep {
  const last = request.messages.at(-1);
  if (last?.role === "tool")
    return { text: `Your order is ${last.content}.`, usage: { inputTokens: 100, cachedTokens: 300, outputTokens: 20 } };
  const number = /order (\d+)/.exec(newest(request, "user"))?.[1];
  if (number === undefined || request.tools === undefined) return "Hello.";
  const name = /refund/i.test(newest(request, "user")) ? "refund" : "find_order";
  return { calls: [{ name, input: { number } }] };
}

const order = (number: string, more: Partial<CaseInput> = {}): CaseInput => ({
  id: `order-${number}`,
  input: `Where is order ${number}?`,
  tools: [{ name: "find_order", match: { number }, response: "shipped" }],
  expect: { contains: "shipped" },
  ...more,
});
const write = (cases: readonly CaseInput[]) => {
  mkdirSync(join(folder, "evals"), { recursive: true });
  writeFileSync(join(folder, "evals/cases.jsonl"), cases.map((each) => JSON.stringify(each)).join("\n"));
};
const given = (...more: string[]) => [
  ...["--worker", "test/cli/eval/shop/worker.ts", "--cases", join(folder, "evals"), "--out", join(folder, "out")],
  ...more,
];
const run = async (...more: string[]): Promise<EvalSummary> => {
  const options = readOptions(given(...more));
  if (options === undefined) throw new Error("help");
  return runEval(options);
};
const outFolder = () => join(folder, "out", readdirSync(join(folder, "out")).toSorted().at(-1) ?? "");
const read = (name: string) => readFileSync(join(outFolder(), name), "utf8");
const lines = () =>
  read("results.jsonl")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunResult);
const instructions = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const place = (entries: object[]): Entry[] => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);

describe("longline eval", () => {
  it("[EVAL-5] runs the app's agent with its own loop and checks; tools give what the case says, people what it approves", async () => {
    write([
      order("17"),
      order("18", {
        id: "refund",
        input: "Refund order 18",
        tools: [{ name: "refund", response: "paid" }],
        expect: { tools: { called: ["refund"] } },
      }),
      order("19", {
        id: "denied",
        input: "Refund order 19",
        tools: [{ name: "refund", response: "paid" }],
        approve: false,
        expect: { not_contains: "paid" },
      }),
      {
        id: "history",
        messages: [
          { role: "user", content: "Where is order 3?" },
          { role: "assistant", content: "", calls: [{ id: "c1", name: "find_order", arguments: '{"number":"3"}' }] },
          { role: "tool", call: "c1", content: "lost" },
          { role: "assistant", content: "It is lost." },
          { role: "user", content: "And order 4?", speaker: "Ann" },
          { role: "user", content: "And order 5?" },
        ],
        instructions: "Be brief.",
        tools: [{ name: "find_order", response: "shipped", times: "any" }],
        expect: {
          contains: "shipped",
          tools: {
            sequence: [
              { name: "find_order", match: { number: "4" } },
              { name: "find_order", match: { number: "5" } },
            ],
          },
        },
      },
    ]);
    const summary = await run("--concurrency", "1");
    expect(summary).toMatchObject({
      exitCode: 0,
      left: 0,
      failed: [],
      arms: [{ name: "support", cases: 4, passedEvery: 4, cachedShare: expect.closeTo(0.6, 1) }],
    });
    const results = lines();
    expect(results.map(({ case: id, status, steps }) => [id, status, steps])).toEqual([
      ["order-17", "completed", 2],
      ["refund", "completed", 2],
      ["denied", "completed", 2],
      ["history", "completed", 4],
    ]);
    const asked = model.requests.at(-4);
    expect(asked?.messages.map(({ role }) => role)).toEqual([
      "system",
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
    expect(asked?.messages[0]?.content).toMatch(/^You help the customers of a shop\.[\s\S]*Be brief\.$/);
    expect(results[0]?.costMicros).toBeGreaterThan(0);
  });

  it("[EVAL-4] [EVAL-14] a call that no stub answers fails its case; a stub that no call came for is a warning", async () => {
    write([order("17", { tools: [{ name: "find_order", match: { number: "1" }, response: "x" }], expect: {} })]);
    const summary = await run();
    expect(summary).toMatchObject({
      exitCode: 1,
      failed: [{ case: "order-17", faults: ['no stub answers find_order({"number":"17"})'] }],
      warnings: ["order-17: a stub of find_order was never used"],
    });
    write([order("17", { tools: [{ name: "find_ordr", response: "x" }] })]);
    await expect(run()).rejects.toThrow('- order-17: no agent has a tool "find_ordr"');
  });

  it("[EVAL-6] each combination of agent, model and instructions is an arm; what the app does not have is refused", async () => {
    write([order("17")]);
    const brief = instructions("brief.md", "Be brief.");
    const summary = await run("--model", "m1,m2", "--instructions", brief);
    expect(summary.arms.map(({ name, model: id }) => [name, id])).toEqual([
      [`m1 ${brief}`, "m1"],
      [`m2 ${brief}`, "m2"],
    ]);
    expect(new Set(summary.arms.map(({ version }) => version)).size).toBe(2);
    expect(model.requests.slice(-2).map((request) => [request.model, request.messages[0]?.content])).toEqual(
      [
        ["m1", "Be brief."],
        ["m2", "Be brief."],
      ].toSorted(),
    );
    await expect(run("--agent", "sales")).rejects.toThrow(
      'There is no agent "sales". The agents are: support, short, careless.',
    );
    await expect(run("--version", "v_0000000000000000")).rejects.toThrow("--versions-from URL");
    await expect(run("--instructions", join(folder, "none.md"))).rejects.toThrow("cannot be read");
    await expect(run("--model", "m1,m1")).rejects.toThrow("is named twice");
    await expect(run("--worker", "none.ts")).rejects.toThrow("There is no none.ts");
    await expect(run("--worker", "test/cli/eval/shop/evals/scorers.ts")).rejects.toThrow("is no app of this longline");
    await expect(run("--tag", "slow")).rejects.toThrow("No case of");
  });

  it("[EVAL-11] what was stopped goes on with the runs that are missing, also after a line that a crash cut", async () => {
    write([order("1"), order("2"), order("3")]);
    const first = await run("--trials", "2", "--concurrency", "1");
    const path = join(outFolder(), "results.jsonl");
    const all = readFileSync(path, "utf8").trim().split("\n");
    writeFileSync(path, `${all.slice(0, 3).join("\n")}\n${all[3]?.slice(0, 40)}`);
    const before = model.requests.length;
    const again = await run("--trials", "2", "--resume", "latest");
    expect([model.requests.length - before, lines().length]).toEqual([6, 6]);
    expect(again.arms).toMatchObject([{ runs: 6, passedEvery: 3 }]);
    expect(first.exitCode).toBe(0);
    await expect(run("--resume", "latest")).rejects.toThrow("it has 2 trials, not 1");
    await expect(run("--trials", "2", "--resume", "latest", "--model", "m9")).rejects.toThrow("its arms are others");
    await expect(run("--resume", join(folder, "none"))).rejects.toThrow("there is no evaluation");
    write([order("1"), order("2"), order("4")]);
    await expect(run("--trials", "2", "--resume", "latest")).rejects.toThrow("its cases were edited since");
  });

  it("[EVAL-12] stops before the budget is used up, says how to go on, and decides nothing", async () => {
    write(Array.from({ length: 20 }, (_, at) => order(String(at))));
    const summary = await run("--budget", "0.0006", "--concurrency", "1");
    expect(summary).toMatchObject({ exitCode: 2, why: "the budget of $0.00 is used up" });
    const spent = lines().reduce((sum, { costMicros }) => sum + costMicros, 0);
    expect([spent <= 600, spent > 300, summary.left]).toEqual([true, true, 20 - lines().length]);
    expect(printed.join("\n")).toContain("Go on: longline eval --resume ");
  });

  it("[EVAL-13] a provider that refuses is no fault of the agent: exit code 2, what is there is kept, and it goes on later", async () => {
    write(Array.from({ length: 8 }, (_, at) => order(String(at))));
    model.answer = (request) => (/order [0-3]\?/.test(newest(request, "user")) ? found(request) : { status: 401 });
    const summary = await run("--concurrency", "1");
    expect(summary).toMatchObject({ exitCode: 2, left: 4, failed: [], why: expect.stringContaining("model_auth") });
    expect(lines().map(({ case: id }) => id)).toEqual(["order-0", "order-1", "order-2", "order-3"]);
    model.answer = found;
    expect(await run("--resume", "latest")).toMatchObject({ exitCode: 0, left: 0, arms: [{ passedEvery: 8 }] });
  });

  it("[EVAL-14] exit codes: 0 all pass, 1 a case failed, 2 a wrong file, a wrong option or nothing to load", async () => {
    const code = async (...more: string[]) => {
      process.exitCode = undefined;
      await evaluate(given(...more));
      return process.exitCode;
    };
    write([order("17")]);
    expect(await code()).toBe(0);
    write([order("17", { expect: { contains: "lost" } })]);
    expect(await code()).toBe(1);
    expect(printed.join("\n")).toContain('order-17 (support): the answer does not contain "lost"');
    write([{ id: "a", inputs: "x" } as never]);
    expect([await code(), printed.at(-1)]).toEqual([
      2,
      expect.stringContaining('cases.jsonl:1: there is no field "inputs"'),
    ]);
    for (const wrong of [
      ["--trials", "0"],
      ["--budget", "free"],
      ["--worse-by", "2"],
      ["--bogus"],
      ["--url", "http://127.0.0.1:1"],
      ["--baseline", "none"],
    ])
      expect([wrong, await code(...wrong)]).toEqual([wrong, 2]);
    process.exitCode = undefined;
    await evaluate(["--help"]);
    expect([process.exitCode, printed.at(-1)]).toEqual([undefined, expect.stringContaining("Exit code 0")]);
  });

  it("[EVAL-15] a baseline is kept as a file only when that is wanted; cases edited since are named and not compared", async () => {
    const cases = Array.from({ length: 12 }, (_, at) => order(String(at)));
    write(cases);
    await run();
    expect(existsSync(join(folder, "evals/baselines"))).toBe(false);
    await run("--save-baseline", "main");
    const path = join(folder, "evals/baselines/main.json");
    expect(readFileSync(path, "utf8").split("\n").length).toBeGreaterThan(24);
    const same = await run("--baseline", "main");
    expect(same.comparisons[0]?.scorers[0]).toMatchObject({
      scorer: "passed",
      difference: 0,
      units: 12,
      verdict: "undecided",
    });
    expect([same.exitCode, same.warnings]).toEqual([2, []]);
    model.answer = (request) => (newest(request, "user") === "" ? "?" : "I do not know.");
    write([...cases.slice(1, 11), order("11", { expect: { contains: "sent" } }), order("99")]);
    const worse = await run("--baseline", "main");
    expect(worse.comparisons[0]).toMatchObject({
      baseline: "support (kept)",
      candidate: "support",
      scorers: [{ units: 10, verdict: "worse", method: "exact" }],
    });
    expect([worse.exitCode, worse.warnings.slice(0, 3)]).toEqual([
      1,
      [
        "1 cases were edited since the baseline was kept, and not compared: order-11",
        "1 cases were added since the baseline was kept, and not compared: order-99",
        "1 cases were in the baseline, and not in the cases any more: order-0",
      ],
    ]);
    writeFileSync(path, "{}");
    await expect(run("--baseline", "main")).rejects.toThrow("is no baseline");
    await expect(run("--baseline", "../main")).rejects.toThrow("is no name of a baseline");
  });

  it("[EVAL-15] a required case that the candidate fails is not outvoted by the others", async () => {
    write(Array.from({ length: 80 }, (_, at) => order(String(at), { required: at === 7 })));
    model.answer = (request) =>
      request.messages[0]?.content === "Careless." && newest(request, "user").includes("order 7?")
        ? "No."
        : found(request);
    const summary = await run(
      "--instructions",
      `${instructions("a.md", "Careful.")},${instructions("b.md", "Careless.")}`,
      "--worse-by",
      "0.1",
      "--concurrency",
      "20",
    );
    expect(summary).toMatchObject({
      exitCode: 1,
      comparisons: [{ scorers: [{ verdict: "not_worse" }] }],
      failed: [{ case: "order-7" }],
    });
  });

  it("[EVAL-16] the report is JSON, JUnit and one HTML file that loads nothing, runs nothing and escapes what models write", async () => {
    const attack = '<script>alert(1)</script>"&\u0007';
    write([order("17", { id: "a<b", expect: { contains: attack } })]);
    model.answer = () => attack;
    const other = instructions("b.md", attack);
    const summary = await run("--instructions", `${instructions("a.md", "A")},${other}`);
    const html = read("report.html");
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|https?:|@import|url\(/);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;");
    expect(html).toContain("a&lt;b");
    expect(html.match(/<svg /g)?.length).toBe(2);
    const xml = read("junit.xml");
    expect(xml).toContain('<testcase classname="');
    expect(xml.match(/<testsuite name=/g)?.length).toBe(2);
    expect(xml).not.toContain("<script");
    expect(xml).not.toContain("\u0007");
    expect(JSON.parse(read("summary.json"))).toEqual(JSON.parse(JSON.stringify(summary)));
    expect(JSON.parse(read("plan.json"))).toMatchObject({
      trials: 1,
      arms: [{ agent: "support" }, { agent: "support" }],
    });
  });

  it("[EVAL-17] shows a table that is written over on a terminal, and lines elsewhere", async () => {
    const { EvalProgress } = await import("../../../src/cli/eval/eval.ts");
    write([order("17")]);
    await run();
    const [result] = lines();
    const shown = (isTTY: boolean) => {
      const texts: string[] = [];
      const progress = new EvalProgress({ isTTY, write: (text) => texts.push(text) }, ["support"], 20);
      for (let at = 0; at < 4; at++) progress.add(result as RunResult);
      return texts;
    };
    expect(shown(false)).toEqual(["2 of 20 runs\n", "4 of 20 runs\n"]);
    const [first, second] = shown(true);
    expect(first).toContain("1 of 20");
    expect(first).toMatch(/support +1 of 1 +pass/);
    expect(second?.startsWith("\u001b[2A")).toBe(true);
  });
});

describe("a changed prompt", () => {
  /** Forgets to look an order up, for the share of orders that the instructions name; which ones comes from the order alone. */
  const forgetful = (request: ScriptedRequest): ScriptedStep => {
    const share = Number(/Forget (\d+) %/.exec(request.messages[0]?.content ?? "")?.[1] ?? 10);
    const number = Number(/order (\d+)/.exec(newest(request, "user"))?.[1]);
    const seed = request.messages[0]?.content?.includes("again") ? 31 : 17;
    return (number * 7_919 + seed * 104_729) % 100 < share ? "Hello." : found(request);
  };
  const arms = (a: string, b: string) => [
    "--instructions",
    `${instructions("a.md", a)},${instructions("b.md", b)}`,
    "--concurrency",
    "50",
  ];
  /** 30 conversations of three questions. */
  const conversations = Array.from({ length: 90 }, (_, at) => order(String(at), { conversation: `talk-${at % 30}` }));

  it("[EVAL-19] one that makes the agent worse is found, and how sure that is", async () => {
    write(conversations);
    model.answer = forgetful;
    const summary = await run(...arms("You help.", "You help. Forget 40 %"));
    const [scorer] = summary.comparisons[0]?.scorers ?? [];
    expect(scorer).toMatchObject({
      scorer: "passed",
      verdict: "worse",
      units: 90,
      clusters: 30,
      method: "clustered_t",
    });
    expect(summary.exitCode).toBe(1);
    expect(printed.join("\n")).toMatch(
      /passed: worse: 0\.6\d\d against 0\.9\d\d, -0\.\d+ \(95 % interval -0\.\d+ to -0\.\d+; 90 cases in 30 conversations/,
    );
    expect(printed.join("\n")).toContain("Result: worse");
  });

  it("[EVAL-19] one that makes it better is found; one that changes nothing is not called better or worse", async () => {
    write(conversations);
    model.answer = forgetful;
    const better = await run(...arms("You help. Forget 40 %", "You help."));
    expect([better.comparisons[0]?.scorers[0]?.verdict, better.exitCode]).toEqual(["better", 0]);
    const equal = await run(...arms("You help.", "You help again."));
    const [scorer] = equal.comparisons[0]?.scorers ?? [];
    expect(["not_worse", "undecided"]).toContain(scorer?.verdict);
    expect(scorer?.cases.some(({ difference }) => difference !== 0)).toBe(true);
  });

  it("[EVAL-19] with the demo model: one that makes it forget its tools is found, one that changes nothing is not", async () => {
    const demo = createDemoFetch({ paceMs: 0 });
    const network = globalThis.fetch;
    // The demo model reads no instructions: here it forgets its tools for four of ten questions where they say so.
    globalThis.fetch = async (input, init) => {
      const body = (await new Request(input, init).json()) as ScriptedRequest;
      const [, a = "", b = ""] = /(\d+) \* (\d+)/.exec(newest(body, "user")) ?? [];
      const forgets = body.messages[0]?.content?.includes("Forget") && (Number(a) * 7 + Number(b)) % 10 < 4;
      const { tools, ...rest } = body;
      return demo("https://demo.invalid/v1/chat/completions", {
        method: "POST",
        body: JSON.stringify(forgets ? rest : { ...rest, tools }),
      });
    };
    try {
      write(
        Array.from({ length: 32 }, (_, at) => ({
          id: `sum-${at}`,
          input: `What is ${at + 11} * ${at + 7}?`,
          live: ["calculator"],
          expect: { numbers: [(at + 11) * (at + 7)] },
        })),
      );
      const own = ["--worker", "src/app/worker.ts"];
      const worse = await run(...own, ...arms("You help.", "You help. Forget."));
      expect([worse.comparisons[0]?.scorers[0]?.verdict, worse.exitCode]).toEqual(["worse", 1]);
      const equal = await run(...own, ...arms("You help.", "You help well."));
      expect(equal.comparisons[0]?.scorers[0]).toMatchObject({ verdict: "undecided", difference: 0, candidate: 1 });
    } finally {
      globalThis.fetch = network;
    }
  });

  it("[EVAL-19] cost and times are compared as ratios, and say nothing where there is nothing", async () => {
    write(conversations.slice(0, 40));
    model.answer = (request) => {
      const step = found(request);
      const outputTokens = request.messages[0]?.content === "Long." ? 4_000 : 2_000;
      return typeof step === "object" && "text" in step
        ? { ...step, usage: { inputTokens: 0, cachedTokens: 0, outputTokens } }
        : step;
    };
    const summary = await run(...arms("Short.", "Long."));
    const cost = summary.comparisons[0]?.figures.find(({ figure }) => figure.startsWith("cost"));
    expect(cost?.change).toBeGreaterThan(0.8);
    expect(cost?.interval[0]).toBeGreaterThan(0.5);
  });
});

describe("recordings of cases", () => {
  const cassette = async (mode: string, ...more: string[]) => {
    process.env.LONGLINE_CASSETTE = mode;
    try {
      return await run(...more);
    } finally {
      delete process.env.LONGLINE_CASSETTE;
    }
  };
  const live = (): CaseInput[] => [
    { id: "a/1", input: "Where is order 17?", expect: { contains: "shipped 17", judge: "It names the order." } },
    { id: "b", input: "Where is order 18?", expect: { contains: "shipped 18" } },
  ];
  const shop = ({ url }: Request) => new Response(`shipped ${url.split("/").at(-1)}`);

  it("[TAPE-6] record keeps what models, judges and tools were answered; strict gives the same without asking anything", async () => {
    write(live());
    model.outside = shop;
    model.answer = (request) => (request.temperature === 0 ? '{"reason":"yes","pass":true}' : found(request));
    const first = await cassette("record", "--live-tools", "--concurrency", "1");
    expect([first.exitCode, lines().map(({ scores }) => scores)]).toEqual([
      0,
      [{ passed: 1, judge: 1 }, { passed: 1 }],
    ]);
    expect(readdirSync(join(folder, "evals/recordings")).toSorted()).toEqual(["a-1.jsonl", "b.jsonl", "judge.jsonl"]);
    const before = model.requests.length;
    model.outside = () => new Response("lost");
    const again = await cassette("strict", "--concurrency", "1");
    expect([again.exitCode, model.requests.length, again.arms[0]?.costMicros]).toEqual([
      0,
      before,
      first.arms[0]?.costMicros,
    ]);
    expect(lines().map(({ answer }) => answer)).toEqual(["Your order is shipped 17.", "Your order is shipped 18."]);
  });

  it("[TAPE-6] a changed prompt is not recorded: it is not run, and the part of the request that differs is named", async () => {
    write(live().slice(1));
    model.outside = shop;
    await cassette("record", "--live-tools");
    const changed = await cassette("strict", "--instructions", instructions("b.md", "You help nobody."));
    expect(changed).toMatchObject({
      exitCode: 2,
      left: 1,
      why: expect.stringMatching(/differs from the one that is most like it at byte \d+: instructions changed/),
    });
    await expect(cassette("on")).rejects.toThrow('LONGLINE_CASSETTE is "on"');
    await expect(cassette("strict", "--url", "http://127.0.0.1:1", "--live-tools")).rejects.toThrow(
      "recordings are of runs in this process",
    );
  });

  it("[TAPE-7] [TAPE-6] --kill-every step finds the tool that pays twice, over the recording, without the outside", async () => {
    write([{ id: "pay", input: "Pay back order 17", expect: {} }]);
    const paid: string[] = [];
    model.outside = ({ method }) => {
      paid.push(method);
      return new Response("paid");
    };
    model.answer = (request) => {
      const last = request.messages.at(-1);
      return last?.role === "tool" ? "Done." : { calls: [{ name: "pay_back", input: { number: "17" } }] };
    };
    const kill = async (...more: string[]) => {
      process.exitCode = undefined;
      await evaluate(given("--agent", "careless", "--kill-every", ...more));
      return process.exitCode;
    };
    expect([await kill("step"), printed.at(-1)]).toEqual([2, expect.stringContaining("there is no recording in")]);
    await cassette("record", "--live-tools", "--agent", "careless");
    expect(await kill("step")).toBe(1);
    expect(printed.at(-1)).toMatch(
      /^pay: 14 points\n {2}pay_back: it is keyed, and sends POST https:\/\/shop\.invalid\/refunds \(17\) again without its key\..*point 6 of 14/,
    );
    expect([paid, await kill("hour")]).toEqual([["POST"], 2]);
  });
});

describe("a recording of a session", () => {
  it("[TAPE-5] has the requests of its models with their answers, and its tools' results, so that the case runs from it", async () => {
    const { linesOf } = await import("../../../src/cli/eval/record-session.ts");
    write([order("17", { tools: [], expect: { contains: "shipped" } })]);
    model.answer = found;
    // What a session keeps of such a turn: the requests as they were sent, and the entries.
    await run();
    const bodies = model.requests.slice(-2).map((request) => JSON.stringify(request));
    const toolCalls = [{ id: "call_1", name: "find_order", arguments: '{"number":"17"}' }];
    const entries = place([
      user({ content: "Where is order 17?" }),
      assistant({ content: "", finishReason: "tool_calls", toolCalls }),
      result("call_1", {
        name: "find_order",
        content: "This call of find_order has no recorded result.",
        isError: true,
      }),
      assistant({ step: 2, content: "Your order is shipped, at last." }),
    ]);
    const { lines: made, doubts } = await linesOf(entries, async (seq) => ({
      body: bodies[seq === 2 ? 0 : 1] ?? "",
      ...(seq === 4 && { differs: "the agent has changed since" }),
    }));
    expect(made.map(({ kind }) => kind)).toEqual(["model", "call", "model"]);
    expect(doubts).toEqual(["entry 4: its request may have been another one, because the agent has changed since"]);
    mkdirSync(join(folder, "evals/recordings"), { recursive: true });
    writeFileSync(join(folder, "evals/recordings/order-17.jsonl"), made.map((line) => JSON.stringify(line)).join("\n"));
    process.env.LONGLINE_CASSETTE = "strict";
    const before = model.requests.length;
    expect(await run()).toMatchObject({ exitCode: 0 });
    expect([model.requests.length, lines()[0]?.answer]).toEqual([before, "Your order is shipped, at last."]);
  });
});
