/** The secrets of inbound webhooks by name, two while one is being replaced; `callback` signs what goes out. */
import { namedTexts } from "../core/setting-lists.ts";
import { type SettingValues, text } from "../core/settings.ts";

export const webhookSettings = {
  WEBHOOK_SECRETS: { schema: text(namedTexts), secret: true },
} as const;

export function webhookSecrets(values: SettingValues<typeof webhookSettings>): ReadonlyMap<string, readonly string[]> {
  return values.WEBHOOK_SECRETS ?? new Map();
}
