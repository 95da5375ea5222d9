/** Reads a cron expression of five fields, and finds when it is due next in a time zone. Pure. */
import { WallDay, wallAt } from "./zone-time.ts";

export interface Cron {
  minutes: readonly number[];
  hours: readonly number[];
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
  /** The field of the hour names no hours (`*`): it goes by the hours that pass, not by those on the wall. */
  isHourly: boolean;
  /** Both the day of the month and the weekday are named: either is enough (crontab(5)). */
  isEitherDay: boolean;
}

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** The expression, or what is wrong with it. */
export function parseCron(text: string): Cron | { fault: string } {
  const fields = text.trim().split(/\s+/);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  if (fields.length !== 5) return { fault: `has ${fields.length} fields, and needs 5: minute hour day month weekday` };
  const minutes = valuesOf(minute, { name: "minute", from: 0, to: 59 });
  const hours = valuesOf(hour, { name: "hour", from: 0, to: 23 });
  const days = valuesOf(day, { name: "day", from: 1, to: 31 });
  const months = valuesOf(month, { name: "month", from: 1, to: 12, names: monthNames });
  // Sunday is 0 and 7.
  const weekdays = valuesOf(weekday, { name: "weekday", from: 0, to: 7, names: dayNames });
  for (const each of [minutes, hours, days, months, weekdays]) if ("fault" in each) return each;
  const named = { minutes, hours, days, months, weekdays } as Record<string, number[]>;
  const cron = {
    minutes: named.minutes ?? [],
    hours: named.hours ?? [],
    days: new Set(named.days),
    months: new Set(named.months),
    weekdays: new Set((named.weekdays ?? []).map((each) => each % 7)),
    isHourly: hour === "*",
    isEitherDay: !day.startsWith("*") && !weekday.startsWith("*"),
  };
  // The days of ten years are looked through.
  return nextDue(cron, "UTC", 0) === undefined ? { fault: "is never due: no month has such a day" } : cron;
}

interface CronField {
  name: string;
  from: number;
  to: number;
  names?: readonly string[];
}

function valuesOf(text: string, field: CronField): number[] | { fault: string } {
  const { name, from, to, names } = field;
  const fault = {
    fault: `has the ${name} "${text.slice(0, 40)}": use *, numbers from ${from} to ${to}, lists (1,2), ranges (1-5) and steps (*/5)`,
  };
  const values = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const [, range = "", step] = /^([a-z0-9*-]+)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    const [first = "", last] = range.split("-");
    const numberOf = (each: string) => {
      const place = names?.indexOf(each) ?? -1;
      return place >= 0 ? place + (from === 1 ? 1 : 0) : /^\d{1,2}$/.test(each) ? Number(each) : Number.NaN;
    };
    const low = range === "*" ? from : numberOf(first);
    const open = range === "*" || step !== undefined ? to : low;
    const high = last === undefined ? open : numberOf(last);
    const by = step === undefined ? 1 : Number(step);
    if (!(low >= from && high <= to && low <= high && by >= 1) || range.split("-").length > 2) return fault;
    for (let value = low; value <= high; value += by) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** February 29 may come after eight years. */
const mostDays = 366 * 9;

/**
 * When it is due first after a moment, in ms since 1970. A time on the wall that is skipped is meant later by what is skipped,
 * one that comes twice is meant once, the first time; an expression whose hour is `*` is due in each hour that passes.
 */
export function nextDue(cron: Cron, zone: string, afterMs: number): number | undefined {
  const wall = wallAt(afterMs, zone);
  // A time that is skipped may be due on the wall of the hour before, and one that comes twice an hour before again.
  const yesterday = Math.floor(wall / dayMs) * dayMs - dayMs;
  const dueOn = (at: number) => {
    const day = yesterday + at * dayMs;
    if (!isOn(cron, new Date(day))) return undefined;
    const fromHour = Math.max(0, Math.floor((wall - day) / hourMs) - 3);
    return firstOn(cron, { zone, day, fromHour }, afterMs);
  };
  // Where a whole day was skipped, its times lie among those of the next one.
  const early = [dueOn(0), dueOn(1)].filter((due) => due !== undefined);
  if (early.length > 0) return Math.min(...early);
  for (let at = 2; at < mostDays; at++) {
    const due = dueOn(at);
    if (due !== undefined) return due;
  }
  return undefined;
}

function isOn({ days, months, weekdays, isEitherDay }: Cron, day: Date): boolean {
  if (!months.has(day.getUTCMonth() + 1)) return false;
  const isDay = days.has(day.getUTCDate());
  const isWeekday = weekdays.has(day.getUTCDay());
  return isEitherDay ? isDay || isWeekday : isDay && isWeekday;
}

/** The first moment of a day on the wall that is after `afterMs`. Later hours of the wall may come earlier, within three hours of one another. */
function firstOn(
  { hours, minutes, isHourly }: Cron,
  { zone, day, fromHour }: { zone: string; day: number; fromHour: number },
  afterMs: number,
): number | undefined {
  const wallDay = new WallDay(day, zone);
  let found: { dueMs: number; hour: number } | undefined;
  for (const hour of hours) {
    if (hour < fromHour) continue;
    if (found !== undefined && hour > found.hour + 3) break;
    for (const minute of minutes) {
      const wall = day + hour * hourMs + minute * 60_000;
      const moments = isHourly ? wallDay.moments(wall) : [wallDay.moment(wall)];
      const dueMs = moments.find((atMs) => atMs > afterMs);
      if (dueMs !== undefined && dueMs < (found?.dueMs ?? Number.POSITIVE_INFINITY)) {
        found = { dueMs, hour: found?.hour ?? hour };
      }
    }
  }
  return found?.dueMs;
}
