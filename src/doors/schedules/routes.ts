/** `/v1/schedules`: messages that an account's sessions get by the clock. */
import * as z from "zod/mini";
import type { CallbackAddress } from "../../channels/callback.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { iso } from "../../wire/native.ts";
import { callbackOf } from "../callback-of.ts";
import { namedAgent } from "../named-agent.ts";
import { receiptOf } from "../receipt-of.ts";
import { Routes } from "../routes.ts";
import { agentName, metadata, sessionName } from "../session-fields.ts";
import { ScheduleDesk, scheduleId, timeOf } from "./schedule-desk.ts";
import type { ScheduleRecord } from "./schedule-store.ts";

export const newSchedule = lazySchema(() =>
  z.strictObject({
    cron: z.optional(z.string().check(z.maxLength(200))),
    at: z.optional(z.string().check(z.maxLength(40))),
    time_zone: z.optional(z.string().check(z.maxLength(60))),
    content: z.string().check(z.minLength(1, "must not be empty"), z.maxLength(20_000)),
    session: z.optional(sessionName),
    agent: z.optional(agentName),
    metadata: z.optional(metadata),
    callback_url: z.optional(z.string().check(z.maxLength(2_000))),
  }),
);

export const scheduleRoutes = new Routes()
  .post("/", "key", async (c, caller) => {
    const body = parseBody(newSchedule, await readJson(c.req.raw));
    const { cron, at, time_zone, content, session, agent, metadata: noted, callback_url } = body;
    const nowMs = Date.now();
    const time = timeOf({ cron, at, time_zone }, nowMs);
    if (agent !== undefined) namedAgent(caller, agent);
    const owed = callbackOf(caller, callback_url);
    const { key, bodyHash } = await receiptOf(caller, body);
    // The same key with another body is another schedule's name, so it is refused by what is kept under it.
    const id = await scheduleId(key === undefined ? crypto.randomUUID() : `key ${key}`);
    const named = { ...(session !== undefined && { session }), ...(agent !== undefined && { agent }) };
    const given = { id, time, content, ...named, ...(noted && { metadata: noted }), ...owed, createdAtMs: nowMs };
    const made = await deskOf(caller).create({ ...given, ...(bodyHash !== undefined && { digest: bodyHash }) });
    if (made.digest !== bodyHash) throw otherBody(key ?? "");
    return c.json(scheduleJson(made), 201, { Location: `/v1/schedules/${made.id}` });
  })
  .get("/", "key", async (c, caller) => c.json({ schedules: (await deskOf(caller).list()).map(scheduleJson) }))
  .delete("/:id", "key", async (c, caller) => {
    const id = c.req.param("id");
    if (await deskOf(caller).remove(id)) return c.body(null, 204);
    throw new AppError("not_found", `There is no schedule "${id.slice(0, 100)}".`, { field: "id" });
  });

function deskOf({ bindings, account }: { bindings: ConstructorParameters<typeof ScheduleDesk>[0]; account: string }) {
  return new ScheduleDesk(bindings, account);
}

function otherBody(key: string): AppError {
  const detail = `The Idempotency-Key "${key}" was used before with another body. Send the same body, or a new key.`;
  return new AppError("idempotency_mismatch", detail, { field: "Idempotency-Key" });
}

function scheduleJson(schedule: ScheduleRecord) {
  const { replyTo } = schedule;
  const { id, time, content, session = null, agent = null, metadata: noted = {}, dueMs, last, createdAtMs } = schedule;
  return {
    id,
    ...("cron" in time ? { cron: time.cron } : { at: time.at }),
    time_zone: time.zone,
    content,
    session,
    agent,
    metadata: noted,
    callback_url: replyTo?.channel === "callback" ? (replyTo as CallbackAddress).url : null,
    next_at: dueMs === undefined ? null : iso(dueMs),
    last_run: last === undefined ? null : lastJson(last),
    created_at: iso(createdAtMs),
  };
}

function lastJson({ dueMs, atMs, session, turn, error }: NonNullable<ScheduleRecord["last"]>) {
  return { due_at: iso(dueMs), sent_at: iso(atMs), session, turn: turn ?? null, error: error ?? null };
}
