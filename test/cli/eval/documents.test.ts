import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { evaluate } from "../../../src/cli/eval/eval.ts";
import { init } from "../../../src/cli/init.ts";
import { replay } from "../../../src/cli/replay/replay.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { entryLine, headerLine } from "../../../src/doors/copies/transcript-text.ts";
import { assistant, ended, result, user } from "../../support/entries.ts";

const page = readFileSync("docs/evaluation.md", "utf8");
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, code = ""]) => code);
/** As they are printed, in their order. */
const commands = blocks("sh").flatMap((block) => block.trim().split("\n"));
const inWorkflow = blocks("yaml").flatMap((block) =>
  [...block.matchAll(/- run: (npx longline .*)$/gm)].map(([, line = ""]) => line),
);

let folder: string;
let printed: string[];
const home = process.cwd();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longline-docs-"));
  printed = [];
  for (const name of ["log", "error", "warn"] as const)
    vi.spyOn(console, name).mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  process.chdir(home);
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

const question = "What is 17 * 23?";
const entries = [
  user({ content: question, atMs: Date.now() }),
  assistant({
    content: "",
    finishReason: "tool_calls",
    toolCalls: [{ id: "c1", name: "calculator", arguments: '{"expression":"17 * 23"}' }],
  }),
  result("c1", { name: "calculator", content: "17 * 23 = 391" }),
  assistant({ step: 2, content: "It is 391." }),
  ended({ atMs: Date.now() }),
].map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const header = {
  id: "orders-17",
  agent: "assistant",
  title: null,
  metadata: {},
  instructions: null,
  model: null,
  prefix: null,
  createdAtMs: 1,
};

/** A Worker with one session, as its native door answers. */
function worker(request: Request): Response {
  const { pathname } = new URL(request.url);
  const json = (body: unknown, status = 200) => Response.json(body, { status });
  if (pathname.endsWith("/export")) return new Response([headerLine(header), ...entries.map(entryLine)].join("\n"));
  if (pathname.includes("/requests/"))
    return json({
      seq: 2,
      model: "demo",
      exact: true,
      body: { model: "demo", messages: [{ role: "system", content: "Old." }] },
    });
  if (pathname === "/v1/sessions")
    return json({
      sessions: [
        { id: "orders-17", last_turn: { turn: "turn_1", reason: "completed", ended_at: new Date().toISOString() } },
      ],
      next_cursor: null,
    });
  if (pathname === "/v1/usage")
    return json({
      group_by: "day",
      usage: [{ day: "2026-11-25", input_tokens: 10, cached_tokens: 5, cost_micros: 900_000 }],
    });
  if (pathname === "/v1/agents")
    return json({ agents: [{ id: "assistant", default: true, version: "v_1", models: ["demo"], tools: [] }] });
  if (pathname.endsWith("/import")) return json({ id: "x" }, 201);
  if (pathname.endsWith("/messages") || pathname.includes("/turns/"))
    return json({ session: "x", turn: "turn_1", status: "completed" });
  return json({});
}

/** Types it into the project; returns the exit code. */
async function typed(line: string): Promise<number> {
  const [, variables = "", command = ""] = /^((?:[A-Z_]+=\S+ )*)npx longline (.*)$/.exec(line) ?? [];
  const [name, ...given] = command.split(" ");
  for (const each of variables.split(" ").filter((part) => part !== ""))
    vi.stubEnv(each.split("=")[0] ?? "", each.split("=")[1] ?? "");
  process.exitCode = undefined;
  await (name === "replay" ? replay(given) : evaluate(given));
  vi.unstubAllEnvs();
  return Number(process.exitCode ?? 0);
}

