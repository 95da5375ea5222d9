/** Which agent answers what a messenger brings: the one of the message's own place, else the one of the whole channel. Pure. */
import type { Inbound } from "./channel.ts";

/** The same, for the agent that the channel's rules name; where they name none, for the default one. */
export function forAgent(inbound: Inbound, agent: string | undefined): Inbound {
  if (inbound.kind !== "message" || agent === undefined) return inbound;
  return { ...inbound, received: { agent, ...inbound.received } };
}

/** Every agent that rules name, at any depth. */
export function agentsIn(rules: unknown): string[] {
  if (typeof rules !== "object" || rules === null) return [];
  return Object.entries(rules).flatMap(([name, value]) =>
    name === "agent" && typeof value === "string" ? [value] : agentsIn(value),
  );
}
