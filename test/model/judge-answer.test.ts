import { describe, expect, it } from "vitest";
import { judgeAnswer } from "../../src/model/judge-by-schema.ts";

const object = { type: "json_object" } as const;
const person = {
  type: "json_schema",
  schema: {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer" } },
    required: ["name"],
    additionalProperties: false,
  },
} as const;

describe("judgeAnswer", () => {
  it.each([
    [object, '{"a": 1}'],
    [object, "{}"],
    [person, '{"name": "Ada"}'],
    [person, ' {"name":"Ada","age":36}\n'],
  ])("[JUDGE-1] %j takes %s", (format, content) => {
    expect(judgeAnswer(content, format)).toBeUndefined();
  });

  it.each([
    [object, "Sure!", /does not parse/],
    [object, "", /does not parse/],
    [object, "[1]", /not a JSON object/],
    [object, '```json\n{"a":1}\n```', /does not parse/],
    [person, '{"age": 36}', /does not conform to the schema: .*name/],
    [person, '{"name": "Ada", "age": "36"}', /age/],
    [person, '{"name": "Ada", "pet": true}', /pet/],
  ])("[JUDGE-1] %j sends %s back, and says why", (format, content, why) => {
    const complaint = judgeAnswer(content, format);
    expect(complaint?.note).toMatch(why);
    expect(complaint?.note).toMatch(/Answer again, with the JSON alone\.$/);
    expect(complaint?.failure).toMatchObject({ code: "output_invalid", detail: expect.stringMatching(why) });
  });

  it.each([
    "I will check the calendar.",
    "Let me look that up for you.",
    "Sure! I'll search for it now.",
    "OK, I'm going to calculate that.",
  ])("[JUDGE-2] sends %j back, and lets it stand the second time", (content) => {
    expect(judgeAnswer(content, undefined)).toEqual({ note: expect.stringContaining("called no tool") });
  });

  it.each([
    "",
    "It is noon.",
    "You said: I will check.",
    `I will check. ${"And here is all of it. ".repeat(20)}`,
    "I will be there.",
  ])("[JUDGE-2] takes %j", (content) => {
    expect(judgeAnswer(content, undefined)).toBeUndefined();
  });
});
