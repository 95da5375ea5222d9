/** Holds one call between objects back, so that everything else happens before it arrives or is answered, or loses its answer: the tool behind the tests of HOLD-1. Counts all such calls; changes no other. */
import { expect, vi } from "vitest";

/**
 * `answer`: the method has run, and its caller learns it late. `call`: it runs late. `lost`: it has run, and its caller is
 * answered that the platform failed.
 */
export type HowHeld = "answer" | "call" | "lost";
export const waysToHold: readonly HowHeld[] = ["answer", "call", "lost"];

/** A call is named by its object, its method, whom it is about, and how often there was such a call before. */
export interface HeldCall {
  call: string;
  how: HowHeld;
}

interface CallableObject {
  call(version: number, method: string, args: unknown[]): unknown;
}
type CallableClass = { prototype: CallableObject };

/** Nothing has happened for so many looks: everything else has come to rest, or waits for what is held. */
const quietLooks = 14;
const lookMs = 4;
/** Only the tests make these, or they only read. */
const unheld: ReadonlySet<string> = new Set([
  "wait",
  "describe",
  "entries",
  "usage",
  "settings",
  "isMade",
  "listSessions",
]);
/** Pauses are so much shorter while calls are held: of reports, of tries, of a channel's pace. */
const faster = 10;
const longestPauseMs = 10_000;
// Objects wait for flags, at each look anew: a promise that another object settles would end the process.
const { setTimeout: realTimeout } = globalThis;
const look = () => new Promise<void>((resolve) => realTimeout(resolve, lookMs));

/**
 * Holds the answers to these calls of a class of objects, after they have run, until it is released; with `isBefore`, the calls
 * themselves. Until the test's mocks are restored.
 */
export function holdAnswers(
  { prototype }: CallableClass,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into arguments of any method
  isHeld: (call: { method: string; args: any[] }) => boolean,
  { isBefore = false } = {},
) {
  let isReached = false;
  let isReleased = false;
  let hasRun = false;
  const { call } = prototype;
  const released = async () => {
    isReached = true;
    while (!isReleased) await look();
  };
  vi.spyOn(prototype, "call").mockImplementation(async function (this: CallableObject, version, method, args) {
    const isMine = !isReleased && isHeld({ method, args });
    if (isMine && isBefore) await released();
    const answer = await call.call(this, version, method, args);
    hasRun ||= isMine;
    if (isMine && !isBefore) await released();
    return answer;
  });
  return {
    reached: () => vi.waitFor(() => expect(isReached).toBe(true), { interval: 5 }),
    run: () => vi.waitFor(() => expect(hasRun).toBe(true), { interval: 5 }),
    release: () => {
      isReleased = true;
    },
  };
}

export class CallHolder {
  /** Every call, in the order in which they began. */
  readonly calls: string[] = [];
  readonly #account: string;
  readonly #held: HeldCall | undefined;
  readonly #counts = new Map<string, number>();
  /** Names of sessions, by what they are called in the names of calls. */
  readonly #roles = new Map<string, string>();
  #activity = 0;
  #isReached = false;
  #isReleased = false;

  /** Looks at calls to the objects of this account alone. */
  constructor(account: string, held?: HeldCall) {
    this.#account = account;
    this.#held = held;
  }

  /** Until the test's mocks are restored. */
  watch(classes: { session: CallableClass; account: CallableClass }): void {
    this.#spy("session", classes.session);
    this.#spy("account", classes.account);
    const hurried = (run: () => void, ms = 0) => realTimeout(run, ms <= longestPauseMs ? ms / faster : ms);
    vi.spyOn(globalThis, "setTimeout").mockImplementation(hurried as typeof setTimeout);
  }

  /** The call that was to be held was made. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** Something has happened: what is held stays held. */
  touch(): void {
    this.#activity++;
  }

  /** The story is over: nothing is held any more. */
  release(): void {
    this.#isReleased = true;
  }

  /** How the session is called in the names of calls. */
  nameSession(session: string, role: string): void {
    this.#roles.set(session, role);
  }

  /** A request to the outside, by what is asked of whom: it can be held like a call of an object. */
  outside<T>(what: string, run: () => Promise<T>): Promise<T> {
    return this.#pass(this.#numbered(what), run);
  }

  #spy(kind: string, { prototype }: CallableClass): void {
    const { call } = prototype;
    const holder = this;
    vi.spyOn(prototype, "call").mockImplementation(function (this: CallableObject, version, method, args) {
      const run = () => call.call(this, version, method, args);
      const object = nameOf(this);
      if (!holder.#isOurs(object) || unheld.has(method)) return run();
      return holder.#pass(holder.#nameCall(`${kind}.${method}`, object, args), run);
    });
  }

  #isOurs(object: string): boolean {
    return object === this.#account || object.startsWith(`${this.#account}:`);
  }

  async #pass<T>(name: string, run: () => T | Promise<T>): Promise<T> {
    this.calls.push(name);
    this.touch();
    const how = this.#held?.call === name ? this.#held.how : undefined;
    if (how !== undefined) this.#isReached = true;
    if (how === "call") await this.#rest();
    const answer = await run();
    this.touch();
    if (how === "answer") await this.#rest();
    // In the words of workerd, with the flag of the platform.
    if (how === "lost") throw Object.assign(new Error("Network connection lost."), { retryable: true });
    return answer;
  }

  async #rest(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; quiet < quietLooks && !this.#isReleased; quiet++) {
      if (seen !== this.#activity) quiet = 0;
      seen = this.#activity;
      await look();
    }
  }

  #nameCall(method: string, object: string, args: unknown[]): string {
    const own = object.slice(this.#account.length + 1);
    const [first, second] = args as [unknown, { create?: { agent?: string } } | undefined];
    const agent = method === "session.submit" ? second?.create?.agent : undefined;
    if (agent !== undefined && !this.#roles.has(own)) this.#roles.set(own, agent);
    const about = [own, ...namesIn(first), ...args].find((each) => this.#roles.has(String(each)));
    return this.#numbered(`${method}(${this.#roles.get(String(about)) ?? ""})`);
  }

  #numbered(what: string): string {
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return `${what} #${count}`;
  }
}

/** Which sessions an argument names. */
function namesIn(given: unknown): unknown[] {
  if (typeof given !== "object" || given === null) return [];
  const { id, session, over, child } = given as Record<string, unknown>;
  return [id, session, over, child];
}

function nameOf(object: CallableObject): string {
  const { id } = Reflect.get(object, "ctx") as DurableObjectState;
  return id.name ?? "";
}
