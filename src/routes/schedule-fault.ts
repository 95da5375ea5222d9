/** What of a schedule cannot work: found when the Worker starts, and looked at again before its message is sent. Pure. */
import type { App, Schedule } from "../agent/app.ts";
import type { AddressFault } from "../channels/define-channel.ts";
import { addressFault } from "../session/deliver/outlets.ts";
import { sessionName } from "./sessions.ts";

/** The first fault, named by its field; `undefined` when there is none. */
export function scheduleFault(
  { cron, session, content, replyTo }: Schedule,
  app: Pick<App, "channels" | "settings">,
): AddressFault | undefined {
  const name = `The schedule "${cron}"`;
  const ofApp = (detail: string) => ({ of: "app", detail: `${name}: ${detail}` }) as const;
  const parsed = sessionName.safeParse(session);
  if (!parsed.success) return ofApp(`session "${session}" ${parsed.error.issues[0]?.message}.`);
  if (content.trim() === "") return ofApp("content must not be empty.");
  const fault = replyTo && addressFault(app, replyTo);
  return fault && { ...fault, detail: `${name}: replyTo: ${fault.detail}` };
}

/** Throws an Error for a schedule that the app must change. Returns what only settings lack: those may come later. */
export function scheduleWarnings(app: Pick<App, "channels" | "settings" | "schedules">): string[] {
  return app.schedules.flatMap((schedule) => {
    const fault = scheduleFault(schedule, app);
    if (fault?.of === "app") throw new Error(fault.detail);
    return fault === undefined ? [] : [`${fault.detail} Until then its message is not sent.`];
  });
}
