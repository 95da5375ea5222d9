/** Takes in Discord's interactions: commands, buttons, a modal. Checks the signature before it reads anything; Discord tries wrong ones from time to time and takes the address away when they pass. */

import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import type { GivenFeedback, Inbound, InboundRequest, PressedApproval, Received, Taken } from "../channel.ts";
import { parseJson } from "../parse-json.ts";
import { placedIn } from "../place-rules.ts";
import { isSignedByDiscord } from "../signature.ts";
import { signatureError } from "../signature-error.ts";
import type { DiscordSettings } from "./api.ts";
import { type ButtonValue, buttonValue, mayPress, readButton, readStop } from "./buttons.ts";
import type { DiscordAddress, DiscordPress } from "./discord-address.ts";
import { readRating } from "./feedback.ts";
import {
  askWhy,
  type Command,
  followUpsOf,
  type Interaction,
  interaction,
  later,
  nameOf,
  noChoices,
  noted,
  type Press,
  pong,
  userIdOf,
  webhookEvent,
  whisper,
} from "./interaction.ts";
import { keptReference } from "./read-reference.ts";
import { type DiscordRules, discordSession, isAllowed } from "./rules.ts";
import { askedAbout, type DiscordFile, filesOf } from "./target-message.ts";

export interface DiscordSetup {
  settings: DiscordSettings;
  rules: DiscordRules;
}

const nothing = (body: object): Inbound => ({ kind: "nothing", response: Response.json(body) });
const notYours = () => nothing(whisper("Only the person who asked may answer this."));

export async function receiveDiscord(request: InboundRequest, setup: DiscordSetup): Promise<Inbound> {
  const { headers, body, nowMs } = request;
  const signed = { body, nowMs, header: (name: string) => headers.get(name) ?? undefined };
  if (!(await isSignedByDiscord(signed, setup.settings.publicKey))) {
    throw signatureError("discord", signed, "this Discord application");
  }
  const json = parseJson(body);
  if (json === undefined) {
    throw new AppError("invalid_request", "The body is not JSON of at most 64 levels.", {
      title: "The body is not JSON",
    });
  }
  // Another product of Discord's, which wants 204.
  if (webhookEvent.safeParse(json).success) return { kind: "nothing", response: new Response(null, { status: 204 }) };
  const read = interaction.safeParse(json);
  if (!read.success) return nothing(whisper("Longline does not know this kind of interaction."));
  const came = read.data;
  if (came.type === 1) return nothing(pong);
  if (came.type === 4) return nothing(noChoices);
  if (!isAllowed(placeOf(came), setup.rules)) return nothing(whisper("The agent does not answer here, or not to you."));
  const { guild = "dm", channel, parent } = placeOf(came);
  return placedIn(inboundOf(came, setup, nowMs), setup.rules.places, { guild, channel, parent });
}

function inboundOf(came: Interaction, setup: DiscordSetup, nowMs: number): Inbound {
  if (came.type === 2) return fromCommand(came, nowMs);
  return came.type === 3 ? fromButton(came, setup, nowMs) : fromModal(came, setup, nowMs);
}

function fromCommand(came: Command, nowMs: number): Inbound {
  if (came.data.type === 1 && came.data.name === "stop") return stop({ session: sessionOf(came) });
  const { content, files } = came.data.type === 3 ? aboutMessage(came) : promptOf(came);
  if (content === "") return nothing(whisper("Write your question into the option `prompt`."));
  const user = userIdOf(came);
  const { id, application_id: app } = came;
  const session = sessionOf(came);
  const address: DiscordAddress = {
    ...{ channel: "discord", app, room: came.channel_id, user, session },
    ...wayOf(came, nowMs),
  };
  const received: Received = {
    session,
    beginsAnew: true,
    content,
    speaker: nameOf(came),
    metadata: { discord_user: user },
    claims: [`discord interaction ${id}`],
    address,
    ...(files.length > 0 && { reference: keptReference(content, files) }),
  };
  const answer = (taken: Taken) => Response.json("refused" in taken ? whisper(questionRefusal(taken.refused)) : later);
  return { kind: "message", received, answer };
}

function promptOf({ data }: Command): { content: string; files: DiscordFile[] } {
  const options = data.options ?? [];
  const { value } = options.find(({ name }) => name === "prompt") ?? options.find(({ type }) => type !== 11) ?? {};
  const files = options.flatMap(({ type, value: id }) => {
    const file = type === 11 ? data.resolved?.attachments?.[String(id)] : undefined;
    return file === undefined ? [] : [file];
  });
  const question = String(value ?? "").trim();
  return { content: question === "" && files.length > 0 ? "What do you say to this file?" : question, files };
}

/** The one way to see a message's text without a gateway. */
function aboutMessage({ data }: Command): { content: string; files: DiscordFile[] } {
  const message = data.resolved?.messages?.[data.target_id ?? ""];
  if (message === undefined) return { content: "", files: [] };
  return { content: askedAbout(message), files: filesOf(message) };
}

