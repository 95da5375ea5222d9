/** Lets the model read on in a long message or result of which it was shown only the beginning. */
import * as z from "zod/mini";
import { defineTool } from "./tool.ts";

export const readEntry = defineTool({
  name: "read_entry",
  description:
    "Reads an earlier message or tool result of this conversation by its entry number, from a position on. Use it when a text was cut, or to read what search_transcript found.",
  input: z.object({
    seq: z.int().check(z.minimum(1), z.describe("The entry's number.")),
    offset: z.optional(z.int().check(z.minimum(0))).check(z.describe("Characters to skip; 0 when absent.")),
  }),
  effect: "none",
  async run({ seq, offset = 0 }, { transcript }) {
    const piece = await transcript.read(seq, offset);
    if (piece === undefined) throw new Error(`There is no message or result with the number ${seq}.`);
    const { role, text, totalChars } = piece;
    if (text === "") throw new Error(`Entry ${seq} has ${totalChars} characters; there is nothing at ${offset}.`);
    const end = offset + text.length;
    const rest = end < totalChars ? ` Read on with offset ${end}.` : "";
    return `[entry ${seq}, ${role}, characters ${offset} to ${end} of ${totalChars}.${rest}]\n${text}`;
  },
});
