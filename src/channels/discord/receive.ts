/** Takes in Discord's interactions: commands, buttons, a modal. Checks the signature before it reads anything; Discord tries wrong ones from time to time and takes the address away when they pass. */
import { AppError } from "../../core/errors.ts";
import { safeSpeaker } from "../../core/speaker.ts";
import type { Inbound, InboundRequest, PressedApproval, Received, Taken } from "../channel.ts";
import { parseJson } from "../parse-json.ts";
import { isSignedByDiscord } from "../signature.ts";
import type { DiscordSettings } from "./api.ts";
import { type ButtonValue, buttonValue, mayPress, readButton } from "./buttons.ts";
import type { DiscordAddress } from "./discord-address.ts";
import {
  askWhy,
  type Command,
  type Interaction,
  interaction,
  later,
  nameOf,
  noted,
  pong,
  userIdOf,
  whisper,
} from "./interaction.ts";

/** What the agent's owner may choose. */
export interface DiscordRules {
  /** Who may press approval buttons: who asked (default), anyone who sees them, or these user ids. */
  approvers?: "asker" | "anyone" | readonly string[];
}

export interface DiscordSetup {
  settings: DiscordSettings;
  rules: DiscordRules;
}

const nothing = (body: object): Inbound => ({ kind: "nothing", response: Response.json(body) });

export async function receiveDiscord(request: InboundRequest, { settings, rules }: DiscordSetup): Promise<Inbound> {
  const { headers, body, nowMs } = request;
  const signed = { body, nowMs, header: (name: string) => headers.get(name) ?? undefined };
  if (!(await isSignedByDiscord(signed, settings.publicKey))) {
    throw new AppError("unauthorized", "The request is not signed by this Discord application.");
  }
  const read = interaction.safeParse(parseJson(body));
  if (!read.success) return nothing(whisper("Longline does not know this kind of interaction."));
  const came = read.data;
  switch (came.type) {
    case 1:
      return nothing(pong);
    case 2:
      return fromCommand(came, nowMs);
    case 3:
      return fromButton(came, came.data.custom_id, rules);
    case 5:
      return fromModal(came, rules);
  }
}

function fromCommand(came: Command, nowMs: number): Inbound {
  const content = came.data.type === 3 ? aboutMessage(came) : promptOf(came);
  if (content === "") return nothing(whisper("Write your question into the option `prompt`."));
  const user = userIdOf(came);
  const { token, id, application_id: app } = came;
  const address: DiscordAddress = { channel: "discord", token, id, app, room: came.channel_id, user, atMs: nowMs };
  const received: Received = {
    session: sessionOf(came),
    content,
    speaker: nameOf(came),
    metadata: { discord_user: user },
    claims: [`discord interaction ${id}`],
    address,
  };
  const answer = (taken: Taken) => Response.json("refused" in taken ? whisper(taken.refused.message) : later);
  return { kind: "message", received, answer };
}

function promptOf({ data }: Command): string {
  const { value } = data.options?.find(({ name }) => name === "prompt") ?? data.options?.[0] ?? {};
  return String(value ?? "").trim();
}

/** The one way to see a message's text without a gateway. */
function aboutMessage({ data }: Command): string {
  const message = data.resolved?.messages?.[data.target_id ?? ""];
  if (message === undefined) return "";
  const { global_name, username, id } = message.author;
  const author = safeSpeaker(global_name ?? "") ?? safeSpeaker(username ?? "") ?? id;
  const said = message.content === "" ? "(It holds no text.)" : message.content;
  return `What do you say to this message from ${author}?\n\n${said}`;
}

function fromButton(came: Interaction, customId: string, rules: DiscordRules): Inbound {
  const button = readButton(customId);
  if (button === undefined) return nothing(whisper("This button is not Longline's."));
  if (!mayPress(userIdOf(came), button, rules))
    return nothing(whisper("This is not yours to answer: whoever asked can."));
  if (button.answer === "deny") return nothing(askWhy(buttonValue({ ...button, answer: "why" })));
  return approval(came, button, { approve: true });
}

function fromModal(came: Extract<Interaction, { type: 5 }>, rules: DiscordRules): Inbound {
  const button = readButton(came.data.custom_id);
  if (button === undefined || !mayPress(userIdOf(came), button, rules)) {
    return nothing(whisper("This is not yours to answer: whoever asked can."));
  }
  const fields = came.data.components.flatMap(({ components }) => components ?? []);
  const reason = fields.find(({ custom_id }) => custom_id === "reason")?.value?.trim();
  return approval(came, button, { approve: false, ...(reason && { reason }) });
}

function approval(
  came: Interaction,
  { ref, digest }: ButtonValue,
  said: Pick<PressedApproval, "approve" | "reason">,
): Inbound {
  const answer = (taken: Taken) => Response.json("refused" in taken ? whisper(taken.refused.message) : noted);
  return {
    kind: "approval",
    pressed: { session: sessionOf(came), ref, ...(digest && { digest }), by: nameOf(came), ...said },
    answer,
  };
}

/** A thread is a channel of its own. */
function sessionOf({ guild_id, channel_id }: Interaction): string {
  return `discord_${guild_id ?? "dm"}_${channel_id}`;
}
