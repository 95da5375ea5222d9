/**
 * Keeps values that come from elsewhere and that requests begin with, such as the tools of a remote server: in memory,
 * and in KV for other isolates and restarts, so that requests keep their bytes. Where the source does not answer in time,
 * the last known value is used.
 */
import { inTime } from "./in-time.ts";
import type { KvCount } from "./kv-count.ts";

/** The part of a KV namespace that is used. */
export interface KnownKv {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

export interface WantedValue<T> {
  key: string;
  /** Requests the value from its source. */
  ask(): Promise<T>;
  /** What a text out of KV means; `undefined` when it is nothing of ours. */
  check(value: unknown): T | undefined;
  nowMs: number;
  count: KvCount;
}

/** What is known, and why it could not be requested again, if it could not. */
export interface Known<T> {
  value: T | undefined;
  failure?: unknown;
}

/** How long a value is used without a new request. */
const freshMs = 300_000;
/** How long no request goes to a source that did not answer. */
const restMs = 30_000;
/** How long KV keeps a value that is not renewed, in seconds. */
const keptSeconds = 30 * 86_400;

interface Remembered<T> {
  value: T;
  atMs: number;
}

export class LastKnown<T> {
  readonly #kv: KnownKv;
  readonly #memory = new Map<string, Remembered<T>>();
  /** When each source that failed may be requested again, and how it failed. */
  readonly #resting = new Map<string, { untilMs: number; failure: unknown }>();

  constructor(kv: KnownKv) {
    this.#kv = kv;
  }

  async read(wanted: WantedValue<T>): Promise<Known<T>> {
    const { key, nowMs } = wanted;
    const isFresh = (known: Remembered<T> | undefined) => known !== undefined && nowMs - known.atMs < freshMs;
    const near = this.#memory.get(key);
    if (isFresh(near)) return { value: near?.value };
    const resting = this.#resting.get(key);
    if (resting !== undefined && nowMs < resting.untilMs) return { value: near?.value, failure: resting.failure };
    const far = await this.#fromKv(wanted);
    const known = newer(this.#memory.get(key), far);
    if (known !== undefined) this.#memory.set(key, known);
    if (isFresh(known)) return { value: known?.value };
    try {
      return { value: await this.#renew(wanted, known) };
    } catch (failure) {
      this.#resting.set(key, { untilMs: nowMs + restMs, failure });
      return { value: known?.value, failure };
    }
  }

  async #renew({ key, ask, nowMs, count }: WantedValue<T>, known: Remembered<T> | undefined): Promise<T> {
    const came = await ask();
    this.#resting.delete(key);
    // An equal value stays the same object, for callers that cache what they computed from it.
    const isSame = known !== undefined && JSON.stringify(came) === JSON.stringify(known.value);
    const value = isSame ? known.value : came;
    // An answer that comes late is not put in the place of a newer one.
    if (nowMs < (this.#memory.get(key)?.atMs ?? 0)) return value;
    this.#memory.set(key, { value, atMs: nowMs });
    count.write();
    const text = JSON.stringify({ atMs: nowMs, value });
    await inTime(this.#kv.put(key, text, { expirationTtl: keptSeconds })).catch(() => undefined);
    return value;
  }

  async #fromKv({ key, check, count }: WantedValue<T>): Promise<Remembered<T> | undefined> {
    count.read();
    try {
      const text = await inTime(this.#kv.get(key));
      const { atMs, value } = JSON.parse(text ?? "{}") as { atMs?: unknown; value?: unknown };
      const checked = check(value);
      return checked === undefined || typeof atMs !== "number" ? undefined : { value: checked, atMs };
    } catch {
      return undefined;
    }
  }
}

function newer<T>(near: Remembered<T> | undefined, far: Remembered<T> | undefined): Remembered<T> | undefined {
  if (near === undefined || far === undefined) return near ?? far;
  if (far.atMs <= near.atMs) return near;
  return JSON.stringify(far.value) === JSON.stringify(near.value) ? { ...near, atMs: far.atMs } : far;
}
