/** The secrets that the agents' tools declare, read once at start. */
import { isExample } from "../core/settings.ts";
import type { Bindings } from "../env.ts";
import type { Agent } from "./agent.ts";

/** Values by name. Throws an Error that names each one that is missing, which tool needs it, and how to set it. */
export function toolSecrets(agents: readonly Agent[], bindings: Bindings): Record<string, string> {
  const given = bindings as unknown as Record<string, unknown>;
  const values: Record<string, string> = {};
  // Loaded in Node, by a test or by `longline check`, there is no Worker that could have secrets.
  if (bindings.SESSIONS === undefined) return values;
  const missing = new Map<string, string>();
  for (const { name: agent, tools } of agents) {
    for (const { secrets, declaration } of tools.all) {
      for (const secret of secrets) {
        const value = given[secret];
        if (typeof value === "string" && value !== "" && !isExample(value)) values[secret] = value;
        else missing.set(secret, `the tool ${declaration.name} of the agent ${agent} needs it`);
      }
    }
  }
  if (missing.size === 0) return values;
  const lines = [...missing].map(
    ([secret, why]) =>
      `- ${secret} is not set: ${why}. Run npx wrangler secret put ${secret}, or add it to .dev.vars for npm run dev.`,
  );
  throw new Error(`Longline cannot start, because secrets are missing:\n${lines.join("\n")}`);
}
