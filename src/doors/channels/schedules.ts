/** Messages at fixed times: a cron trigger of `wrangler.toml` posts what the app says for it. One that fires twice posts once. */
import { accountObject } from "../../account/account-object.ts";
import type { App, Schedule } from "../../agent/app.ts";
import type { AddressFault } from "../../channels/define-channel.ts";
import { defined } from "../../core/defined.ts";
import { sha256Hex } from "../../core/digest.ts";
import { AppError } from "../../core/errors.ts";
import type { Bindings } from "../../env.ts";
import { type AddressSources, addressFault } from "../../session/deliver/outlets.ts";
import { sessionObject } from "../../session/session-object.ts";
import { accepted } from "../refusal-words.ts";
import { sessionName } from "../session-fields.ts";

/** `atMs`: the time it was due, the same in every try. */
export async function runSchedules(
  app: App,
  bindings: Bindings,
  { cron, atMs }: { cron: string; atMs: number },
): Promise<void> {
  const due = app.schedules.filter((each) => each.cron === cron);
  if (due.length === 0) console.warn(`No schedule of the app has the cron "${cron}".`);
  const { models } = due.length === 0 ? {} : (await accountObject(bindings, "default").access()).limits;
  const failed: unknown[] = [];
  for (const schedule of due) {
    try {
      await post(bindings, schedule, { app, atMs, ...(models && { models }) });
    } catch (error) {
      // The others are sent all the same.
      failed.push(error);
    }
  }
  // The run is marked as failed at Cloudflare, with these words.
  if (failed.length > 0) throw new AggregateError(failed, failed.map(String).join(" "));
}

async function post(
  bindings: Bindings,
  schedule: Schedule,
  { app, atMs, models }: { app: App; atMs: number; models?: readonly string[] },
): Promise<void> {
  const fault = scheduleFault(schedule, app);
  if (fault !== undefined) throw new AppError("not_configured", fault.detail);
  const { cron, session, content, replyTo, agent } = schedule;
  const address = { account: "default", name: session };
  const claim = `schedule ${cron} ${atMs} ${await sha256Hex(content)}`;
  const message = { content, options: {} };
  const owed = replyTo === undefined ? {} : { replyTo: { ...replyTo, atMs } };
  accepted(
    await sessionObject(bindings, address).submit(address, {
      messages: [message],
      claims: [claim],
      ...owed,
      create: defined({ agent }),
      ...(models && { models }),
    }),
  );
}

/** The first fault, named by its field; `undefined` when there is none. */
function scheduleFault({ cron, session, content, replyTo }: Schedule, app: AddressSources): AddressFault | undefined {
  const name = `The schedule "${cron}"`;
  const ofApp = (detail: string) => ({ of: "app", detail: `${name}: ${detail}` }) as const;
  const parsed = sessionName.safeParse(session);
  if (!parsed.success) return ofApp(`session "${session}" ${parsed.error.issues[0]?.message}.`);
  if (content.trim() === "") return ofApp("content must not be empty.");
  const fault = replyTo && addressFault(app, replyTo);
  return fault && { ...fault, detail: `${name}: replyTo: ${fault.detail}` };
}

/** Throws an Error for a schedule that the app must change. Returns what only settings lack: those may come later. */
export function scheduleWarnings(app: AddressSources & Pick<App, "schedules">): string[] {
  return app.schedules.flatMap((schedule) => {
    const fault = scheduleFault(schedule, app);
    if (fault?.of === "app") throw new Error(fault.detail);
    return fault === undefined ? [] : [`${fault.detail} Until then its message is not sent.`];
  });
}
