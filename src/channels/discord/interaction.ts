/** Discord's interactions as far as Longline reads them, and the numbers it answers with (discord.com/developers/docs/interactions/receiving-and-responding). */
import * as z from "zod/mini";
import { safeSpeaker } from "../../core/speaker.ts";
import { attachment, targetMessage } from "./target-message.ts";

const person = z.looseObject({ id: z.string(), username: z.nullish(z.string()), global_name: z.nullish(z.string()) });

const common = {
  id: z.string(),
  token: z.string(),
  application_id: z._default(z.string(), ""),
  guild_id: z.nullish(z.string()),
  channel_id: z._default(z.string(), ""),
  channel: z.nullish(z.looseObject({ parent_id: z.nullish(z.string()) })),
  member: z.nullish(z.looseObject({ user: person, nick: z.nullish(z.string()) })),
  user: z.nullish(person),
  authorizing_integration_owners: z.nullish(z.record(z.string(), z.unknown())),
};

const option = z.looseObject({
  name: z.string(),
  type: z._default(z.number(), 3),
  value: z.nullish(z.union([z.string(), z.number(), z.boolean()])),
});
const field = z.looseObject({ custom_id: z.string(), value: z.nullish(z.string()) });
const pressed = z.looseObject({ custom_id: z.nullish(z.string()) });
/** The message whose button was pressed: ours, with the buttons that it has. */
const source = z.looseObject({
  id: z.string(),
  components: z.nullish(z.array(z.looseObject({ components: z.nullish(z.array(pressed)) }))),
});

export const interaction = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal(1) }),
  z.looseObject({
    type: z.literal(2),
    ...common,
    data: z.looseObject({
      name: z.string(),
      type: z._default(z.number(), 1),
      options: z.nullish(z.array(option)),
      target_id: z.nullish(z.string()),
      resolved: z.nullish(
        z.looseObject({
          messages: z.nullish(z.record(z.string(), targetMessage)),
          attachments: z.nullish(z.record(z.string(), attachment)),
        }),
      ),
    }),
  }),
  z.looseObject({
    type: z.literal(3),
    ...common,
    message: z.nullish(source),
    data: z.looseObject({ custom_id: z.string() }),
  }),
  z.looseObject({ type: z.literal(4) }),
  z.looseObject({
    type: z.literal(5),
    ...common,
    message: z.nullish(source),
    data: z.looseObject({
      custom_id: z.string(),
      components: z._default(z.array(z.looseObject({ components: z.nullish(z.array(field)) })), []),
    }),
  }),
]);
type Any = z.infer<typeof interaction>;
export type Interaction = Extract<Any, { type: 2 | 3 | 5 }>;
export type Command = Extract<Any, { type: 2 }>;
/** A press of a button, or what a modal brings that a button opened. */
export type Press = Extract<Any, { type: 3 | 5 }>;

/** Webhook Events come to whatever address is set for them (events/webhook-events): a ping of type 0, and events of type 1. Neither is a message. */
export const webhookEvent = z.union([
  z.looseObject({ type: z.literal(0), application_id: z.string() }),
  z.looseObject({ type: z.literal(1), application_id: z.string(), event: z.looseObject({ type: z.string() }) }),
]);

/** What a person is called where they wrote. */
export function nameOf({ member, user }: Interaction): string {
  const who = member?.user ?? user;
  const named = [member?.nick, who?.global_name, who?.username, who?.id];
  return named.map((each) => safeSpeaker(each ?? "")).find((each) => each !== undefined) ?? "somebody";
}

export function userIdOf({ member, user }: Interaction): string {
  return member?.user.id ?? user?.id ?? "";
}

/** Most follow-ups, where only the person installed the app (`"1"`), and not the server (`"0"`); else `undefined`. */
export function followUpsOf({ authorizing_integration_owners: owners }: Interaction): number | undefined {
  return owners && "1" in owners && !("0" in owners) ? 5 : undefined;
}

export const pong = { type: 1 };
/** "… is thinking". */
export const later = { type: 5 };
/** Taken; the message that holds the button stays as it is for now. */
export const noted = { type: 6 };
/** Nothing to choose from. */
export const noChoices = { type: 8, data: { choices: [] } };

/** A word that only the one who acted sees. */
export function whisper(content: string): object {
  return { type: 4, data: { content: content.slice(0, 2_000), flags: 64, allowed_mentions: { parse: [] } } };
}

/** Asks why before a call is denied. */
export function askWhy(customId: string): object {
  const input = {
    type: 4,
    custom_id: "reason",
    label: "Why? (may stay empty)",
    style: 2,
    required: false,
    max_length: 500,
  };
  return { type: 9, data: { custom_id: customId, title: "Deny", components: [{ type: 1, components: [input] }] } };
}
