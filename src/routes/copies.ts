/** `/v1/sessions/:id/fork`, `…/export` and `/v1/sessions/import`: a session's transcript in another session, or outside. Page by page, so that its length does not matter. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { type SessionSummary, sessionJson } from "../dialects/native.ts";
import { entryLine, headerLine } from "../dialects/transcript-text.ts";
import { parseBody, parseQuery } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import type { CopyPlan } from "../session/store/copying.ts";
import type { RouteContext } from "./context.ts";
import { choicesOf, entriesInOneGo, loadFrom, makeCopy } from "./make-copy.ts";
import { readImport } from "./read-import.ts";
import { addressOf, knownModel, knownPrefix, sessionAt, sessionName, title } from "./sessions.ts";

export const forking = z.strictObject({
  after_seq: z.int().min(0).optional(),
  id: sessionName.optional(),
  title: title.optional(),
});
export const importing = z.strictObject({ id: sessionName.optional() });

export const copies = new Hono<RouteContext>()
  .post("/:id/fork", async (c) => {
    const { after_seq, id = crypto.randomUUID(), title } = parseBody(forking, await readJson(c.req.raw, { empty: {} }));
    const from = sessionAt(c);
    const { lastSeq, forkedFrom: _, ...session } = unwrap(await from.describe());
    const afterSeq = after_seq ?? lastSeq;
    if (afterSeq > lastSeq) {
      const detail = `after_seq: is ${afterSeq}, and the session has ${lastSeq} entries.`;
      throw new AppError("invalid_request", detail, { field: "after_seq" });
    }
    const choices = { ...choicesOf({ ...session, model: session.chosenModel }), ...(title !== undefined && { title }) };
    const plan: CopyPlan = {
      address: { account: c.var.account, name: id },
      choices,
      from: { kind: "fork", forkedFrom: { session: session.id, afterSeq } },
    };
    return made(c, await makeCopy(c, plan, async (load) => void (await loadFrom(from, afterSeq, load))));
  })
  .get("/:id/export", async (c) => {
    const { name } = addressOf(c);
    const session = sessionAt(c);
    const about = unwrap(await session.describe());
    const header = headerLine({ ...about, agent: about.agent ?? null, model: about.chosenModel });
    const headers = {
      "Content-Type": "application/x-ndjson; charset=utf-8",
      "Content-Disposition": `attachment; filename="${name}.jsonl"`,
    };
    return new Response(bodyOf(lines(session, header, about.lastSeq)), { headers });
  })
  .post("/import", async (c) => {
    const { id } = parseQuery(importing, new URL(c.req.url));
    const { header, pages } = await readImport(c.req.raw);
    const address = { account: c.var.account, name: id ?? parseBody(sessionName, header.id, "id") };
    const { agents } = c.var.app;
    const agent = header.agent === null ? agents.first : agents.mustHave(header.agent);
    if (header.model !== null) knownModel(c, header.model, agent);
    if (header.prefix !== null) await knownPrefix(c, header.prefix);
    const from = { kind: "import", createdAtMs: header.createdAtMs } as const;
    const session = await makeCopy(c, { address, choices: choicesOf(header), from }, async (load) => {
      for await (const page of pages) await load(page);
    });
    return made(c, session);
  });

/** The header and then the entries, page by page, up to entry `lastSeq`. */
async function* lines(session: ReturnType<typeof sessionAt>, header: string, lastSeq: number): AsyncGenerator<string> {
  yield `${header}\n`;
  for (let seq = 0; seq < lastSeq; ) {
    const { entries } = unwrap(await session.entries({ after: seq, limit: Math.min(entriesInOneGo, lastSeq - seq) }));
    yield entries.map((entry) => `${entryLine(entry)}\n`).join("");
    seq = entries.at(-1)?.seq ?? lastSeq;
  }
}

/** Nothing is read before the reader wants it. A failure breaks the transfer off, so that nobody takes half for the whole. */
function bodyOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await texts.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function made(c: Context<RouteContext>, session: SessionSummary): Response {
  // As GET shows it: nothing is queued in a session that was just made.
  return c.json({ last_turn: null, ...sessionJson(session), queued: [] }, 201, {
    Location: `/v1/sessions/${session.id}`,
  });
}
