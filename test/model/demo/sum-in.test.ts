import { describe, expect, it } from "vitest";
import { questionOf, wantsOf } from "../../../src/model/demo/questions.ts";
import { sumIn } from "../../../src/model/demo/sum-in.ts";
import { evaluate } from "../../../src/tools/calculator.ts";

describe("the sum in a question", () => {
  it.each([
    ["What is 17 * 23?", "17 * 23", 391],
    ["What is -5 + 3?", "-5 + 3", -2],
    ["What is 2 * -3?", "2 * -3", -6],
    ["What is 5 - (-3)?", "5 - (-3)", 8],
    ["(what is 2+2)", "2+2", 4],
    ["What is ((3+4)*2?", "(3+4)*2", 14],
    ["What is ((3+4)*2)/7, please?", "((3+4)*2)/7", 2],
    ["What is 3 x 4?", "3 * 4", 12],
    ["What is 7 × 8 ÷ 2?", "7 × 8 ÷ 2", 28],
    ["how much is 12 times 3 plus 4 minus 1 divided by 2", "12 * 3 + 4 - 1 / 2", 39.5],
    ["What is 1,000,000 / 8?", "1,000,000 / 8", 125_000],
    ["What is 3.5*2.", "3.5*2", 7],
    ["How much is 20% of $50?", "20% of 50", 10],
    ["17 % of 2,450, if you please", "17 % of 2,450", 416.5],
    ["What is 50% + 25%?", "50% + 25%", 0.75],
    ["On 2026-11-23, what is 2+2?", "2+2", 4],
    ["Between 09:00 and 10:30, or 09:00-10:30: what is 6/4?", "6/4", 1.5],
  ])("[DEMO-7] %j is %s, which the calculator reads", (ask, sum, value) => {
    expect(sumIn(ask)).toBe(sum);
    expect(evaluate(sum)).toBe(value);
  });

  it.each([
    ["from 2026-11-23 to 2026-11-30"],
    ["What happened 09:00-10:00?"],
    ["Read https://example.com/2+2"],
    ["Room 12-B, 3rd floor"],
    ["1. milk 2. eggs"],
    ["50%"],
    [""],
  ])("[DEMO-7] %j has none", (ask) => {
    expect(sumIn(ask)).toBeUndefined();
  });
});

describe("times and pages", () => {
  const all = ["current_time", "calculator", "fetch_url", "search_transcript"];
  it.each<[string, object[]]>([
    ["What time is it in TOKYO, New York and Tokyo?", [{ timezone: "Asia/Tokyo" }, { timezone: "America/New_York" }]],
    ["What time is it in America/Argentina/Buenos_Aires?", [{ timezone: "America/Argentina/Buenos_Aires" }]],
    ["What time is it in Europe/Berlin?", [{ timezone: "Europe/Berlin" }]],
    ["What time is it? Yes/No will not do.", [{}]],
    ["what time is it in são paulo", [{ timezone: "America/Sao_Paulo" }]],
    ["Which day is it, by comparison?", [{}]],
    ["Do you know the time?", [{}]],
    ["Read https://example.com/a?!", [{ url: "https://example.com/a" }]],
    ["Read (https://example.com/a).", [{ url: "https://example.com/a" }]],
    ["Read https://example.com/wiki/Heron_(bird) now", [{ url: "https://example.com/wiki/Heron_(bird)" }]],
    ["Search for the heron!", [{ query: "the heron" }]],
  ])("[DEMO-7] %j", (ask, expected) => {
    const wants = wantsOf(questionOf([{ role: "user", content: ask }], 0), all);
    expect(wants.map(({ args }) => args)).toEqual(expected);
  });
});
