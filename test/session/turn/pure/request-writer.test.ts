import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Agent } from "../../../../src/agent/agent.ts";
import type { ClientTool } from "../../../../src/core/entry.ts";
import { profileFor } from "../../../../src/model/catalog.ts";
import { Learned } from "../../../../src/session/store/learned.ts";
import { RequestWindow } from "../../../../src/session/turn/request-window.ts";
import { RequestWriter } from "../../../../src/session/turn/request-writer.ts";
import { MemoryLog } from "../../../../src/test-kit/memory-log.ts";
import { ended, user } from "../../../support/entries.ts";

/** A day apart from other tests, which may have reserved time. */
let day = 0;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2200-01-01T00:00:00Z") + 86_400_000 * day++ });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Reads ahead for a request with these tools: how many of them were rewritten at each moment, and how many timers were set. */
async function ahead(tools: ClientTool[]) {
  const log = new MemoryLog();
  log.append([user({ content: "a" }), ended(), user({ turn: "turn_2", content: "b" })]);
  const offers = new Map<number, number>();
  let headFacts = 0;
  const sources = {
    log,
    window: new RequestWindow(log, () => 0),
    learned: new Learned({ read: () => ({}), write: () => {} }),
    record: { read: () => ({ instructions: null, account: "default", windowSeq: 0 }) },
    heads: { put: () => String(++headFacts), read: () => undefined },
    turns: { open: undefined, entries: () => [] },
  };
  const agent = { tools: { declarations: [] }, instructions: "" } as unknown as Agent;
  const offered = ({ name, description, parameters }: ClientTool) => {
    offers.set(Date.now(), (offers.get(Date.now()) ?? 0) + 1);
    return { name, description, parameters, strict: false as const };
  };
  const schemas = { offered, strict: vi.fn(), judge: () => undefined };
  const userIds = { account: "a-1", session: "s-1" };
  const writer = new RequestWriter(sources, { agent, options: { tools }, prefix: undefined, userIds, schemas });
  const profile = profileFor({ modelId: "demo", baseUrl: "https://x.test", demo: true });
  const timers = vi.spyOn(globalThis, "setTimeout").mockClear();
  const before = Date.now();
  const reading = writer.readAhead(profile, () => false);
  await vi.runAllTimersAsync();
  await reading;
  return { offers: [...offers.values()], timers: timers.mock.calls.length, tookMs: Date.now() - before };
}

const properties = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`p${n}`, { type: "string" }]));
const tool = (n: number, strict: boolean): ClientTool => {
  const parameters = { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
  return { name: `f${n}`, description: "", parameters, ...(strict && { strict }) };
};
const tools = (count: number, strict = false) => Array.from({ length: count }, (_, n) => tool(n, strict));

it("[BOUND-39] a megabyte of tools is written in three pieces, each with a place of its own", async () => {
  const { timers, tookMs, offers } = await ahead(tools(120));
  // A wait is at most its own timer, one more for each ms since the last piece has ended, and the one that ends it.
  expect([timers >= 3 * 2, timers <= 3 * 5, offers.length]).toEqual([true, true, 1]);
  // The place of the second and of the third one begins after the work of the one before.
  const unitsPerMs = 16_000;
  expect(tookMs).toBeGreaterThanOrEqual((2 * JSON.stringify(tools(120)).length) / unitsPerMs - 1);
});

it("[BOUND-39] strict tools are rewritten a few at a time, and a message with few tools waits for nothing", async () => {
  const { offers } = await ahead(tools(120, true));
  expect([offers.length >= 40, Math.max(...offers) <= 3]).toEqual([true, true]);
  expect(offers.reduce((sum, count) => sum + count, 0)).toBe(120);
  expect(await ahead([])).toMatchObject({ timers: 0, offers: [] });
  expect(await ahead(tools(2, true))).toMatchObject({ timers: 0, offers: [2] });
});
