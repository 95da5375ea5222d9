/** Lets the model look up what was said earlier in its own session. */
import * as z from "zod/mini";
import { defineTool } from "./tool.ts";

export const searchTranscript = defineTool({
  name: "search_transcript",
  description:
    "Searches the earlier messages and tool results of this conversation by words. Use it when the person refers to something said before.",
  input: z.object({
    query: z.string().check(z.minLength(1), z.maxLength(300), z.describe("Words to look for; any of them may match.")),
    limit: z
      .optional(z.int().check(z.minimum(1), z.maximum(20)))
      .check(z.describe("Most matches to return; 5 when absent.")),
  }),
  effect: "none",
  async run({ query, limit = 5 }, { transcript }) {
    const hits = await transcript.search(query, limit);
    if (hits.length === 0) return `Nothing in the earlier conversation matches "${query}".`;
    return hits.map(({ seq, role, snippet, at }) => `[entry ${seq}, ${role}, ${at}] ${snippet}`).join("\n");
  },
});