function fromButton(came: Press & { type: 3 }, setup: DiscordSetup, nowMs: number): Inbound {
  const { custom_id: customId } = came.data;
  const stopping = readStop(customId);
  if (stopping !== undefined) {
    if (!mayPress(userIdOf(came), stopping, setup.rules)) return notYours();
    return stop(stopping, noted);
  }
  const rating = readRating(customId);
  if (rating !== undefined) return rated({ ...rating, by: nameOf(came) });
  const button = readButton(customId);
  if (button === undefined) return nothing(whisper("This button is not Longline's."));
  if (!mayPress(userIdOf(came), button, setup.rules)) return notYours();
  if (button.answer === "deny") return nothing(askWhy(buttonValue({ ...button, answer: "why" })));
  return approval(came, { button, nowMs }, { approve: true });
}

function fromModal(came: Press & { type: 5 }, setup: DiscordSetup, nowMs: number): Inbound {
  const button = readButton(came.data.custom_id);
  if (button === undefined || !mayPress(userIdOf(came), button, setup.rules)) return notYours();
  const fields = came.data.components.flatMap(({ components }) => components ?? []);
  const reason = fields.find(({ custom_id }) => custom_id === "reason")?.value?.trim();
  return approval(came, { button, nowMs }, { approve: false, ...(reason && { reason }) });
}

/** Anyone who sees an answer may rate it. */
function rated(given: GivenFeedback): Inbound {
  const thanks = `Thank you: this answer is kept as ${given.score > 0 ? "good" : "bad"}. Press again to change it.`;
  const words = (taken: Taken) => ("refused" in taken ? pressRefusal(taken.refused) : thanks);
  return { kind: "feedback", given, response: (taken) => Response.json(whisper(words(taken))) };
}

function approval(
  came: Press,
  { button: { ref, digest }, nowMs }: { button: ButtonValue; nowMs: number },
  decision: Pick<PressedApproval, "approve" | "reason">,
): Inbound {
  const answer = (taken: Taken) => Response.json("refused" in taken ? whisper(pressRefusal(taken.refused)) : noted);
  const press: DiscordPress = { ...wayOf(came, nowMs), ...(came.message && { message: came.message.id }) };
  const fresh = { channel: "discord", ...press };
  return {
    kind: "approval",
    pressed: { session: sessionOfPress(came), ref, ...(digest && { digest }), by: nameOf(came), fresh, ...decision },
    answer,
  };
}

/** `done`: what a press is answered with; a command's answer is seen by its person alone. */
function stop({ session, tag }: { session: string; tag?: string }, done: object = whisper("Stopped.")): Inbound {
  const response = (taken: Taken) => {
    const wasOpen = !("refused" in taken) && taken.turn !== "";
    return Response.json(wasOpen ? done : whisper("Nothing is running here."));
  };
  return { kind: "stop", session, ...defined({ tag }), response };
}

function wayOf(came: Interaction, nowMs: number): DiscordPress {
  const followUps = followUpsOf(came);
  return { token: came.token, id: came.id, atMs: nowMs, ...defined({ followUps }) };
}

function placeOf(came: Interaction) {
  const { guild_id, channel_id: channel, channel: about } = came;
  return { guild: guild_id ?? undefined, channel, parent: about?.parent_id ?? undefined, user: userIdOf(came) };
}

/** A thread is a channel of its own. */
function sessionOf({ guild_id, channel_id }: Interaction): string {
  return discordSession(guild_id ?? undefined, channel_id);
}

/** As the message's stop button holds it: a webhook or a schedule may have begun the turn in a session of another name. */
function sessionOfPress(came: Press): string {
  const buttons = (came.message?.components ?? []).flatMap(({ components }) => components ?? []);
  const named = buttons.map(({ custom_id }) => readStop(custom_id ?? "")).find((each) => each !== undefined);
  return named?.session ?? sessionOf(came);
}

/** What a person in Discord reads where their question was not accepted. A channel is one conversation, so a person who cannot go on in it reads where they can. */
function questionRefusal({ code, message, retryAfterSeconds }: AppError): string {
  // While a release is rolled out, an object of the version before begins no new conversation.
  if (code === "not_found") {
    return "The conversation of this channel was erased, and a question does not bring it back. Ask in a thread or in another channel: each has a conversation of its own.";
  }
  if (code !== "rate_limited" && code !== "queue_full") return message;
  const when = retryAfterSeconds === undefined ? "in a minute" : `in ${retryAfterSeconds} s`;
  return `There are too many messages just now, so yours was not taken. Please ask again ${when}.`;
}

/** The same, of a press of a button under an earlier message. */
function pressRefusal({ code, message }: AppError): string {
  return code === "not_found" ? "The conversation that this button belongs to was erased, or is over." : message;
}
