import { describe, expect, it } from "vitest";
import { type Cron, nextDue, parseCron } from "../../../src/doors/schedules/cron.ts";
import { isZone, WallDay } from "../../../src/doors/schedules/zone-time.ts";

function dues(text: string, zone: string, after: string, count: number): string[] {
  const cron = parseCron(text);
  if ("fault" in cron) throw new Error(cron.fault);
  const found: string[] = [];
  let atMs = Date.parse(after);
  for (let n = 0; n < count; n++) {
    atMs = nextDue(cron as Cron, zone, atMs) ?? Number.NaN;
    found.push(new Date(atMs).toISOString().replace(":00.000Z", "Z"));
  }
  return found;
}

const rows: [what: string, cron: string, zone: string, after: string, expected: string[]][] = [
  ["each weekday at nine", "0 9 * * 1-5", "UTC", "2026-11-27T09:00Z", ["2026-11-30T09:00Z", "2026-12-01T09:00Z"]],
  [
    "on a wall to the east",
    "30 8 * * *",
    "Asia/Kolkata",
    "2026-11-26T00:00Z",
    ["2026-11-26T03:00Z", "2026-11-27T03:00Z"],
  ],
  [
    "on a wall to the west",
    "0 23 * * *",
    "America/Los_Angeles",
    "2026-11-26T00:00Z",
    ["2026-11-26T07:00Z", "2026-11-27T07:00Z"],
  ],
  [
    "names and steps",
    "*/30 8-9 * dec mon",
    "UTC",
    "2026-11-26T00:00Z",
    ["2026-12-07T08:00Z", "2026-12-07T08:30Z", "2026-12-07T09:00Z", "2026-12-07T09:30Z", "2026-12-14T08:00Z"],
  ],
  [
    "either day where both are named",
    "0 0 13 * fri",
    "UTC",
    "2026-11-07T00:00Z",
    [
      "2026-11-13T00:00Z",
      "2026-11-20T00:00Z",
      "2026-11-27T00:00Z",
      "2026-12-04T00:00Z",
      "2026-12-11T00:00Z",
      "2026-12-13T00:00Z",
    ],
  ],
  ["sunday is 0 and 7", "0 0 * * 7", "UTC", "2026-11-26T00:00Z", ["2026-11-29T00:00Z"]],
  ["a leap day", "0 12 29 2 *", "UTC", "2026-01-01T00:00Z", ["2028-02-29T12:00Z", "2032-02-29T12:00Z"]],
  ["the last minute of a year", "59 23 31 12 *", "UTC", "2026-12-31T23:59Z", ["2027-12-31T23:59Z"]],
  // Clocks of Berlin go from 02:00 to 03:00 on 2026-03-29, and from 03:00 to 02:00 on 2026-10-25.
  [
    "a skipped time is later by what is skipped",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-03-28T02:00Z",
    ["2026-03-29T01:30Z", "2026-03-30T00:30Z"],
  ],
  [
    "a doubled time is due once, the first time",
    "30 2 * * *",
    "Europe/Berlin",
    "2026-10-24T12:00Z",
    ["2026-10-25T00:30Z", "2026-10-26T01:30Z"],
  ],
  [
    "by the hour: each hour that passes, where one is skipped",
    "30 * * * *",
    "Europe/Berlin",
    "2026-03-29T00:00Z",
    ["2026-03-29T00:30Z", "2026-03-29T01:30Z", "2026-03-29T02:30Z"],
  ],
  [
    "by the hour: each hour that passes, where one is doubled",
    "30 * * * *",
    "Europe/Berlin",
    "2026-10-24T23:00Z",
    ["2026-10-24T23:30Z", "2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:30Z"],
  ],
  [
    "by the quarter in the doubled hour",
    "0,30 * * * *",
    "Europe/Berlin",
    "2026-10-25T00:00Z",
    ["2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"],
  ],
  ["after the first of a doubled time", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30Z", ["2026-10-26T01:30Z"]],
  ["half an hour that is skipped", "15 2 4 10 *", "Australia/Lord_Howe", "2026-10-01T00:00Z", ["2026-10-03T15:45Z"]],
  [
    "a midnight that is skipped",
    "0 0 * * *",
    "America/Santiago",
    "2026-09-05T12:00Z",
    ["2026-09-06T04:00Z", "2026-09-07T03:00Z"],
  ],
];

describe("a cron expression", () => {
  it.each(rows)("[SCHED-2] %s: %s in %s", (_, cron, zone, after, expected) => {
    expect(dues(cron, zone, after, expected.length)).toEqual(expected);
  });

  const faults: [cron: string, words: string][] = [
    ["", "has 1 fields"],
    ["* * * *", "has 4 fields"],
    ["0 0 0 * * *", "has 6 fields"],
    ["60 * * * *", 'the minute "60"'],
    ["* 24 * * *", 'the hour "24"'],
    ["* * 0 * *", 'the day "0"'],
    ["* * * 13 *", 'the month "13"'],
    ["* * * * 8", 'the weekday "8"'],
    ["*/0 * * * *", 'the minute "*/0"'],
    ["5-1 * * * *", 'the minute "5-1"'],
    ["1-2-3 * * * *", 'the minute "1-2-3"'],
    ["a * * * *", 'the minute "a"'],
    ["1,, * * * *", 'the minute "1,,"'],
    ["@daily", "has 1 fields"],
    ["0 0 31 2 *", "is never due"],
  ];
  it.each(faults)("[SCHED-2] %s is refused with the field", (cron, words) => {
    expect(parseCron(cron)).toMatchObject({ fault: expect.stringContaining(words) });
  });

  it("[SCHED-2] its next time is found in time, also where it is rare or by the minute", () => {
    const cron = parseCron("* * * * *") as Cron;
    let atMs = Date.UTC(2026, 9, 25, 0, 30);
    for (let n = 1; n <= 60; n++) {
      const due = nextDue(cron, "Europe/Berlin", atMs);
      expect(due).toBe(atMs + 60_000);
      atMs = due ?? 0;
    }
  });

  it("[SCHED-2] zones are IANA names; a wall's time has one moment, two or none", () => {
    expect(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"].map(isZone)).toEqual([true, true, true]);
    expect(["", "Berlin", "+01:00", "Mars/Base", "a\u0000b", "../etc"].map(isZone)).toEqual(Array(6).fill(false));
    const berlin = (wall: string) => {
      const day = new WallDay(Date.parse(`${wall.slice(0, 10)}T00:00:00Z`), "Europe/Berlin");
      return day.moments(Date.parse(`${wall}:00Z`)).length;
    };
    expect([berlin("2026-03-29T02:30"), berlin("2026-10-25T02:30"), berlin("2026-10-25T04:30")]).toEqual([0, 2, 1]);
  });
});
