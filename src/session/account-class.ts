/** The class of an app's accounts: Cloudflare makes its objects with a context and bindings alone, so the app is closed over. */
import { Account } from "../account/account.ts";
import { Alerts } from "../account/alerts.ts";
import { unwrap } from "../account/outcome.ts";
import type { App } from "../agent/app.ts";
import type { RolloutFeature, RolloutNotice } from "../agent/rollout-feature.ts";
import type { Bindings } from "../env.ts";
import { type AlertNotice, alertJson, alertText } from "../observe/alert-rule.ts";
import type { AccountJob, AccountJobHost } from "../observe/telemetry.ts";
import { addressFault } from "./deliver/outlets.ts";
import { sessionObject } from "./session-object.ts";

export type AccountClass = new (ctx: DurableObjectState, bindings: Bindings) => Account;

/** The session of each account that its alerts are in. */
const alertSession = "longline-alerts";

/** What the Worker's module exports as `Account`. */
export function accountClass(app: App): AccountClass {
  return class extends Account {
    constructor(ctx: DurableObjectState, bindings: Bindings) {
      const jobs = (host: AccountJobHost) => jobsOf(app, bindings, host);
      super(ctx, bindings, { keepTurnsMs: app.settings.keepTurnsMs, jobs });
    }
  };
}

function jobsOf({ alerts, telemetry, rollouts }: App, bindings: Bindings, host: AccountJobHost): AccountJob[] {
  const metrics = telemetry.exporter?.account(host);
  const notify = (account: string, notice: AlertNotice) => sendAlert(bindings, account, notice);
  const watching = alerts.length === 0 ? [] : [new Alerts(host, { rules: alerts, notify })];
  const deciding = rollouts?.job(host, (account, notice) =>
    sendDecision(bindings, account, { notice, to: rollouts.notify }),
  );
  return [...watching, ...[metrics, deciding].filter((job) => job !== undefined)];
}

/** By the outbox of a session, so that it comes again like any delivery that fails. */
async function sendAlert(bindings: Bindings, account: string, notice: AlertNotice): Promise<void> {
  const { id, rule } = notice;
  const address = { account, name: alertSession };
  const subject = `Is ${rule.metric} over ${rule.over}?`;
  const to = { ...rule.to, alert: alertJson(notice) };
  unwrap(await sessionObject(bindings, address).notify(address, { id, subject, text: alertText(notice), to }));
}

/** The same for a decision of a rollout, to each address. */
async function sendDecision(
  bindings: Bindings,
  account: string,
  { notice, to }: { notice: RolloutNotice; to: RolloutFeature["notify"] },
): Promise<void> {
  const { id, subject, text, data } = notice;
  const session = sessionObject(bindings, { account, name: alertSession });
  for (const [place, address] of to.entries()) {
    const owed = { id: `${id} ${place}`, subject, text, to: { ...address, alert: data } };
    unwrap(await session.notify({ account, name: alertSession }, owed));
  }
}

/** Throws an Error for an alert that the app must change. Returns what only settings lack: those may come later. */
export function alertWarnings(app: Pick<App, "alerts" | "channels" | "settings">): string[] {
  return app.alerts.flatMap(({ metric, to }) => {
    const fault = addressFault(app, to);
    if (fault === undefined) return [];
    const detail = `The alert about ${metric}: to: ${fault.detail}`;
    if (fault.of === "app") throw new Error(detail);
    return [`${detail} Until then it is not sent.`];
  });
}
