/** The calls under `/v1/schedules`, described. */
import * as z from "zod/mini";
import type { Operations } from "../door.ts";
import { newSchedule } from "./routes.ts";

const tag = "Schedules";
const moment = z.iso.datetime();
const schedule = z
  .object({
    id: z.string(),
    cron: z.optional(z.string()),
    at: z.optional(z.string()),
    time_zone: z.string(),
    content: z.string(),
    session: z.nullable(z.string()),
    agent: z.nullable(z.string()),
    metadata: z.record(z.string(), z.string()),
    callback_url: z.nullable(z.string()),
    next_at: z.nullable(moment),
    last_run: z.nullable(
      z.object({
        due_at: moment,
        sent_at: moment,
        session: z.string(),
        turn: z.nullable(z.string()),
        error: z.nullable(z.string()),
      }),
    ),
    created_at: moment,
  })
  .register(z.globalRegistry, { id: "Schedule", description: "`next_at` is null once it is never due again." });

export const scheduleOperations: Operations = {
  "POST /v1/schedules": {
    tag,
    summary: "Makes a schedule: a message by cron, or at a time",
    headers: z.object({
      "Idempotency-Key": z
        .optional(z.string().check(z.maxLength(255)))
        .register(z.globalRegistry, { description: "The same key and body: the same schedule." }),
    }),
    body: newSchedule,
    answers: { 201: { what: "The schedule.", schema: schedule } },
    refusals: [404, 409, 422],
  },
  "GET /v1/schedules": {
    tag,
    summary: "Lists the account's schedules, in the order in which they are due",
    answers: { 200: { what: "All of them.", schema: z.object({ schedules: z.array(schedule) }) } },
  },
  "DELETE /v1/schedules/{id}": {
    tag,
    summary: "Deletes a schedule; what it has sent stays",
    answers: { 204: { what: "It is gone." } },
    refusals: [404],
  },
};
