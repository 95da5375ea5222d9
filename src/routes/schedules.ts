/** Messages by the clock: a cron trigger of `wrangler.toml` posts what the app says for it. One that fires twice posts once. */
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import type { App } from "../agent/app.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Bindings } from "../env.ts";
import { sessionObject } from "../session/session-object.ts";

/** `atMs`: the time it was due, the same in every try. */
export async function runSchedules(
  { schedules }: App,
  bindings: Bindings,
  { cron, atMs }: { cron: string; atMs: number },
): Promise<void> {
  const due = schedules.filter((each) => each.cron === cron);
  if (due.length === 0) console.warn(`No schedule of the app has the cron "${cron}".`);
  const { models } = due.length === 0 ? {} : (await accountObject(bindings, "default").access()).limits;
  for (const { session, content, replyTo, agent } of due) {
    const address = { account: "default", name: session };
    const claim = `schedule ${cron} ${atMs} ${await sha256Hex(content)}`;
    const message = { content, options: {} };
    const owed = replyTo === undefined ? {} : { replyTo: { ...replyTo, atMs } };
    unwrap(
      await sessionObject(bindings, address).send(address, {
        message,
        receipt: {},
        onBusy: "queue",
        claims: [claim],
        ...owed,
        ...(agent !== undefined && { choices: { agent } }),
        ...(models && { models }),
      }),
    );
  }
}
