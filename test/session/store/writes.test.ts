/** Which rows a session writes, and how many: those that it need not write cost money and time. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { calls, gated, text } from "../../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider, stopTime } from "../../support/session-world.ts";
import { spySql } from "../../support/sql-spy.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("what a turn writes", () => {
  /** Rows written by statements and alarms until the turn has ended and the alarm is settled. */
  async function rowsOf(run: () => Promise<unknown>): Promise<number> {
    let rows = 0;
    const cursors: { rowsWritten: number }[] = [];
    // What the turn before has still to write is not of this one.
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
    skipTime(11_000);
    stopTime();
    await world.inside((storage) => {
      const exec = storage.sql.exec.bind(storage.sql);
      vi.spyOn(storage.sql, "exec").mockImplementation(((query: string, ...bindings: []) => {
        const cursor = exec(query, ...bindings);
        cursors.push(cursor);
        return cursor;
      }) as typeof exec);
      for (const method of ["setAlarm", "deleteAlarm"] as const) {
        const real = storage[method].bind(storage) as (...args: unknown[]) => Promise<void>;
        vi.spyOn(storage, method).mockImplementation(((...args: unknown[]) => {
          rows++;
          return real(...args);
        }) as never);
      }
    });
    await run();
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
    return rows + cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
  }

  it("[SESSION-6] a plain turn writes at most 8 rows", async () => {
    provider.enqueue(text("Hi"));
    await world.ask("warm up");
    provider.enqueue(text("Hi again"));
    const rows = await rowsOf(() => world.ask("Hello"));
    expect(rows).toBeGreaterThanOrEqual(6);
    expect(rows).toBeLessThanOrEqual(8);
  });

  it("[SESSION-6] a step with a tool adds at most 4", async () => {
    provider.enqueue(text("Hi"));
    await world.ask("warm up");
    provider.enqueue(calls([{ name: "current_time", arguments: '{"timezone":null}' }]));
    provider.enqueue(text("It is late."));
    const rows = await rowsOf(() => world.ask("What time is it?"));
    expect(rows).toBeGreaterThanOrEqual(9);
    expect(rows).toBeLessThanOrEqual(12);
  });
});

describe("what a turn does not write", () => {
  /** Statements that change this table. */
  async function changesOf(table: string) {
    const spy = await world.inside((storage) => spySql(storage));
    const writes = new RegExp(`^(INSERT( OR \\w+)? INTO|UPDATE|DELETE FROM) ${table}\\b`);
    return () => spy.take().filter((statement) => writes.test(statement));
  }
  const sum = calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]);

  it("[YEARS-1] a first run of a tool that changes nothing writes no row for it", async () => {
    provider.enqueue(text("Hi"), sum, text("2"));
    await world.ask("warm up");
    const changes = await changesOf("intents");
    await world.ask("1+1?");
    expect(changes()).toEqual([]);
    expect(await world.inside(({ sql }) => sql.exec("SELECT * FROM intents").toArray())).toEqual([]);
  });

  it("[STEP-3] a plain tool's call writes no row of steps", async () => {
    provider.enqueue(sum, text("2"));
    await world.ask("1+1?");
    expect(await world.inside(({ sql }) => sql.exec("SELECT count(*) AS n FROM tool_steps").one().n)).toBe(0);
  });

  it("[RESUME-1] a short answer is not saved while it arrives", async () => {
    const gate = gated("a", "b", "c");
    provider.enqueue(text("Hi"), gate.reply);
    await world.ask("warm up");
    // After a second it would be saved.
    stopTime();
    const changes = await changesOf("checkpoint");
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    gate.release();
    await world.ended(turn);
    // That the try was begun.
    expect(changes()).toHaveLength(1);
  });

  it("[SESSION-9] entries are not indexed before they leave the window, or are searched for", async () => {
    provider.enqueue(text("It is noon."));
    await world.ask("When is lunch?");
    const indexed = () =>
      world.inside(({ sql }) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM search").one().n);
    expect(await indexed()).toBe(0);
    await world.stub.search("noon", 10);
    expect(await indexed()).toBeGreaterThan(0);
  });

  it("[KEEP-6] a beat is written only while a turn outlasts the watchdog", async () => {
    const gate = gated("half ", "whole");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    const beats = () => world.inside(({ sql }) => sql.exec("SELECT turn, down_ms FROM heartbeat").toArray());
    expect(await beats()).toEqual([]);
    await runDurableObjectAlarm(world.stub);
    expect(await beats()).toEqual([{ turn, down_ms: 0 }]);
    gate.release();
    await world.ended(turn);
  });
});
