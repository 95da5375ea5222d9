/** What a plain turn costs at Cloudflare's meters, as tests count it, and what a month of such turns costs. `docs/scale.md` shows the table. */

import type { Prices } from "../../src/core/cost.ts";

/**
 * One message to a warm session, answered in one model call without tools, for an account without a budget.
 * Counted by SCALE-1 and SESSION-6, but for the last three, which are assumptions.
 */
export const plainTurn = {
  workerRequests: 1,
  sessionRequests: 1,
  sessionRows: 8,
  accountRequests: 1,
  accountRows: 14,
  /** CPU of the Worker that relays the answer, in ms; objects are billed by duration in its stead. An assumption. */
  workerCpuMs: 6,
  /** How long the session's object is active for it, in s: about an answer of 500 tokens at 60 a second. An assumption. */
  activeSeconds: 8,
  /** Bytes that it leaves in both databases. An assumption. */
  storedBytes: 6_000,
};

/**
 * Cloudflare's list prices in US dollars, and what the paid plan of 5 dollars a month includes, as read on 2026-11-25
 * (developers.cloudflare.com: /durable-objects/platform/pricing, /workers/platform/pricing).
 */
export const listPrices = {
  plan: 5,
  workerRequests: { included: 10e6, perMillion: 0.3 },
  workerCpuMs: { included: 30e6, perMillion: 0.02 },
  objectRequests: { included: 1e6, perMillion: 0.15 },
  objectGbSeconds: { included: 400e3, perMillion: 12.5 },
  rowsWritten: { included: 50e6, perMillion: 1 },
  /** GB that are stored for a month. */
  storedGb: { included: 5, perMillion: 200_000 },
};

/** Memory that an active object is billed for, in GB: 128 MB, whatever it uses. */
const objectGb = 0.128;
const secondsOfMonth = 30 * 24 * 3_600;

export interface Month {
  turns: number;
  /** What is used of each meter. */
  used: Record<Exclude<keyof typeof listPrices, "plan">, number>;
  /** US dollars by meter, and all of it with the plan. */
  dollars: Record<Exclude<keyof typeof listPrices, "plan">, number>;
  total: number;
}

/** A month of `turnsPerSecond`, in `accounts` whose objects never rest. What earlier months stored is not in it. */
export function monthOf(turnsPerSecond: number, accounts: number): Month {
  const turns = turnsPerSecond * secondsOfMonth;
  const { sessionRequests, accountRequests, sessionRows, accountRows } = plainTurn;
  const used = {
    workerRequests: turns * plainTurn.workerRequests,
    workerCpuMs: turns * plainTurn.workerCpuMs,
    objectRequests: turns * (sessionRequests + accountRequests),
    objectGbSeconds: (turns * plainTurn.activeSeconds + accounts * secondsOfMonth) * objectGb,
    rowsWritten: turns * (sessionRows + accountRows),
    storedGb: (turns * plainTurn.storedBytes) / 1e9,
  };
  const meters = Object.keys(used) as (keyof typeof used)[];
  const dollars = Object.fromEntries(
    meters.map((meter) => {
      const { included, perMillion } = listPrices[meter];
      return [meter, (Math.max(0, used[meter] - included) * perMillion) / 1e6];
    }),
  ) as Month["dollars"];
  return { turns, used, dollars, total: listPrices.plan + meters.reduce((sum, meter) => sum + dollars[meter], 0) };
}

const words: Record<keyof Month["used"], string> = {
  workerRequests: "requests of the Worker",
  workerCpuMs: "CPU of the Worker, ms",
  objectRequests: "requests of objects",
  objectGbSeconds: "duration of objects, GB-s",
  rowsWritten: "rows written",
  storedGb: "new storage, GB",
};

const counted = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const money = (dollars: number) => `$${Math.round(dollars).toLocaleString("en")}`;

/** The Markdown table of `docs/scale.md`. */
export function costTable(loads: readonly { turnsPerSecond: number; accounts: number }[]): string {
  const months = loads.map(({ turnsPerSecond, accounts }) => ({
    head: `${turnsPerSecond.toLocaleString("en")} turns/s`,
    month: monthOf(turnsPerSecond, accounts),
  }));
  const row = (name: string, cell: (month: Month) => string) =>
    `| ${name} | ${months.map(({ month }) => cell(month)).join(" | ")} |`;
  return [
    `| a month of | ${months.map(({ head }) => head).join(" | ")} |`,
    `|---|${months.map(() => "---|").join("")}`,
    row("turns", ({ turns }) => counted.format(turns)),
    ...(Object.keys(words) as (keyof Month["used"])[]).map((meter) =>
      row(words[meter], ({ used, dollars }) => `${counted.format(used[meter])}: ${money(dollars[meter])}`),
    ),
    row("**all, with the plan**", ({ total }) => `**${money(total)}**`),
    row("a million turns", ({ total, turns }) => money((total / turns) * 1e6)),
  ].join("\n");
}

/**
 * What the free plan of Cloudflare includes a day, as read on 2026-11-26 (developers.cloudflare.com: /workers/platform/limits,
 * /durable-objects/platform/pricing). What is over it fails until 00:00 UTC.
 */
export const freePlan = {
  workerRequests: 100_000,
  objectRequests: 100_000,
  objectGbSeconds: 13_000,
  rowsWritten: 100_000,
};

/** How many plain turns a day each meter of the free plan allows; of duration, where the account's object never rests. */
export function freeTurns(): Record<keyof typeof freePlan, number> {
  const { workerRequests, sessionRequests, accountRequests, sessionRows, accountRows, activeSeconds } = plainTurn;
  const account = 86_400 * objectGb;
  return {
    workerRequests: freePlan.workerRequests / workerRequests,
    objectRequests: freePlan.objectRequests / (sessionRequests + accountRequests),
    objectGbSeconds: (freePlan.objectGbSeconds - account) / (activeSeconds * objectGb),
    rowsWritten: freePlan.rowsWritten / (sessionRows + accountRows),
  };
}

/** The turn that costs of models are compared by. `cachedShare`: of the input, in a conversation that goes on. */
const comparedTurn = { inputTokens: 2_000, cachedShare: 0.8, outputTokens: 500 };

/** US dollars of a thousand such turns, with the cache and as if nothing were ever cached. `prices`: micro-dollars a million tokens. */
export function thousandTurns({ hit, miss, output }: Prices): { cached: number; uncached: number } {
  const { inputTokens, cachedShare, outputTokens } = comparedTurn;
  const dollars = (cached: number) =>
    (1_000 * (inputTokens * (cached * hit + (1 - cached) * miss) + outputTokens * output)) / 1e12;
  return { cached: dollars(cachedShare), uncached: dollars(0) };
}

/** The Markdown table of `docs/scale.md`: what caching saves at each provider. */
export function modelTable(models: readonly { name: string; prices: Prices }[]): string {
  const rows = models.map(({ name, prices }) => {
    const { cached, uncached } = thousandTurns(prices);
    const list = [prices.hit, prices.miss, prices.output].map((each) => `$${each / 1e6}`).join(" / ");
    const saved = Math.round((1 - cached / uncached) * 100);
    return `| ${name} | ${list} | $${uncached.toFixed(3)} | **$${cached.toFixed(3)}** | ${saved} % |`;
  });
  const head =
    "| model at | a million tokens: cached / other input / output | 1,000 turns, nothing cached | 80 % cached | less |";
  return [head, "|---|---|---|---|---|", ...rows].join("\n");
}
