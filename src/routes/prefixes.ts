/** `/v1/prefixes`: texts that are uploaded once and stand at the head of every request of the sessions that name them. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { accountObject } from "../account/account.ts";
import type { PrefixInfo } from "../account/prefix-store.ts";
import { AppError } from "../core/errors.ts";
import { prefixText } from "../core/prefix-text.ts";
import { estimateTokens, requestTokens } from "../core/window.ts";
import { errorJson, iso, usageJson } from "../dialects/native.ts";
import { parseBody, parseQuery } from "../http/parse-body.ts";
import { readJson, readText } from "../http/read-json.ts";
import { prefixId, sharedPrefixCache } from "../prefix-cache/prefix-cache.ts";
import { firstModel } from "../session/turn-model.ts";
import { warmUp } from "../session/warm-up.ts";
import { modelSetup } from "./allowed-models.ts";
import type { RouteContext } from "./context.ts";
import { agentFor } from "./named-agent.ts";
import { agentName } from "./sessions.ts";

const mostBytes = 4 * 1024 * 1024;
/** Room that is left for the conversation: a prefix may fill so much of what a request may have. */
const share = 0.75;

export const prefixContent = z.strictObject({
  instructions: z.string().optional(),
  documents: z
    .array(z.strictObject({ title: z.string().max(300), text: z.string() }))
    .max(1_000)
    .optional(),
});
export const prefixWarming = z.strictObject({ agent: agentName.optional() });
export const prefixRemoval = z.strictObject({ force: z.string().optional() });

export const prefixes = new Hono<RouteContext>()
  .put("/", async (c) => {
    const text = await textOf(c);
    const tokens = estimateTokens(text);
    const room = Math.floor(share * requestTokens(firstModel(modelSetup(c), c.var.limits.models).profile));
    if (tokens > room) {
      const detail = `The text is about ${tokens} tokens, and the model's window has room for ${room} of them. Shorten it.`;
      throw new AppError("invalid_request", detail);
    }
    const bytes = new TextEncoder().encode(text).length;
    const info = { id: await prefixId(text), bytes, tokens, createdAtMs: Date.now() };
    const created = await accountObject(c.env, c.var.account).putPrefix(info, text);
    return c.json({ ...prefixJson(info), created }, created ? 201 : 200, { Location: `/v1/prefixes/${info.id}` });
  })
  .get("/:prefix", async (c) => {
    const { info, sessions } = await existing(c);
    return c.json({ ...prefixJson(info), sessions, created_at: iso(info.createdAtMs) });
  })
  .delete("/:prefix", async (c) => {
    const { force } = parseQuery(prefixRemoval, new URL(c.req.url));
    const { info, sessions } = await existing(c);
    if (sessions > 0 && force === undefined) {
      const detail = `${sessions} sessions use this prefix. Erase them first, or add ?force: their turns will fail then.`;
      throw new AppError("conflict", detail);
    }
    await accountObject(c.env, c.var.account).removePrefix(info.id);
    await sharedPrefixCache(c.env.PREFIXES).remove(c.var.account, info.id);
    return c.json({ deleted: prefixJson(info) });
  })
  .post("/:prefix/warm", async (c) => {
    const { agent: named } = parseQuery(prefixWarming, new URL(c.req.url));
    const agent = await agentFor(c, { named });
    const { info } = await existing(c);
    const of = { account: c.var.account, prefix: info.id, models: c.var.limits.models, agent };
    const { usage, costMicros, failure } = await warmUp({ app: c.var.app, bindings: c.env }, of);
    const error = failure && { error: errorJson(failure) };
    return c.json(
      { prefix: info.id, usage: usageJson(usage, 1), cost_micros: costMicros, ...error },
      error ? 502 : 200,
    );
  });

async function textOf(c: Context<RouteContext>): Promise<string> {
  const isText = /^text\/plain\b/i.test(c.req.header("Content-Type") ?? "");
  const text = isText
    ? await readText(c.req.raw, mostBytes)
    : prefixText(parseBody(prefixContent, await readJson(c.req.raw, { maxBytes: mostBytes })));
  if (text.trim() === "")
    throw new AppError("invalid_request", "The prefix is empty. Send instructions, documents or text.");
  return text.toWellFormed();
}

async function existing(c: Context<RouteContext>): Promise<{ info: PrefixInfo; sessions: number }> {
  const found = await accountObject(c.env, c.var.account).prefixInfo(c.req.param("prefix") ?? "");
  if (found === undefined) throw new AppError("not_found", "There is no such prefix.");
  return found;
}

function prefixJson({ id, bytes, tokens }: PrefixInfo): Record<string, unknown> {
  return { prefix: id, bytes, tokens_estimate: tokens };
}
