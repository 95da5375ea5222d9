import { describe, expect, it } from "vitest";
import {
  afterRefusal,
  type Closed,
  type DiscordRefused,
  type DiscordRung,
  mostTries,
  nextRung,
  type Open,
  rungs,
  unknownMs,
} from "../../src/channels/discord/ladder.ts";
import { documentedCodes, refusal } from "../support/fake-discord-rules.ts";

const late = 60_000;
const judged = (rung: DiscordRung, code: number, more: Partial<DiscordRefused> = {}) =>
  afterRefusal({ rung, code, status: refusal(code).status, ageMs: late, tries: 1, ...more });
const everything: Open = { edit: true, followup: true, bot: true, dm: true, text: true, file: true };

/** What is left after a refusal, by the names of `Open`. */
function without(open: Open, closed: readonly Closed[]): Open {
  const left = { ...open };
  for (const each of closed) {
    if (each === "message") left.edit = false;
    else if (each === "token") Object.assign(left, { edit: false, followup: false });
    else left[each] = false;
  }
  return left;
}

const waits = [
  20016, 20022, 20028, 20029, 30040, 30042, 40003, 40004, 40006, 40062, 40333, 110000, 110001, 130000, 530006,
];

/** The codes that mean more than "not this way", as Discord documents them, and the rung that follows with all ways open. */
const table: [rung: DiscordRung, codes: number[], next: DiscordRung | undefined][] = [
  ["edit", [10008, 30046, 50005, 50021, 50068, 50080, 50162, 520003], "followup"],
  ["edit", [10002, 10012, 10015, 10062, 50027, 40001, 50014], "bot"],
  ["edit", [40005, 50006, 50035, 50109], "file"],
  ["edit", [20009, 200000, 200001, 240000], "followup"],
  ["followup", [40094], "edit"],
  ["followup", [10015, 50027], "bot"],
  ["bot", [50001, 50013, 50007, 10003, 10004, 50083, 160005, 40001, 50278], "edit"],
  ["bot", [50035, 40005], "file"],
  ["file", [40005, 50045, 50046, 400001], "edit"],
];

describe("the ladder of Discord", () => {
  it.each(table)("[DLADDER-1] at %s, %j leads to %s", (rung, codes, next) => {
    for (const code of codes) {
      const verdict = judged(rung, code);
      expect(verdict.do, String(code)).toBe("next");
      if (verdict.do === "next") expect(nextRung(without(everything, verdict.closed)), String(code)).toBe(next);
    }
  });

  it.each(rungs)(
    "[DLADDER-1] at %s, every documented code waits or closes a way; none ends the delivery by itself",
    (rung) => {
      for (const code of documentedCodes) {
        const verdict = judged(rung, code);
        if (waits.includes(code)) expect(verdict.do, String(code)).toBe("retry");
        if (verdict.do === "retry") continue;
        expect(verdict.closed.length, String(code)).toBeGreaterThan(0);
        const left = nextRung(without(everything, verdict.closed));
        // Where the bot may not write to the person either, the file and the text stay; a moderated text has one way less.
        expect(left, String(code)).toBeDefined();
      }
    },
  );

  it.each(rungs)("[DLADDER-2] from %s, whatever is refused, the ladder ends, and each way was tried once", (rung) => {
    for (const code of [...documentedCodes, 1, 99_999_999]) {
      const status = documentedCodes.includes(code) ? refusal(code).status : 418;
      let open = everything;
      const walked: DiscordRung[] = [];
      for (let at: DiscordRung | undefined = rung; at !== undefined; at = nextRung(open)) {
        walked.push(at);
        const verdict = afterRefusal({ rung: at, code, status, ageMs: late, tries: mostTries });
        expect(verdict.do).toBe("next");
        if (verdict.do === "next") open = without(open, verdict.closed);
        expect(walked.length, `${code}: ${walked.join(" ")}`).toBeLessThanOrEqual(6);
      }
      expect(new Set(walked).size, `${code}: ${walked.join(" ")}`).toBeGreaterThanOrEqual(walked.length - 1);
    }
  });

  it.each([0, 429, 500, 502, 503, 504, 520, 522])(
    "[DLADDER-3] status %i is tried again, and given to the next rung after %#",
    (status) => {
      for (const rung of rungs) {
        const of = (tries: number) => afterRefusal({ rung, code: 0, status, ageMs: late, tries });
        for (let tries = 1; tries < mostTries; tries++) expect(of(tries)).toEqual({ do: "retry" });
        expect(of(mostTries).do).toBe("next");
      }
    },
  );

  it("[DLADDER-3] the time that Discord asks for is waited, and an unknown interaction is asked for again at first only", () => {
    const limited = { rung: "bot", code: 0, status: 429, retryAfterMs: 1_336_570, ageMs: late, tries: 1 } as const;
    expect(afterRefusal(limited)).toEqual({ do: "retry", afterMs: 1_336_570 });
    expect(judged("edit", 10_015, { ageMs: unknownMs - 1, tries: 9 })).toEqual({ do: "retry", afterMs: 700 });
    expect(judged("edit", 10_015, { ageMs: unknownMs })).toEqual({ do: "next", closed: ["token"], lasting: true });
  });

  it("[DLADDER-1] what moderation blocks is never put into a file or a direct message", () => {
    for (const code of [20009, 200000, 200001, 240000]) {
      let open = everything;
      for (const rung of ["edit", "followup", "bot"] as const) {
        const verdict = judged(rung, code);
        if (verdict.do === "next") open = without(open, verdict.closed);
      }
      expect(nextRung(open)).toBeUndefined();
    }
  });

  it.each([
    ["edit", 50027, "token"],
    ["followup", 40094, "followup"],
    ["edit", 10008, "message"],
    ["bot", 50001, "bot"],
    ["edit", 40005, "file"],
  ] as const)("[DLADDER-1] a file that %s could not bring (%i) closes %s", (by, code, closed) => {
    expect(judged("file", code, { by })).toEqual({ do: "next", closed: [closed], lasting: true });
  });

  it("[DLADDER-1] an unknown code closes its own way, and no other", () => {
    const unknown = (rung: DiscordRung) => afterRefusal({ rung, code: 987_654, status: 400, ageMs: late, tries: 1 });
    expect(unknown("edit")).toEqual({ do: "next", closed: ["message"], lasting: false });
    for (const rung of ["followup", "bot", "file", "dm"] as const) {
      expect(unknown(rung)).toEqual({ do: "next", closed: [rung], lasting: false });
    }
  });
});
