import { describe, expect, it } from "vitest";
import { MeasuredPattern, patternFault } from "../../src/core/pattern-cost.ts";

const doubles = "can take time that doubles with each character";
const costOf = (pattern: string, text: string) => new MeasuredPattern(pattern).cost(text, 1e9);

describe("patterns before they are run", () => {
  it.each([
    "^(a+)+$",
    "(a|a)*b",
    "(a|aa)+$",
    "(.*)*x",
    "(x+x+)+y",
    "^(\\w+\\s?)*$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "^(?:a?a?)*$",
    "(?=(a+)+b)a",
    "(?:\\p{L}|é)+$",
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$",
  ])("[BOUND-2] %s is refused: its ways double", (pattern) => {
    expect(patternFault(pattern)).toBe(doubles);
  });

  it.each([
    ["(a)\\1", /refers back/],
    ["(?<n>a)\\k<n>", /refers back/],
    ["(?<=a+)b", /looks behind/],
    ["(", /not a regular expression/],
    ["[\\w-.]", /flag u/],
    ["(?:){1000000000}", /too large/],
    ["(?:a{1,1000}){1,1000}", /too large|not a regular/],
    ["a?".repeat(1_500), /too large/],
    [`${"(".repeat(60)}${")".repeat(60)}`, /groups inside/],
    ["a".repeat(5_000), /longer than 4000/],
  ])("[BOUND-2] %s is refused by name", (pattern, fault) => {
    expect(patternFault(pattern)).toMatch(fault);
  });

  it.each([
    "^[a-z]{1,63}$",
    "^.{0,1000}$",
    "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:\\d{2})$",
    "^#(?:[0-9a-f]{3}){1,2}$",
    "^(\\p{L}+ )*\\p{L}+$",
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
    "^(?=.*[A-Z])(?=.*\\d).{8,64}$",
    "\\s+$",
    "",
  ])("[BOUND-2] %s, as schemas have it, may be used", (pattern) => {
    expect(patternFault(pattern)).toBeUndefined();
  });

  it.each([
    ["^[a-z]+$", "a", 4],
    ["^(\\p{L}+ )*\\p{L}+$", "a", 7],
    ["needle", "n", 5],
  ])("[BOUND-3] the cost of %s grows with the text", (pattern, unit, each) => {
    expect(costOf(pattern, unit.repeat(10_000))).toBeLessThan(each * 10_000);
  });

  it.each([
    ["\\s+$", " "],
    ["^\\s*\\w*\\s*\\w*$", " "],
    [".*x", "a"],
    ["([a-z]+\\.)+[a-z]{2,}$", "a"],
  ])("[BOUND-3] the cost of %s is known to be the square of the text", (pattern, unit) => {
    expect(costOf(pattern, `${unit.repeat(1_000)}!`)).toBeGreaterThan(400_000);
    expect(costOf(pattern, unit.repeat(100_000))).toBe(Number.POSITIVE_INFINITY);
  });

  it("[BOUND-3] ways that a pattern has without any loop are counted", () => {
    expect(costOf("(a?){30}a{30}", "a".repeat(30))).toBe(Number.POSITIVE_INFINITY);
    expect(costOf("(?:|){30}y", "z")).toBeGreaterThan(1e8);
    expect(costOf("(?:a|b|ab){2,3}c", "ababab")).toBeLessThan(200);
  });

  it("[BOUND-3] a measured pattern counts no fewer steps than a backtracking engine takes", () => {
    // An engine that tries everything, in twenty lines: how often it calls itself is what is to be bounded.
    const steps = (text: string) => {
      let count = 0;
      const loops = (at: number, left: number): void => {
        count++;
        if (left > 0 && text[at] === "a") for (let end = at + 1; text[end - 1] === "a"; end++) loops(end, left - 1);
      };
      loops(0, 3);
      return count;
    };
    const text = "a".repeat(20);
    expect(costOf("^a+a+a+!", text)).toBeGreaterThan(steps(text));
  });
});
