/** The Worker of `npm run bench -- health`: the product's own with the agent of the soak, and doubles for the bindings that raw workerd does not have. */
import { aiSdk } from "../../src/doors/ai-sdk/ai-sdk.ts";
import { copies } from "../../src/doors/copies/copies.ts";
import { mcp } from "../../src/doors/mcp/mcp.ts";
import { openai } from "../../src/doors/openai/openai.ts";
import { prefixes } from "../../src/doors/prefixes/prefixes.ts";
import type { Bindings } from "../../src/env.ts";
import { longline } from "../../src/longline.ts";
import { agent } from "../soak/soak-agent.ts";

const values = new Map<string, unknown>();
const doubles = {
  PREFIXES: {
    get: async (key: string, type?: string) => {
      const value = values.get(key) ?? null;
      return type === "json" && typeof value === "string" ? JSON.parse(value) : value;
    },
    put: async (key: string, value: unknown) => void values.set(key, value),
    delete: async (key: string) => void values.delete(key),
  },
  RATE_LIMIT: { limit: async () => ({ success: true }) },
};
const withDoubles = (env: Bindings) => ({ ...env, ...doubles }) as unknown as Bindings;

const app = longline({ agents: { agent }, doors: [openai(), aiSdk(), mcp(), prefixes(), copies()] });

export class Session extends app.Session {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, withDoubles(env));
  }
}
export class Account extends app.Account {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, withDoubles(env));
  }
}

export default {
  fetch: (request: Request, env: Bindings, context: ExecutionContext) => app.fetch(request, withDoubles(env), context),
};
