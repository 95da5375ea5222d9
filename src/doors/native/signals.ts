/** `/v1/sessions/:id/signals/:name`: what a tool waits for by `step.waitFor`, sent by the one who knows that it has happened. */
import * as z from "zod/mini";
import { unwrap } from "../../account/outcome.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { isSignalName } from "../../tools/steps/step.ts";
import { receiptOf } from "../receipt-of.ts";
import { Routes } from "../routes.ts";
import { addressOf, sessionAt } from "../session-fields.ts";

export const signalBody = lazySchema(() =>
  z.strictObject({
    value: z.optional(z.json()),
    call_id: z.optional(z.string().check(z.minLength(1), z.maxLength(2_000))),
  }),
);

export const signals = new Routes().post("/:id/signals/:name", "append", async (c, caller) => {
  const name = c.req.param("name");
  if (!isSignalName(name)) {
    const detail = "name: a signal has 1 to 100 characters without / ? # and \\; the first is a letter or a digit.";
    throw new AppError("invalid_request", detail, { field: "name" });
  }
  const body = parseBody(signalBody, c.req.raw.body === null ? {} : await readJson(c.req.raw));
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
