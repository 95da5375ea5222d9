import { describe, expect, it } from "vitest";
import { alarmBackoff, backoffMs } from "../../src/core/backoff.ts";
import { AppError } from "../../src/core/errors.ts";
import { neverArrived, platformFailure } from "../../src/core/platform-failure.ts";

const flagged = (message: string, flags: object) => Object.assign(new Error(message), flags);

describe("failures of our own platform", () => {
  const cases: [kind: ReturnType<typeof platformFailure>, error: unknown][] = [
    ["overloaded", new Error("Durable Object is overloaded. Too many requests queued.")],
    [
      "overloaded",
      new Error("Durable Object is overloaded. Too many requests for the same object within a 10 second window."),
    ],
    ["overloaded", new Error("Durable Object is overloaded. Requests queued for too long.")],
    ["overloaded", flagged("anything", { overloaded: true, retryable: true })],
    ["transient", flagged("anything", { retryable: true })],
    ["transient", new Error("Network connection lost.")],
    ["transient", new Error("internal error; reference = 0123abcd")],
    ["transient", new Error("Durable Object reset because its code was updated.")],
    [
      "transient",
      new TypeError("The Durable Object's code has been updated, this version can no longer access storage."),
    ],
    ["transient", new Error("Cannot resolve Durable Object due to transient issue on remote node.")],
    ["transient", new Error("Durable Object storage operation exceeded timeout which caused object to be reset.")],
    ["transient", new Error("Internal error in Durable Object storage write caused object to be reset.")],
    ["transient", new Error("Internal error while starting up Durable Object storage caused object to be reset.")],
    ["transient", new Error("Durable Object's isolate exceeded its memory limit and was reset.")],
    ["transient", new Error("Durable Object exceeded its CPU time limit and was reset.")],
    ["transient", new Error("Too many subrequests.")],
    ["transient", new Error("KV GET failed: 503 Service Unavailable")],
    ["transient", new AppError("unavailable", "Try again.")],
    ["new_version", new TypeError('The RPC receiver does not implement the method "call".')],
    [
      "newer_storage",
      new Error("The account's storage is of version 9; this Longline reads up to 2. Deploy a Longline that …"),
    ],
    ["damaged", new Error("database disk image is malformed: SQLITE_CORRUPT")],
    ["damaged", new Error("no such table: entries: SQLITE_ERROR")],
    [undefined, new Error("Cannot read properties of undefined")],
    [undefined, new AppError("conflict", "Network connection lost.")],
    [undefined, new Error("UNIQUE constraint failed: inbox.id")],
    [undefined, "Network connection lost."],
    [undefined, undefined],
  ];
  it.each(cases)("[PLATFORM-1] %s: %s", (kind, error) => {
    expect(platformFailure(error)).toBe(kind);
  });

  it("[PLATFORM-2] a call that counts is made again only when it is sure that it never arrived", () => {
    expect(neverArrived(flagged("Durable Object is overloaded.", { overloaded: true }))).toBe(true);
    expect(neverArrived(new Error("Cannot resolve Durable Object due to transient issue on remote node."))).toBe(true);
    expect(neverArrived(new Error("Network connection lost."))).toBe(false);
    // The words came out of the object's own code: it has run.
    expect(neverArrived(flagged("Durable Object is overloaded.", { remote: true }))).toBe(false);
  });

  it("[PLATFORM-3] delays double up to a bound, and are spread", () => {
    const delays = Array.from({ length: 8 }, (_, n) => backoffMs(n + 1, alarmBackoff, 0.5));
    expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
    expect([backoffMs(1, alarmBackoff, 0), backoffMs(1, alarmBackoff, 1)]).toEqual([7_500, 12_500]);
    expect(backoffMs(10_000, alarmBackoff, 1)).toBe(375_000);
  });
});
