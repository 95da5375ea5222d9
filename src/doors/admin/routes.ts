/** `/v1/admin`: accounts, their limits and their keys, for those who run the Worker and have its ADMIN_KEY. */
import * as z from "zod/mini";
import { forgetCallers } from "../../account/access.ts";
import { type KeyInfo, keyRights } from "../../account/account-keys.ts";
import { accountList, accountObject } from "../../account/account-object.ts";
import type { AccountLimits, AccountState } from "../../account/account-record.ts";
import { unwrap } from "../../account/outcome.ts";
import type { App } from "../../agent/app.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { modelIds, unpricedModels } from "../../session/turn/turn-model.ts";
import { iso, shownOr } from "../../wire/native.ts";
import type { RequestContext } from "../caller.ts";
import { Routes, requestOf } from "../routes.ts";
import { usageOf } from "../usage-sums.ts";

/** No underscore: it parts a key's account from its secret. */
const accountId = lazySchema(() =>
  z.string().check(z.regex(/^[a-z0-9-]{1,40}$/, "must be 1 to 40 small letters, digits or -")),
);
/** A million dollars; more is a mistake. */
const mostMicros = 1_000_000_000_000;
const limitFields = lazySchema(() =>
  z.object({
    budget_micros: z.optional(z.nullable(z.int().check(z.minimum(0), z.maximum(mostMicros)))),
    rate_per_minute: z.optional(z.nullable(z.int().check(z.minimum(1), z.maximum(1_000_000)))),
    budget_period: z.optional(z.nullable(z.enum(["month", "total"]))),
    models: z.optional(z.nullable(z.array(z.string()).check(z.minLength(1)))),
  }),
);
export const accountCreation = lazySchema(() => z.strictObject({ id: z.optional(accountId), ...limitFields.shape }));
export const accountChanges = lazySchema(() => z.strictObject(limitFields.shape));
/** `rights`: what the key may do beside sending messages. */
export const keyCreation = lazySchema(() => z.strictObject({ rights: z.optional(z.array(z.enum(keyRights))) }));

export const admin = new Routes()
  .post("/accounts", "admin", async (c) => {
    const { id = `a-${crypto.randomUUID()}`, ...limits } = parseBody(
      accountCreation,
      await readJson(c.req.raw, { empty: {} }),
    );
    const account = accountObject(c.env, id);
    if (await account.isBeingErased())
      throw new AppError(
        "conflict",
        `The account "${id}" is being erased. Its name is free when that is done: try again in two minutes.`,
      );
    if ((await account.settings()) !== undefined)
      throw new AppError("conflict", `There is an account "${id}" already.`);
    const settings = await account.putSettings(id, changed(c.var.app, {}, limits));
    await accountList(c.env).addAccount(id);
    return c.json(accountJson((await account.settings()) ?? { ...settings, ...nothingSpent }), 201);
  })
  .get("/accounts", "admin", async (c) => c.json({ accounts: await accountList(c.env).accountIds() }))
  .get("/accounts/:account", "admin", async (c) =>
    c.json(accountJson((await existing(requestOf(c), c.req.param("account"))).settings)),
  )
  .patch("/accounts/:account", "admin", async (c) => {
    const limits = parseBody(accountChanges, await readJson(c.req.raw, { empty: {} }));
    const { account, settings } = await existing(requestOf(c), c.req.param("account"));
    await account.putSettings(settings.id, changed(c.var.app, settings.limits, limits));
    forgetCallers();
    return c.json(accountJson((await existing(requestOf(c), c.req.param("account"))).settings));
  })
  .delete("/accounts/:account", "admin", async (c) => {
    const id = parseBody(accountId, c.req.param("account"), "account");
    if (id === "default") throw new AppError("conflict", defaultStays);
    const receipt = await accountObject(c.env, id).eraseAccount(id);
    forgetCallers();
    await accountList(c.env).removeAccount(id);
    if (receipt === undefined) throw new AppError("not_found", `There is no account "${id}".`);
    const { remaining, ...deleted } = receipt;
    return c.json({ deleted, remaining }, remaining === 0 ? 200 : 202);
  })
  .get("/accounts/:account/usage", "admin", async (c) => {
    const { settings } = await existing(requestOf(c), c.req.param("account"));
    return c.json(await usageOf(requestOf(c), settings.id));
  })
  .post("/accounts/:account/keys", "admin", async (c) => {
    const { account, settings } = await existing(requestOf(c), c.req.param("account"));
    const { rights } = parseBody(keyCreation, await readJson(c.req.raw, { empty: {} }));
    const { key, ...info } = unwrap(await account.createKey(settings.id, rights));
    return c.json({ ...keyJson(info), key }, 201);
  })
  .get("/accounts/:account/keys", "admin", async (c) => {
    const { account } = await existing(requestOf(c), c.req.param("account"));
    return c.json({ keys: (await account.listKeys()).map(shownKey) });
  })
  .delete("/accounts/:account/keys/:key", "admin", async (c) => {
    const { account } = await existing(requestOf(c), c.req.param("account"));
    if (!(await account.revokeKey(c.req.param("key")))) throw new AppError("not_found", "There is no such key.");
    forgetCallers();
    return c.body(null, 204);
  });

