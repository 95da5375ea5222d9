import { expect, it } from "vitest";
import { alerts } from "../../src/doors/alerts.ts";
import { type AlertRule, alertText } from "../../src/observe/alert-rule.ts";

const rule: AlertRule = { metric: "failed_turns", over: 5, windowMinutes: 15, to: { channel: "slack" } };

it.each([
  [{ metric: "turns" }, "metric must be one of"],
  [{ over: -1 }, "over must be"],
  [{ over: Number.NaN }, "over must be"],
  [{ windowMinutes: 0 }, "windowMinutes must be"],
  [{ windowMinutes: 1.5 }, "windowMinutes must be"],
  [{ windowMinutes: 1_441 }, "windowMinutes must be"],
  [{ to: undefined }, "to must be an address"],
])("[ALERT-3] %j stops the Worker at its start", (more, words) => {
  expect(() => alerts([rule, { ...rule, ...more } as AlertRule])).toThrow(`alerts[1]: ${words}`);
  expect(alerts([rule]).rules).toEqual([rule]);
});

it.each([
  ["failed_turns", 6, "Failed turns in the last 15 min: 6, which is over 5."],
  ["cost_micros", 2_500_000, "Cost in the last 15 min: 2.50 USD, which is over 1.00 USD."],
  ["first_event_ms", 1_234.5, "Average time to the first event in the last 15 min: 1235 ms, which is over 1000 ms."],
] as const)("[ALERT-2] says in words that %s was passed", (metric, value, words) => {
  const over = { failed_turns: 5, cost_micros: 1_000_000, first_event_ms: 1_000 }[metric];
  const notice = { id: "1", rule: { ...rule, metric, over }, state: "breached", value, atMs: 0 } as const;
  expect(alertText(notice)).toContain(words);
  expect(alertText({ ...notice, state: "recovered", value: null })).toContain("none, which is not over");
});
