import { expect, it } from "vitest";
import type { Entry } from "../../../src/core/entry.ts";
import { piecesOf } from "../../../src/core/text-pieces.ts";
import {
  beginningOf,
  closing,
  entryText,
  openText,
  rowsOf,
  type TextField,
  textPiece,
} from "../../../src/session/store/entry-text.ts";
import { asking, assistant, ended, failed, result, user } from "../../support/entries.ts";

const trap = 'a"b\\"c\\\\,"content":"{[\u0000\n\ud83d\ude00é日';
const opaque = { name: "f", description: "", parameters: { content: trap, a: [{ summary: trap }] } };
const long: [string, object, TextField][] = [
  [
    "a message",
    user({ content: trap.repeat(9), options: { tools: [opaque] }, metadata: { content: trap } }),
    "content",
  ],
  ["a message with a tool", user({ content: trap, options: { tools: [opaque, opaque] } }), "content"],
  ["a reply", assistant({ content: trap.repeat(9), reasoning: trap.repeat(5) }), "reasoning"],
  ["a reply that only thought", assistant({ content: "", reasoning: trap.repeat(9) }), "reasoning"],
  ["a result", result("c0", { content: trap.repeat(9) }), "content"],
  ["a failed step", failed({ content: trap, reasoning: trap.repeat(9) }), "content"],
  [
    "a summary",
    { type: "compaction", turn: "turn_1", atMs: 1, throughSeq: 3, summary: trap.repeat(9), durationMs: 1 },
    "summary",
  ],
];
const placed = (entry: object) => ({ ...entry, seq: 12 }) as Entry;
const texts = ["content", "reasoning", "summary"];
/** All but the texts; options are known whole, or not at all. */
const facts = (entry: object, whole: object) => {
  const { options } = entry as { options?: object };
  const known = options === undefined || Object.keys(options).length === 0 ? undefined : options;
  const others = Object.entries(whole).filter(([name]) => !texts.includes(name) && name !== "options");
  return [Object.fromEntries(others.map(([name]) => [name, Reflect.get(entry, name)])), known];
};

it.each(long)(
  "[LOG-6] %s has its texts last, and wherever its JSON is cut in them, everything else is known",
  (_, entry) => {
    const whole = placed(entry);
    const text = entryText(whole);
    expect(JSON.parse(text)).toEqual(whole);
    let known = 0;
    for (let at = 0; at < text.length; at++) {
      const beginning = beginningOf(text.slice(0, at));
      if (beginning === undefined) continue;
      known++;
      const [others, options] = facts(beginning, whole);
      expect([at, others]).toEqual([at, facts(whole, whole)[0]]);
      if (options !== undefined) expect([at, options]).toEqual([at, Reflect.get(whole, "options")]);
      for (const name of texts) {
        const [own, all] = [Reflect.get(beginning, name), Reflect.get(whole, name)];
        if (all !== undefined) expect([at, String(all).startsWith(own)]).toEqual([at, true]);
      }
    }
    expect(known).toBeGreaterThan(200);
  },
);

it.each([
  ["a row of an earlier version", JSON.stringify({ ...user({ content: "x".repeat(50) }), seq: 1 }).slice(0, 80)],
  ["a row without texts", entryText(placed(ended())).slice(0, 60)],
  ["a row that is cut in a call", entryText(placed(asking(["content"]))).slice(0, 150)],
  ["a row that is cut in a name", '{"seq":12,"type":"user","cont'],
  ["a row that is cut in another text", '{"seq":12,"type":"user","turn":"turn_'],
  ["nothing", ""],
])("[LOG-6] %s is read whole", (_, head) => {
  expect(beginningOf(head)).toBeUndefined();
});

it.each(long)("[LOG-7] %s is written part by part with the same JSON as at once", (_, entry, field) => {
  const whole = placed(entry);
  const text = String(Reflect.get(whole, field));
  for (const units of [1, 2, 3, 7, 50]) {
    const [first = "", ...parts] = piecesOf(text, units, units);
    const written = [openText({ ...whole, [field]: first }, field), ...parts.map(textPiece), closing].join("");
    expect([units, JSON.parse(written)]).toEqual([units, whole]);
    expect([units, written.length]).toEqual([units, entryText(whole).length]);
  }
});

it("[LOG-4] the first row of a split entry is short, and no row ends within a surrogate pair", () => {
  for (const lead of ["", "x"]) {
    const text = lead + "\ud83d\ude00".repeat(700_000);
    const rows = rowsOf(text);
    expect(rows[0]?.length).toBeLessThanOrEqual(6_000);
    expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(600_000);
    expect(rows.every((row) => row.isWellFormed())).toBe(true);
    expect(rows.join("") === text).toBe(true);
  }
});
