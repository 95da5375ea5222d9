import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createParser } from "eventsource-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);
let dev: DevServer;
beforeAll(async () => {
  // The tests' own app, so that an edit of the one in src/app breaks nothing here.
  dev = await startDev({ command: true });
});
afterAll(() => dev.stop());

/** The README's curl commands, as they stand there. */
const readme = readFileSync("README.md", "utf8");
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block = ""]) => block.replaceAll("\\\n", "").split("\n"))
  .filter((line) => line.startsWith("curl "));

type Change = (command: string) => string;
const headers = { Authorization: "Bearer dev-key" };

/** The one command that has all these words; typed into a shell, with only the port changed. */
async function type(...words: [...string[], Change] | string[]): Promise<string>;
async function type(...given: (string | Change)[]): Promise<string> {
  const words = given.filter((word) => typeof word === "string");
  const change = given.find((word) => typeof word === "function") ?? ((command: string) => command);
  const found = commands.filter((command) => words.every((word) => command.includes(word)));
  expect(found).toHaveLength(1);
  const command = (found[0] ?? "").replaceAll("http://127.0.0.1:8787", dev.url);
  const { stdout } = await run("bash", ["-c", change(command)], { timeout: 100_000, maxBuffer: 10_000_000 });
  return stdout;
}

interface Told {
  event: string;
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: the test looks into the JSON with matchers
  data: any;
}

function eventsIn(stream: string): Told[] {
  const events: Told[] = [];
  createParser({ onEvent: ({ event = "", id = "", data }) => events.push({ event, id, data: JSON.parse(data) }) }).feed(
    stream,
  );
  return events;
}

const textOf = (events: Told[]) =>
  events
    .filter(({ event }) => event === "text.delta")
    .map(({ data }) => data.text)
    .join("");
const only = (events: Told[], name: string) => events.filter(({ event }) => event === name).map(({ data }) => data);

