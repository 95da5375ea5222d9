import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { type ChannelState, DeadLetters } from "../../../src/account/dead-letters.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import type { Address } from "../../../src/channels/channel.ts";
import { Outbox } from "../../../src/session/store/outbox.ts";
import { text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** When the next attempt is due, in ms from now; null where nothing is owed any more. */
async function dueIn(world: SessionWorld): Promise<number | null> {
  const atMs = await world.inside((storage) => storage.getAlarm());
  return atMs === null ? null : atMs - Date.now();
}
/** The attempts until now were so many, and the next one is due in ten minutes, as the receiver asks. */
const retried = (world: SessionWorld, attempts: number) =>
  vi.waitFor(async () => {
    expect(provider.outside).toHaveBeenCalledTimes(attempts);
    expect(await dueIn(world)).toBeGreaterThan(500_000);
  });
/** Nothing is owed any more, and nothing was given up. */
const settled = (world: SessionWorld) =>
  vi.waitFor(async () => {
    expect(await dueIn(world)).toBeNull();
    expect(await lettersOf(world)).toEqual([]);
  });
async function lettersOf(world: SessionWorld) {
  const { letters } = await accountObject(bindings, world.address.account).deliveries(100);
  return letters.filter(({ session }) => session === world.address.name);
}
/** Sends a message whose answer is owed to a receiver that answers with this. */
async function owed(world: SessionWorld, answer: (request: Request) => Response, claims: string[] = []) {
  provider.outside.mockImplementation(async (request) => answer(request));
  provider.enqueue(text("Done."));
  const replyTo = { channel: "callback", url: "https://hooks.example.com/x" };
  return world.submit({ messages: [{ content: "Hi", options: {} }], claims, replyTo, create: {} });
}
const later = () => new Response(null, { status: 503, headers: { "Retry-After": "600" } });

it("[HOOK-2] an answer is owed from its message on, and no more once it is taken", async () => {
  const world = new SessionWorld();
  const { turn } = await owed(world, () => new Response(null, { status: 204 }));
  await world.ended(turn);
  await settled(world);
  expect(provider.outside).toHaveBeenCalledTimes(1);
});

it("[DISCORD-4] a press adds its own way to what its turn owes by the same channel, and to nothing else", async () => {
  const world = new SessionWorld();
  const { turn } = await owed(world, later);
  await retried(world, 1);
  const addresses = await world.inside(({ sql }) => {
    const outbox = new Outbox(sql);
    const discord = { channel: "discord", token: "old", room: "1" };
    outbox.add({ turn: "turn_7", address: discord, atMs: 1 });
    outbox.add({ turn: "turn_8", address: discord, atMs: 2 });
    outbox.freshen("turn_7", { channel: "discord", token: "new", id: "9" } as Address);
    outbox.freshen(turn, { channel: "discord", token: "new" } as Address);
    const all = outbox.all().map(({ address }) => address);
    for (const { id } of outbox.all()) outbox.delivered(id);
    return all;
  });
  expect(addresses).toContainEqual({ channel: "discord", token: "old", room: "1", fresh: { token: "new", id: "9" } });
  expect(addresses).toContainEqual({ channel: "discord", token: "old", room: "1" });
  expect(addresses).toContainEqual({ channel: "callback", url: "https://hooks.example.com/x" });
});

it("[CHANNEL-3] the same message by another of its names is not owed twice", async () => {
  const world = new SessionWorld();
  const first = await owed(world, later, ["a", "b"]);
  await world.ended(first.turn);
  const again = await owed(world, later, ["b", "c"]);
  const third = await owed(world, later, ["c"]);
  expect([again, third]).toMatchObject([
    { turn: first.turn, repeated: true },
    { turn: first.turn, repeated: true },
  ]);
  await retried(world, 1);
  skipTime(((await dueIn(world)) ?? 0) + 1);
  await runDurableObjectAlarm(world.stub);
  await retried(world, 2);
});

it("[HOOK-2] fails on schedule, under one id, until it is given up and listed; then it can be tried again", async () => {
  const world = new SessionWorld();
  const { turn } = await owed(world, later);
  await world.ended(turn);
  for (let attempts = 1; attempts <= 6; attempts++) {
    await retried(world, attempts);
    expect(await lettersOf(world)).toEqual([]);
    skipTime(((await dueIn(world)) ?? 0) + 1);
    await runDurableObjectAlarm(world.stub);
  }
  const [letter] = await vi.waitFor(async () => {
    const letters = await lettersOf(world);
    expect(letters).toHaveLength(1);
    return letters;
  });
  await vi.waitFor(async () => expect(await dueIn(world)).toBeNull());
  const ids = provider.outside.mock.calls.map(([request]) => request.headers.get("webhook-id"));
  expect(ids).toHaveLength(7);
  expect(new Set(ids).size).toBe(1);
  const { channels } = await accountObject(bindings, world.address.account).deliveries(10);
  // The account is the one of all tests in this file.
  expect(channels.find(({ channel }) => channel === "callback")).toMatchObject({
    error: expect.stringMatching(/receiver/),
  });
  expect(letter).toMatchObject({
    id: ids[0],
    session: world.address.name,
    error: "The receiver answered 503.",
    attempts: 7,
  });
  provider.outside.mockImplementation(async () => new Response(null, { status: 200 }));
  unwrap(await world.stub.retryDelivery(ids[0] ?? ""));
  await vi.waitFor(async () => expect(await dueIn(world)).toBeNull());
  expect(provider.outside).toHaveBeenCalledTimes(8);
  expect(await world.stub.retryDelivery(ids[0] ?? "")).toMatchObject({ ok: false, code: "not_found" });
});

it("[HOOK-11] the account knows when a channel last took an answer, also where no other turn comes", async () => {
  const world = new SessionWorld();
  // One in which no other test has delivered: what is newer by less than a minute changes nothing.
  world.address.account = `hook-${crypto.randomUUID().slice(0, 8)}`;
  const beganMs = Date.now();
  await world.ended((await owed(world, () => new Response(null, { status: 204 }))).turn);
  await vi.waitFor(async () => {
    const { channels } = await accountObject(bindings, world.address.account).deliveries(1);
    expect(channels).toMatchObject([{ channel: "callback", deliveredAtMs: expect.any(Number) }]);
    expect(channels[0]?.deliveredAtMs).toBeGreaterThanOrEqual(beganMs);
  });
});

it("[HOOK-11] what is older, or newer by less than a minute, changes nothing of a channel's state; a failure counts at once", async () => {
  const stub = accountObject(bindings, crypto.randomUUID());
  await stub.deliveries(1);
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const letters = new DeadLetters(sql);
    const after = (...seen: ChannelState[]) => {
      letters.sawChannels(seen);
      return letters.channelStates();
    };
    const channel = "slack";
    const first = { channel, deliveredAtMs: 1_000_000 };
    expect(after(first)).toEqual([first]);
    expect(after({ channel, deliveredAtMs: 1_059_999 })).toEqual([first]);
    expect(after({ channel, deliveredAtMs: 5 })).toEqual([first]);
    const failed = { channel, failedAtMs: 1_060_000, error: "channel_not_found" };
    expect(after(failed)).toEqual([{ ...first, ...failed }]);
    expect(after({ channel, failedAtMs: 1_059_000, error: "older" })).toEqual([{ ...first, ...failed }]);
    const both = { channel, deliveredAtMs: 2_000_000, failedAtMs: 1_900_000, error: "ratelimited" };
    expect(after({ channel: "discord", deliveredAtMs: 7_000_000 }, both)).toEqual([
      { channel: "discord", deliveredAtMs: 7_000_000 },
      both,
    ]);
  });
});

