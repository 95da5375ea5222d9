/** Alerts as an app lists them. */
import { Alerts } from "../account/alerts.ts";
import { type AlertRule, alertFault } from "../observe/alert-rule.ts";
import type { AlertSource } from "../observe/telemetry.ts";

/**
 * Thresholds over the turns of each account. One message is sent when one is passed, and one when it is not any more.
 * Throws an Error that names the rule that cannot be one.
 *
 * @example
 * longline({ agents, alerts: alerts([{ metric: "failed_turns", over: 5, windowMinutes: 15, to: slackRoom("T1", "C1") }]) })
 */
export function alerts(rules: readonly AlertRule[]): AlertSource {
  for (const [index, rule] of rules.entries()) {
    const fault = alertFault(rule);
    if (fault !== undefined) throw new Error(`alerts[${index}]: ${fault}.`);
  }
  return { rules, job: (host, send) => new Alerts(host, { rules, send }) };
}
