/** An account of its own with a key that may operate rollouts, over the app of the tests with one agent: the calls that tests of rollouts make. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { resolveAgent } from "../../src/agent/agent.ts";
import { Agents } from "../../src/agent/app.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { currentTime } from "../../src/tools/current-time.ts";
import { agent } from "../app/agent.ts";
import { app, listedRollouts } from "../app/app.ts";
import { text } from "./fake-provider.ts";
import { startProvider } from "./session-world.ts";

export const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const prices = { hit: 28_000, miss: 280_000, output: 420_000 };
export const support = resolveAgent("support", {
  instructions: "You help buyers.",
  models: [
    { id: "helper-1", prices },
    { id: "helper-2", prices },
  ],
  tools: [calculator, currentTime],
});

export let provider: ReturnType<typeof startProvider>;
export let account: string;
export let key: string;

/** To be called once in a test file. */
export function withRollouts(): void {
  beforeEach(async () => {
    provider = startProvider();
    app.agents = new Agents([support]);
    app.rollouts = listedRollouts.feature;
    account = `acc-${crypto.randomUUID().slice(0, 18)}`;
    await call("POST", "/v1/admin/accounts", { id: account }, "test-admin-key-16");
    key = (await call("POST", `/v1/admin/accounts/${account}/keys`, { rights: ["operate"] }, "test-admin-key-16")).body
      .key;
  });
  afterEach(() => {
    app.agents = new Agents([agent]);
    app.rollouts = undefined;
    vi.restoreAllMocks();
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Answer = { status: number; body: any; headers: Headers };

export async function call(
  method: string,
  path: string,
  body?: unknown,
  bearer = key,
  more: Record<string, string> = {},
): Promise<Answer> {
  const headers = { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json", ...more };
  const response = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const received = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  return {
    status: response.status,
    body: isJson && received !== "" ? JSON.parse(received) : received,
    headers: response.headers,
  };
}

export const version = async (changes: object) =>
  (await call("POST", "/v1/agents/support/versions", changes)).body.version as string;
const stages = [{ share: 0.5, min_sessions: 1_000 }];
export const guardrails = [{ metric: "failed_turns", worse_by: 0.05 }];
export const begin = (candidate: string, more: object = {}) =>
  call("POST", "/v1/rollouts", { agent: "support", candidate, key: "session", stages, guardrails, ...more });
export const say = (session: string, content = "Hi", more: object = {}) =>
  call("POST", `/v1/sessions/${session}/messages`, { content, ...more });
export const first = async (session: string) => (await call("GET", `/v1/sessions/${session}/entries`)).body.entries[0];
/** Sessions, one message each, until each arm has so many. */
export async function onBothArms(each: number): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (let n = 0; n < 60; n++) {
    provider.enqueue(text("Hello."));
    const name = `s${n}-${account}`;
    expect((await say(name)).status).toBe(200);
    const { agent_version } = await first(name);
    found[agent_version] = [...(found[agent_version] ?? []), name];
    const counts = Object.values(found).map((names) => names.length);
    if (counts.length === 2 && Math.min(...counts) >= each) break;
  }
  return found;
}
