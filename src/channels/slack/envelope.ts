/** Slack's requests as far as Longline reads them. Loose: Slack adds fields at any time. */
import * as z from "zod/mini";

const file = z.looseObject({
  id: z.string(),
  name: z.nullish(z.string()),
  mimetype: z.nullish(z.string()),
  size: z.nullish(z.number()),
  url_private: z.nullish(z.string()),
  url_private_download: z.nullish(z.string()),
  file_access: z.nullish(z.string()),
});
export type SlackFile = z.infer<typeof file>;

const plain = z.nullish(z.string());
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
  is_share: z.nullish(z.boolean()),
  is_msg_unfurl: z.nullish(z.boolean()),
  fields: z.nullish(z.array(z.looseObject({ title: plain, value: plain }))),
  blocks: z.nullish(z.array(z.unknown())),
  message_blocks: z.nullish(z.array(z.unknown())),
  files: z.nullish(z.array(file)),
});
export type SlackAttachment = z.infer<typeof attachment>;

/** What a person looks at while they write to the app (docs.slack.dev/reference/events/app_context_changed). */
const appContext = z.looseObject({
  entities: z.nullish(z.array(z.looseObject({ type: z.string(), value: z.unknown() }))),
});

const event = z.looseObject({
  type: z.string(),
  subtype: z.nullish(z.string()),
  user: z.nullish(z.string()),
  bot_id: z.nullish(z.string()),
  text: z.nullish(z.string()),
  ts: z.nullish(z.string()),
  thread_ts: z.nullish(z.string()),
  channel: z.nullish(z.string()),
  channel_type: z.nullish(z.string()),
  client_msg_id: z.nullish(z.string()),
  /** Of a bot. */
  username: z.nullish(z.string()),
  /** The author's workspace. */
  team: z.nullish(z.string()),
  user_team: z.nullish(z.string()),
  tab: z.nullish(z.string()),
  tokens: z.nullish(z.looseObject({ bot: z.nullish(z.array(z.string())) })),
  files: z.nullish(z.array(file)),
  blocks: z.nullish(z.array(z.unknown())),
  attachments: z.nullish(z.array(attachment)),
  app_context: z.nullish(appContext),
  assistant_thread: z.nullish(z.looseObject({ channel_id: plain, thread_ts: plain, user_id: plain })),
});
export type SlackEvent = z.infer<typeof event>;

export const envelope = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("url_verification"), challenge: z.string() }),
  z.looseObject({ type: z.literal("app_rate_limited"), minute_rate_limited: z.nullish(z.number()) }),
  z.looseObject({
    type: z.literal("event_callback"),
    team_id: z.string(),
    api_app_id: z.nullish(z.string()),
    event_id: z.string(),
    event,
    authorizations: z.nullish(
      z.array(z.looseObject({ user_id: z.nullish(z.string()), team_id: z.nullish(z.string()) })),
    ),
  }),
]);
export type EventCallback = Extract<z.infer<typeof envelope>, { type: "event_callback" }>;

/** A slash command. */
export const command = z.looseObject({
  team_id: z.string(),
  channel_id: z.string(),
  user_id: z.string(),
  user_name: z.optional(z.string()),
  api_app_id: z.optional(z.string()),
  command: z.string(),
  text: z._default(z.string(), ""),
  trigger_id: z.string(),
  response_url: z.string(),
});
export type SlashCommand = z.infer<typeof command>;

const person = z.looseObject({ id: z.string(), name: z.nullish(z.string()), username: z.nullish(z.string()) });
const common = { team: z.nullish(z.looseObject({ id: z.string() })), user: person, api_app_id: z.nullish(z.string()) };

export const interaction = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("block_actions"),
    ...common,
    response_url: z.nullish(z.string()),
    channel: z.nullish(z.looseObject({ id: z.string() })),
    container: z.nullish(z.looseObject({ is_ephemeral: z.nullish(z.boolean()), channel_id: plain })),
    actions: z.array(z.looseObject({ action_id: z.string(), value: z.nullish(z.string()) })).check(z.minLength(1)),
  }),
  z.looseObject({
    type: z.literal("message_action"),
    ...common,
    trigger_id: z.string(),
    response_url: z.nullish(z.string()),
    channel: z.looseObject({ id: z.string() }),
    message: z.omit(z.extend(event, { ts: z.string() }), { type: true }),
  }),
]);
export type Pressed = Extract<z.infer<typeof interaction>, { type: "block_actions" }>;
export type MessageAction = Extract<z.infer<typeof interaction>, { type: "message_action" }>;
