/** How many SQL statements a session executes. Counted, never timed. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { calls, type Reply, text } from "../../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider, stopTime } from "../../support/session-world.ts";
import { isRead, type SqlSpy, spySql } from "../../support/sql-spy.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;
let statements: SqlSpy;
/** What the live reader has received. */
let received: string;
const hangUp = { abort: () => {} };

beforeEach(async () => {
  // The runner makes JSON of each line that it is to print, whenever it comes to it.
  vi.spyOn(console, "log").mockImplementation(() => {});
  provider = startProvider();
  world = new SessionWorld();
  received = "";
  statements = await world.inside((storage) => spySql(storage));
});
afterEach(() => {
  hangUp.abort();
  vi.restoreAllMocks();
});

/** The next turn does not follow soon after the last one: the alarm of turns in quick succession stays. It takes no time: an answer is saved each second. */
async function apart(): Promise<void> {
  await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
  skipTime(11_000);
  stopTime();
}

/** Twenty pieces of text. */
const pieces = Array.from({ length: 20 }, (_, n) => `piece ${n} `);

/** Sends each piece in a chunk of its own. Before piece `n` for each of `holds` it waits for one more `release`. */
function inPieces(...holds: number[]): { reply: Reply; release: () => void } {
  let released = 0;
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  const frames = [
    ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage },
  ].map((frame) => `data: ${JSON.stringify(frame)}\n\n`);
  const reply: Reply = () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        // A task of its own for each, so that none is read together with the one before.
        do await new Promise((next) => setTimeout(next, 0));
        while (sent === holds[released]);
        controller.enqueue(new TextEncoder().encode(frames[sent] ?? "data: [DONE]\n\n"));
        if (sent++ === frames.length) controller.close();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
  return { reply, release: () => void released++ };
}

/** A reader of all events stays, until the test ends. */
async function listen(): Promise<void> {
  const abort = new AbortController();
  hangUp.abort = () => abort.abort();
  const { body } = await world.events("live=true", abort.signal);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  void (async () => {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      received += value;
    }
  })().catch(() => {});
}

/** A session that has answered once, and has come to rest, with a live reader. */
async function warm(): Promise<void> {
  provider.enqueue(text("Hi"));
  await world.ask("warm up");
  await listen();
  await rest();
  statements.take();
}

const ends = () => received.split("event: turn.ended").length - 1;
/** The turns have ended, are reported, and the reader knows of them. */
async function rest(turns = 1): Promise<void> {
  await vi.waitFor(() => expect(ends()).toBe(turns));
  await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
}

async function play(content: string): Promise<void> {
  await apart();
  const { turn } = await world.send(content);
  await world.ended(turn);
}

/** What one plain turn of a warm session costs: rows, parsed payloads, and UTF-16 units that are made JSON again. */
async function costOfTurn(): Promise<{ rows: number; parses: number; units: number }> {
  const ended = ends();
  statements.takeRows();
  const parse = vi.spyOn(JSON, "parse");
  const stringify = vi.spyOn(JSON, "stringify");
  provider.enqueue(inPieces().reply);
  await play("Hello");
  await rest(ended + 1);
  const made = stringify.mock.results.map(({ value }) => (typeof value === "string" ? value.length : 0));
  const cost = {
    rows: statements.takeRows(),
    parses: parse.mock.calls.length,
    units: made.reduce((sum, length) => sum + length, 0),
  };
  parse.mockRestore();
  stringify.mockRestore();
  return cost;
}

/** The least of three turns: reports of turns before may come within one of them, and are no cost of it. */
async function leastCostOfTurn(): ReturnType<typeof costOfTurn> {
  const costs = [await costOfTurn(), await costOfTurn(), await costOfTurn()];
  const least = (of: "rows" | "parses" | "units") => Math.min(...costs.map((cost) => cost[of]));
  return { rows: least("rows"), parses: least("parses"), units: least("units") };
}

describe("statements", () => {
  it("[STATE-1] a plain turn of a warm session executes writes alone, at most 6 of them", async () => {
    await warm();
    provider.enqueue(inPieces().reply);
    await play("Hello");
    await rest(2);
    const seen = statements.take();
    expect(seen.filter(isRead)).toEqual([]);
    expect(seen.length).toBeGreaterThanOrEqual(6);
    expect(seen.length).toBeLessThanOrEqual(6);
  });

  it("[STATE-1] a step with a tool reads no row either, and executes 3 statements more", async () => {
    await warm();
    provider.enqueue(calls([{ name: "current_time", arguments: '{"timezone":null}' }]), text("It is late."));
    await play("What time is it?");
    await rest(2);
    const seen = statements.take();
    expect(seen.filter(isRead)).toEqual([]);
    expect(seen.length).toBeLessThanOrEqual(9);
  });

  it("[STATE-2] a piece of text executes none, with readers attached", async () => {
    await warm();
    const answer = inPieces(3, 19);
    provider.enqueue(answer.reply);
    stopTime();
    const { turn } = await world.send("Hello");
    await vi.waitFor(() => expect(received).toContain("piece 2 "));
    statements.take();
    answer.release();
    await vi.waitFor(() => expect(received).toContain("piece 18 "));
    const seen = statements.take();
    answer.release();
    await world.ended(turn);
    expect(seen).toEqual([]);
  });

  it("[STATE-3] a new session makes its tables by one statement batch", async () => {
    statements.take();
    provider.enqueue(inPieces().reply);
    await play("Hello");
    const seen = statements.take();
    expect(seen.filter((statement) => /CREATE|ALTER/.test(statement))).toHaveLength(1);
    // With those of its first turn. Most of what is empty is not read.
    expect(seen.length).toBeLessThanOrEqual(12);
  });

  it("[SPEED-8] a plain turn costs as much after long turns as before them: rows, payloads that are parsed, text that is made JSON again", async () => {
    await warm();
    const early = await leastCostOfTurn();
    for (let n = 0; n < 8; n++) {
      provider.enqueue(text("An answer that is long enough to be seen in what is written. ".repeat(50)));
      await play(`Question ${n}`);
    }
    await rest(12);
    const late = await leastCostOfTurn();
    expect(early.rows).toBeGreaterThan(0);
    expect(early.rows).toBeLessThanOrEqual(16);
    // Its 22 payloads, what the turn's own rows and requests need, and a report.
    expect(early.parses).toBeLessThanOrEqual(40);
    expect(late.rows).toBeLessThanOrEqual(early.rows + 1);
    expect(late.parses).toBeLessThanOrEqual(early.parses + 5);
    // 24,000 units were said meanwhile.
    expect(late.units).toBeLessThan(early.units + 1_000);
  });

  it("[SPEED-10] a reply is written with the end of its turn, without a wait for the disk between them", async () => {
    await warm();
    const disk = Promise.withResolvers<void>();
    const answer = inPieces(19);
    provider.enqueue(answer.reply);
    await apart();
    const { turn } = await world.send("Hello");
    await vi.waitFor(() => expect(received).toContain("piece 18 "));
    await world.inside((storage) => vi.spyOn(storage, "sync").mockImplementation(() => disk.promise));
    statements.take();
    answer.release();
    const inserts: string[] = [];
    await vi.waitFor(() => {
      inserts.push(...statements.take().filter((statement) => /INSERT INTO entries/.test(statement)));
      expect(inserts).toHaveLength(2);
    });
    expect(received.split("event: turn.ended")).toHaveLength(2);
    disk.resolve();
    await world.ended(turn);
    await vi.waitFor(() => expect(ends()).toBe(2));
  });
});
