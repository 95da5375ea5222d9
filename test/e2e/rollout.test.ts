import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createFakeProvider, status, text } from "../support/fake-provider.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);
const slack = createFakeSlack();
const provider = createFakeProvider();
let outside: { url: string; close(): Promise<void> }[] = [];
let dev: DevServer;

beforeAll(async () => {
  outside = await Promise.all([
    serveFetch((input, init) => slack.fetch(input, init)),
    serveFetch((input, init) => provider.fetch(input, init)),
  ]);
  dev = await startDev({
    app: "test/app/told-rollouts.ts",
    vars: {
      MODEL_BASE_URL: `${outside[1]?.url}/v1`,
      MODEL_RETRIES: "0",
      SLACK_SIGNING_SECRET: slack.settings.signingSecret,
      SLACK_BOT_TOKEN: slack.settings.botToken,
      SLACK_API_URL: `${outside[0]?.url}/api`,
    },
  });
});
afterAll(async () => {
  await dev.stop();
  await Promise.all(outside.map((each) => each.close()));
});

const longline = async (...args: string[]) => {
  const command = ["src/cli/longline.ts", "rollout", ...args, "--url", dev.url];
  return (await run(process.execPath, command)).stdout;
};

it("[ROLLOUT-29] a bad version at 10 % is rolled back within 300 messages, Slack is told once, and the report is printed", async () => {
  const headers = { Authorization: "Bearer dev-key", "Content-Type": "application/json" };
  // The rule of the provider: the broken model takes nothing, the other one answers.
  const answer: Parameters<typeof provider.enqueue>[0] = (request, signal) =>
    (request.body.model === "broken-1" ? status(400, { error: { message: "bad" } }) : text("Hello."))(request, signal);
  const { version } = JSON.parse(await longline("version", "--agent", "support", "--models", "broken-1"));
  const guard = ["--guard", "failed_turns:0.05"];
  const begun = await longline("start", "--agent", "support", "--candidate", version, "--stages", "0.1:1000", ...guard);
  const { id } = JSON.parse(begun);
  const send = async (n: number): Promise<string> => {
    provider.enqueue(answer);
    const body = JSON.stringify({ content: "Hi" });
    const sent = await reach(`${dev.url}/v1/sessions/s${n}/messages`, { method: "POST", headers, body });
    expect(sent.status).toBe(200);
    return ((await sent.json()) as { status: string }).status;
  };
  const state = async () =>
    (await (await reach(`${dev.url}/v1/rollouts/${id}`, { headers })).json()) as { state: string };
  const outcomes: string[] = [];
  while (outcomes.length < 300 && (await state()).state !== "rolled_back")
    outcomes.push(...(await Promise.all(Array.from({ length: 10 }, (_, each) => send(outcomes.length + each)))));
  await vi.waitFor(async () => expect((await state()).state).toBe("rolled_back"));
  await vi.waitFor(() => {
    const posted = slack.messages("C1").filter(({ text }) => text.includes(id));
    expect(posted).toHaveLength(1);
    expect(posted[0]?.text).toContain("Rolled back");
  });
  const report = await longline("report", id);
  console.log(report);
  expect(report).toContain(`# Rollout ${id}: support`);
  expect(report).toContain("| roll_back |");
  // From then on no one gets it, in sessions that had it neither. A decision holds for turns that begin a second later.
  const had = outcomes.indexOf("failed");
  expect(had).toBeGreaterThanOrEqual(0);
  await expect.poll(() => send(had)).toBe("completed");
});
