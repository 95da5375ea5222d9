/**
 * How long `vi.waitFor` waits where a test names no limit, and how often it looks. Vitest's own limit of one second is passed by any
 * busy machine, and its own pace of 50 ms is most of the time of many tests. A limit only says when a test gives up: a condition that
 * comes sooner ends the wait at once.
 */
import { vi } from "vitest";

/** Below the limit of a test of any project, so that the condition which did not come is what is printed. */
const patience = { timeout: 40_000, interval: 10 };

/** The runner's own, also where files that share a process run this again. */
const runners = globalThis as { waitsOfVitest?: typeof vi.waitFor };
runners.waitsOfVitest ??= vi.waitFor;
const { waitsOfVitest } = runners;

vi.waitFor = (check, given = {}) =>
  waitsOfVitest(check, { ...patience, ...(typeof given === "number" ? { timeout: given } : given) });
