/** The limits of an account as a form has them: texts, with money in dollars. Pure. */
import type * as z from "zod/mini";
import type { account } from "../../doors/shapes.ts";

export type AccountJson = z.infer<typeof account>;

export interface LimitTexts {
  budget: string;
  /** `month` or `total`. */
  period: string;
  rate: string;
  models: string;
}

export function limitTexts({ budget_micros, budget_period, rate_per_minute, models }: AccountJson): LimitTexts {
  return {
    budget: budget_micros === null ? "" : String(budget_micros / 1_000_000),
    period: budget_period,
    rate: rate_per_minute === null ? "" : String(rate_per_minute),
    models: (models ?? []).join(", "),
  };
}

export type LimitChange = Pick<AccountJson, "budget_micros" | "budget_period" | "rate_per_minute" | "models">;

/** The body of a change; an empty text takes the limit away. A text that is no figure is a sentence for the person instead. */
export function limitChange({ budget, period, rate, models }: LimitTexts): LimitChange | string {
  const dollars = budget.trim() === "" ? null : Number(budget.replace(/^\s*\$/, ""));
  if (dollars !== null && !(dollars >= 0)) return "The budget must be dollars, such as 25 or 0.5.";
  const perMinute = rate.trim() === "" ? null : Number(rate);
  if (perMinute !== null && !(Number.isInteger(perMinute) && perMinute > 0))
    return "The rate must be a whole number of requests per minute.";
  const names = models.split(/[\s,]+/).filter((name) => name !== "");
  return {
    budget_micros: dollars === null ? null : Math.round(dollars * 1_000_000),
    budget_period: period === "month" ? "month" : "total",
    rate_per_minute: perMinute,
    models: names.length === 0 ? null : names,
  };
}

/** Part of the budget that is spent or reserved, 0 to 1; null without a budget. */
export function spentShare({ budget_micros, spent_micros, reserved_micros }: AccountJson): number | null {
  if (budget_micros === null) return null;
  return budget_micros === 0 ? 1 : Math.min(1, (spent_micros + reserved_micros) / budget_micros);
}
