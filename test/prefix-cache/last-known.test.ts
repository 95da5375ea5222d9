import { describe, expect, it } from "vitest";
import { KvCount } from "../../src/prefix-cache/kv-count.ts";
import { type KnownKv, LastKnown } from "../../src/prefix-cache/last-known.ts";

const minute = 60_000;

/** A KV in memory, and somebody who is asked. */
function world() {
  const values = new Map<string, string>();
  const kv: KnownKv = {
    get: async (key) => values.get(key) ?? null,
    put: async (key, value) => void values.set(key, value),
  };
  const state = { says: ["a"], dead: false, asked: 0 };
  const count = new KvCount();
  const ask = async () => {
    state.asked++;
    if (state.dead) throw new Error("dead");
    return [...state.says];
  };
  const check = (value: unknown) => (Array.isArray(value) ? (value as string[]) : undefined);
  const read = (cache: LastKnown<string[]>, nowMs: number) => cache.read({ key: "k", ask, check, nowMs, count });
  return { values, kv, state, count, read };
}

describe("what is known of others", () => {
  it("[HOLD-8] is not replaced by an older answer that comes late", async () => {
    const { kv, values, count } = world();
    const cache = new LastKnown<string[]>(kv);
    const late = Promise.withResolvers<string[]>();
    const check = (value: unknown) => (Array.isArray(value) ? (value as string[]) : undefined);
    const read = (nowMs: number, ask: () => Promise<string[]>) => cache.read({ key: "k", ask, check, nowMs, count });
    const first = read(0, () => late.promise);
    expect(await read(minute, async () => ["new"])).toEqual({ value: ["new"] });
    late.resolve(["old"]);
    expect(await first).toEqual({ value: ["old"] });
    expect(await read(2 * minute, async () => ["asked again"])).toEqual({ value: ["new"] });
    expect([...values.values()]).toEqual([JSON.stringify({ atMs: minute, value: ["new"] })]);
  });

  it("[MCP-6] is asked for once in five minutes, by all isolates together", async () => {
    const { kv, state, count, read } = world();
    const here = new LastKnown<string[]>(kv);
    const first = await read(here, 0);
    expect([first, await read(here, 4 * minute), state.asked]).toEqual([{ value: ["a"] }, { value: ["a"] }, 1]);
    expect(count.take()).toEqual({ kvReads: 1, kvWrites: 1 });
    expect([await read(new LastKnown<string[]>(kv), 4 * minute), state.asked]).toEqual([{ value: ["a"] }, 1]);
    const again = await read(here, 6 * minute);
    expect([again.value === first.value, state.asked]).toEqual([true, 2]);
    state.says = ["b"];
    expect(await read(here, 12 * minute)).toEqual({ value: ["b"] });
  });

  it("[MCP-6] stays known while nobody answers, here and elsewhere, and is not asked for all the time", async () => {
    const { kv, state, read } = world();
    const here = new LastKnown<string[]>(kv);
    await read(here, 0);
    state.dead = true;
    const failure = new Error("dead");
    expect(await read(here, 6 * minute)).toEqual({ value: ["a"], failure });
    expect(await read(here, 6 * minute + 20_000)).toEqual({ value: ["a"], failure });
    expect(state.asked).toBe(2);
    expect(await read(new LastKnown<string[]>(kv), 60 * minute)).toEqual({ value: ["a"], failure });
    state.dead = false;
    state.says = ["b"];
    expect(await read(here, 7 * minute)).toEqual({ value: ["b"] });
  });

  it("[MCP-6] is nothing where nobody ever answered; what is in KV by mistake counts for nothing", async () => {
    const { values, kv, state, read } = world();
    values.set("k", "no JSON");
    state.dead = true;
    expect(await read(new LastKnown<string[]>(kv), 0)).toEqual({ value: undefined, failure: new Error("dead") });
  });

  it("[MCP-6] is found without KV, too", async () => {
    const { state, read } = world();
    const broken: KnownKv = {
      get: () => Promise.reject(new Error("no KV")),
      put: () => Promise.reject(new Error("no KV")),
    };
    const cache = new LastKnown<string[]>(broken);
    expect([await read(cache, 0), await read(cache, 1), state.asked]).toEqual([{ value: ["a"] }, { value: ["a"] }, 1]);
  });
});
