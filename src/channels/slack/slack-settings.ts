/** The settings of Slack, and how they are read. The channel is on when `SLACK_SIGNING_SECRET` is set. */
import { apiUrl, headerKey, matching, type SettingValues } from "../../core/settings.ts";
import type { SlackSettings } from "./api.ts";

export const slackSettings = {
  SLACK_SIGNING_SECRET: { schema: headerKey(), secret: true },
  SLACK_BOT_TOKEN: { schema: headerKey(), secret: true },
  SLACK_CLIENT_ID: { schema: matching(/^[0-9.]{3,100}$/, "must be the client ID of the app: digits and a dot") },
  SLACK_CLIENT_SECRET: { schema: headerKey(), secret: true },
  SLACK_API_URL: { schema: apiUrl("https://slack.com/api") },
} as const;

/** `undefined` without the signing secret: nothing from Slack is taken then. */
export function slackSetup(values: SettingValues<typeof slackSettings>): SlackSettings | undefined {
  const { SLACK_SIGNING_SECRET: signingSecret, SLACK_BOT_TOKEN: botToken } = values;
  const { SLACK_CLIENT_ID: id, SLACK_CLIENT_SECRET: secret } = values;
  if (signingSecret === undefined) return undefined;
  return {
    signingSecret,
    ...(botToken && { botToken }),
    apiUrl: values.SLACK_API_URL ?? "https://slack.com/api",
    ...(id && secret && { client: { id, secret } }),
  };
}
