import { describe, expect, it } from "vitest";
import { searchTranscript } from "../../src/tools/search-transcript.ts";
import type { TranscriptHit } from "../../src/tools/tool.ts";
import { toolContext } from "../support/tool-context.ts";

/** A context that notes what was searched for, and answers with these hits. */
function finding(hits: TranscriptHit[]) {
  const searches: [string, number][] = [];
  const search = async (query: string, limit: number) => {
    searches.push([query, limit]);
    return hits;
  };
  return { searches, context: toolContext({ transcript: { search, read: async () => undefined } }) };
}

describe("search_transcript", () => {
  it("[TOOL-16] tells where, who, when and what, a line each", async () => {
    const { context, searches } = finding([
      { seq: 3, role: "user", snippet: "The **budget** is 400.", at: "2026-01-15T12:30:05.000Z" },
      { seq: 9, role: "tool", snippet: "budget: 380", at: "2026-01-15T12:31:00.000Z" },
    ]);
    expect(await searchTranscript.run({ query: "budget", limit: 2 }, context)).toBe(
      "[entry 3, user, 2026-01-15T12:30:05.000Z] The **budget** is 400.\n[entry 9, tool, 2026-01-15T12:31:00.000Z] budget: 380",
    );
    expect(searches).toEqual([["budget", 2]]);
  });

  it("[TOOL-16] asks for five when no number was given, and says when there are none", async () => {
    const { context, searches } = finding([]);
    expect(searchTranscript.parse('{"query":"x","limit":null}')).toMatchObject({ ok: true, input: { query: "x" } });
    expect(await searchTranscript.run({ query: "x" }, context)).toBe(
      'Nothing in the earlier conversation matches "x".',
    );
    expect(searches).toEqual([["x", 5]]);
  });

  it.each([
    '{"query":""}',
    '{"query":"x","limit":0}',
    '{"query":"x","limit":21}',
    '{"query":"x","limit":1.5}',
    '{"limit":5}',
  ])("[TOOL-16] %s is refused", (raw) => {
    expect(searchTranscript.parse(raw)).toMatchObject({ ok: false });
  });
});
