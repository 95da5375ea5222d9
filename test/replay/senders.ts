/** Signed requests as their senders make them: Slack, Discord, and the three ways in which webhooks are signed. */
import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { FakeDiscord } from "../support/fake-discord.ts";
import type { FakeSlack } from "../support/fake-slack.ts";
import type { Signed } from "./row.ts";

export const secrets = {
  plain: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  git: "its-a-secret",
  pay: "whsec_one",
  callback: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
};

const json = { "content-type": "application/json" };
const hmac = (secret: string, text: string) => createHmac("sha256", secret).update(text).digest("hex");

export interface Standard {
  id: string;
  payload: unknown;
  secret?: string;
  /** How old the signature is. */
  ageSeconds?: number;
}

export function createSenders({ slack, discord }: { slack: FakeSlack; discord: FakeDiscord }) {
  return {
    slack,
    discord,
    async standard({ id, payload, secret = secrets.plain, ageSeconds = 0 }: Standard): Promise<Signed> {
      const body = typeof payload === "string" ? payload : JSON.stringify(payload);
      const at = new Date(Date.now() - ageSeconds * 1000);
      const headers = {
        ...json,
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": new Webhook(secret).sign(id, at, body),
      };
      return { headers, body };
    },
    async github(payload: unknown, delivery: string, event = "issues"): Promise<Signed> {
      const body = JSON.stringify(payload);
      const signature = `sha256=${hmac(secrets.git, body)}`;
      const headers = { "x-github-event": event, "x-github-delivery": delivery, "x-hub-signature-256": signature };
      return { headers: { ...json, ...headers }, body };
    },
    async stripe(payload: unknown): Promise<Signed> {
      const body = JSON.stringify(payload);
      const seconds = Math.floor(Date.now() / 1000);
      const signature = `t=${seconds},v1=${hmac(secrets.pay, `${seconds}.${body}`)}`;
      return { headers: { ...json, "stripe-signature": signature }, body };
    },
  };
}

export type Senders = ReturnType<typeof createSenders>;
