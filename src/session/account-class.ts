/** The class of an app's accounts: Cloudflare makes its objects with a context and bindings alone, so the app is closed over. */
import { Account } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import type { App } from "../agent/app.ts";
import type { Bindings } from "../env.ts";
import type { AccountJob, AccountJobHost, Notice } from "../observe/telemetry.ts";
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
      const eraseSession = async (account: string, name: string) =>
        unwrap(await sessionObject(bindings, { account, name }).erase({ account, name }));
      const { keepTurnsMs } = app.settings;
      super(ctx, bindings, { keepTurnsMs, jobs, eraseSession, shares: app.delegation?.shares });
    }
  };
}

function jobsOf(app: App, bindings: Bindings, host: AccountJobHost): AccountJob[] {
  const { alerts, telemetry, rollouts, doors } = app;
  const send = (notice: Notice) => sendNotice(bindings, host.account(), notice);
  const alerted = (name: string) =>
    (alerts?.rules ?? []).filter(({ agent = name }) => agent === name).map(({ to }) => to);
  const ofDoors = doors.map((door) => door.accountJob?.(host, bindings, app));
  const jobs = [alerts?.job(host, send), telemetry?.account(host), rollouts?.job(host, send, alerted), ...ofDoors];
  return jobs.filter((job) => job !== undefined);
}

/** By the outbox of a session, so that it comes again like any delivery that fails. */
async function sendNotice(bindings: Bindings, account: string, notice: Notice): Promise<void> {
  const address = { account, name: alertSession };
  const session = sessionObject(bindings, address);
  unwrap(await session.create(address, { title: "Alerts" }));
  unwrap(await session.notify(notice));
}

/** Throws an Error for an alert, or a notice of rollouts, whose address the app must change. Returns what only settings lack: those may come later. */
export function noticeWarnings(app: Pick<App, "alerts" | "rollouts" | "channels" | "settings">): string[] {
  const alerts = (app.alerts?.rules ?? []).map(({ metric, to }) => ({ what: `The alert about ${metric}: to`, to }));
  const notices = (app.rollouts?.notify ?? []).map((to) => ({ what: "rollouts(): notify", to }));
  return [...alerts, ...notices].flatMap(({ what, to }) => {
    const fault = addressFault(app, to);
    if (fault === undefined) return [];
    const detail = `${what}: ${fault.detail}`;
    if (fault.of === "app") throw new Error(detail);
    return [`${detail} Until then it is not sent.`];
  });
}
