/** Discord's interactions as far as Longline reads them, and the numbers it answers with (discord.com/developers/docs/interactions/receiving-and-responding). */
import * as z from "zod";
import { safeSpeaker } from "../../core/speaker.ts";

const person = z.looseObject({ id: z.string(), username: z.string().nullish(), global_name: z.string().nullish() });

const common = {
  id: z.string(),
  token: z.string(),
  application_id: z.string().default(""),
  guild_id: z.string().nullish(),
  channel_id: z.string().default(""),
  member: z.looseObject({ user: person, nick: z.string().nullish() }).nullish(),
  user: person.nullish(),
};

const option = z.looseObject({ name: z.string(), value: z.union([z.string(), z.number(), z.boolean()]).nullish() });
const message = z.looseObject({ id: z.string(), content: z.string().default(""), author: person });
const field = z.looseObject({ custom_id: z.string(), value: z.string().nullish() });

export const interaction = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal(1) }),
  z.looseObject({
    type: z.literal(2),
    ...common,
    data: z.looseObject({
      name: z.string(),
      type: z.number().default(1),
      options: z.array(option).nullish(),
      target_id: z.string().nullish(),
      resolved: z.looseObject({ messages: z.record(z.string(), message).nullish() }).nullish(),
    }),
  }),
  z.looseObject({ type: z.literal(3), ...common, data: z.looseObject({ custom_id: z.string() }) }),
  z.looseObject({
    type: z.literal(5),
    ...common,
    data: z.looseObject({
      custom_id: z.string(),
      components: z.array(z.looseObject({ components: z.array(field).nullish() })).default([]),
    }),
  }),
]);
export type Interaction = Exclude<z.infer<typeof interaction>, { type: 1 }>;
export type Command = Extract<Interaction, { type: 2 }>;

/** What a person is called where they wrote. */
export function nameOf({ member, user }: Interaction): string {
  const who = member?.user ?? user;
  const named = [member?.nick, who?.global_name, who?.username, who?.id];
  return named.map((each) => safeSpeaker(each ?? "")).find((each) => each !== undefined) ?? "somebody";
}

export function userIdOf({ member, user }: Interaction): string {
  return member?.user.id ?? user?.id ?? "";
}

export const pong = { type: 1 };
/** "… is thinking". */
export const later = { type: 5 };
/** Taken; the message that holds the button stays as it is for now. */
export const noted = { type: 6 };

/** A word that only the one who acted sees. */
export function whisper(content: string): object {
  return { type: 4, data: { content, flags: 64, allowed_mentions: { parse: [] } } };
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