describe("the README, typed as written", () => {
  it("names every curl command that is tested here", () => {
    expect(commands).toHaveLength(11);
  });

  it("[E2E-1] [E2E-3] the meeting: reasoning, a tool call with its result, text, usage and cost; the second time from the cache", async () => {
    const first = eventsIn(await type("meeting.json"));
    expect(only(first, "reasoning.delta").length).toBeGreaterThan(3);
    expect(only(first, "tool.called")).toMatchObject([{ name: "current_time", arguments: '{"timezone":null}' }]);
    expect(only(first, "tool.finished")).toMatchObject([{ name: "current_time", is_error: false }]);
    const text = textOf(first);
    expect(text.match(/^- /gm)).toHaveLength(3);
    expect(text).toMatch(/\| fix the file name migration .* \| Jonas \| Wednesday \(\d{4}-\d\d-\d\d\) \|/);
    expect(only(first, "message.completed").at(-1).message.content).toBe(text);
    const [ended] = only(first, "turn.ended");
    expect(ended).toMatchObject({ turn: "turn_1", reason: "completed", usage: { steps: 2 } });
    expect(ended.usage.cached_tokens).toBeGreaterThan(0);
    expect(ended.cost_micros).toBeGreaterThan(0);

    const [again] = only(eventsIn(await type("meeting.json")), "turn.ended");
    expect(again).toMatchObject({ turn: "turn_2", reason: "completed" });
    // The step's own answer and the new question are fresh; what the provider saw before is cached.
    expect(again.usage.cached_tokens).toBeGreaterThan(2 * again.usage.input_tokens);
  });

  it("[E2E-1] the transcript shows both turns whole", async () => {
    const { entries, last_seq } = JSON.parse(await type("standup/entries"));
    expect(last_seq).toBe(10);
    const turn = ["user", "assistant", "tool", "assistant", "turn_ended"];
    expect(entries.map((entry: { type: string }) => entry.type)).toEqual([...turn, ...turn]);
    const { content } = JSON.parse(readFileSync("test/fixtures/meeting.json", "utf8"));
    expect(entries[0].message).toEqual({ role: "user", content });
  });

  it("[E2E-1] a cut stream goes on behind the id that is sent", async () => {
    const events = eventsIn(await type("Last-Event-ID"));
    expect(events[0]).toMatchObject({ event: "step.started", data: { step: 1, model: "demo" } });
    expect(events.at(-1)).toMatchObject({ event: "turn.ended", id: expect.stringMatching(/-10$/) });
  });

  it("[E2E-1] asking and waiting, asking and coming back", async () => {
    expect(JSON.parse(await type("17 * 23"))).toMatchObject({
      session: "hello",
      turn: "turn_1",
      status: "completed",
      message: { role: "assistant", content: expect.stringContaining("17 * 23 = 391") },
      usage: { steps: 2 },
    });
    const accepted = await type("respond-async");
    expect(accepted).toMatch(/^HTTP\/1.1 202 Accepted/);
    expect(accepted).toMatch(/location: \/v1\/sessions\/hello\/turns\/turn_2/i);
    expect(await type("respond-async")).toContain('"turn":"turn_2"');
    await expect.poll(async () => JSON.parse(await type("turns/turn_2")).status).toBe("completed");
    expect(JSON.parse(await type("turns/turn_2")).message.content).toContain("Tokyo");
    const completion = JSON.parse(await type("chat/completions"));
    expect(completion).toMatchObject({ object: "chat.completion", choices: [{ finish_reason: "stop" }] });
    expect(completion.choices[0].message.content).toContain("408");
  });

  it("[E2E-1] [WAIT-9] a person's no to a call, with the call_id that the answer tells", async () => {
    const waiting = JSON.parse(await type("17 pencils"));
    expect(waiting).toMatchObject({ status: "waiting", waiting_for: [{ name: "send_request", kind: "approval" }] });
    expect(JSON.parse(waiting.waiting_for[0].arguments)).toEqual({
      method: "POST",
      url: "https://example.com/orders",
      body: "17 pencils",
    });
    const [{ call_id }] = waiting.waiting_for;
    const answered = JSON.parse(await type("approvals/CALL_ID", (command) => command.replace("CALL_ID", call_id)));
    expect(answered).toEqual({ session: "orders", turn: "turn_1", call_id, approve: false });
    const turn = async () => (await reach(`${dev.url}/v1/sessions/orders/turns/turn_1`, { headers })).json();
    await expect.poll(turn).toMatchObject({ status: "completed" });
    expect(((await turn()) as { message: { content: string } }).message.content).toContain("We have enough.");
  });

  it("[E2E-1] [FORK-1] [COPY-1] a fork before the first message, and a copy by export and import", async () => {
    expect(JSON.parse(await type("hello/fork"))).toMatchObject({
      id: "hello-edited",
      last_seq: 0,
      forked_from: { session: "hello", after_seq: 0 },
    });
    const copy = JSON.parse(await type("hello/export"));
    const original = await (await reach(`${dev.url}/v1/sessions/hello`, { headers })).json();
    expect(copy).toEqual({ ...(original as object), id: "hello-copy" });
  });

  it("[E2E-1] says at / and in its log that the demo model answers, and takes dev-key only", async () => {
    const front = await (await fetch(dev.url)).text();
    expect(front).toContain("Answers come from the built-in demo model.");
    expect(dev.logs()).toContain("Answers come from the built-in demo model.");
    expect(await (await fetch(`${dev.url}/health`)).json()).toMatchObject({ ok: true, model: "demo", demo: true });
    const denied = await fetch(`${dev.url}/v1/sessions`, { headers: { Authorization: "Bearer other" } });
    expect(denied.status).toBe(401);
  });
});

