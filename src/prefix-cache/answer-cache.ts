/** Finished answers by the digest of the whole request that they answer. For messages that request it; never across accounts. Whatever goes wrong, the model is called as usual. */
import { sha256Hex } from "../core/digest.ts";
import { inTime } from "./in-time.ts";
import type { KvCount } from "./kv-count.ts";

/** The part of a KV namespace that is used. */
export interface AnswerKv {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

export interface KnownAnswer {
  reasoning: string;
  text: string;
}

export class AnswerCache {
  readonly #kv: AnswerKv;
  readonly #count: KvCount;

  constructor(kv: AnswerKv, count: KvCount) {
    this.#kv = kv;
    this.#count = count;
  }

  /** The name of the answer to this request of this account. */
  async keyOf(account: string, body: string): Promise<string> {
    return `answer/${account}/${await sha256Hex(body)}`;
  }

  /** The answer, if there is one and its bytes are those that were kept. */
  async find(key: string): Promise<KnownAnswer | undefined> {
    this.#count.read();
    try {
      const value = await inTime(this.#kv.get(key));
      if (value === undefined || value === null) return undefined;
      const [digest = "", answerJson = ""] = [value.slice(0, 64), value.slice(64)];
      if ((await sha256Hex(`${key} ${answerJson}`)) !== digest) return undefined;
      return JSON.parse(answerJson) as KnownAnswer;
    } catch {
      return undefined;
    }
  }

  /** Keeps an answer for so many seconds; KV's least is 60. */
  async keep(key: string, { reasoning, text }: KnownAnswer, ttlSeconds: number): Promise<void> {
    this.#count.write();
    const answerJson = JSON.stringify({ reasoning, text });
    const value = `${await sha256Hex(`${key} ${answerJson}`)}${answerJson}`;
    await inTime(this.#kv.put(key, value, { expirationTtl: Math.max(60, ttlSeconds) })).catch(() => undefined);
  }
}
