/** Reads registered prefixes through memory and Workers KV to where they are kept for good. Content is named by its digest, so nothing here is ever stale; wrong bytes are refused by that name, and a dead or slow KV costs time only. */
import { sha256Hex } from "../core/digest.ts";
import { inTime } from "./in-time.ts";
import type { KvCount } from "./kv-count.ts";

/** The part of a KV namespace that is used. */
export interface PrefixKv {
  get(key: string, options: { type: "text"; cacheTtl: number }): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
  delete(key: string): Promise<void>;
}

/** `truth`: where the text is kept for good; it is read when neither memory nor KV has the text. */
export interface WantedPrefix {
  account: string;
  id: string;
  truth(): Promise<string | undefined>;
}

/**
 * How long a data centre keeps what it read, and KV what was written, in seconds. Values never change, but a prefix may be removed
 * while another isolate reads it, which then writes it: it is gone from KV after so long.
 */
const keptSeconds = 86_400;
/** Most UTF-16 units kept in memory. */
const mostUnits = 8_000_000;

export class PrefixCache {
  readonly #kv: PrefixKv;
  /** In the order of their last use. */
  readonly #memory = new Map<string, string>();
  /** When each was written, in ms. */
  readonly #written = new Map<string, number>();
  #units = 0;
  /** How often something was removed. What was being read meanwhile must not be kept. */
  #removals = 0;

  constructor(kv: PrefixKv) {
    this.#kv = kv;
  }

  /** The text of a prefix; `undefined` when there is none. Its reads and writes of KV are counted. */
  async read({ account, id, truth }: WantedPrefix, count: KvCount): Promise<string | undefined> {
    // Named by the account, too: one that knows the digest of another's text does not have the text.
    const key = `prefix/${account}/${id}`;
    const removals = this.#removals;
    const near = this.#memory.get(key) ?? (await this.#fromKv(key, id, count));
    const text = near ?? (await truth());
    if (text === undefined || removals !== this.#removals) return text;
    this.#keep(key, text);
    if (near === undefined) await this.#write(key, text, count);
    return text;
  }

  /** Takes it out here and in KV. Other data centres, and an isolate that reads it just now, may have it for a day yet. */
  async remove(account: string, id: string): Promise<void> {
    const key = `prefix/${account}/${id}`;
    this.#forget(key);
    await inTime(this.#kv.delete(key)).catch(() => undefined);
    // Until KV had deleted it, another call could read it there and keep it.
    this.#forget(key);
  }

  #forget(key: string): void {
    this.#removals++;
    this.#units -= this.#memory.get(key)?.length ?? 0;
    this.#memory.delete(key);
    this.#written.delete(key);
  }

  async #fromKv(key: string, id: string, count: KvCount): Promise<string | undefined> {
    count.read();
    try {
      const text = await inTime(this.#kv.get(key, { type: "text", cacheTtl: keptSeconds }));
      return text !== undefined && text !== null && (await prefixId(text)) === id ? text : undefined;
    } catch {
      return undefined;
    }
  }

  async #write(key: string, text: string, count: KvCount): Promise<void> {
    const nowMs = Date.now();
    if (nowMs - (this.#written.get(key) ?? 0) < keptSeconds * 1000) return;
    this.#written.set(key, nowMs);
    count.write();
    // One write a second is what KV takes for a key; it is written once a day, and not waited for longer than it is read.
    await inTime(this.#kv.put(key, text, { expirationTtl: keptSeconds })).catch(() => undefined);
  }

  #keep(key: string, text: string): void {
    if (this.#memory.delete(key)) this.#units -= text.length;
    this.#memory.set(key, text);
    this.#units += text.length;
    for (const [oldest, { length }] of this.#memory) {
      if (this.#units <= mostUnits || oldest === key) break;
      this.#memory.delete(oldest);
      this.#units -= length;
    }
  }
}

let shared: PrefixCache | undefined;

/** One cache for everything in this isolate. */
export function sharedPrefixCache(kv: PrefixKv): PrefixCache {
  shared ??= new PrefixCache(kv);
  return shared;
}

/** The name of a prefix: the SHA-256 of its text. */
export async function prefixId(text: string): Promise<string> {
  return `sha256-${await sha256Hex(text)}`;
}
