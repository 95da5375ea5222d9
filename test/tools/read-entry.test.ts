import { describe, expect, it } from "vitest";
import { readEntry } from "../../src/tools/read-entry.ts";
import { toolContext } from "../support/tool-context.ts";

const text = "0123456789".repeat(3);
const context = toolContext({
  transcript: {
    search: async () => [],
    read: async (seq, offset) =>
      seq === 7 ? { role: "tool", text: text.slice(offset, offset + 20), totalChars: text.length } : undefined,
  },
});

describe("read_entry", () => {
  it("[TOOL-18] tells the piece, where it ends, and how to read on", async () => {
    expect(await readEntry.run({ seq: 7 }, context)).toBe(
      `[entry 7, tool, characters 0 to 20 of 30. Read on with offset 20.]\n${text.slice(0, 20)}`,
    );
    expect(await readEntry.run({ seq: 7, offset: 20 }, context)).toBe(
      `[entry 7, tool, characters 20 to 30 of 30.]\n${text.slice(20)}`,
    );
  });

  it("[TOOL-18] says what there is when nothing is there", async () => {
    await expect(readEntry.run({ seq: 8 }, context)).rejects.toThrow("no message or result with the number 8");
    await expect(readEntry.run({ seq: 7, offset: 30 }, context)).rejects.toThrow("has 30 characters");
  });
});
