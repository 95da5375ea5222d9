import { describe, expect, it } from "vitest";
import type { Cursor } from "../../../../../src/core/cursor.ts";
import { GivenText, TextMark } from "../../../../../src/doors/openai/chat/given-text.ts";
import { randomOf } from "../../../../support/random.ts";

const markOf = (text: string) => {
  const mark = new TextMark();
  mark.add(text);
  return mark.toString();
};
const seenOf = (given: string, more: Partial<Cursor> = {}): Cursor => ({
  done: 1,
  into: { attempt: 1, reasoning: 0, text: given.length, calls: 0 },
  given: { units: given.length, mark: markOf(given) },
  ...more,
});

describe("the mark of a text", () => {
  it("[CURSOR-4] is the same however the text came in pieces, and another one for another text", () => {
    const text = "Schön! 👋 漁 and so on";
    for (let cut = 0; cut <= text.length; cut++) {
      const mark = new TextMark();
      mark.add(text.slice(0, cut));
      mark.add(text.slice(cut));
      expect([mark.toString(), mark.units]).toEqual([markOf(text), text.length]);
    }
    const seed = 3;
    const random = randomOf(seed);
    const texts = new Set(Array.from({ length: 2_000 }, () => `${Math.floor(random() * 1e9)} words`));
    expect(new Set([...texts].map(markOf)).size, `seed ${seed}`).toBe(texts.size);
    expect(markOf("")).toMatch(/^[0-9a-z]{14}$/);
  });
});

describe("a text that was given", () => {
  it.each([
    ["the same again", ["The quick", " fox"], " fox"],
    ["in other pieces", ["T", "he qu", "ick fox"], " fox"],
    ["no more than that", ["The quick"], ""],
    ["other words", ["The quack fox"], undefined],
    ["other words at the end", ["The ", "quicK"], undefined],
  ])("[CURSOR-4] [CURSOR-5] after a void attempt: %s", (_, pieces, fresh) => {
    const text = GivenText.of(seenOf("The quick"), { isSame: false });
    const parts = pieces.map((piece) => text.add(piece));
    expect(parts.includes(undefined) ? undefined : parts.join("")).toBe(fresh);
    if (fresh !== undefined) expect(text.isWhole).toBe(true);
  });

  it("[CURSOR-5] less than was given is not whole", () => {
    const text = GivenText.of(seenOf("The quick"), { isSame: false });
    expect([text.add("The"), text.isWhole]).toEqual(["", false]);
    const live = new GivenText();
    live.add("Yes. I will");
    live.restart();
    expect(live.isWhole).toBe(false);
  });

  it("[CURSOR-7] an id without a mark counts within its attempt, and not beyond it", () => {
    const { given: _, ...old } = seenOf("The quick");
    const same = GivenText.of(old, { isSame: true });
    expect(same.add("The quick fox")).toBe(" fox");
    expect(same.given).toEqual({ units: 13, mark: markOf("The quick fox") });
    expect(GivenText.of(old, { isSame: false }).add("The quick fox")).toBeUndefined();
  });
});
