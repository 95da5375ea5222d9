/** The rule for names of speakers, at every door. The model reads `name: message`, so a name must be visible, and must not look like the beginning of another message. */

import { looksLike, plain } from "./lookalike.ts";

/** Longest name, in UTF-16 units. */
const longest = 64;
/** Those that a conversation itself gives to its parts. */
const reserved = ["system", "developer", "assistant", "tool", "user"];
/** Made with the first name that is looked at: long patterns, which most starts of a Worker do not need. */
let reservedLooks: readonly RegExp[] | undefined;
/**
 * Control and format characters (bidirectional ones among them), line and paragraph separators, halves of surrogate pairs,
 * and fillers that are drawn as nothing. U+200C and U+200D stay: names in Persian and Hindi, and emoji, are written with them.
 */
const unreadable = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5/u;

const everyUnreadable = new RegExp(unreadable, "gu");

/** What is wrong with a name, to follow the field; `undefined` when it may be used. */
export function speakerFault(name: string): string | undefined {
  if (unreadable.test(name)) return "must be one line without control or invisible characters";
  return recordedFault(name) ?? (isReserved(name) ? `"${name}" is reserved. Use another name` : undefined);
}

/** The same for a name in a transcript: the conversation has named itself there, and earlier versions took every name of one line. */
export function recordedFault(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  if (name.length > longest) return `must have at most ${longest} characters`;
  return /[\r\n]/.test(name) ? "must be one line" : undefined;
}

/** A recorded name as the model reads it: in one line, without what cannot be read. Empty when nothing of it can. */
export function readableSpeaker(name: string): string {
  if (!unreadable.test(name)) return name;
  return name
    .toWellFormed()
    .replace(/[\p{Zl}\p{Zp}\p{Cc}]+/gu, " ")
    .replace(everyUnreadable, "")
    .trim();
}

/** Whether the conversation itself speaks by this name, however it is written, also in letters that only look like it. */
export function isReserved(name: string): boolean {
  const written = plain(name.replace(everyUnreadable, ""));
  reservedLooks ??= reserved.map(looksLike);
  return reservedLooks.some((look) => look.test(written));
}

/** A name that people chose elsewhere, made one that may be used; `undefined` when nothing of it can. */
export function safeSpeaker(name: string): string | undefined {
  const short = readableSpeaker(name)
    .trim()
    .slice(0, longest)
    .replace(/[\ud800-\udbff]$/, "")
    .trim();
  if (short === "") return undefined;
  return isReserved(short) ? `user ${short}`.slice(0, longest) : short;
}
