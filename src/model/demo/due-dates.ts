/** Finds a due date in a promise and, given today's date, turns "by next Friday" into a day of the calendar. Pure. */

const weekdays = "sunday monday tuesday wednesday thursday friday saturday".split(" ");
const months = "january february march april may june july august september october november december".split(" ");
const dayMs = 86_400_000;

const month = `(?:${months.join("|")})`;
const number = String.raw`\d{1,2}(?:st|nd|rd|th)?`;
const spoken = [
  "end of (?:the |this |next )?(?:day|week|month)",
  "today|tonight|tomorrow|next week",
  `(?:this |next )?(?:${weekdays.join("|")})`,
  String.raw`${number}(?: of)? ${month}(?:,? \d{4})?`,
  String.raw`${month} ${number}(?:,? \d{4})?`,
  String.raw`\d{4}-\d\d-\d\d`,
];
const due = new RegExp(
  String.raw`\b(?:(?:by|before|until|on|due|no later than)\s+)?((?:the\s+)?(?:${spoken.join("|")}))\b`,
  "i",
);

/** The date as the text words it, followed by the calendar date where `today` (YYYY-MM-DD) lets it be computed; `undefined` when the text has none. */
export function dueIn(text: string, today: string | undefined): string | undefined {
  const words = due.exec(text)?.[1];
  if (words === undefined) return undefined;
  const todayMs = Date.parse(today ?? "");
  const dateMs = Number.isNaN(todayMs) ? undefined : calendarDate(words.toLowerCase(), todayMs);
  const date = dateMs === undefined ? words : new Date(dateMs).toISOString().slice(0, 10);
  return date === words ? words : `${words} (${date})`;
}

function calendarDate(words: string, todayMs: number): number | undefined {
  if (/^\d{4}-/.test(words)) return undefined;
  if (/today|tonight|end of (the |this )?day/.test(words)) return todayMs;
  if (words === "tomorrow") return todayMs + dayMs;
  if (/month$/.test(words)) return endOfMonth(todayMs, words.includes("next") ? 1 : 0);
  const weekday = weekdays.findIndex((name) => words.endsWith(name));
  if (weekday >= 0) return nextWeekday(weekday, todayMs, words.startsWith("next "));
  if (/end of (the |this )?week/.test(words)) return nextWeekday(5, todayMs - dayMs, false);
  if (words.endsWith("next week")) return nextWeekday(words.includes("end") ? 5 : 1, todayMs, true);
  return dayOfMonth(words, todayMs);
}

/** "4 December", "December 4th, 2027": without a year the next one there is, today included. */
function dayOfMonth(words: string, todayMs: number): number | undefined {
  const place = months.findIndex((name) => words.includes(name));
  const day = Number(/\d+/.exec(words)?.[0]);
  const year = Number(/\d{4}$/.exec(words)?.[0] ?? new Date(todayMs).getUTCFullYear());
  const ms = Date.UTC(year, place, day);
  const passed = ms < todayMs && !/\d{4}$/.test(words);
  const dateMs = passed ? Date.UTC(year + 1, place, day) : ms;
  // The calendar makes 3 March of "31 February".
  return new Date(dateMs).getUTCMonth() === place ? dateMs : undefined;
}

function endOfMonth(fromMs: number, monthsAhead: number): number {
  const from = new Date(fromMs);
  return Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + monthsAhead + 1, 0);
}

/** The first such weekday after `fromMs`; with `nextWeek`, the one in the week that begins with the coming Monday. */
function nextWeekday(weekday: number, fromMs: number, nextWeek: boolean): number {
  const ahead = (to: number, ms: number) => ((to - new Date(ms).getUTCDay() + 6) % 7) + 1;
  if (!nextWeek) return fromMs + ahead(weekday, fromMs) * dayMs;
  const monday = fromMs + ahead(1, fromMs) * dayMs;
  return monday + ((weekday + 6) % 7) * dayMs;
}
