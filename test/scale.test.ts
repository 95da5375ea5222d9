import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { costTable, listPrices, monthOf, plainTurn } from "./support/turn-cost.ts";

const loads = [
  { turnsPerSecond: 1, accounts: 1 },
  { turnsPerSecond: 100, accounts: 1 },
  { turnsPerSecond: 10_000, accounts: 100 },
];

it("[SCALE-2] the cost table of docs/scale.md is what the counted turn costs by the list prices", () => {
  expect(readFileSync("docs/scale.md", "utf8")).toContain(costTable(loads));
});

it("[SCALE-2] what the plan includes is free, and the next million of a meter has its price", () => {
  const small = monthOf(0.1, 1);
  expect(small.turns).toBe(259_200);
  expect(small.dollars).toMatchObject({ workerRequests: 0, objectRequests: 0, rowsWritten: 0, storedGb: 0 });
  const { included, perMillion } = listPrices.rowsWritten;
  const rows = 100 * 2_592_000 * (plainTurn.sessionRows + plainTurn.accountRows);
  expect(monthOf(100, 1).dollars.rowsWritten).toBeCloseTo(((rows - included) / 1e6) * perMillion, 6);
  // An object that never rests is billed for 128 MB: 331,776 GB-s in 30 days, of which the plan includes 400,000.
  expect(monthOf(0, 1)).toMatchObject({ total: 5, used: { objectGbSeconds: 331_776 } });
});
