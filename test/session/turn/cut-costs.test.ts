import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { type CutKind, costOf, Meter, type Text, textOf } from "../../support/charging-provider.ts";
import { crashWhileCancelling, saveEachPiece } from "../../support/crashes.ts";
import { frames, status } from "../../support/fake-provider.ts";
import { randomOf } from "../../support/random.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let meter: Meter;

beforeEach(() => {
  provider = startProvider();
  meter = new Meter();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Cut = { text: Text; how: CutKind | "cancel" | "crash"; pieces: number; question: string };

function randomCut(random: () => number): Cut {
  const kind = random() < 0.5 ? "english" : "chinese";
  const text = textOf(kind, 100 + Math.floor(random() * 2_000));
  const draw = random();
  const how = draw < 0.4 ? "cancel" : draw < 0.6 ? "reset" : draw < 0.8 ? "close" : draw < 0.96 ? "error" : "crash";
  const pieces = 1 + Math.floor((random() * text.content.length) / 10);
  return { text, how, pieces, question: textOf(kind, 20 + Math.floor(random() * 300)).content };
}

/** Runs one turn that is cut; returns what it was charged for, and what was booked. */
async function runCut(world: SessionWorld, { text, how, pieces, question }: Cut) {
  provider.forget();
  const first = meter.charged.length;
  const isStopped = how === "cancel" || how === "crash";
  const { reply, produced } = meter.answer(text, isStopped ? "hang" : how, pieces);
  // A broken answer is requested once more, and breaks at another place.
  provider.enqueue(reply, meter.answer(text, isStopped ? "whole" : how, Math.ceil(pieces / 2)).reply);
  const { turn } = await world.send(question);
  if (isStopped) await produced();
  if (how === "cancel") await world.stub.cancel(turn);
  if (how === "crash") await crash(world, { turn, content: [...text.content].slice(0, pieces * 10).join("") });
  const { ended } = await world.ended(turn);
  const charged = meter.charged.slice(first).reduce((sum, each) => sum + costOf(each), 0);
  return { charged, booked: ended.costMicros, estimated: ended.usage.estimated === true };
}

/** The instance dies once it has shown all that arrived, and saved it. */
async function crash(world: SessionWorld, { turn, content }: { turn: string; content: string }): Promise<void> {
  await vi.waitFor(async () => {
    const pieces = (await world.told(`live=false&turn=${turn}`)).filter(({ event }) => event === "text.delta");
    expect(pieces.map(({ data }) => data.text).join("")).toBe(content);
  });
  await abortAllDurableObjects();
}

describe("what a cut answer costs", () => {
  it.each([[1], [20_261_125], [7]])(
    "[COST-3] seed %i: 100 random cuts are booked within 15 percent of what was charged, and marked",
    async (seed) => {
      const random = randomOf(seed);
      saveEachPiece();
      for (let session = 0; session < 5; session++) {
        const world = new SessionWorld();
        provider.enqueue(meter.answer(textOf("english", 600), "whole").reply);
        await world.ask("Tell me about the harbour.");
        for (let n = 0; n < 20; n++) {
          const cut = randomCut(random);
          const { charged, booked, estimated } = await runCut(world, cut);
          const what = `seed ${seed}, session ${session}, cut ${n}: ${cut.how} after ${cut.pieces} pieces of ${cut.text.kind}`;
          expect([what, estimated, booked > 0]).toEqual([what, true, true]);
          expect(Math.abs(booked / charged - 1), `${what}: ${booked} for ${charged}`).toBeLessThan(0.15);
        }
      }
    },
  );

  it("[COST-3] also in the first turn of a session, before the provider has counted anything", async () => {
    const world = new SessionWorld();
    const cut = { text: textOf("english", 2_000), how: "cancel", pieces: 120, question: "Hello" } as const;
    const { charged, booked } = await runCut(world, cut);
    expect(booked / charged).toBeGreaterThan(0.6);
    expect(booked / charged).toBeLessThan(1.4);
  });

  it("[COST-4] a stop before the model began to answer costs nothing, and a refusal neither", async () => {
    const world = new SessionWorld();
    const { reply, produced } = meter.answer(textOf("english", 100), "hang", 0);
    provider.enqueue(reply, status(400, { error: { message: "no" } }));
    const { turn } = await world.send("Hello");
    await produced();
    await world.stub.cancel(turn);
    expect((await world.ended(turn)).ended).toMatchObject({ reason: "cancelled", costMicros: 0 });
    expect((await world.ask("Again")).ended).toMatchObject({ reason: "failed", costMicros: 0 });
  });

  it("[COST-4] an answer that ends without any counts is estimated, and the mark is shown", async () => {
    const world = new SessionWorld();
    const chunk = (delta: object, end: string | null) =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: end }] })}\n\n`;
    provider.enqueue(frames(`${chunk({ content: "Hello Ada." }, null)}${chunk({}, "stop")}data: [DONE]\n\n`));
    const { ended, reply } = await world.ask("Hi");
    expect(reply?.usage).toMatchObject({ estimated: true, outputTokens: 3 });
    expect(ended.usage).toMatchObject({ estimated: true });
    expect(ended.costMicros).toBeGreaterThan(0);
    const told = await world.told();
    const last = told.at(-1)?.data as { usage: { estimated?: boolean } };
    expect(last.usage.estimated).toBe(true);
  });

  it("[COST-4] an empty chunk before the stop means that the request was read: it is paid for", async () => {
    const world = new SessionWorld();
    const role = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { role: "assistant", content: "" } }] })}\n\n`;
    provider.enqueue(frames(role), frames(role));
    const { ended } = await world.ask("Hi");
    expect(ended).toMatchObject({ reason: "failed", failure: { code: "model_truncated" }, usage: { outputTokens: 0 } });
    expect(ended.usage.inputTokens).toBeGreaterThan(100);
  });

  it("[COST-5] a crash before anything was saved is booked with the request, also when the turn is stopped then", async () => {
    const world = new SessionWorld();
    const { reply, produced } = meter.answer(textOf("english", 900), "hang", 40);
    provider.enqueue(reply);
    const { turn } = await world.send("Hello");
    await produced();
    await crashWhileCancelling(world, turn);
    const { ended } = await world.ended(turn);
    expect(ended).toMatchObject({ reason: "cancelled", usage: { estimated: true, outputTokens: 0 } });
    expect(ended.usage.inputTokens).toBeGreaterThan(100);
  });

  it("[COST-5] what tries before a crash cost is not lost with it", async () => {
    const world = new SessionWorld();
    const broken = meter.answer(textOf("english", 900), "close", 40);
    const { reply, produced } = meter.answer(textOf("english", 900), "hang", 20);
    provider.enqueue(broken.reply, reply, meter.answer(textOf("english", 300), "whole").reply);
    const { turn } = await world.send("Hello");
    await produced();
    await abortAllDurableObjects();
    const { ended, reply: stays } = await world.ended(turn);
    const one = meter.charged[0]?.inputTokens ?? 0;
    // Three requests; of the second answer nothing was saved.
    expect(ended.usage.inputTokens).toBeGreaterThan(2.2 * one);
    expect(stays?.tries?.at(-1)).toMatchObject({ failure: { code: "model_truncated", cause: "crash" } });
  });

  it.each([["goes on"], ["is stopped"], ["crashes once more"]])(
    "[COST-5] what a crash cut off is not lost with a message that joins before the turn %s",
    async (then) => {
      const world = new SessionWorld();
      const cut = meter.answer(textOf("english", 900), "hang", 20);
      const next =
        then === "goes on"
          ? meter.answer(textOf("english", 300), "whole")
          : meter.answer(textOf("english", 300), "hang", 0);
      provider.enqueue(cut.reply, next.reply, meter.answer(textOf("english", 300), "whole").reply);
      const { turn } = await world.send("Hello");
      await cut.produced();
      expect((await world.send("And this, too", { onBusy: "join" })).turn).toBe(turn);
      await abortAllDurableObjects();
      if (then !== "goes on") {
        await world.stub.wait(turn, 0);
        await next.produced();
      }
      if (then === "is stopped") await world.stub.cancel(turn);
      if (then === "crashes once more") await abortAllDurableObjects();
      const { ended } = await world.ended(turn);
      const asked = { "goes on": 2, "is stopped": 1, "crashes once more": 3 }[then] ?? 0;
      const one = meter.charged[0]?.inputTokens ?? 0;
      expect(provider.requests).toHaveLength(then === "is stopped" ? 2 : asked);
      expect(ended.usage.inputTokens / one).toBeGreaterThan(0.8 * asked);
      expect(ended.usage.inputTokens / one).toBeLessThan(1.3 * asked);
      expect(ended.usage.estimated).toBe(true);
    },
  );

  it("[COST-7] a crash during a summary is booked with the compaction that is made then", async () => {
    const world = new SessionWorld();
    provider.enqueue(meter.answer(textOf("english", 400), "whole").reply);
    await world.ask("One");
    provider.enqueue(meter.answer(textOf("english", 400), "whole").reply);
    await world.ask("Two");
    const tooLong = status(400, { error: { message: "prompt is too long", code: "context_length_exceeded" } });
    const { reply, produced } = meter.answer(textOf("english", 900), "hang", 40);
    provider.enqueue(tooLong, reply);
    const { turn } = await world.send("Three");
    await produced();
    await abortAllDurableObjects();
    provider.enqueue(tooLong, ...[300, 300].map((chars) => meter.answer(textOf("english", chars), "whole").reply));
    await world.ended(turn);
    const entries = await world.entries();
    const compaction = entries.find(({ type }) => type === "compaction");
    // The compaction took the place at which the answer had begun: no crash is booked with the answer, too.
    expect(entries.findLast(({ type }) => type === "assistant")).not.toHaveProperty("tries");
    const [, , cut, summary] = meter.charged;
    const least = 0.8 * ((cut?.inputTokens ?? 0) + (summary?.inputTokens ?? 0));
    expect(compaction?.type === "compaction" && compaction.usage.inputTokens).toBeGreaterThan(least);
  });

  it("[COST-6] stops use up the account's budget", async () => {
    const account = crypto.randomUUID();
    const world = new SessionWorld();
    world.address.account = account;
    await accountObject(bindings, account).putSettings(account, { budgetMicros: 20_000 });
    let booked = 0;
    for (let n = 0; n < 3; n++) {
      const cut = { text: textOf("english", 2_000), how: "cancel", pieces: 150, question: "Go on" } as const;
      booked += (await runCut(world, cut)).booked;
      await vi.waitFor(async () => expect(await spentBy(account)).toBe(booked));
    }
    await accountObject(bindings, account).putSettings(account, { budgetMicros: booked });
    expect((await world.ask("And now?")).ended.reason).toBe("budget_exhausted");
  });
});

async function spentBy(account: string): Promise<number | undefined> {
  return (await accountObject(bindings, account).settings())?.spentMicros;
}
