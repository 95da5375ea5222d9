import { describe, expect, it } from "vitest";
import { currentTime } from "../../src/tools/current-time.ts";
import { toolContext } from "../support/tool-context.ts";

const at = (iso: string) => toolContext({ now: () => Date.parse(iso) });

const times: [string, string, string, string][] = [
  // [now, zone, what it is there, weekday]
  ["2026-01-15T12:30:05Z", "UTC", "2026-01-15T12:30:05+00:00", "Thursday"],
  ["2026-01-15T12:30:05Z", "Europe/Berlin", "2026-01-15T13:30:05+01:00", "Thursday"],
  ["2026-07-15T12:30:05Z", "Europe/Berlin", "2026-07-15T14:30:05+02:00", "Wednesday"],
  ["2026-01-15T12:30:05Z", "America/New_York", "2026-01-15T07:30:05-05:00", "Thursday"],
  ["2026-07-15T12:30:05Z", "America/New_York", "2026-07-15T08:30:05-04:00", "Wednesday"],
  ["2026-01-15T12:30:05Z", "Asia/Kolkata", "2026-01-15T18:00:05+05:30", "Thursday"],
  ["2026-01-15T12:30:05Z", "Asia/Kathmandu", "2026-01-15T18:15:05+05:45", "Thursday"],
  ["2026-07-15T12:30:05Z", "America/St_Johns", "2026-07-15T10:00:05-02:30", "Wednesday"],
  ["2026-07-15T12:30:05Z", "Australia/Lord_Howe", "2026-07-15T23:00:05+10:30", "Wednesday"],
  ["2026-01-15T12:30:05Z", "Australia/Lord_Howe", "2026-01-15T23:30:05+11:00", "Thursday"],
  ["2026-01-15T23:59:59Z", "Pacific/Kiritimati", "2026-01-16T13:59:59+14:00", "Friday"],
  ["2025-12-31T23:30:00Z", "Europe/Berlin", "2026-01-01T00:30:00+01:00", "Thursday"],
  ["2026-01-01T00:30:00Z", "America/Los_Angeles", "2025-12-31T16:30:00-08:00", "Wednesday"],
  ["2024-02-29T00:00:00Z", "UTC", "2024-02-29T00:00:00+00:00", "Thursday"],
  // One second before and after clocks change in Berlin
  ["2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29T01:59:59+01:00", "Sunday"],
  ["2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29T03:00:00+02:00", "Sunday"],
  ["2026-10-25T00:59:59Z", "Europe/Berlin", "2026-10-25T02:59:59+02:00", "Sunday"],
  ["2026-10-25T01:00:00Z", "Europe/Berlin", "2026-10-25T02:00:00+01:00", "Sunday"],
];

describe("current_time", () => {
  it.each(times)("[TOOL-15] %s in %s is %s", (now, timezone, iso, weekday) => {
    expect(currentTime.run({ timezone }, at(now))).toEqual({ iso, weekday, timezone });
    expect(Date.parse(iso)).toBe(Date.parse(now));
  });

  it("[TOOL-15] is told in UTC when no zone is asked for", () => {
    expect(currentTime.parse('{"timezone":null}')).toMatchObject({ ok: true, input: {} });
    expect(currentTime.run({}, at("2026-01-15T00:00:00Z"))).toEqual({
      iso: "2026-01-15T00:00:00+00:00",
      weekday: "Thursday",
      timezone: "UTC",
    });
  });

  it.each(["Mars/Olympus", "Berlin", "", "Europe/Berlin; drop", "../etc"])(
    "[TOOL-15] the zone %j is refused",
    (timezone) => {
      expect(() => currentTime.run({ timezone }, at("2026-01-15T00:00:00Z"))).toThrow(
        new Error(
          `There is no time zone "${timezone}". Use an IANA name such as Europe/Berlin, America/New_York or UTC.`,
        ),
      );
    },
  );
});
