/** `/v1/sessions/:id/fork`, `…/export` and `/v1/sessions/import`: a session's transcript in another session, or outside. Page by page, so that its length does not matter. */
import * as z from "zod/mini";
import { unwrap } from "../../account/outcome.ts";
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { pace } from "../../http/pace.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import type { CopyPlan } from "../../session/store/copying.ts";
import { type SessionSummary, sessionJson } from "../../wire/native.ts";
import { choicesOf, entriesInOneGo, loadFrom, makeCopy, unitsInOneGo } from "../make-copy.ts";
import { Routes } from "../routes.ts";
import { addressOf, knownModel, knownPrefix, sessionAt, sessionName, title } from "../session-fields.ts";
import { readImport } from "./read-import.ts";
import { entryLine, feedbackLine, headerLine } from "./transcript-text.ts";

export const forking = lazySchema(() =>
  z.strictObject({
    after_seq: z.optional(z.int().check(z.minimum(0))),
    id: z.optional(sessionName),
    title: z.optional(title),
  }),
);
export const importing = lazySchema(() => z.strictObject({ id: z.optional(sessionName) }));

export const copyRoutes = new Routes()
  .post("/:id/fork", "key", async (c, caller) => {
    const { after_seq, id = crypto.randomUUID(), title } = parseBody(forking, await readJson(c.req.raw, { empty: {} }));
    const from = sessionAt(caller, c.req.param("id"));
    const { lastSeq, forkedFrom: _, ...session } = unwrap(await from.describe());
    const afterSeq = after_seq ?? lastSeq;
    if (afterSeq > lastSeq) {
      const detail = `after_seq: is ${afterSeq}, and the session has ${lastSeq} entries.`;
      throw new AppError("invalid_request", detail, { field: "after_seq" });
    }
    const choices = { ...choicesOf({ ...session, model: session.chosenModel }), ...defined({ title }) };
    const plan: CopyPlan = {
      address: { account: caller.account, name: id },
      choices,
      from: { kind: "fork", forkedFrom: { session: session.id, afterSeq } },
    };
    return made(await makeCopy(caller, plan, async ({ load }) => void (await loadFrom(from, afterSeq, load))));
  })
  .get("/:id/export", "key", async (c, caller) => {
    const { name } = addressOf(caller, c.req.param("id"));
    const session = sessionAt(caller, c.req.param("id"));
    const about = unwrap(await session.describe());
    const header = headerLine({ ...about, agent: about.agent ?? null, model: about.chosenModel });
    const headers = {
      "Content-Type": "application/x-ndjson; charset=utf-8",
      "Content-Disposition": `attachment; filename="${name}.jsonl"`,
    };
    return new Response(bodyOf(lines(session, header, about.lastSeq)), { headers });
  })
  .post("/import", "key", async (c, caller) => {
    const { id } = parseQuery(importing, new URL(c.req.url));
    const { header, pages } = await readImport(c.req.raw);
    const address = { account: caller.account, name: id ?? parseBody(sessionName, header.id, "id") };
    const { agents } = c.var.app;
    const agent = header.agent === null ? agents.first : agents.mustBeKnown(header.agent);
    if (header.model !== null) knownModel(caller, header.model, agent);
    if (header.prefix !== null) await knownPrefix(caller, header.prefix);
    const from = { kind: "import", createdAtMs: header.createdAtMs } as const;
    const session = await makeCopy(caller, { address, choices: choicesOf(header), from }, async ({ load, write }) => {
      for await (const page of pages) await (page.type === "part" ? write(page.text) : load(page.lines));
    });
    return made(session);
  });

/** About how long it takes to read and write a page, in ms. */
const pageMs = 12;

/** The header and then the entries, page by page, up to entry `lastSeq`; after the last entry of a turn its feedback. */
async function* lines(session: ReturnType<typeof sessionAt>, header: string, lastSeq: number): AsyncGenerator<string> {
  yield `${header}\n`;
  for (let seq = 0; seq < lastSeq; ) {
    const range = { after: seq, limit: Math.min(entriesInOneGo, lastSeq - seq), maxUnits: unitsInOneGo, rated: true };
    if (seq > 0) await pace(pageMs);
    const { entries, ratings = [] } = unwrap(await session.entries(range));
    const rated = new Map(ratings.map((each) => [each.afterSeq, `${feedbackLine(each.rated)}\n`]));
    yield entries.map((entry) => `${entryLine(entry)}\n${rated.get(entry.seq) ?? ""}`).join("");
    seq = entries.at(-1)?.seq ?? lastSeq;
  }
}

/** Nothing is read before the reader wants it. A failure breaks the transfer off, so that no one takes half for the whole. */
function bodyOf(texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    },
    { highWaterMark: 0 },
  );
}

function made(session: SessionSummary): Response {
  // As GET shows it: nothing is queued in a session that was just made.
  return Response.json(
    { last_turn: null, ...sessionJson(session), queued: [] },
    {
      status: 201,
      headers: { Location: `/v1/sessions/${session.id}` },
    },
  );
}
