/** Tells the model what time it is: it has no clock, and none may stand in the prefix. */
import * as z from "zod/mini";
import { defineTool } from "./tool.ts";

export const currentTime = defineTool({
  name: "current_time",
  description:
    "The current date, time and weekday. Use it before you work with dates, and to resolve words like tomorrow or next Friday.",
  input: z.object({
    timezone: z
      .optional(z.string().check(z.maxLength(64)))
      .check(z.describe("IANA time zone such as Europe/Berlin; UTC when absent.")),
  }),
  effect: "none",
  run: ({ timezone = "UTC" }, { now }) => localTime(now(), timezone),
});

/** ISO 8601 with offset, weekday and zone. Throws for a zone that does not exist. */
function localTime(atMs: number, timezone: string): { iso: string; weekday: string; timezone: string } {
  const parts = partsOf(atMs, timezone);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? "";
  const offset = part("timeZoneName").replace("GMT", "") || "+00:00";
  const iso = `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}${offset}`;
  return { iso, weekday: part("weekday"), timezone };
}

function partsOf(atMs: number, timeZone: string): Intl.DateTimeFormatPart[] {
  try {
    const digits = "2-digit";
    const time = {
      hour: digits,
      minute: digits,
      second: digits,
      hourCycle: "h23",
      timeZoneName: "longOffset",
    } as const;
    const date = { year: "numeric", month: digits, day: digits, weekday: "long" } as const;
    return new Intl.DateTimeFormat("en-US", { timeZone, ...date, ...time }).formatToParts(atMs);
  } catch {
    throw new Error(
      `There is no time zone "${timeZone}". Use an IANA name such as Europe/Berlin, America/New_York or UTC.`,
    );
  }
}
