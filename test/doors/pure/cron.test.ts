import { describe, expect, it } from "vitest";
import { type Cron, nextDue, parseCron } from "../../../src/doors/schedules/cron.ts";
import { isZone, WallDay } from "../../../src/doors/schedules/zone-time.ts";
import { randomOf } from "../../support/random.ts";

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

/** What other libraries got wrong, as their issues report it; the moments are those that the reports expect, by the rule of SCHED-2 where they leave it open. */
const reported: typeof rows = [
  [
    "robfig/cron#12, kelektiv/node-cron#563: a skipped hour is not a skipped day",
    "0 2 * * *",
    "America/Los_Angeles",
    "2014-03-09T09:00Z",
    ["2014-03-09T10:00Z", "2014-03-10T09:00Z"],
  ],
  [
    "robfig/cron#12: not a second time in the repeated hour",
    "0 1 * * *",
    "America/Los_Angeles",
    "2014-11-02T08:00Z",
    ["2014-11-03T09:00Z"],
  ],
  [
    "robfig/cron#12: by the hour, forward",
    "0 * * * *",
    "America/Los_Angeles",
    "2014-03-09T08:00Z",
    ["2014-03-09T09:00Z", "2014-03-09T10:00Z", "2014-03-09T11:00Z"],
  ],
  [
    "robfig/cron#12: by the hour, back",
    "0 * * * *",
    "America/Los_Angeles",
    "2014-11-02T07:00Z",
    ["2014-11-02T08:00Z", "2014-11-02T09:00Z", "2014-11-02T10:00Z"],
  ],
  [
    "cronie#218: no day of 23 hours is passed over",
    "0 12 * * 0",
    "Europe/Berlin",
    "2022-03-24T11:00Z",
    ["2022-03-27T10:00Z", "2022-04-03T10:00Z"],
  ],
  [
    "cronie#217: into a month with another offset",
    "* * * */3 *",
    "America/New_York",
    "2015-02-15T05:00Z",
    ["2015-04-01T04:00Z", "2015-04-01T04:01Z"],
  ],
  [
    "cronie#124: UTC has no such days",
    "30 1 * * *",
    "UTC",
    "2022-10-30T00:50Z",
    ["2022-10-30T01:30Z", "2022-10-31T01:30Z"],
  ],
  [
    "croner#284: nor where the machine's own zone changes",
    "0 * * * *",
    "UTC",
    "2025-10-05T02:00Z",
    ["2025-10-05T03:00Z"],
  ],
  [
    "croner#132: a midnight after a repeated evening",
    "0 0 * * *",
    "America/Santiago",
    "2025-04-04T12:00Z",
    ["2025-04-05T03:00Z", "2025-04-06T04:00Z", "2025-04-07T04:00Z"],
  ],
  [
    "cron-parser#25: a day without a midnight",
    "0 0 * * *",
    "America/Sao_Paulo",
    "2014-10-18T12:00Z",
    ["2014-10-19T03:00Z", "2014-10-20T02:00Z"],
  ],
  [
    "nats-server#8543: a later time of such a day",
    "0 1 4 11 *",
    "America/Sao_Paulo",
    "2018-11-04T02:00Z",
    ["2018-11-04T03:00Z", "2019-11-04T04:00Z"],
  ],
  [
    "cron-parser#404: in the gap",
    "30 2 * * 7",
    "Europe/Rome",
    "2025-03-28T23:00Z",
    ["2025-03-30T01:30Z", "2025-04-06T00:30Z"],
  ],
  ["cron-parser#404: after the gap", "0 3 * * 7", "Europe/Rome", "2025-03-28T23:00Z", ["2025-03-30T01:00Z"]],
  ["cron-parser#404: later that day", "0 5 * * 7", "Europe/Rome", "2025-03-28T23:00Z", ["2025-03-30T03:00Z"]],
  ["kelektiv/node-cron#638: ends", "30 2 * * *", "Europe/Amsterdam", "2023-03-25T12:00Z", ["2023-03-26T01:30Z"]],
  [
    "librefang#3831: forward and back",
    "30 2 * * *",
    "America/New_York",
    "2025-03-08T12:00Z",
    ["2025-03-09T07:30Z", "2025-03-10T06:30Z"],
  ],
  [
    "librefang#3831: the first of two",
    "30 1 * * *",
    "America/New_York",
    "2025-11-01T12:00Z",
    ["2025-11-02T05:30Z", "2025-11-03T06:30Z"],
  ],
];

