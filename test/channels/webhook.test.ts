import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import * as z from "zod";
import { receiveWebhook, type WebhookRules } from "../../src/channels/webhook.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const nowMs = Math.floor(Date.now() / 1000) * 1000;

function receive(payload: unknown, rules: WebhookRules) {
  const body = JSON.stringify(payload);
  const headers = new Headers({
    "webhook-id": "msg_1",
    "webhook-timestamp": String(nowMs / 1000),
    "webhook-signature": new Webhook(secret).sign("msg_1", new Date(nowMs), body),
  });
  return receiveWebhook(
    { headers, body, nowMs },
    { name: "shop", rules, secrets: [secret], urlFault: () => undefined },
  );
}

const order = z.object({ order: z.object({ id: z.int() }) });
const rules: WebhookRules = {
  toMessage: (payload) => ({ session: "orders", content: `Order ${order.parse(payload).order.id}` }),
};

it("[HOOK-4] a payload that the rules' schema refuses is answered 400 with its field", async () => {
  expect(await receive({ order: { id: 7 } }, rules)).toMatchObject({ received: { content: "Order 7" } });
  await expect(receive({ order: { id: "7" } }, rules)).rejects.toMatchObject({
    code: "invalid_request",
    field: "order.id",
    message: expect.stringContaining("order.id"),
  });
  await expect(receive([], rules)).rejects.toMatchObject({ code: "invalid_request", field: "body" });
});

it("[HOOK-4] a throw that is the rules' own fault is not blamed on the sender", async () => {
  const broken: WebhookRules = {
    toMessage: () => {
      throw new TypeError("oops");
    },
  };
  await expect(receive({}, broken)).rejects.toThrow(TypeError);
});
