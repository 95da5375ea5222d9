/** Tools with durable steps as an app lists them: what runs and records the steps, and the route of the signals that they wait for. An app without this line carries none of it. */
import * as z from "zod/mini";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import { Rest } from "../session/read/rest.ts";
import { Signals } from "../session/store/signals.ts";
import { StepWriter } from "../session/store/step-writer.ts";
import { takeSignal } from "../session/submit/take-signal.ts";
import { callSteps } from "../session/turn/call-steps.ts";
import type { StepsFeature } from "../tools/steps/feature.ts";
import { isSignalName } from "../tools/steps/step.ts";
import { stepsOf } from "../tools/steps/steps.ts";
import { type Door, defineDoor } from "./door.ts";
import type { Operation } from "./operation.ts";
import { receiptOf } from "./receipt-of.ts";
import { Routes } from "./routes.ts";
import { addressOf, sessionAt } from "./session-fields.ts";

/** What `longTools()` makes. */
export interface LongTools {
  readonly door: Door;
  readonly feature: StepsFeature;
}

/**
 * Durable steps for tools (`context.step`): a tool can wait for days, and what it has done is not done again after a crash.
 * `POST /v1/sessions/:id/signals/:name` brings what it waits for. See docs/long-tools.md.
 *
 * @example
 * longline({ agents, longTools: longTools() })
 */
export function longTools(): LongTools {
  return { door, feature: durableSteps };
}

/** Without the route. */
const durableSteps: StepsFeature = {
  session(host) {
    const { sql } = host.storage;
    const { storage, steps, turns, intents, feed } = host;
    const rows = {
      storage,
      steps,
      turns,
      intents,
      feed,
      writer: new StepWriter(sql, steps),
      signals: new Signals(sql),
    };
    return {
      of: (call) => stepsOf({ store: callSteps(rows, call), stepKey: call.stepKey }),
      takeSignal: (given, nowMs) => takeSignal(rows, given, nowMs),
      rest: (turn) => new Rest(host, turn),
    };
  },
};

const signalBody = lazySchema(() =>
  z.strictObject({
    value: z.optional(z.json()),
    call_id: z.optional(z.string().check(z.minLength(1), z.maxLength(2_000))),
  }),
);

const signals = new Routes().post("/:id/signals/:name", "append", async (c, caller) => {
  const name = c.req.param("name");
  if (!isSignalName(name)) {
    const detail = "name: a signal has 1 to 100 characters without / ? # and \\; the first is a letter or a digit.";
    throw new AppError("invalid_request", detail, { field: "name" });
  }
  const body = parseBody(signalBody, await readJson(c.req.raw, { empty: {} }));
  const { key } = await receiptOf(caller, body);
  const value = body.value === undefined ? undefined : JSON.stringify(body.value);
  const given = {
    name,
    ...(value !== undefined && { value }),
    ...(body.call_id !== undefined && { callId: body.call_id }),
    ...(key !== undefined && { key }),
  };
  const { status, turn, callId } = unwrap(await sessionAt(caller, c.req.param("id")).signal(given));
  const session = addressOf(caller, c.req.param("id")).name;
  return c.json({ session, turn, name, status, call_id: callId ?? null }, status === "delivered" ? 200 : 202);
});

const door = defineDoor({
  name: "longTools",
  isNative: true,
  routes: () => [["/v1/sessions", signals]],
  operations,
});

const signalTaken = lazySchema(() =>
  z.object({
    session: z.string(),
    turn: z.string(),
    name: z.string(),
    status: z.enum(["delivered", "kept"]),
    call_id: z.nullable(z.string()),
  }),
);

function operations(): Record<string, Operation> {
  return {
    "POST /v1/sessions/{id}/signals/{name}": {
      tag: "Sessions",
      summary: "Sends what a tool waits for; the same again is answered the same",
      headers: z.object({
        "Idempotency-Key": z
          .optional(z.string().check(z.maxLength(255)))
          .register(z.globalRegistry, { description: "The same key and body: the same signal." }),
      }),
      body: signalBody,
      answers: {
        200: { what: "A tool had waited for it, and goes on.", schema: signalTaken },
        202: { what: "It is kept: a call is under way that may come to wait for it.", schema: signalTaken },
      },
      refusals: [404, 409, 410, 422, 429],
    },
  };
}
