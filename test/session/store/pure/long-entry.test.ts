import { expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../../src/core/entry.ts";
import { piecesOf } from "../../../../src/core/text-pieces.ts";
import { entryText, rowsOf } from "../../../../src/session/store/entry-text.ts";
import { readParts } from "../../../../src/session/store/long-entry.ts";
import { assistant, user } from "../../../support/entries.ts";

const long = 'plain "quoted" \\ 日本\u0000😀\ud83d'.repeat(40_000);
const options = { tools: [{ name: "f", description: "d".repeat(10_000), parameters: {} }] };

/** The rows of `json`, how many of them were read, and what each pause was asked for. */
async function read(rows: readonly string[], mostPauses = Number.POSITIVE_INFINITY) {
  let pauses = 0;
  const readAt: number[] = [];
  const taken = function* () {
    for (const row of rows) {
      readAt.push(pauses);
      yield row;
    }
  };
  const found = await readParts(taken(), async () => ++pauses <= mostPauses);
  return { found, pauses, readAt };
}

it.each<[string, NewEntry]>([
  ["a message with its options after it", user({ content: long, options })],
  ["an answer with a long text and long thoughts", assistant({ content: long, reasoning: long })],
  ["an answer of one kind of sign", assistant({ content: "x".repeat(2_000_000) })],
  ["an entry whose length is not in its text", user({ content: "a", options: { instructions: long } })],
])("[BOUND-41] %s is the same, read part by part", async (_, entry) => {
  const placed = { ...entry, seq: 1 } as Entry;
  const json = entryText(placed);
  for (const rows of [rowsOf(json), [...piecesOf(json, 70_001)], [...piecesOf(json, 4_000, 299_999)]]) {
    const { found, pauses, readAt } = await read(rows);
    expect(found).toEqual({ entry: placed, units: json.length });
    // No row is read before what was made of the one before it has had its pause.
    expect(readAt).toEqual([...new Set(readAt)]);
    expect(pauses).toBeGreaterThanOrEqual(Math.max(rows.length, Math.floor(json.length / 300_000)));
  }
});

it("[BOUND-41] an entry that is not wanted any more is not read on, and one that is no JSON is none", async () => {
  const rows = rowsOf(entryText({ ...user({ content: long }), seq: 1 }));
  const { found, readAt } = await read(rows, 1);
  expect([found, readAt.length < rows.length]).toEqual([undefined, true]);
  await expect(read(rows.slice(0, -1))).rejects.toThrow(SyntaxError);
});
