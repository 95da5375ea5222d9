import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { profileFor } from "../src/model/catalog.ts";
import {
  costTable,
  freeTurns,
  listPrices,
  modelTable,
  monthOf,
  plainTurn,
  thousandTurns,
} from "./support/turn-cost.ts";

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

const pricesOf = (modelId: string, host: string) =>
  profileFor({ modelId, baseUrl: `https://${host}/v1`, demo: false }).prices;
const models = [
  { name: "CometAPI: `deepseek-v3.2-exp`", prices: pricesOf("deepseek-v3.2-exp", "api.cometapi.com") },
  { name: "DeepSeek: `deepseek-flash`", prices: pricesOf("deepseek-flash", "api.deepseek.com") },
  { name: "DeepSeek: `deepseek-v4-pro`", prices: pricesOf("deepseek-v4-pro", "api.deepseek.com") },
];

it("[SCALE-3] what the cache saves at each provider is computed from the prices of the catalog, and is nothing where cached input has no price of its own", () => {
  const document = readFileSync("docs/scale.md", "utf8");
  expect(document).toContain(modelTable(models));
  const shares = models.map(({ prices }) => {
    const { cached, uncached } = thousandTurns(prices);
    return Math.round((1 - cached / uncached) * 100);
  });
  expect(shares[0]).toBe(0);
  expect(readFileSync("README.md", "utf8")).toContain(`${Math.min(...shares.slice(1))} to ${Math.max(...shares)} %`);
});

it("[SCALE-4] the price of a thousand turns at Cloudflare, and how many a day its free plan allows, are computed from the counts", () => {
  const document = readFileSync("docs/scale.md", "utf8");
  const { workerRequests, workerCpuMs, objectRequests, objectGbSeconds, rowsWritten, storedGb } = listPrices;
  const micros =
    workerRequests.perMillion * plainTurn.workerRequests +
    workerCpuMs.perMillion * plainTurn.workerCpuMs +
    objectRequests.perMillion * (plainTurn.sessionRequests + plainTurn.accountRequests) +
    objectGbSeconds.perMillion * plainTurn.activeSeconds * 0.128 +
    rowsWritten.perMillion * (plainTurn.sessionRows + plainTurn.accountRows) +
    (storedGb.perMillion * plainTurn.storedBytes) / 1e9;
  expect(document).toContain(`1,000 turns cost $${(micros / 1_000).toFixed(3)} at Cloudflare`);
  const turns = freeTurns();
  const about = (count: number) => (Math.floor(count / 100) * 100).toLocaleString("en");
  expect(document).toContain(`about ${about(turns.rowsWritten)} plain turns a day`);
  expect(document).toContain(`about ${about(turns.objectGbSeconds)} where`);
  expect(Math.min(turns.workerRequests, turns.objectRequests)).toBeGreaterThan(turns.rowsWritten);
});
