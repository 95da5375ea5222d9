/** Calls the methods of our Durable Objects by RPC: with the version of the protocol, and again with backoff where the platform failed and the method may be called again. What does not pass in time is refused as `unavailable`. */
import { type BackoffRange, backoffMs } from "../core/backoff.ts";
import { AppError } from "../core/errors.ts";
import { neverArrived, newerStorageWords, type PlatformFailure, platformFailure } from "../core/platform-failure.ts";

/**
 * The version of the calls between Worker and objects. During a deploy old objects serve a new Worker, and the other way
 * round, for up to minutes. A change that an object of the version before cannot serve makes it one higher.
 */
export const rpcVersion = 1;

/** Whether a method may be called again when it is not known whether it ran: always, never, or by its arguments. */
export type Repeatable = boolean | ((args: readonly unknown[]) => boolean);
export type Methods = Readonly<Record<string, Repeatable>>;

/** What an object offers beside its methods. */
export interface Callable {
  call(version: number, method: string, args: unknown[]): Promise<unknown>;
}

/** Tries of one call, and the pauses between them: about 1.5 s together, since a client may be waiting. */
const pauses: Record<"overloaded" | "transient", BackoffRange & { mostTries: number }> = {
  transient: { mostTries: 5, baseMs: 100, longestMs: 1_600 },
  overloaded: { mostTries: 3, baseMs: 400, longestMs: 1_600 },
};

/** An object that does not know the version answers this, and runs nothing. */
const unknownVersion = "longline:unknown_rpc_version";

/** How a new stub is made, and the stub in use: one that has thrown cannot be used again. */
interface Renewable {
  make(): object;
  current: object;
}

const renewables = new WeakMap<object, Renewable>();
const prototypes = new WeakMap<Methods, object>();

/** A stub whose listed methods are called that way. `make`: each further try of a call gets a new one. */
export function objectStub<T extends Rpc.DurableObjectBranded>(
  make: () => DurableObjectStub<T>,
  methods: Methods,
): DurableObjectStub<T> {
  const stub = make();
  renewables.set(stub, { make, current: stub });
  const base: object = Object.getPrototypeOf(stub);
  const known = prototypes.get(methods);
  const prototype = known && Object.getPrototypeOf(known) === base ? known : prototypeOf(methods, base);
  prototypes.set(methods, prototype);
  return Object.setPrototypeOf(stub, prototype);
}

/** Made once for each kind of object: giving each stub thirty methods of its own would take as long as a call. */
function prototypeOf(methods: Methods, base: object): object {
  const prototype = Object.create(base);
  for (const [method, repeatable] of Object.entries(methods)) {
    prototype[method] = function (this: object, ...args: unknown[]) {
      const stub = renewables.get(this) ?? { make: () => this, current: this };
      const mayRepeat = typeof repeatable === "function" ? repeatable(args) : repeatable;
      const once = () => (stub.current as Callable).call(rpcVersion, method, args);
      const renew = () => {
        stub.current = stub.make();
      };
      return called(once, { mayRepeat, renew });
    };
  }
  return prototype;
}

/** Serves `call` in an object: only what is listed, and only in a version that is known. */
export function serveCall(
  object: object,
  methods: Methods,
  { version, method, args }: { version: number; method: string; args: unknown[] },
): unknown {
  if (version > rpcVersion || !Object.hasOwn(methods, method)) return unknownVersion;
  const run: unknown = Reflect.get(object, method);
  if (typeof run !== "function") return unknownVersion;
  return run.apply(object, args);
}

/** Opens a stream of an object by `fetch`, and again while the platform fails before it has begun, where it `mayRepeat`. */
export function openStream(open: () => Promise<Response>, mayRepeat = true): Promise<Response> {
  return called(open, { mayRepeat, renew: () => {} });
}

/** Makes a call, and again while the platform fails and `mayRepeat`. Throws `unavailable` when it does not pass. */
async function called<T>(
  once: () => Promise<T>,
  { mayRepeat, renew }: { mayRepeat: boolean; renew(): void },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await once();
      if (answer === unknownVersion) throw unavailable("new_version");
      return answer;
    } catch (error) {
      if (error instanceof AppError) throw error;
      const failure = platformFailure(error);
      if (failure === undefined) throw error;
      const range = failure === "transient" || failure === "overloaded" ? pauses[failure] : undefined;
      if (range === undefined || tries >= range.mostTries || !(mayRepeat || neverArrived(error))) {
        console.error("an object of ours could not be called", error);
        throw unavailable(failure, error);
      }
      await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, range, Math.random())));
      renew();
    }
  }
}

const reasons: Record<PlatformFailure, string> = {
  overloaded: "The object that holds it has too much to do.",
  transient: "The object that holds it did not answer.",
  new_version: "Another version of this Worker is being deployed.",
  newer_storage: "A newer version of this Worker wrote its storage.",
  damaged: "Its storage is damaged and cannot be read.",
  full: "The storage of this session, or of its account, is full.",
};

function storageFull(): AppError {
  const detail = `${reasons.full} Nothing of this request was stored. What is there can be read, and DELETE makes room; or go on in another session.`;
  return new AppError("storage_full", detail);
}

/** The refusal of what cannot be reached, or not written, now, because of `error` where it has something to say. Nothing says whether the call took effect, so a message is sent again with its Idempotency-Key. */
export function unavailable(failure: PlatformFailure, error?: unknown): AppError {
  if (failure === "full") return storageFull();
  const lasts = failure === "damaged" || failure === "newer_storage";
  const retryAfterSeconds = lasts ? 60 : 2 + Math.floor(Math.random() * 4);
  const detail = `${newerStorageWords(error) ?? reasons[failure]} Try again in ${retryAfterSeconds} s, with the same Idempotency-Key if the request had one.`;
  return new AppError("unavailable", detail, { retryAfterSeconds });
}
