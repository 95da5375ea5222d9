/** Inbound webhooks as an app lists them: `/channels/webhooks/<name>`, for each name that has a secret. An app without this line carries none of it. */
import type { CallbackAddress } from "../../channels/callback.ts";
import { receiveWebhook, webhookSettings } from "../../channels/webhook.ts";
import { AppError } from "../../core/errors.ts";
import { addressFault } from "../../session/deliver/outlets.ts";
import { type Door, defineDoor } from "../door.ts";
import { Routes, requestOf } from "../routes.ts";
import { take } from "./channels.ts";

/**
 * Receives webhooks, each named and signed by a secret of `WEBHOOK_SECRETS`; what they mean are the `webhooks` of `longline`.
 *
 * @example
 * longline({ agents, doors: [webhooks()], webhooks: { orders: { signedBy: "github" } } })
 */
export function webhooks(): Door {
  return defineDoor({
    name: "webhooks",
    isNative: true,
    settings: webhookSettings,
    routes: () => [["/channels/webhooks", received]],
  });
}

const received = new Routes().post("/:name", "sender", (c) => {
  const name = c.req.param("name");
  const { app } = c.var;
  // It signs what goes out: a receiver of callbacks must not be able to send with it.
  const secrets = name === "callback" ? undefined : app.webhookSecrets.get(name);
  if (secrets === undefined) {
    throw new AppError("not_found", `There is no webhook "${name}". Add ${name}=whsec_… to WEBHOOK_SECRETS.`);
  }
  const rules = app.webhooks[name] ?? {};
  return take(requestOf(c), (request) =>
    receiveWebhook(request, {
      ...{ name, rules, secrets, names: app.webhookSecrets.keys() },
      urlFault: (url) => addressFault(app, { channel: "callback", url } as CallbackAddress)?.detail,
    }),
  );
});
