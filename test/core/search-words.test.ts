import { describe, expect, it } from "vitest";
import { allOf, anyOf, readable, searchable } from "../../src/core/search-words.ts";

describe("words for searching", () => {
  it("[SESSION-9] characters of unspaced scripts are words, and come back as people write them", () => {
    expect(searchable("GPT 现在几点?").replaceAll(/ +/g, " ")).toBe("GPT 现 在 几 点 ?");
    for (const text of ["现在几点？", "Hello world", "GPT 模型 is 新的", "ภาษาไทย"]) {
      expect(readable(searchable(text)).replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
    }
    expect(readable(searchable("东京现在"))).toBe("东京现在");
    expect(readable(searchable("two words"))).toBe("two words");
  });

  it("[SESSION-9] a person's words are never operators", () => {
    expect(anyOf('say "no" OR NEAR(x) -y *')).toBe('"say" OR "no" OR "OR" OR "NEAR" OR "x" OR "y"');
    expect(anyOf("东京 now")).toBe('"东 京" OR "now"');
    expect(allOf("blue sk")).toBe('"blue" AND "sk"*');
    expect([anyOf("?!"), allOf(" ")]).toEqual([undefined, undefined]);
  });
});
