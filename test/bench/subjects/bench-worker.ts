/** Longline as the bench runs it: every door of the product, an agent with one plain tool, and in place of KV and the rate limiter, which raw workerd does not have, doubles that do nothing. */

import * as z from "zod/mini";
import { defineAgent } from "../../../src/agent/agent.ts";
import { demoModel } from "../../../src/agent/demo-model.ts";
import { aiSdk } from "../../../src/doors/ai-sdk/ai-sdk.ts";
import { callbacks } from "../../../src/doors/channels/callbacks.ts";
import { discord, slack } from "../../../src/doors/channels/listed.ts";
import { webhooks } from "../../../src/doors/channels/webhooks.ts";
import { copies } from "../../../src/doors/copies/copies.ts";
import { mcp } from "../../../src/doors/mcp/mcp.ts";
import { mcpServers } from "../../../src/doors/mcp-servers.ts";
import { openai } from "../../../src/doors/openai/openai.ts";
import { openapi } from "../../../src/doors/openapi/openapi.ts";
import { prefixes } from "../../../src/doors/prefixes/prefixes.ts";
import type { Bindings } from "../../../src/env.ts";
import { type Longline, longline } from "../../../src/longline.ts";
import type { TelemetrySource } from "../../../src/observe/telemetry.ts";
import { defineTool } from "../../../src/tools/tool.ts";
import { loadAccount } from "./account-load.ts";

const doubles = {
  PREFIXES: { get: async () => null, put: async () => {}, delete: async () => {} },
  RATE_LIMIT: { limit: async () => ({ success: true }) },
};

const echo = defineTool({
  name: "echo",
  description: "Says the text again.",
  input: z.object({ text: z.string() }),
  effect: "none",
  run: async ({ text }) => text,
});

const bench = defineAgent({
  instructions: "Be brief.",
  models: [{ id: "deepseek-v3.2-exp" }],
  tools: [echo],
  limits: { maxSteps: 50 },
});

type WithEnv = new (ctx: DurableObjectState, env: object) => object;

/** The objects get the doubles, too. */
function withDoubles<T>(plain: T): T {
  const made = function (ctx: DurableObjectState, env: object): object {
    return Reflect.construct(plain as WithEnv, [ctx, { ...env, ...doubles }], new.target ?? (plain as WithEnv));
  };
  const { prototype } = plain as WithEnv;
  Object.setPrototypeOf(made, plain as WithEnv);
  made.prototype = Object.create(prototype);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== "constructor") Object.defineProperty(made.prototype, name, { value: Reflect.get(prototype, name) });
  }
  return made as unknown as T;
}

/** An app with the doubles in place of what raw workerd does not have. */
export function served(app: Longline) {
  const { fetch, Session, Account } = app;
  const answer = (request: Request, env: object, context: ExecutionContext) =>
    fetch(request, { ...env, ...doubles }, context);
  return { Session: withDoubles(Session), Account: withDoubles(Account), fetch: answer };
}

export function benchWorker(observe?: TelemetrySource) {
  const app = longline({
    agents: { bench },
    doors: [openai(), aiSdk(), mcp(), openapi(), copies(), prefixes(), webhooks(), callbacks()],
    channels: [slack(), discord()],
    mcp: mcpServers(),
    demo: demoModel(),
    ...(observe !== undefined && { observe }),
  });
  const { fetch, ...classes } = served(app);
  const answer = (request: Request, env: object, context: ExecutionContext) =>
    request.url.includes("/bench/account?")
      ? loadAccount({ ...env, ...doubles } as unknown as Bindings, new URL(request.url))
      : fetch(request, env, context);
  return { ...classes, fetch: answer };
}
