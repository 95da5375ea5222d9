/** An app whose turns are observed: a collector at otlp.test, and an alert. Its objects are in namespaces of their own. */
import { alerts } from "../../src/doors/alerts.ts";
import { otel } from "../../src/doors/otel.ts";
import type { Bindings } from "../../src/env.ts";
import { longline } from "../../src/longline.ts";
import { agent } from "./agent.ts";

const values = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://otlp.test", OTEL_EXPORTER_OTLP_HEADERS: { "x-key": "k-1" } };

const { instructions, models } = agent;
const observed = longline({
  agents: { watched: { instructions, models } },
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
