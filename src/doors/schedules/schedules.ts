/** Schedules as an app lists them: routes, the job that sends what is due, and the tool by which an agent makes one. An app without this line carries none of it. */
import { env } from "cloudflare:workers";
import * as z from "zod/mini";
import type { Bindings } from "../../env.ts";
import { sessionObject } from "../../session/session-object.ts";
import { defineTool, type Tool } from "../../tools/tool.ts";
import { iso } from "../../wire/native.ts";
import { type Door, defineDoor } from "../door.ts";
import { accepted } from "../refusal-words.ts";
import { scheduleRoutes } from "./routes.ts";
import { ScheduleDesk, scheduleId, timeOf } from "./schedule-desk.ts";
import { type DueMessage, ScheduleJob } from "./schedule-job.ts";

export interface ScheduleSettings {
  /** Most schedules of an account; 100. */
  most?: number;
}

/**
 * Messages by the clock that callers (`/v1/schedules`) and agents (`scheduleTool`) make while the app runs. Those that the app's
 * code knows are `schedules` of `longline`.
 *
 * @example
 * longline({ agents: { assistant: defineAgent({ instructions, tools: [scheduleTool()] }) }, doors: [schedules()] })
 */
export function schedules({ most = 100 }: ScheduleSettings = {}): Door {
  if (!Number.isInteger(most) || most < 1 || most > 1_000)
    throw new Error(`schedules: most is ${most}; use 1 to 1000.`);
  return defineDoor({
    name: "schedules",
    isNative: true,
    routes: () => [["/v1/schedules", scheduleRoutes]],
    operations: async () => (await import("./operations.ts")).scheduleOperations,
    accountJob: (host, bindings) => new ScheduleJob(host, { most, send: (due) => send(bindings, host.account(), due) }),
  });
}

async function send(bindings: Bindings, account: string, { claim, session, schedule }: DueMessage) {
  const { content, agent, metadata } = schedule;
  const to = { account, name: session };
  const message = { content, options: {}, ...(metadata && { metadata }) };
  const create = agent === undefined ? {} : { agent };
  const { turn } = accepted(
    await sessionObject(bindings, to).submit(to, { messages: [message], claims: [claim], create }),
  );
  return { turn };
}

/** A tool by which an agent sends itself a message later, in the session it is in. A person approves each, unless `approval` is `never`. */
export function scheduleTool({ approval = "always" }: { approval?: "always" | "never" } = {}): Tool {
  return defineTool({
    name: "schedule",
    description:
      "Sends you a message in this conversation later: once at a time, or again and again by a cron expression of five fields. Use it for reminders and for work that is to be done later.",
    input: z.object({
      content: z.string().check(z.minLength(1), z.maxLength(20_000), z.describe("The message, written to yourself.")),
      at: z.optional(z.string()).check(z.describe("When, such as 2026-12-24T18:00, in time_zone.")),
      cron: z.optional(z.string()).check(z.describe("Instead of at: minute hour day month weekday.")),
      time_zone: z.optional(z.string()).check(z.describe("IANA name, such as Europe/Berlin; UTC when absent.")),
    }),
    effect: "keyed",
    ...(approval === "always" && { approval }),
    async run({ content, ...given }, { account, session, idempotencyKey, now }) {
      const nowMs = now();
      const time = timeOf(given, nowMs);
      const id = await scheduleId(idempotencyKey);
      const schedule = { id, time, content, session: session.id, createdAtMs: nowMs };
      const made = await new ScheduleDesk(env as unknown as Bindings, account).create(schedule);
      return { id: made.id, next: made.dueMs === undefined ? null : iso(made.dueMs) };
    },
  });
}