/** What the wall shows, by the runtime's own rules alone. */
function wallOf(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return (atMs) => Date.parse(`${format.format(atMs).replace(" ", "T")}:00Z`);
}

const quarter = 900_000;

/** Every moment of three days at which an expression of quarters is due: found by looking at each quarter of an hour that passes. */
function duesBySearch(of: { hours: number[]; minutes: number[]; zone: string; fromMs: number }): number[] {
  const { hours, minutes, zone, fromMs } = of;
  const wall = wallOf(zone);
  const passed = Array.from({ length: 5 * 96 }, (_, n) => fromMs - 96 * quarter + n * quarter);
  const walls = passed.map(wall);
  const days = [...new Set(walls.map((at) => Math.floor(at / 86_400_000)))].slice(1, -1);
  const found = days.flatMap((day) =>
    hours.flatMap((hour) =>
      minutes.map((minute) => {
        const wanted = day * 86_400_000 + hour * 3_600_000 + minute * 60_000;
        const first = walls.indexOf(wanted);
        if (first >= 0) return passed[first] ?? 0;
        // Skipped: as far after the jump as the time is after the last one before it.
        const before = walls.findLastIndex((at, n) => at < wanted && (walls[n + 1] ?? 0) > wanted);
        return (passed[before] ?? 0) + wanted - (walls[before] ?? 0);
      }),
    ),
  );
  return [...new Set(found)]
    .toSorted((a, b) => a - b)
    .filter((atMs) => atMs > fromMs && atMs <= fromMs + 2 * 86_400_000);
}

/** Days on which clocks change, of all kinds: an hour, half an hour, two hours, at midnight, in the evening, a whole day. */
const changes: [zone: string, day: string][] = [
  ["Europe/Berlin", "2026-03-29"],
  ["Europe/Berlin", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/St_Johns", "2026-11-01"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Antarctica/Troll", "2026-10-25"],
  ["America/Santiago", "2026-04-05"],
  ["America/Santiago", "2026-09-06"],
  ["Asia/Beirut", "2026-03-29"],
  ["Africa/Cairo", "2026-04-24"],
  ["Africa/Cairo", "2026-10-30"],
  ["Pacific/Chatham", "2026-09-27"],
  ["America/Havana", "2026-11-01"],
  ["Africa/Casablanca", "2026-02-15"],
  ["Pacific/Apia", "2011-12-30"],
];

describe("a cron expression", () => {
  it.each(reported)("[SCHED-2] %s", (_, cron, zone, after, expected) => {
    expect(dues(cron, zone, after, expected.length)).toEqual(expected);
  });

  it("[SCHED-2] croner#142: a day is not passed over in a year", () => {
    const found = dues("30 2 * * *", "Europe/Berlin", "2026-01-01T01:30Z", 365);
    expect(found.at(-1)).toBe("2027-01-01T01:30Z");
  });

  it("[SCHED-2] seeded: is due when a search through all time finds it, on days on which clocks change", () => {
    const seed = Date.now() % 1_000_000;
    const random = randomOf(seed);
    const some = (of: number[]) => of.filter(() => random() < 0.25);
    for (const [zone, day] of changes) {
      const fromMs = Date.parse(`${day}T00:00Z`) - 86_400_000;
      const hours = [...new Set([Math.floor(random() * 4), 23, ...some(Array.from({ length: 24 }, (_, n) => n))])];
      const minutes = [...new Set([15 * Math.floor(random() * 4), ...some([0, 15, 30, 45])])];
      const expected = duesBySearch({ hours, minutes, zone, fromMs });
      const cron = parseCron(`${minutes.join(",")} ${hours.join(",")} * * *`) as Cron;
      const found: number[] = [];
      for (let at = nextDue(cron, zone, fromMs); found.length < expected.length; at = nextDue(cron, zone, at ?? 0))
        found.push(at ?? 0);
      const shown = (times: number[]) => times.map((atMs) => new Date(atMs).toISOString());
      expect({ seed, zone, hours, minutes, found: shown(found) }).toEqual({
        ...{ seed, zone, hours, minutes },
        found: shown(expected),
      });
    }
  });

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
