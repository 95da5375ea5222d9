/** A channel that is not of the library: messages come with a key, and answers go to a pager. It imports what any user's channel could. */
import { type Channel, defineChannel } from "longline";
import * as z from "zod";

/** What it said, in the order in which it said it. */
export const pages: { to: string; key: string; text: string }[] = [];

const page = z.object({ from: z.string(), id: z.string(), text: z.string() });

export function pager(): Channel {
  return defineChannel({
    name: "pager",
    settings: {
      PAGER_KEY: { schema: z.string().min(8, "is too short: use at least 8 characters"), secret: true },
      PAGER_GREETING: { schema: z.string().max(20, "must have at most 20 characters") },
    },
    needs: "PAGER_KEY",
    configure: ({ PAGER_KEY: key, PAGER_GREETING: greeting = "Hello" }) =>
      key === undefined ? undefined : { key, greeting },
    async receive({ headers, body }, { key }) {
      if (headers.get("X-Pager-Key") !== key)
        return { kind: "nothing", response: Response.json({ error: "wrong key" }, { status: 401 }) };
      const { from, id, text } = page.parse(JSON.parse(body));
      return {
        kind: "message",
        received: {
          session: `pager_${from}`,
          content: text,
          claims: [`pager message ${id}`],
          address: { channel: "pager", to: from } as { channel: string },
        },
        answer: (taken) => Response.json("refused" in taken ? { refused: taken.refused.message } : taken),
      };
    },
    outlet: ({ key, greeting }) => ({
      live: false,
      paceMs: 1,
      retryMs: [10],
      async post({ reply, address }) {
        pages.push({ to: (address as unknown as { to: string }).to, key, text: `${greeting}: ${reply.text}` });
        return { kind: "shown", shown: undefined };
      },
    }),
    pages: { about: async (_request, { greeting }) => new Response(`A pager that says ${greeting}.`) },
  });
}
