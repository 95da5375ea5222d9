/** Schedules as an app lists them: routes, the job that sends what is due, and the tool by which an agent makes one. An app without this line carries none of it. */
import { env } from "cloudflare:workers";
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import type { App } from "../../agent/app.ts";
import type { Address } from "../../channels/channel.ts";
import { defined } from "../../core/defined.ts";
import { sha256Hex } from "../../core/digest.ts";
import { AppError } from "../../core/errors.ts";
import type { Bindings } from "../../env.ts";
import { addressFault } from "../../session/deliver/outlets.ts";
import { sessionObject } from "../../session/session-object.ts";
import { defineTool, type Tool } from "../../tools/tool.ts";
import { iso } from "../../wire/native.ts";
import { isoDateTime } from "../../wire/zod-parts.ts";
import { type Door, defineDoor, type Operations } from "../door.ts";
import { accepted } from "../refusal-words.ts";
import { newSchedule, scheduleRoutes } from "./routes.ts";
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
    operations: scheduleOperations,
    accountJob: (host, bindings, app) =>
      new ScheduleJob(host, { most, send: (due) => send(due, { app, bindings, account: host.account() }) }),
  });
}

interface SendingFrom {
  app: App;
  bindings: Bindings;
  account: string;
}

/** As a caller's message: by the account's rate and models. What it may spend is looked at by the turn. */
async function send({ claim, dueMs, session, schedule }: DueMessage, { app, bindings, account }: SendingFrom) {
  const { content, agent, metadata } = schedule;
  const { models } = await mustAdmit(bindings, account, claim);
  const replyTo = schedule.replyTo && lasting(app, schedule.replyTo, dueMs);
  const to = { account, name: session };
  const { turn } = accepted(
    await sessionObject(bindings, to).submit(to, {
      messages: [{ content, options: {}, ...(metadata && { metadata }) }],
      claims: [claim],
      create: defined({ agent }),
      ...defined({ models, replyTo }),
    }),
  );
  return { turn };
}

/** Throws `rate_limited`. The same message counts once. Returns the account's limits. */
async function mustAdmit(bindings: Bindings, account: string, claim: string) {
  const object = accountObject(bindings, account);
  const { limits } = await object.access();
  if (limits.ratePerMinute === undefined) return limits;
  const id = Number.parseInt((await sha256Hex(claim)).slice(0, 13), 16);
  const retryAfterSeconds = await object.admit(Date.now(), id);
  if (retryAfterSeconds === 0) return limits;
  const detail = `The account may send ${limits.ratePerMinute} messages a minute, and has sent them.`;
  throw new AppError("rate_limited", detail, { retryAfterSeconds });
}

/** The place of the address, for an answer that comes later; `undefined` where nothing can be shown there any more. */
function lasting(app: App, address: Address, atMs: number): Address | undefined {
  const { channel } = address;
  const place = channel === "callback" ? address : app.channels.get(channel)?.lastingAddress(address, atMs);
  return place && addressFault(app, place) === undefined ? place : undefined;
}

/**
 * A tool by which an agent sends itself a message later, in the session it is in: it is answered where the turn is answered in
 * which the tool was called, such as a thread of Slack, and erased with its session. A person approves each, unless `approval` is `never`.
 */
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
    async run({ content, ...given }, { account, session, replyTo, idempotencyKey, now }) {
      const nowMs = now();
      const time = timeOf(given, nowMs);
      const id = await scheduleId(idempotencyKey);
      const isOfChild = replyTo?.channel === "agents";
      const place = isOfChild
        ? await placeAbove(account, session.id)
        : { session: session.id, ...defined({ replyTo }) };
      const schedule = { id, time, content, ...place, isOfSession: true as const, createdAtMs: nowMs };
      const made = await new ScheduleDesk(bindings, account).create(schedule);
      const next = made.dueMs === undefined ? null : iso(made.dueMs);
      return {
        id: made.id,
        next,
        ...(isOfChild && { to: "The agent that you work for gets it, in its conversation." }),
      };
    },
  });
}

const bindings = env as unknown as Bindings;

/** The conversation that agents work for, and where its turn is answered: no one reads the session of an agent that was called, and it ends with its answer. */
async function placeAbove(account: string, name: string): Promise<{ session: string; replyTo?: Address }> {
  const session = sessionObject(bindings, { account, name });
  const { parent } = unwrap(await session.describe());
  if (parent) return placeAbove(account, parent.session);
  return { session: name, ...defined({ replyTo: unwrap(await session.newest())?.replyTo }) };
}

const tag = "Schedules";
function scheduleOperations(): Operations {
  const moment = isoDateTime();
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
  return {
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
}
