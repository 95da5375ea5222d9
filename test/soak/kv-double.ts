/** A KV namespace as bad as KV may be: reads that fail, miss or give what was there before, writes that are refused. Seeded. */
import { randomOf } from "../support/random.ts";

/** What of a KV namespace the product may use. */
export interface KvDouble {
  get(key: string, type?: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Keeps values in memory only: a cache that a restart empties. */
export function createKvDouble(seed: number): KvDouble {
  const random = randomOf(seed);
  const now = new Map<string, unknown>();
  const before = new Map<string, unknown>();
  const maybeFail = () => {
    if (random() < 0.1) throw new Error("KV GET failed: 500 Internal Server Error");
  };
  return {
    async get(key, type) {
      maybeFail();
      const value = (random() < 0.2 ? before : now).get(key) ?? null;
      return type === "json" && typeof value === "string" ? JSON.parse(value) : value;
    },
    async put(key, value) {
      if (random() < 0.2) throw new Error("KV PUT failed: 429 Too Many Requests");
      before.set(key, now.get(key) ?? null);
      now.set(key, value);
    },
    async delete(key) {
      maybeFail();
      before.set(key, now.get(key) ?? null);
      now.delete(key);
    },
  };
}
