/** Versions and rollouts as an app lists them. Everything about them is reached from here, so an app without this line carries none of it. */

import type { RolloutFeature } from "../../agent/rollout-feature.ts";
import type { Address } from "../../channels/channel.ts";
import { decisionJson, decisionText } from "../../rollout/report.ts";
import { type Door, defineDoor } from "../door.ts";
import { rolloutOperations } from "./operations.ts";
import { RolloutJob } from "./rollout-job.ts";
import { rolloutRoutes } from "./routes.ts";
import { SessionVersion } from "./session-version.ts";
import { versionRoutes } from "./versions.ts";

export interface RolloutSettings {
  /** Where a notice of each decision is sent: `slackRoom(…)`, `discordRoom(…)`, or `{ channel: "callback", url: "https://…" }`. By default where the app's alerts about the agent go. */
  notify?: readonly Address[];
}

/** What `rollouts()` makes. */
export interface Rollouts {
  readonly door: Door;
  readonly feature: RolloutFeature;
}

/**
 * New instructions, models, tools or limits for a growing share of sessions, taken back by themselves when they are worse:
 * `POST /v1/agents/:agent/versions`, then `POST /v1/rollouts`. See docs/rollouts.md.
 *
 * @example
 * longline({ agents, rollouts: rollouts({ notify: [slackRoom("T1", "C1")] }) })
 */
export function rollouts({ notify = [] }: RolloutSettings = {}): Rollouts {
  return { door, feature: { notify, session: (of) => new SessionVersion(of), job: jobFor(notify) } };
}

const door = defineDoor({
  name: "rollouts",
  isNative: true,
  routes: () => [
    ["/v1/agents", versionRoutes],
    ["/v1/rollouts", rolloutRoutes],
  ],
  operations: rolloutOperations,
});

/** A notice is sent to each address, or else to each that gets the alerts about the agent. */
function jobFor(addresses: readonly Address[]): RolloutFeature["job"] {
  return (host, send, alerted) =>
    new RolloutJob(host, async ({ id, rollout, decision }) => {
      const subject = `Rollout ${rollout.id} of ${rollout.plan.agent}`;
      const text = decisionText(rollout, decision);
      const data = decisionJson(rollout, decision);
      const all = addresses.length > 0 ? addresses : alerted(rollout.plan.agent);
      const each = new Map(all.map((to) => [JSON.stringify(to), to]));
      for (const [place, to] of [...each.values()].entries())
        await send({ id: `${id} ${place}`, subject, text, data, to });
    });
}
