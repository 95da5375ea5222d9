/** An app whose turns are observed: a collector at otlp.test, and an alert. Its objects are in namespaces of their own. */
import * as z from "zod/mini";
import { alerts } from "../../src/doors/alerts.ts";
import { callbacks } from "../../src/doors/channels/callbacks.ts";
import { otel } from "../../src/doors/otel.ts";
import type { Bindings } from "../../src/env.ts";
import { longline } from "../../src/longline.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { agent } from "./agent.ts";

const values = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.test", OTEL_EXPORTER_OTLP_HEADERS: { "x-key": "k-1" } };

const { instructions, models } = agent;
const peek = defineTool({
  name: "peek",
  description: "Reads what the shop has.",
  input: z.object({ own: z.optional(z.string()) }),
  effect: "none",
  run: async ({ own }, { fetch }) => {
    const headers = own === undefined ? undefined : { traceparent: own };
    return (await fetch("https://shop.example.com/stock", { ...(headers && { headers }) })).text();
  },
});
const observed = longline({
  agents: { watched: { instructions, models, tools: [peek] } },
  doors: [callbacks()],
  // The settings of the tests' Worker have no collector.
  observe: { settings: {}, configure: () => otel().configure(values) },
  alerts: alerts([
    {
      metric: "failed_turns",
      over: 1,
      windowMinutes: 5,
      to: { channel: "callback", url: "https://pager.example.com/hook" } as never,
    },
  ]),
});

/** The bindings as the app's objects find them. */
export function observedBindings(bindings: Bindings): Bindings {
  const { OBSERVED_SESSIONS: SESSIONS, OBSERVED_ACCOUNTS: ACCOUNTS } = bindings as unknown as Record<string, unknown>;
  return { ...bindings, SESSIONS, ACCOUNTS } as unknown as Bindings;
}

export class ObservedSession extends observed.Session {
  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, observedBindings(bindings));
  }
}

export class ObservedAccount extends observed.Account {
  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, observedBindings(bindings));
  }
}
