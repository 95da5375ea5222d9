import { expect, it } from "vitest";
import { mostHeldBackMs, type QueuedDelivery, startTimes } from "../../../src/session/deliver/delivery-order.ts";

const one = (id: string, failingSinceMs?: number, isLive = true): QueuedDelivery => ({ id, isLive, failingSinceMs });
const never = Number.POSITIVE_INFINITY;

const cases: [string, QueuedDelivery[], number[]][] = [
  ["one alone", [one("a")], [0]],
  ["the second waits for the first", [one("a"), one("b")], [0, never]],
  ["a first one that fails holds back for 30 s", [one("a", 1_000), one("b")], [0, 31_000]],
  ["the third waits for the second", [one("a", 1_000), one("b"), one("c")], [0, 31_000, never]],
  ["the later of two that fail counts", [one("a", 1_000), one("b", 9_000), one("c")], [0, 31_000, 39_000]],
  ["what is shown at its end only waits for nobody", [one("a"), one("b", undefined, false)], [0, 0]],
  ["and holds nobody back", [one("a", undefined, false), one("b")], [0, 0]],
];
it.each(cases)("[LADDER-11] %s", (_, deliveries, expected) => {
  expect([...startTimes(deliveries).values()]).toEqual(expected);
  expect(mostHeldBackMs).toBe(30_000);
});
