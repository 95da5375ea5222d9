/** Finds a due date in a promise and, given today's date, turns "by next Friday" into a day of the calendar. Pure. */

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const months = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const dayMs = 86_400_000;

/** The date as it was said, with the calendar date behind it where `today` (YYYY-MM-DD) lets it be known; `undefined` when none was said. */
export function dueIn(text: string, today: string | undefined): string | undefined {
  const said = new RegExp(
    String.raw`\b(?:(?:by|before|until|on|due|no later than)\s+)?((?:the\s+)?(?:end of (?:the |this |next )?(?:day|week|month)|today|tonight|tomorrow|(?:this |next )?(?:${weekdays.join("|")})|next week|(?:the )?\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:${months.join("|")})|(?:${months.join("|")}) \d{1,2}(?:st|nd|rd|th)?|\d{4}-\d\d-\d\d))\b`,
    "i",
  ).exec(text)?.[1];
  if (said === undefined) return undefined;
  const date = today === undefined ? undefined : calendarDate(said.toLowerCase(), Date.parse(today));
  return date === undefined || date === said ? said : `${said} (${date})`;
}

function calendarDate(said: string, todayMs: number): string | undefined {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  if (/^\d{4}-/.test(said)) return said;
  if (/today|tonight|end of (the |this )?day/.test(said)) return day(todayMs);
  if (said === "tomorrow") return day(todayMs + dayMs);
  const weekday = weekdays.findIndex((name) => said.endsWith(name));
  if (weekday >= 0) return day(nextWeekday(weekday, todayMs, said.startsWith("next ")));
  if (/end of (the |this )?week/.test(said)) return day(nextWeekday(5, todayMs - dayMs, false));
  if (/next week/.test(said)) return day(nextWeekday(/end/.test(said) ? 5 : 1, todayMs, true));
  const month = months.findIndex((name) => said.includes(name));
  const number = Number(/\d{1,2}/.exec(said)?.[0]);
  if (month < 0 || !(number >= 1 && number <= 31)) return undefined;
  const year = new Date(todayMs).getUTCFullYear();
  const date = Date.UTC(year, month, number);
  return day(date < todayMs ? Date.UTC(year + 1, month, number) : date);
}

/** The first such weekday after `fromMs`; with `nextWeek`, the one in the week that begins with the coming Monday. */
function nextWeekday(weekday: number, fromMs: number, nextWeek: boolean): number {
  const ahead = (to: number, ms: number) => ((to - new Date(ms).getUTCDay() + 6) % 7) + 1;
  if (!nextWeek) return fromMs + ahead(weekday, fromMs) * dayMs;
  const monday = fromMs + ahead(1, fromMs) * dayMs;
  return monday + ((weekday + 6) % 7) * dayMs;
}
