import { describe, expect, it } from "vitest";
import { dueIn } from "../../../src/model/demo/due-dates.ts";

const on = (today: string, text: string) => dueIn(`send it ${text}`, today)?.match(/\d{4}-\d\d-\d\d/)?.[0];

describe("due dates", () => {
  it.each([
    // 2026-11-27 is a Friday.
    ["2026-11-27", "by Friday", "2026-12-04"],
    ["2026-11-27", "by next Friday", "2026-12-04"],
    ["2026-11-27", "by Thursday", "2026-12-03"],
    ["2026-11-27", "on Saturday", "2026-11-28"],
    ["2026-11-27", "by the end of the week", "2026-11-27"],
    ["2026-11-27", "by the end of next week", "2026-12-04"],
    ["2026-11-27", "next week", "2026-11-30"],
    // A Saturday and a Sunday: the week that is meant is the coming one.
    ["2026-11-28", "by end of week", "2026-12-04"],
    ["2026-11-29", "by Monday", "2026-11-30"],
    ["2026-11-29", "by next Monday", "2026-11-30"],
    ["2026-11-29", "tomorrow", "2026-11-30"],
    // The year changes.
    ["2026-12-31", "by tomorrow", "2027-01-01"],
    ["2026-12-31", "by Friday", "2027-01-01"],
    ["2026-12-28", "next Monday", "2027-01-04"],
    ["2026-12-28", "by 3 January", "2027-01-03"],
    ["2026-12-28", "on January 3rd", "2027-01-03"],
    ["2026-12-28", "by 28 December", "2026-12-28"],
    ["2026-12-28", "by 27 December", "2027-12-27"],
    // Ends of months.
    ["2026-11-30", "by tomorrow", "2026-12-01"],
    ["2026-11-10", "by the end of the month", "2026-11-30"],
    ["2026-11-10", "by end of month", "2026-11-30"],
    ["2026-11-10", "by the end of this month", "2026-11-30"],
    ["2026-12-10", "by the end of next month", "2027-01-31"],
    ["2028-02-01", "by the end of the month", "2028-02-29"],
    ["2026-11-30", "by the end of the month", "2026-11-30"],
    ["2028-01-15", "by 29 February", "2028-02-29"],
    // Days that do not exist, or say no day.
    ["2026-11-10", "by 31 February", undefined],
    ["2026-11-10", "by 0 December", undefined],
    ["2026-11-10", "by 31 November", undefined],
    ["2026-11-10", "by the way", undefined],
    ["2026-11-10", "by then, maybe", undefined],
    ["2026-11-10", "to the marching band", undefined],
  ])("[DEMO-9] on %s, %j is %s", (today, text, date) => {
    expect(on(today, text)).toBe(date);
  });

  it("[DEMO-9] a year that is named counts", () => {
    expect(on("2026-11-10", "by 5 January 2028")).toBe("2028-01-05");
    expect(on("2026-11-10", "by December 24, 2027")).toBe("2027-12-24");
  });

  it("[DEMO-9] a clock that shows no date resolves nothing, and nothing breaks", () => {
    expect(dueIn("send it by Friday", "2026-99-99")).toBe("Friday");
  });
});
