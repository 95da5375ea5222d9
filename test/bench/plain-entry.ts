/** The Worker of `npm run bench -- health`: the product's own, with doubles for the bindings that raw workerd does not have. */
import type { Bindings } from "../../src/env.ts";
import app, { Account as PlainAccount, Session as PlainSession } from "../../src/index.ts";

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

export class Session extends PlainSession {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, withDoubles(env));
  }
}
export class Account extends PlainAccount {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, withDoubles(env));
  }
}

export default {
  fetch: (request: Request, env: Bindings, context: ExecutionContext) => app.fetch(request, withDoubles(env), context),
};
