/**
 * Decides by which way an answer gets to a person in Discord, and what a refusal means for the ways that are left. A refusal never ends
 * a delivery while a way is left. Pure.
 *
 * Rungs, best first: the message that is there is edited, a follow-up is made by the interaction's token, the bot posts into the
 * channel, the whole answer goes as one file, the bot writes to the person who asked.
 *
 * Codes: discord/discord-api-docs developers/topics/opcodes-and-status-codes.mdx, "JSON Error Codes". What is not listed here,
 * and what is not documented, means that this one way is closed.
 */
import { defined } from "../../core/defined.ts";

export const rungs = ["edit", "followup", "bot", "file", "dm"] as const;
export type DiscordRung = (typeof rungs)[number];

/** What a refusal closes. `message`: this one message cannot be edited; `token`: the interaction; `text`: what was to be shown, as text. */
export type Closed = "message" | "token" | "followup" | "bot" | "text" | "file" | "dm";

/** A call that failed. */
export interface DiscordRefused {
  rung: DiscordRung;
  /** How a file was sent. */
  by?: "edit" | "followup" | "bot" | undefined;
  /** The message was edited as the bot, not by an interaction's token. */
  asBot?: boolean;
  /** HTTP; 0: no answer came, and the call may have been carried out. */
  status: number;
  /** Discord's own; 0: none. */
  code: number;
  /** It was no answer of the API, but a page (Cloudflare's 403 and 1015). */
  isPage?: boolean;
  /** How long Discord requests that no call is made, in ms. */
  retryAfterMs?: number | undefined;
  /** Since the interaction came, in ms. */
  ageMs: number;
  /** Failures of this rung in a row that could pass, this one included. */
  tries: number;
}

/** `lasting`: it stays closed; else it may be tried again at a later attempt, some times. */
export type Verdict = { do: "retry"; afterMs?: number } | { do: "next"; closed: readonly Closed[]; lasting: boolean };

/** What can be tried. */
export interface Open {
  /** There is a message of ours that can be changed. */
  edit: boolean;
  followup: boolean;
  bot: boolean;
  dm: boolean;
  /** The content may be shown as text, or as a file. */
  text: boolean;
  file: boolean;
}

/** An interaction may be unknown in its first seconds (discord-api-docs#7220, #6851); later it stays so: its first answer came after 3 s. */
export const unknownMs = 10_000;
/** Failures in a row at one rung, before the next one is tried although this one may recover. */
export const mostTries = 4;

/** Discord requests a pause. */
const wait = new Set([
  20016, 20022, 20028, 20029, 30040, 30042, 40003, 40004, 40006, 40062, 40333, 110000, 110001, 130000, 530006,
]);
/** The interaction's token is not, or no longer, good. */
const tokenIsOver = new Set([10002, 10012, 10015, 10062, 50027]);
/** Only this message: it was deleted, is not ours, or is too old to be edited. */
const messageIsClosed = new Set([10008, 30046, 50005, 50021, 50068, 50080, 50162, 520003]);
/** Text that Discord does not take in this form. */
const formIsRefused = new Set([40005, 50006, 50035, 50109]);
const fileIsRefused = new Set([30015, 40005, 50035, 50045, 50046, 50109, 50110, 50123, 50146, 400001]);
/** The text is not allowed there. Another text message is checked by the same rules; a file would evade them. */
const isModerated = new Set([20009, 200000, 200001, 240000]);
/** The bot is not let into the channel, or is no bot. */
const botIsRefused = new Set([
  10003, 10004, 20001, 20002, 40001, 40007, 40058, 50001, 50007, 50008, 50009, 50010, 50013, 50014, 50024, 50083, 50278,
  160005,
]);

/** Whether what was to be shown is refused in this form: with less in it, it may be taken. */
export function isFormRefused(code: number): boolean {
  return formIsRefused.has(code);
}

/** What a failed call means. */
export function afterRefusal(refused: DiscordRefused): Verdict {
  const { code, ageMs } = refused;
  if (code === 10_015 && ageMs < unknownMs) return { do: "retry", afterMs: 700 };
  if (mayPass(refused)) {
    const { retryAfterMs, tries } = refused;
    if (tries < mostTries) return { do: "retry", ...defined({ afterMs: retryAfterMs }) };
    return { do: "next", closed: [closedBy(refused)], lasting: true };
  }
  const known = knownClosed(refused);
  return { do: "next", closed: known ?? [closedBy(refused)], lasting: known !== undefined };
}

/** No answer, a server that fails, a limit, a server in between. */
function mayPass({ status, code, isPage }: DiscordRefused): boolean {
  if (wait.has(code) || isPage) return true;
  if (messageIsClosed.has(code) || isModerated.has(code)) return false;
  return status === 0 || status === 429 || status >= 500;
}

/** What a code is known to close, the way that was tried among it, so that the ladder ends; `undefined`: nothing is known. */
function knownClosed(refused: DiscordRefused): Closed[] | undefined {
  const { rung, code, status } = refused;
  if (isModerated.has(code)) return [closedBy(refused), "file", "dm"];
  if (rung === "file" && fileIsRefused.has(code)) return ["file"];
  const way = rung === "file" ? refused.by : rung;
  if (way === "followup" && code === 40_094) return ["followup"];
  const byToken = !refused.asBot && (way === "edit" || way === "followup");
  if (byToken && (tokenIsOver.has(code) || status === 401)) return ["token"];
  if (way === "edit" && messageIsClosed.has(code)) return ["message"];
  if (way === "bot" && (botIsRefused.has(code) || status === 401)) return ["bot"];
  if (rung === "dm" && botIsRefused.has(code)) return ["dm"];
  return rung !== "file" && rung !== "dm" && formIsRefused.has(code) ? ["text"] : undefined;
}

function closedBy({ rung }: DiscordRefused): Closed {
  return rung === "edit" ? "message" : rung;
}

/** The rung to use; `undefined`: there is none, and the delivery is given up. */
export function nextRung({ edit, followup, bot, dm, text, file }: Open): DiscordRung | undefined {
  if (text && edit) return "edit";
  if (text && followup) return "followup";
  if (text && bot) return "bot";
  if (file && (edit || followup || bot)) return "file";
  return dm ? "dm" : undefined;
}
