import { afterEach, describe, expect, it, vi } from "vitest";
import { KvCount } from "../../src/prefix-cache/kv-count.ts";
import { PrefixCache, type PrefixKv, prefixId } from "../../src/prefix-cache/prefix-cache.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** A KV that counts, and does what a test wants instead. As Cloudflare's, it takes no life below 60 s (developers.cloudflare.com/kv/api/write-key-value-pairs). */
function createKv(instead: Partial<PrefixKv> = {}) {
  const values = new Map<string, string>();
  const goneAtMs = new Map<string, number>();
  const kv: PrefixKv = {
    get: vi.fn(async (key) =>
      Date.now() < (goneAtMs.get(key) ?? Number.POSITIVE_INFINITY) ? (values.get(key) ?? null) : null,
    ),
    put: vi.fn(async (key, value, { expirationTtl }) => {
      if (!(expirationTtl >= 60)) throw new Error("KV PUT failed: 400 Invalid expiration_ttl");
      values.set(key, value);
      goneAtMs.set(key, Date.now() + expirationTtl * 1000);
    }),
    delete: vi.fn(async (key) => void values.delete(key)),
    ...instead,
  };
  return { kv, values };
}
const text = "A handbook.";
const look = (
  cache: PrefixCache,
  account: string,
  id: string,
  truth: () => Promise<string | undefined>,
  count = new KvCount(),
) => cache.read({ account, id, truth }, count);
const known = () => vi.fn(async () => text as string | undefined);

describe("the cache of prefixes", () => {
  it.each(["its account", "KV"])(
    "[HOLD-8] keeps nothing that was taken out while %s was asked for it",
    async (source) => {
      const late = Promise.withResolvers<string>();
      const id = await prefixId(text);
      const get = source === "KV" ? () => late.promise : async () => null;
      const { kv, values } = createKv({ get: vi.fn(get) });
      const cache = new PrefixCache(kv);
      const reading = look(cache, "a", id, () => late.promise);
      await cache.remove("a", id);
      late.resolve(text);
      expect(await reading).toBe(text);
      const truth = vi.fn(async () => undefined);
      vi.mocked(kv.get).mockImplementation(async (key) => values.get(key) ?? null);
      expect([await look(cache, "a", id, truth), truth.mock.calls.length, values.size]).toEqual([undefined, 1, 0]);
    },
  );

  it("[HOLD-8] keeps nothing that it read in KV before it was gone there", async () => {
    const gone = Promise.withResolvers<void>();
    const id = await prefixId(text);
    const { kv, values } = createKv({ delete: vi.fn(() => gone.promise) });
    values.set(`prefix/a/${id}`, text);
    const cache = new PrefixCache(kv);
    const removing = cache.remove("a", id);
    expect(await look(cache, "a", id, known())).toBe(text);
    values.clear();
    gone.resolve();
    await removing;
    expect(await look(cache, "a", id, async () => undefined)).toBeUndefined();
  });

  it("[PREFIX-17] what another isolate writes while it is removed is gone from KV a day later", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const id = await prefixId(text);
    const { kv } = createKv();
    const late = Promise.withResolvers<string>();
    const reading = look(new PrefixCache(kv), "a", id, () => late.promise);
    await new PrefixCache(kv).remove("a", id);
    late.resolve(text);
    await reading;
    const later = () => look(new PrefixCache(kv), "a", id, async () => undefined);
    expect(await later()).toBe(text);
    vi.advanceTimersByTime(86_400_000);
    expect(await later()).toBeUndefined();
  });

  it("[PREFIX-17] one that is in use is written again when its day is over", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const id = await prefixId(text);
    const { kv } = createKv();
    const truth = known();
    for (const ms of [0, 80_000_000, 10_000_000, 10_000_000]) {
      vi.advanceTimersByTime(ms);
      expect(await look(new PrefixCache(kv), "a", id, truth)).toBe(text);
    }
    expect([truth.mock.calls.length, vi.mocked(kv.put).mock.calls.length]).toEqual([2, 2]);
    // Also by an isolate that wrote it before, and has it in memory no more.
    const old = new PrefixCache(kv);
    const filler = "x".repeat(8_000_000);
    const fillerId = await prefixId(filler);
    for (const ms of [86_400_000, 86_400_000]) {
      vi.advanceTimersByTime(ms);
      await look(old, "a", id, truth);
      await look(old, "a", fillerId, async () => filler);
    }
    expect([truth.mock.calls.length, vi.mocked(kv.put).mock.calls.length]).toEqual([4, 6]);
  });

  it("[PREFIX-1] reads through memory and KV to the truth, and writes each text to KV once", async () => {
    const { kv } = createKv();
    const id = await prefixId(text);
    const truth = known();
    const count = new KvCount();
    const first = new PrefixCache(kv);
    expect([await look(first, "a", id, truth, count), await look(first, "a", id, truth, count)]).toEqual([text, text]);
    expect([truth.mock.calls.length, vi.mocked(kv.get).mock.calls.length, vi.mocked(kv.put).mock.calls.length]).toEqual(
      [1, 1, 1],
    );
    expect([count.take(), count.take()]).toEqual([{ kvReads: 1, kvWrites: 1 }, {}]);
    const second = new PrefixCache(kv);
    expect(await look(second, "a", id, truth)).toBe(text);
    expect([truth.mock.calls.length, vi.mocked(kv.put).mock.calls.length]).toEqual([1, 1]);
  });

  it("[PREFIX-1] a text of one account is not found by another that knows its name", async () => {
    const { kv } = createKv();
    const id = await prefixId(text);
    const cache = new PrefixCache(kv);
    await look(cache, "a", id, known());
    expect(await look(cache, "b", id, async () => undefined)).toBeUndefined();
  });

  it("[PREFIX-2] a KV that fails, or tells something else, changes nothing", async () => {
    const id = await prefixId(text);
    const broken = new Error("KV GET failed: 500");
    for (const instead of [
      { get: async () => Promise.reject(broken), put: async () => Promise.reject(broken) },
      { get: async () => "another text" },
      { get: async () => null },
    ]) {
      const truth = known();
      expect(await look(new PrefixCache(createKv(instead).kv), "a", id, truth)).toBe(text);
      expect(truth).toHaveBeenCalledTimes(1);
    }
  });

  it("[PREFIX-2] a KV that hangs is waited for 50 ms", async () => {
    vi.useFakeTimers();
    const id = await prefixId(text);
    const hanging = { get: () => new Promise<never>(() => {}), put: () => new Promise<never>(() => {}) };
    const reading = look(new PrefixCache(createKv(hanging).kv), "a", id, known());
    await vi.advanceTimersByTimeAsync(100);
    expect(await reading).toBe(text);
  });

  it("[PREFIX-3] memory is bounded: what was not used for longest goes first", async () => {
    const { kv } = createKv();
    const cache = new PrefixCache(kv);
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(3_000_000));
    const ids = await Promise.all(texts.map(prefixId));
    for (const [place, id] of ids.entries()) await look(cache, "a", id, async () => texts[place]);
    const read = vi.mocked(kv.get).mock.calls.length;
    await look(cache, "a", ids[2] ?? "", async () => undefined);
    expect(vi.mocked(kv.get).mock.calls.length).toBe(read);
    await look(cache, "a", ids[0] ?? "", async () => undefined);
    expect(vi.mocked(kv.get).mock.calls.length).toBe(read + 1);
    await cache.remove("a", ids[0] ?? "");
    expect(await look(cache, "a", ids[0] ?? "", async () => undefined)).toBeUndefined();
  });
});
