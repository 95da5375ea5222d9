/** `/v1/prefixes`: texts that are uploaded once and are at the head of every request of the sessions that name them. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import { type PrefixInfo, prefixText } from "../../account/prefix-store.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { estimateTokens, requestTokens } from "../../core/window.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import { readJson, readText } from "../../http/read-json.ts";
import { prefixId, sharedPrefixCache } from "../../prefix-cache/prefix-cache.ts";
import { firstModel } from "../../session/turn/turn-model.ts";
import { warmUp } from "../../session/turn/warm-up.ts";
import { errorJson, iso, usageJson } from "../../wire/native.ts";
import { modelSetup } from "../allowed-models.ts";
import type { Caller } from "../caller.ts";
import { agentFor } from "../named-agent.ts";
import { Routes } from "../routes.ts";
import { agentName } from "../session-fields.ts";

const mostBytes = 4 * 1024 * 1024;
/** Room that is left for the conversation: a prefix may fill so much of what a request may have. */
const share = 0.75;

export const prefixContent = lazySchema(() =>
  z.strictObject({
    instructions: z.optional(z.string()),
    documents: z.optional(
      z
        .array(z.strictObject({ title: z.string().check(z.maxLength(300)), text: z.string() }))
        .check(z.maxLength(1_000)),
    ),
  }),
);
export const prefixWarming = lazySchema(() => z.strictObject({ agent: z.optional(agentName) }));
export const prefixRemoval = lazySchema(() => z.strictObject({ force: z.optional(z.string()) }));

export const prefixes = new Routes()
  .put("/", "key", async (c, caller) => {
    const text = await textOf(caller);
    const tokens = estimateTokens(text);
    const room = Math.floor(share * requestTokens(firstModel(modelSetup(caller), caller.limits.models).profile));
    if (tokens > room) {
      const detail = `The text is about ${tokens} tokens, and the model's window has room for ${room} of them. Shorten it.`;
      throw new AppError("invalid_request", detail);
    }
    const bytes = new TextEncoder().encode(text).length;
    const info = { id: await prefixId(text), bytes, tokens, createdAtMs: Date.now() };
    const created = await accountObject(c.env, caller.account).putPrefix(info, text);
    return c.json({ ...prefixJson(info), created }, created ? 201 : 200, { Location: `/v1/prefixes/${info.id}` });
  })
  .get("/", "key", async (c, caller) => {
    const all = await accountObject(c.env, caller.account).listPrefixes();
    return c.json({ prefixes: all.map((info) => ({ ...prefixJson(info), created_at: iso(info.createdAtMs) })) });
  })
  .get("/:prefix", "key", async (c, caller) => {
    const { info, sessions } = await existing(caller, c.req.param("prefix"));
    if (c.req.header("Accept")?.startsWith("text/plain"))
      return c.text((await accountObject(c.env, caller.account).readPrefix(info.id)) ?? "");
    return c.json({ ...prefixJson(info), sessions, created_at: iso(info.createdAtMs) });
  })
  .delete("/:prefix", "key", async (c, caller) => {
    const { force } = parseQuery(prefixRemoval, new URL(c.req.url));
    const { info, sessions } = await existing(caller, c.req.param("prefix"));
    if (sessions > 0 && force === undefined) {
      const detail = `${sessions} sessions use this prefix. Erase them first, or add ?force: their turns will fail then.`;
      throw new AppError("conflict", detail);
    }
    await accountObject(c.env, caller.account).removePrefix(info.id);
    await sharedPrefixCache(c.env.PREFIXES).remove(caller.account, info.id);
    return c.json({ deleted: prefixJson(info) });
  })
  .post("/:prefix/warm", "key", async (c, caller) => {
    const { agent: named } = parseQuery(prefixWarming, new URL(c.req.url));
    const agent = await agentFor(caller, { named });
    const { info } = await existing(caller, c.req.param("prefix"));
    const of = { account: caller.account, prefix: info.id, models: caller.limits.models, agent };
    const { usage, costMicros, failure } = await warmUp({ app: c.var.app, bindings: c.env }, of);
    const error = failure && { error: errorJson(failure) };
    return c.json(
      { prefix: info.id, usage: usageJson(usage, 1), cost_micros: costMicros, ...error },
      error ? 502 : 200,
    );
  });

async function textOf(caller: Caller): Promise<string> {
  const isText = /^text\/plain\b/i.test(caller.request.headers.get("Content-Type") ?? "");
  const text = isText
    ? await readText(caller.request, mostBytes)
    : prefixText(parseBody(prefixContent, await readJson(caller.request, { maxBytes: mostBytes, empty: {} })));
  if (text.trim() === "")
    throw new AppError("invalid_request", "The prefix is empty. Send instructions, documents or text.");
  return text.toWellFormed();
}

async function existing(caller: Caller, id: string): Promise<{ info: PrefixInfo; sessions: number }> {
  const found = await accountObject(caller.bindings, caller.account).prefixInfo(id);
  if (found === undefined) throw new AppError("not_found", "There is no such prefix.");
  return found;
}

function prefixJson({ id, bytes, tokens }: PrefixInfo): Record<string, unknown> {
  return { prefix: id, bytes, tokens_estimate: tokens };
}
