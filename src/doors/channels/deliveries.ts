/** `/v1/deliveries`: answers that could not be delivered, to be looked at and tried again, and the secret that callbacks are signed with. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import type { ChannelState, DeadLetter } from "../../account/dead-letters.ts";
import { unwrap } from "../../account/outcome.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseQuery } from "../../http/parse-body.ts";
import { sessionObject } from "../../session/session-object.ts";
import type { ChannelStateJson, DeliveryJson } from "../../wire/account-shapes.ts";
import { iso, shownOr } from "../../wire/native.ts";
import { coercedNumber } from "../../wire/zod-parts.ts";
import { Routes } from "../routes.ts";

export const deliveryListing = lazySchema(() =>
  z.strictObject({
    // What is delivered is not kept, and what is on its way is in its session.
    status: z._default(z.literal("dead", "must be dead: others are not listed"), "dead"),
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(500)), 100),
  }),
);

export const deliveries = new Routes()
  .get("/", "key", async (c, caller) => {
    const { limit } = parseQuery(deliveryListing, new URL(c.req.url));
    const { letters, channels } = await accountObject(c.env, caller.account).deliveries(limit);
    return c.json({ deliveries: letters.map(shownLetter), channels: channels.map(shownState) });
  })
  .get("/secret", "key", async (c, caller) => {
    const { account, app } = caller;
    const own = app.webhookSecrets.get("callback")?.[0];
    return c.json({ secret: own ?? (await accountObject(c.env, account).callbackSecret(account)) });
  })
  .post("/:id/retry", "key", async (c, caller) => {
    const id = c.req.param("id");
    const { account } = caller;
    const object = accountObject(c.env, account);
    const letter = await object.deadLetter(id);
    if (letter === undefined) throw new AppError("not_found", `There is no dead delivery "${id}".`);
    unwrap(await sessionObject(c.env, { account, name: letter.session }).retryDelivery(id));
    await object.removeDeadLetter(id, letter.diedAtMs);
    return c.json({ id, session: letter.session, turn: letter.turn, status: "owed" }, 202);
  });

function shownState(state: ChannelState): ChannelStateJson {
  const { channel } = state;
  return shownOr(state, stateJson, (error) => ({ channel, delivered_at: null, failed_at: null, error }));
}

function stateJson({ channel, deliveredAtMs, failedAtMs, error }: ChannelState): ChannelStateJson {
  const at = (ms: number | undefined) => (ms === undefined ? null : iso(ms));
  return { channel, delivered_at: at(deliveredAtMs), failed_at: at(failedAtMs), error: error ?? null };
}

function shownLetter(letter: DeadLetter): DeliveryJson {
  const { id } = letter;
  const instead = (broken: string): DeliveryJson => ({ id, status: "dead", broken });
  return letter.broken === undefined ? shownOr(letter, letterJson, instead) : instead(letter.broken);
}

function letterJson({ id, session, turn, address, error, attempts, createdAtMs, diedAtMs }: DeadLetter): DeliveryJson {
  const { channel, url } = address as { channel: string; url?: string };
  const times = { created_at: iso(createdAtMs), died_at: iso(diedAtMs) };
  return { id, status: "dead", session, turn, channel, ...(url && { url }), error, attempts, ...times };
}
