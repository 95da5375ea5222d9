/** An app whose agents call one another. Its objects are in namespaces of their own. */
import * as z from "zod";
import type { AgentDefinition } from "../../src/agent/agent.ts";
import { asTool, delegate, handoff } from "../../src/delegation/delegate.ts";
import { aiSdk } from "../../src/doors/ai-sdk/ai-sdk.ts";
import { copies } from "../../src/doors/copies/copies.ts";
import { mcp } from "../../src/doors/mcp/mcp.ts";
import { openai } from "../../src/doors/openai/openai.ts";
import { otel } from "../../src/doors/otel.ts";
import type { Bindings } from "../../src/env.ts";
import { longline } from "../../src/longline.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { agent } from "./agent.ts";

const { models } = agent;

/** What the tool of the writer did in the world: the keys of its calls. */
export const published: string[] = [];

const publish = defineTool({
  name: "publish",
  description: "Publishes a text.",
  input: z.object({ text: z.string() }),
  effect: "unsafe",
  approval: "always",
  run({ text }, { idempotencyKey }) {
    published.push(idempotencyKey);
    return `Published: ${text}`;
  },
});

const review = z.object({
  good: z.boolean(),
  faults: z.array(z.string()).refine((faults) => !faults.includes("x"), "names no fault"),
});

const fact = {
  instructions: "You know one fact.",
  models,
  tools: [delegate({ deep: { instructions: "You are too deep.", models } }, { name: "ask_deep" }), publish],
};
const researcher = {
  instructions: "You find things out.",
  description: "Finds things out.",
  models,
  tools: [delegate({ fact }, { name: "ask_fact" })],
  limits: { maxDepth: 2 },
};
const writer = { instructions: "You write and publish.", models, tools: [publish] };
const reviewer = { instructions: "You review.", models };

const manager = {
  instructions: "You have others do the work.",
  models,
  tools: [
    delegate({ researcher, writer }),
    asTool(reviewer, {
      name: "reviewer",
      description: "Reviews a text.",
      input: z.object({ text: z.string() }),
      output: review,
      budgetMicros: 500_000,
      timeoutSeconds: 60,
    }),
    handoff({ to: ["support"] }),
    publish,
  ],
  limits: { maxChildren: 3 },
};
/** What the hooks of the editor do, in a test that says so, and what they saw. */
export const editorHooks: Pick<AgentDefinition, "before" | "after"> = {};

const editor: AgentDefinition = {
  instructions: "You edit.",
  models,
  tools: [delegate({ researcher, writer })],
  before: (call, context) => editorHooks.before?.(call, context),
  after: (call, result, context) => editorHooks.after?.(call, result, context),
};
const support = { instructions: "You help people.", models, tools: [handoff({ to: ["manager"] })] };

const crew = longline({
  agents: { manager, support, editor },
  doors: [openai(), aiSdk(), mcp(), copies()],
  observe: otel(),
});

/** A request to the app, with the key of the tests' account. */
export function crewFetch(path: string, init: RequestInit, bindings: Bindings): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Authorization", "Bearer test-key");
  if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  const context = { waitUntil() {}, passThroughOnException() {}, props: {} };
  const request = new Request(`https://crew.test${path}`, { ...init, headers });
  return Promise.resolve(crew.fetch(request, crewBindings(bindings), context as unknown as ExecutionContext));
}

/** The bindings as the app's objects find them. */
export function crewBindings(bindings: Bindings): Bindings {
  const { CREW_SESSIONS: SESSIONS, CREW_ACCOUNTS: ACCOUNTS } = bindings as unknown as Record<string, unknown>;
  return { ...bindings, SESSIONS, ACCOUNTS } as unknown as Bindings;
}

export class CrewSession extends crew.Session {
  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, crewBindings(bindings));
  }
}

export class CrewAccount extends crew.Account {
  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, crewBindings(bindings));
  }
}