/** A test of it runs up to seven commands, one after the other. */
describe("evaluation against a Worker that runs", { timeout: 240_000 }, () => {
  /** The command, as a process of its own. */
  const longline = (...given: string[]) => longlineWith({}, ...given);
  const longlineWith = (variables: Record<string, string>, ...given: string[]) =>
    run(process.execPath, ["src/cli/longline.ts", ...given], {
      timeout: 100_000,
      env: { ...process.env, ...variables },
    }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout: stdout + stderr,
      }),
    );

  it("[EVAL-18] [EVAL-3] a turn of a session becomes a case, which runs in a session of its own that is gone afterwards", async () => {
    const folder = await mkdtemp(join(tmpdir(), "longline-eval-"));
    const at = ["--url", dev.url, "--key", "dev-key"];
    const cases = join(folder, "evals/cases.jsonl");
    const post = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } };
    const say = (content: string) =>
      reach(`${dev.url}/v1/sessions/for-eval/messages`, { ...post, body: JSON.stringify({ content }) });
    try {
      await say("Hello, I am bob@shop.example");
      await say("What is 17 * 23?");
      const added = await longline("eval", "add", "--session", "for-eval", "--turn", "turn_2", "--cases", cases, ...at);
      expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining("with 1 results of tools") });
      expect(readFileSync(cases, "utf8")).not.toContain("bob@shop.example");
      const out = ["--cases", cases, "--out", join(folder, "out")];
      const refused = await longline("eval", ...at, ...out);
      expect(refused).toMatchObject({ code: 2, stdout: expect.stringContaining("Add --live-tools") });
      const ran = await longline("eval", ...at, ...out, "--live-tools");
      expect(ran).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^assistant \[v_[0-9a-f]{16}, demo\]: 1 of 1 cases pass/),
      });
      const listed = await (await reach(`${dev.url}/v1/sessions?limit=100`, { headers })).json();
      expect(JSON.stringify(listed)).not.toMatch(/"eval-[0-9a-f-]{36}"/);
      const away = await longline("eval", "--url", "http://127.0.0.1:1", "--key", "k", ...out, "--live-tools");
      expect(away).toMatchObject({ code: 2, stdout: expect.stringContaining("cannot be reached") });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("[EVAL-23] [TAPE-5] a session is recorded, and replayed with the agent of the code and with other instructions", async () => {
    const folder = await mkdtemp(join(tmpdir(), "longline-replay-"));
    const at = ["--url", dev.url, "--key", "dev-key"];
    const cases = join(folder, "evals/cases.jsonl");
    const instructions = join(folder, "short.md");
    await writeFile(instructions, "You are brief.");
    try {
      const added = [
        "eval",
        "add",
        "--session",
        "for-eval",
        "--turn",
        "turn_2",
        "--id",
        "sum",
        "--keep-personal",
        "--cases",
        cases,
        ...at,
      ];
      expect((await longline(...added)).code).toBe(0);
      const out = join(folder, "evals/recordings/sum.jsonl");
      expect(
        await longline("eval", "record", "--session", "for-eval", "--turn", "turn_2", "--out", out, ...at),
      ).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("3 lines"),
      });
      const strict = await longlineWith(
        { LONGLINE_CASSETTE: "strict" },
        "eval",
        "--cases",
        cases,
        "--worker",
        "test/app/worker.ts",
        "--out",
        join(folder, "out"),
      );
      expect(strict).toMatchObject({ code: 0, stdout: expect.stringContaining("1 of 1 cases pass") });
      const replay = (...more: string[]) =>
        longline(
          "replay",
          "--since",
          "1h",
          "--worker",
          "test/app/worker.ts",
          "--out",
          join(folder, "out"),
          ...at,
          ...more,
        );
      const same = (await replay()).stdout;
      expect(same).toMatch(/\d+ turns of \d+ sessions were replayed; \d+ diverged/);
      expect(same).toContain("The change voids nothing of the cached prefix.");
      const other = (await replay("--candidate", instructions)).stdout;
      expect(other).toMatch(/The change voids the cached prefix \(instructions changed\): \d+ tokens a session, \$/);
      expect(other).toMatch(/By the ledger a day costs \$0\.\d+; with the candidate [+-]\$/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
