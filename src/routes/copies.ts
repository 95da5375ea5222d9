/** `/v1/sessions/:id/fork`, `…/export` and `/v1/sessions/import`: a session's transcript in another session, or outside. Page by page, so that its length does not matter. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { sessionJson } from "../dialects/native.ts";
import { entryLine, headerLine, type TranscriptHeader } from "../dialects/transcript-lines.ts";
import { parseBody, parseQuery } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import type { CopyPlan, CopyStep } from "../session/copying.ts";
import { sessionObject } from "../session/session-object.ts";
import type { SessionAddress } from "../session/session-record.ts";
import type { RouteContext } from "./context.ts";
import { readImport } from "./read-import.ts";
import { addressOf, knownModel, knownPrefix, sessionAt, sessionName, title } from "./sessions.ts";

/** Entries in one go; what they may weigh is bounded where they are read. */
const page = 500;

const forking = z.strictObject({
  after_seq: z.int().min(0).optional(),
  id: sessionName.optional(),
  title: title.optional(),
});
const importing = z.strictObject({ id: sessionName.optional() });

export const copies = new Hono<RouteContext>()
  .post("/:id/fork", async (c) => {
    const {
      after_seq,
      id = crypto.randomUUID(),
      title,
    } = parseBody(forking, c.req.raw.body === null ? {} : await readJson(c.req.raw));
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
    return copied(c, plan, async (load) => {
      for (let seq = 0; seq < afterSeq; ) {
        const { entries } = unwrap(await from.entries({ after: seq, limit: Math.min(page, afterSeq - seq) }));
        await load(entries.map((entry) => ({ line: entry.seq, entry })));
        seq = entries.at(-1)?.seq ?? afterSeq;
      }
    });
  })
  .get("/:id/export", async (c) => {
    const { name } = addressOf(c);
    const session = sessionAt(c);
    const about = unwrap(await session.describe());
    const header = headerLine({ ...about, model: about.chosenModel });
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
    if (header.model !== null) knownModel(c, header.model);
    if (header.prefix !== null) await knownPrefix(c, header.prefix);
    const from = { kind: "import", createdAtMs: header.createdAtMs } as const;
    return copied(c, { address, choices: choicesOf(header), from }, async (load) => {
      for await (const page of pages) await load(page);
    });
  });

/** The header and then the entries, page by page, up to entry `lastSeq`. */
async function* lines(session: ReturnType<typeof sessionAt>, header: string, lastSeq: number): AsyncGenerator<string> {
  yield `${header}\n`;
  for (let seq = 0; seq < lastSeq; ) {
    const { entries } = unwrap(await session.entries({ after: seq, limit: Math.min(page, lastSeq - seq) }));
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

function choicesOf(of: Pick<TranscriptHeader, "title" | "metadata" | "instructions" | "model" | "prefix">) {
  return {
    metadata: of.metadata,
    ...(of.title !== null && { title: of.title }),
    ...(of.instructions !== null && { instructions: of.instructions }),
    ...(of.model !== null && { model: of.model }),
    ...(of.prefix !== null && { prefix: of.prefix }),
  };
}

type Load = (lines: Extract<CopyStep, { type: "load" }>["lines"]) => Promise<void>;

/** Makes the session of `plan` from what `send` loads; when that fails, nothing of it stays. */
async function copied(
  c: Context<RouteContext>,
  plan: CopyPlan,
  send: (load: Load) => Promise<void>,
): Promise<Response> {
  const token = crypto.randomUUID();
  const address: SessionAddress = plan.address;
  const target = sessionObject(c.env, address);
  unwrap(await target.copy({ type: "begin", token, plan }));
  try {
    await send(async (lines) => void unwrap(await target.copy({ type: "load", token, lines })));
  } catch (error) {
    await target.copy({ type: "drop", token });
    throw error;
  }
  const session = unwrap(await target.copy({ type: "finish", token }));
  if (session === undefined) throw new Error("a finished copy is a session");
  return c.json(sessionJson(session), 201, { Location: `/v1/sessions/${session.id}` });
}
