/**
 * Distinguishes failures of our own platform (Durable Objects, KV, the way between them) from faults of ours, by the flags
 * that the runtime sets and by its words. Such a failure is temporary: the operation is retried, and no turn ends by it. Pure.
 * Flags: developers.cloudflare.com/durable-objects/best-practices/error-handling. Words: …/observability/troubleshooting,
 * and workerd's own messages (src/workerd/io, src/workerd/api/actor.c++).
 */
import { AppError } from "./errors.ts";

/**
 * `overloaded`: the call was not taken, and calling again at once makes it worse. `newer_storage`: a newer version of this
 * Worker wrote the storage, in a way that this one cannot read. `damaged`: the storage cannot be read, and trying again does
 * not help. `full`: nothing can be written, while reading and erasing go on.
 */
export type PlatformFailure = "overloaded" | "transient" | "new_version" | "newer_storage" | "damaged" | "full";

const overloaded = [
  /durable object is overloaded/i,
  /requests queued for too long/i,
  /too (many requests|much data) (is |are )?queued/i,
  /too many requests for the same object/i,
];
const transient = [
  /network connection lost/i,
  /code (was|has been) updated/i,
  /internal error; reference = /i,
  /internal error (in|while starting up) durable object storage/i,
  /cannot resolve durable object due to/i,
  /caused object to be reset/i,
  /durable object storage is no longer accessible/i,
  /actor is no longer|actor was (aborted|reset)/i,
  /exceeded its (memory|cpu time) limit and was reset/i,
  /durable object's (broken|connection)|object is broken/i,
  /too many subrequests/i,
  /KV [A-Z]+ failed: (429|5\d\d)/i,
];
const newVersion = [/rpc receiver does not implement/i];
/** Our own words: `account/ladder.ts`. */
const newerStorage = /The (session|account)'s storage is of version \d+; this Longline reads up to \d+\..*/;
/** A write beyond the limit of a database, 10 GB (developers.cloudflare.com/durable-objects/platform/limits). */
const full = [/database or disk is full/i, /SQLITE_FULL/];
const damaged = [
  /database disk image is malformed/i,
  /file is not a database/i,
  /SQLITE_(CORRUPT|NOTADB)/i,
  /no such (table|column)/i,
];

/** What kind of platform failure it is; `undefined` for anything else. */
export function platformFailure(error: unknown): PlatformFailure | undefined {
  if (error instanceof AppError) return error.code === "unavailable" ? "transient" : undefined;
  if (!(error instanceof Error)) return undefined;
  const { message } = error;
  const says = (words: RegExp[]) => words.some((word) => word.test(message));
  if (says(full)) return "full";
  if (flag(error, "overloaded") || says(overloaded)) return "overloaded";
  if (flag(error, "retryable") || says(transient)) return "transient";
  if (says(newVersion)) return "new_version";
  if (newerStorage.test(message)) return "newer_storage";
  return says(damaged) ? "damaged" : undefined;
}

/** Which version wrote the storage and what to deploy, where that is why it cannot be read. */
export function newerStorageWords(error: unknown): string | undefined {
  return error instanceof Error ? newerStorage.exec(error.message)?.[0] : undefined;
}

/** Whether it is sure that the object never saw the call, so that even a call that counts may be made again. */
export function neverArrived(error: unknown): boolean {
  if (!(error instanceof Error) || flag(error, "remote")) return false;
  return platformFailure(error) === "overloaded" || /cannot resolve durable object/i.test(error.message);
}

function flag(error: Error, name: "retryable" | "overloaded" | "remote"): boolean {
  return Reflect.get(error, name) === true;
}
