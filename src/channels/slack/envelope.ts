/** Slack's requests as far as Longline reads them. Loose: Slack adds fields at any time. */
import * as z from "zod";

const file = z.looseObject({
  id: z.string(),
  name: z.string().nullish(),
  mimetype: z.string().nullish(),
  size: z.number().nullish(),
  url_private: z.string().nullish(),
  url_private_download: z.string().nullish(),
  file_access: z.string().nullish(),
});
export type SlackFile = z.infer<typeof file>;

const event = z.looseObject({
  type: z.string(),
  subtype: z.string().nullish(),
  user: z.string().nullish(),
  bot_id: z.string().nullish(),
  text: z.string().nullish(),
  ts: z.string().nullish(),
  thread_ts: z.string().nullish(),
  channel: z.string().nullish(),
  channel_type: z.string().nullish(),
  client_msg_id: z.string().nullish(),
  files: z.array(file).nullish(),
});
export type SlackEvent = z.infer<typeof event>;

export const envelope = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("url_verification"), challenge: z.string() }),
  z.looseObject({ type: z.literal("app_rate_limited"), minute_rate_limited: z.number().nullish() }),
  z.looseObject({
    type: z.literal("event_callback"),
    team_id: z.string(),
    api_app_id: z.string().nullish(),
    event_id: z.string(),
    event,
    authorizations: z.array(z.looseObject({ user_id: z.string().nullish(), team_id: z.string().nullish() })).nullish(),
  }),
]);
export type EventCallback = Extract<z.infer<typeof envelope>, { type: "event_callback" }>;

/** A slash command. */
export const command = z.looseObject({
  team_id: z.string(),
  channel_id: z.string(),
  user_id: z.string(),
  user_name: z.string().optional(),
  api_app_id: z.string().optional(),
  command: z.string(),
  text: z.string().default(""),
  trigger_id: z.string(),
  response_url: z.string(),
});
export type SlashCommand = z.infer<typeof command>;

const person = z.looseObject({ id: z.string(), name: z.string().nullish(), username: z.string().nullish() });
const common = { team: z.looseObject({ id: z.string() }).nullish(), user: person, api_app_id: z.string().nullish() };

export const interaction = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("block_actions"),
    ...common,
    response_url: z.string().nullish(),
    actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().nullish() })).min(1),
  }),
  z.looseObject({
    type: z.literal("message_action"),
    ...common,
    trigger_id: z.string(),
    channel: z.looseObject({ id: z.string() }),
    message: event.extend({ ts: z.string() }).omit({ type: true }),
  }),
]);
export type Pressed = Extract<z.infer<typeof interaction>, { type: "block_actions" }>;
export type MessageAction = Extract<z.infer<typeof interaction>, { type: "message_action" }>;