function project(): void {
  process.chdir(folder);
  init(["my-agent"]);
  process.chdir(join(folder, "my-agent"));
  for (const code of blocks("ts")) {
    const [, path = ""] = /^\/\/ (\S+)\n/.exec(code) ?? [];
    mkdirSync(dirname(resolve(path)), { recursive: true });
    writeFileSync(path, code);
  }
  writeFileSync("a.md", "You help.");
  writeFileSync("b.md", "You help, and use the calculator.");
  const rated = (pass: boolean) =>
    JSON.stringify({ rubric: "It names a day.", question: "When?", answer: pass ? "On Friday." : "Soon.", pass });
  writeFileSync("evals/labels.jsonl", Array.from({ length: 20 }, (_, at) => rated(at % 2 === 0)).join("\n"));
}

describe("docs/evaluation.md", () => {
  it("[EVAL-24] every command does what the page says, in a new project", async () => {
    vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => worker(new Request(input, init)));
    project();
    const codes: Record<string, number> = {};
    for (const line of [...commands, ...inWorkflow]) {
      codes[line] = await typed(line);
      if (line.includes("eval add")) {
        const path = "evals/cases.jsonl";
        writeFileSync(
          path,
          readFileSync(path, "utf8").replace(
            '"expect":{',
            '"tags":["demo"],"live":["calculator"],"expect":{"own":["short","thrifty"],',
          ),
        );
      }
      if (line.startsWith("LONGLINE_CASSETTE=record")) expect(existsSync("evals/recordings")).toBe(true);
    }
    const output = printed.join("\n");
    const expected = Object.fromEntries([...commands, ...inWorkflow].map((line) => [line, 0]));
    // The demo model says yes to everything: as a judge it is refused.
    for (const line of commands) if (line.includes("calibrate")) expected[line] = 1;
    // One case decides nothing, as the page says.
    const undecided = [/--baseline main/, /--instructions a\.md,b\.md/, /--model deepseek/, /longline replay/];
    for (const line of Object.keys(expected))
      if (undecided.some((each) => each.test(line)) && !line.includes("--save")) expected[line] = 2;
    expect(codes, output).toEqual(expected);
    expect(output).toMatch(/evals\/cases\.jsonl:1: [0-9a-f]{8}-turn_1, with 1 results of tools/);
    expect(output).toContain("Baseline: evals/baselines/main.json");
    expect(output).toMatch(/undecided: add cases of other conversations/);
    expect(output).toMatch(/kappa 0\.00 .*same in 10 of 20; 50 labels are the least .*Refused: below 0\.4/);
    expect(output).toContain("Result: no tool does something twice.");
    expect(output).toContain("The change voids the cached prefix");
  });

  it("[EVAL-24] its workflow names actions by their major version, and its files are where the commands look", () => {
    const [workflow = ""] = blocks("yaml");
    for (const [, action] of workflow.matchAll(/uses: (\S+)/g)) expect(action).toMatch(/^actions\/[a-z-]+@v\d+$/);
    expect(inWorkflow).toEqual(["npx longline eval --baseline main --trials 3 --budget 2.00"]);
    expect(commands.length).toBeGreaterThan(12);
    expect(commands.filter((line) => !/^(?:[A-Z_]+=\w+ )?npx longline (?:eval|replay)\b/.test(line))).toEqual([]);
  });
});

describe("the cases of this checkout", () => {
  it("[EVAL-24] those that need no real model pass with the demo model", async () => {
    const out = join(folder, "out");
    const given = ["--worker", "src/app/worker.ts", "--tag", "demo", "--out", out, "--concurrency", "1"];
    // A process of its own: this one may have read the app with the settings of another test.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:MODEL|COMETAPI)/.test(name)));
    await promisify(execFile)(process.execPath, ["src/cli/longline.ts", "eval", ...given], { env });
    const [name = ""] = readdirSync(out);
    const summary = JSON.parse(readFileSync(join(out, name, "summary.json"), "utf8"));
    expect(summary).toMatchObject({ exitCode: 0, arms: [{ cases: 4, passedEvery: 4 }] });
    expect(summary.arms[0].cachedShare).toBeGreaterThan(0.3);
  });
});
