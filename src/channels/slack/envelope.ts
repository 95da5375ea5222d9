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

const plain = z.string().nullish();
const attachment = z.looseObject({
  text: plain,
  pretext: plain,
  title: plain,
  title_link: plain,
  fallback: plain,
  footer: plain,
  author_name: plain,
  author_id: plain,
  channel_id: plain,
  channel_name: plain,
  is_share: z.boolean().nullish(),
  is_msg_unfurl: z.boolean().nullish(),
  fields: z.array(z.looseObject({ title: plain, value: plain })).nullish(),
  blocks: z.array(z.unknown()).nullish(),
  message_blocks: z.array(z.unknown()).nullish(),
  files: z.array(file).nullish(),
});
export type SlackAttachment = z.infer<typeof attachment>;

/** What a person looks at while they write to the app (docs.slack.dev/reference/events/app_context_changed). */
const appContext = z.looseObject({
  entities: z.array(z.looseObject({ type: z.string(), value: z.unknown() })).nullish(),
});

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
  /** Of a bot. */
  username: z.string().nullish(),
  /** The author's workspace. */
  team: z.string().nullish(),
  user_team: z.string().nullish(),
  tab: z.string().nullish(),
  tokens: z.looseObject({ bot: z.array(z.string()).nullish() }).nullish(),
  files: z.array(file).nullish(),
  blocks: z.array(z.unknown()).nullish(),
  attachments: z.array(attachment).nullish(),
  app_context: appContext.nullish(),
  assistant_thread: z.looseObject({ channel_id: plain, thread_ts: plain, user_id: plain }).nullish(),
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
    channel: z.looseObject({ id: z.string() }).nullish(),
    container: z.looseObject({ is_ephemeral: z.boolean().nullish(), channel_id: plain }).nullish(),
    actions: z.array(z.looseObject({ action_id: z.string(), value: z.string().nullish() })).min(1),
  }),
  z.looseObject({
    type: z.literal("message_action"),
    ...common,
    trigger_id: z.string(),
    response_url: z.string().nullish(),
    channel: z.looseObject({ id: z.string() }),
    message: event.extend({ ts: z.string() }).omit({ type: true }),
  }),
]);
export type Pressed = Extract<z.infer<typeof interaction>, { type: "block_actions" }>;
export type MessageAction = Extract<z.infer<typeof interaction>, { type: "message_action" }>;
