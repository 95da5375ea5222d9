/** The Worker of the soak: the product's own, its Durable Objects put behind slow commits and output gates. Holds nothing of the product's logic. */
import { env as bindings, DurableObject } from "cloudflare:workers";
import { aiSdk } from "../../src/doors/ai-sdk/ai-sdk.ts";
import { callbacks } from "../../src/doors/channels/callbacks.ts";
import { copies } from "../../src/doors/copies/copies.ts";
import { longTools } from "../../src/doors/long-tools.ts";
import { mcp } from "../../src/doors/mcp/mcp.ts";
import { openai } from "../../src/doors/openai/openai.ts";
import { otel } from "../../src/doors/otel.ts";
import { rollouts } from "../../src/doors/rollouts/rollouts.ts";
import type { Bindings } from "../../src/env.ts";
import { longline } from "../../src/longline.ts";
import { chief } from "./crew-agents.ts";
import { Chance } from "./harness/chance.ts";
import { createKvDouble } from "./kv-double.ts";
import { current, Gate, over, slowStorage } from "./shim-storage.ts";
import { agent as soak } from "./soak-agent.ts";

type SoakBindings = Bindings & { HARNESS_URL: string; SEED: string };
type Method = (...given: unknown[]) => unknown;
type ObjectClass = new (ctx: DurableObjectState, env: SoakBindings) => object;

const plainFetch = globalThis.fetch;

/** Requests of an object leave when what it wrote before is safe, as through Cloudflare's output gate. */
globalThis.fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
  await current.getStore()?.confirmed();
  return plainFetch(input, init);
};

let kv: ReturnType<typeof createKvDouble> | undefined;

/** The bindings, with doubles for those that raw workerd does not have. */
function withDoubles(env: SoakBindings, more: Record<string, unknown> = {}): SoakBindings {
  kv ??= createKvDouble(Number(env.SEED));
  return over(env, { PREFIXES: kv, RATE_LIMIT: { limit: async () => ({ success: true }) }, ...more });
}

function confirmAt(harness: string) {
  return async (object: string, n: number) => {
    const response = await plainFetch(`${harness}/commit/${object}/${n}`, { method: "POST" });
    await response.text();
  };
}

/**
 * How many reports to an account are recorded and lose their answer, as one that is cut off by a restart of that object does. A turn
 * is in one or two of them, and must count once. Lost answers of every call are in the stories of HOLD-1.
 */
const lostReports = 0.3;

/** Calls of another object wait as requests do. */
function gatedSpace(space: DurableObjectNamespace, gate: Gate, chance: Chance): DurableObjectNamespace {
  const getByName = (name: string) => {
    const stub = space.getByName(name) as unknown as Record<string, Method>;
    return new Proxy(stub, {
      get:
        (_, method, proxy) =>
        async (...given: unknown[]) => {
          // The methods that `objectStub` puts on a stub go through `call` of the proxy.
          const listed: unknown = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(stub), method)?.value;
          const isListed = typeof listed === "function" && method !== "call" && method !== "fetch";
          if (isListed) return Reflect.apply(listed, proxy, given);
          await gate.confirmed();
          const answer = await stub[String(method)]?.(...given);
          if (method !== "call" || given[1] !== "report" || !chance.happens(lostReports)) return answer;
          // The words and the flag of developers.cloudflare.com/durable-objects/best-practices/error-handling.
          throw Object.assign(new Error("Network connection lost."), { retryable: true });
        },
    });
  };
  return over(space, { getByName });
}

/**
 * The class with its storage shimmed and the answers of its methods behind the gate. Later chunks of a response's body
 * are not held back: the real gate lets those of a JavaScript stream through too.
 */
function gated(plain: ObjectClass): ObjectClass {
  const gates = new WeakMap<object, Gate>();
  const shimmed = function (this: unknown, ctx: DurableObjectState, env: SoakBindings) {
    const gate = new Gate(`${ctx.id}`, ctx.storage.sql, confirmAt(env.HARNESS_URL));
    Object.defineProperty(ctx, "storage", { value: slowStorage(ctx.storage, gate) });
    const chance = new Chance(Number(env.SEED), `calls of ${ctx.id}`);
    const own = withDoubles(env, {
      ACCOUNTS: gatedSpace(env.ACCOUNTS, gate, chance),
      SESSIONS: gatedSpace(env.SESSIONS, gate, chance),
    });
    const made = current.run(gate, () => Reflect.construct(plain, [ctx, own], new.target ?? plain));
    gates.set(made, gate);
    return made;
  };
  // What the runtime goes by when it asks whether a class extends DurableObject.
  Object.setPrototypeOf(shimmed, plain);
  shimmed.prototype = Object.create(plain.prototype);
  for (const name of methodsOf(plain.prototype)) {
    const method: unknown = plain.prototype[name];
    if (name === "constructor" || typeof method !== "function") continue;
    shimmed.prototype[name] = async function (this: object, ...given: unknown[]) {
      const gate = gates.get(this);
      if (gate === undefined) throw new Error("An object was made without its gate.");
      try {
        return await current.run(gate, () => method.apply(this, given));
      } finally {
        await gate.confirmed();
      }
    };
  }
  return shimmed as unknown as ObjectClass;
}

/** Names of a class's methods, and of the classes it extends up to the runtime's own. */
function methodsOf(prototype: object): string[] {
  const above: object = Object.getPrototypeOf(prototype);
  const inherited = above === DurableObject.prototype ? [] : methodsOf(above);
  return [...new Set([...Object.getOwnPropertyNames(prototype), ...inherited])];
}

const { HARNESS_URL } = bindings as unknown as SoakBindings;
const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: `${HARNESS_URL}/otlp`, OTEL_EXPORTER_OTLP_HEADERS: {} };
const observe = { settings: {}, configure: () => otel().configure(collector) };
/** No one is there: that each notice is owed once is looked for in the session that it is in. */
const notify = [{ channel: "callback", url: "https://receiver.longline.dev/notices" }];
const app = longline({
  agents: { soak, chief },
  doors: [openai(), aiSdk(), mcp(), copies(), callbacks()],
  observe,
  rollouts: rollouts({ notify }),
  longTools: longTools(),
});

export const Session = gated(app.Session as unknown as ObjectClass);
export const Account = gated(app.Account as unknown as ObjectClass);

export default {
  fetch: (request: Request, env: SoakBindings, context: ExecutionContext) =>
    app.fetch(request, withDoubles(env), context),
};