it("[HOOK-2] a redirect is a failure, and 410 the end", async () => {
  const world = new SessionWorld();
  await world.ended((await owed(world, () => new Response(null, { status: 410 }))).turn);
  await vi.waitFor(async () =>
    expect(await lettersOf(world)).toMatchObject([{ error: expect.stringContaining("410"), attempts: 1 }]),
  );
  const other = new SessionWorld();
  const moved = () =>
    new Response(null, { status: 302, headers: { Location: "https://x.test", "Retry-After": "600" } });
  await other.ended((await owed(other, moved)).turn);
  await retried(other, 2);
  expect(await lettersOf(other)).toEqual([]);
});

it("[HOOK-2] an erased session owes nothing", async () => {
  const world = new SessionWorld();
  await world.ended((await owed(world, () => new Response(null, { status: 410 }))).turn);
  await vi.waitFor(async () => expect(await lettersOf(world)).toHaveLength(1));
  unwrap(await world.stub.erase());
  expect(await lettersOf(world)).toEqual([]);
});

it.each([
  "http://hooks.example.com/x",
  "https://127.0.0.1/x",
  "https://[::ffff:10.0.0.1]/x",
  "https://localhost/x",
  "https://user:pw@hooks.example.com/",
  "https://169.254.169.254/latest",
  "nonsense",
])("[HOOK-3] %s is refused by its field, and nothing is stored", async (url) => {
  const path = `https://longline.test/v1/sessions/${crypto.randomUUID()}`;
  const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json" };
  const body = JSON.stringify({ content: "Hi", callback_url: url });
  const answer = await worker.fetch(`${path}/messages`, { method: "POST", headers, body });
  expect([answer.status, await answer.json()]).toMatchObject([400, { field: "callback_url" }]);
  expect((await worker.fetch(path, { headers })).status).toBe(404);
});
