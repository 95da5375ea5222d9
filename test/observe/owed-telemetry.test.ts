import { beforeEach, expect, it } from "vitest";
import { mostOwed, OwedTelemetry } from "../../src/session/store/owed-telemetry.ts";
import { makeTables } from "../../src/session/store/schema.ts";
import { nodeStorage } from "../support/node-storage.ts";

let sql: SqlStorage;
beforeEach(() => {
  ({ sql } = nodeStorage());
  makeTables(sql);
});
const turn = (firstSeq: number) => ({ kind: "turn", firstSeq }) as const;

it("[EXPORT-9] what a collector never takes is bounded: the oldest are dropped, and counted", () => {
  const owed = new OwedTelemetry(sql);
  let dropped = 0;
  for (let seq = 1; seq <= mostOwed + 30; seq++) dropped += owed.add(turn(seq));
  expect([dropped, owed.state.dropped, owed.items.length]).toEqual([30, 30, mostOwed]);
  expect(owed.items[0]?.item).toEqual(turn(31));
  const again = new OwedTelemetry(sql);
  expect([again.state, again.items]).toEqual([owed.state, owed.items]);
});

it("[EXPORT-9] what was given up is kept, and what comes after it is sent without it", () => {
  const owed = new OwedTelemetry(sql);
  for (const seq of [1, 2]) owed.add(turn(seq));
  owed.change({ deadId: owed.items.at(-1)?.id ?? 0, letter: "owed" });
  owed.add(turn(3));
  expect(owed.live.map(({ item }) => item)).toEqual([turn(3)]);
  owed.remove(owed.live.map(({ id }) => id));
  owed.change({ deadId: 0 });
  expect(new OwedTelemetry(sql).live.map(({ item }) => item)).toEqual([turn(1), turn(2)]);
});
