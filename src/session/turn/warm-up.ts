/** Has the provider read a prefix before traffic comes: it requests one token after it, and the ledger says what that cost. */

import { accountObject } from "../../account/account-object.ts";
import type { Agent } from "../../agent/agent.ts";
import type { App } from "../../agent/app.ts";
import { Draft } from "../../core/assemble.ts";
import { shortageFailure } from "../../core/budget-words.ts";
import { type Usage, worstCaseMicros } from "../../core/cost.ts";
import { AppError, type Failure } from "../../core/errors.ts";
import { textTokens } from "../../core/estimate-usage.ts";
import { mostTokens } from "../../core/window.ts";
import type { Bindings } from "../../env.ts";
import { generate } from "../../model/client.ts";
import { hasPrice, pricesAt } from "../../model/profile.ts";
import { endpointOf, requestBody, serializeHead, serializeMessage } from "../../model/serialize.ts";
import { KvCount } from "../../prefix-cache/kv-count.ts";
import { knownHere } from "../store/learned.ts";
import { shortageOf } from "./budget-client.ts";
import { instructionsOf } from "./request-writer.ts";
import { firstModel } from "./turn-model.ts";
import { TurnTools } from "./turn-tools.ts";
import { userIdFor, userIdsOf } from "./user-ids.ts";

/** `agent`: whose instructions and tools come before the prefix. `models`: that the account may use; any when absent. */
export interface WarmUp {
  account: string;
  prefix: string;
  models: readonly string[] | undefined;
  agent: Agent;
}

export async function warmUp(
  { app, bindings }: { app: App; bindings: Bindings },
  { account, prefix, models, agent }: WarmUp,
): Promise<{ usage: Usage; costMicros: number; failure?: Failure }> {
  const { settings, remoteTools } = app;
  const tools = new TurnTools({ agent, remoteTools, bindings, count: new KvCount() });
  const { profile: listed, baseUrl, apiKey, fetch, place } = firstModel({ agent, settings, bindings }, models);
  const profile = knownHere(listed);
  const object = accountObject(bindings, account);
  const text = await object.readPrefix(prefix);
  const seq = Date.now();
  const instructions = instructionsOf(agent.instructions, text, null);
  const short = { ...profile, maxTokens: 1, maxTokensThinking: 1 };
  const { signal } = new AbortController();
  const toolbox = await tools.toolbox([], signal).finally(() => tools.close());
  // A session's own cache cannot be filled from outside.
  const rule = profile.userId === "session" ? "none" : profile.userId;
  const userId = userIdFor(rule, account, await userIdsOf({ account, name: "" }));
  const head = serializeHead({ profile: short, tools: toolbox.declarations, instructions, userId });
  const body = requestBody(head, [serializeMessage({ role: "user", content: "Are you ready?" }, profile)]);
  const prices = pricesAt(profile, seq);
  const session = `warm:${prefix}`;
  const micros = worstCaseMicros({ requestTokens: mostTokens(body), maxTokens: 1 }, prices);
  const reserved = await object.reserve({ session, seq, micros });
  const isUnpriced = reserved !== "unlimited" && !hasPrice(profile);
  if (isUnpriced || reserved === "refused") {
    const shortage = isUnpriced ? { unpriced: place } : shortageOf(await object.settings(), micros);
    throw new AppError("conflict", shortageFailure(shortage, "The warm-up").detail);
  }
  const draft = new Draft({ seq, turn: session, step: 1, attempt: 1, model: profile.id });
  const events = generate({
    baseUrl: endpointOf(profile, baseUrl),
    apiKey,
    body,
    fetch,
    signal,
    timeouts: settings.timeouts,
    onBegan: () => draft.begin(),
  });
  for await (const batch of events) for (const event of batch) draft.add(event);
  const sent = () => ({ tokens: textTokens(body), cachedTokens: 0, outputRatio: 1 });
  const reply = draft.finish({ cancelled: false, prices, atMs: Date.now(), sent, place });
  const { usage, costMicros, model, atMs } = reply;
  // Cut after one token, or without output: what matters is that the prefix was read.
  const failure = reply.type === "step_failed" && reply.failure.code !== "model_empty" ? reply.failure : undefined;
  const facts = {
    agent: agent.name,
    agentVersion: agent.version,
    failed: failure !== undefined,
    retries: 0,
    repairs: 0,
    firstEventMs: null,
    durationMs: atMs - seq,
    rowsWritten: 0,
    kvReads: 0,
    kvWrites: 0,
  };
  await object.record(session, [{ seq, atMs, model, ...facts, ...usage, costMicros }]);
  return { usage, costMicros, ...(failure && { failure }) };
}
