/** A payload that is read by a template is read as its JSON is. */
import { describe, expect, it, vi } from "vitest";
import { TextTemplate } from "../../src/model/text-template.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { randomOf } from "../support/random.ts";

/** Where the text of a payload is, and what else it holds; `undefined` for what is no JSON object. */
function contentOf(payload: string): { text: string; rest: string } | undefined {
  try {
    const chunk = JSON.parse(payload);
    const text: unknown = chunk.choices[0].delta.content;
    chunk.choices[0].delta.content = "";
    return typeof text === "string" ? { text, rest: JSON.stringify(chunk) } : undefined;
  } catch {
    return undefined;
  }
}

const parse = (payload: string) => contentOf(payload)?.text;

/** Ways to write one chunk; `@` is the place of the text, as JSON without its quotes. */
const frames = [
  '{"id":"c","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}],"usage":null}',
  '{"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "@"}, "finish_reason": null}]}',
  '{"choices":[{"delta":{"content":"@","refusal":null}}],"note":"\\"content\\":\\"no\\""}',
  // The first `content` is not the one that is read.
  '{"content":" word","choices":[{"delta":{"content":"@"}}]}',
  '{"choices":[{"delta":{"content":"@"}}],"content":"@"}',
  '{"choices":[{"delta":{"content":"@","content":"@"}}]}',
  '{"choices":[{"delta":{"content":" word","content":"@"}}]}',
  '{"choices":[{"delta":{"content" : "@"}}]}',
  '{"choices":[{"delta":{"content":"@"}},{"delta":{"content":"other"}}]}',
];
const texts = [
  " word",
  "",
  "a",
  "\n",
  '"',
  "\\",
  '","content":"',
  '"}}]}',
  "\u2028",
  "\ud83d",
  "😀",
  "\u007f",
  "\t",
  " ",
];
/** In place of a text: what is no string, or not one alone. */
const broken = ['"', "\\", 'a","b', '","content":"b', '" , "', "\n", "\\u12", "\\x", '\\"', "\u0000"];

/** One character is added, left out or changed. */
function damaged(payload: string, random: () => number): string {
  const at = Math.floor(random() * payload.length);
  const char = ['"', "\\", "}", ",", "x", "", "\n"][Math.floor(random() * 7)] ?? "";
  return payload.slice(0, at) + char + payload.slice(at + (random() < 0.5 ? 1 : 0));
}

describe("a payload that differs in its text alone", () => {
  it.each([1, 2, 20_261_126])(
    "[SPEED-24] seed %i: is read as its JSON, whatever is in it; all others are not",
    (seed) => {
      const random = randomOf(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      let read = 0;
      for (let run = 0; run < 400; run++) {
        const template = new TextTemplate();
        const frame = pick(frames);
        for (let n = 0; n < 30; n++) {
          const raw = random() < 0.1 ? pick(broken) : JSON.stringify(pick(texts) + pick(texts)).slice(1, -1);
          const whole = (random() < 0.9 ? frame : pick(frames)).replaceAll("@", () => raw);
          const payload = random() < 0.1 ? damaged(whole, random) : whole;
          const [text, content] = [template.textIn(payload), contentOf(payload)];
          if (text !== undefined) {
            read++;
            expect(content?.text, payload).toBe(text);
          } else if (content !== undefined) template.learn(payload, content.text, parse);
        }
      }
      expect(read).toBeGreaterThan(1_000);
    },
  );

  it("[SPEED-24] is not mistaken for one where another field differs", () => {
    const template = new TextTemplate();
    const payload = (more: object) =>
      JSON.stringify({ choices: [{ delta: { content: " word" }, ...more }], usage: null });
    template.learn(payload({ finish_reason: null }), " word", parse);
    expect(template.textIn(payload({ finish_reason: null }))).toBe(" word");
    for (const more of [{}, { finish_reason: "stop" }, { finish_reason: null, message: { content: "b" } }])
      expect(template.textIn(payload(more))).toBeUndefined();
  });

  it.each([
    ["the text alone", (n: number) => ({ content: ` ${n}` }), 4],
    [
      "a field that comes now and then",
      (n: number) => ({ content: "a", role: n % 50 === 0 ? "assistant" : null }),
      100,
    ],
    ["another field each time", (n: number) => ({ content: "a", obfuscation: "", role: `${n}` }), 1_010],
  ])("[SPEED-24] is parsed as a whole at most so often where %s differs", (_what, delta, most) => {
    const translator = createTranslator();
    const parses = vi.spyOn(JSON, "parse");
    for (let n = 0; n < 1_000; n++) translator.translate(JSON.stringify({ choices: [{ index: 0, delta: delta(n) }] }));
    const count = parses.mock.calls.filter(([json]) => json.startsWith("{")).length;
    parses.mockRestore();
    expect(count).toBeLessThanOrEqual(most);
  });

  it("[SPEED-24] is parsed where it is long", () => {
    const template = new TextTemplate();
    const payload = JSON.stringify({ id: "c".repeat(5_000), choices: [{ delta: { content: " word" } }] });
    template.learn(payload, " word", parse);
    expect(template.textIn(payload)).toBeUndefined();
  });
});