const nothingSpent = { spentMicros: 0, spentInAllMicros: 0, reservedMicros: 0 };
const defaultStays =
  'The account "default" belongs to the API_KEY of the Worker, so it stays. Erase its sessions with DELETE /v1/sessions/{session}, or delete the Worker.';

async function existing({ bindings }: RequestContext, name: string) {
  const id = parseBody(accountId, name, "account");
  const account = accountObject(bindings, id);
  const settings = await account.settings();
  if (settings === undefined) throw new AppError("not_found", `There is no account "${id}".`);
  return { account, settings };
}

type LimitFields = z.infer<typeof accountChanges>;

/** The limits with those that were sent in place of the old ones; null takes one away. */
function changed(app: App, before: AccountLimits, sent: LimitFields): AccountLimits {
  const models = sent.models && parseBody(z.array(z.enum(allModels(app))), sent.models, "models");
  const { budget_micros: budgetMicros, rate_per_minute: ratePerMinute } = sent;
  // For all time is what a budget is without a period.
  const budgetPeriod = sent.budget_period === "total" ? null : sent.budget_period;
  const all = { ...before, ...given({ budgetMicros, budgetPeriod, ratePerMinute, models }) };
  const limits: AccountLimits = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  mustHavePrices(app, limits);
  return limits;
}

/** A budget holds only where each model that the account may use has a price. */
function mustHavePrices(app: App, { budgetMicros, models }: AccountLimits): void {
  if (budgetMicros === undefined) return;
  const { agents, settings } = app;
  const unpriced = new Set(agents.all.flatMap((agent) => unpricedModels(settings, agent)));
  const used = [...unpriced].filter((id) => models?.includes(id) ?? true);
  if (used.length === 0) return;
  const detail = `budget_micros: the price of ${used.join(", ")} is not known. Add \`prices\` to its entry in the agent's models, or list other \`models\`.`;
  throw new AppError("invalid_request", detail, { field: "budget_micros" });
}

/** Ids of the models of all agents. */
function allModels(app: App): string[] {
  const { agents, settings } = app;
  return [...new Set(agents.all.flatMap((agent) => modelIds(settings, agent)))];
}

function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function accountJson(of: AccountState): Record<string, unknown> {
  const { budgetMicros = null, budgetPeriod = "total", ratePerMinute = null, models = null } = of.limits;
  return {
    id: of.id,
    budget_micros: budgetMicros,
    budget_period: budgetPeriod,
    budget_resets_at: of.resetsAtMs === undefined ? null : iso(of.resetsAtMs),
    spent_micros: of.spentMicros,
    spent_in_all_micros: of.spentInAllMicros,
    reserved_micros: of.reservedMicros,
    rate_per_minute: ratePerMinute,
    models,
    created_at: iso(of.createdAtMs),
  };
}

function shownKey(key: KeyInfo): Record<string, unknown> {
  return shownOr(key, keyJson, (broken) => ({ id: key.id, broken }));
}

function keyJson({ id, rights, createdAtMs, revokedAtMs }: KeyInfo): Record<string, unknown> {
  const own = rights.length > 0 && { rights };
  return { id, ...own, created_at: iso(createdAtMs), revoked_at: revokedAtMs === null ? null : iso(revokedAtMs) };
}
