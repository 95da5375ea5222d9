/** What is remembered of a delivery between its attempts: stored JSON, so what is here stays readable. Pure. */
import { fingerprint } from "../../core/digest.ts";
import type { DiscordRung } from "./ladder.ts";

/** A message of the answer. `id` `@original` is the deferred one. */
export interface Shown {
  id: string;
  /** The bot made it: the interaction's token does not know it. */
  byBot?: boolean;
  /** Id of the interaction that made it; absent: the first one. */
  via?: string;
  /** Its true id, where `id` is `@original`. */
  trueId?: string;
  text?: string;
  /** It has a button that stops the turn. */
  stop?: boolean;
  /** How often its buttons could not be changed. */
  misses?: number;
  /** It has the buttons that rate the answer. */
  rated?: boolean;
}

/** A message that Discord may have made although no answer came. */
export interface DiscordMaking {
  /** Of `Outgoing`. */
  name: string;
  text: string;
  /** It was an edit: made again, it does no harm. */
  edits?: boolean;
}

/** What Discord shows of a reply. */
export interface DiscordShown {
  messages: Shown[];
  approvals: Record<string, Shown & { state: string }>;
  /** What is about to be made, or was perhaps made. A text alone: of an earlier version. */
  making?: DiscordMaking[] | string;
  /** What could not be taken back yet, and how often that was tried. */
  leftovers?: (Shown & { tries: number })[];
  /** Messages that grow no more and still have the button that stops the turn. */
  stops?: Shown[];
  /** The buttons that rate the answer were refused: it is shown without them. */
  bare?: boolean;
  /** All ways are being tried for the second time. */
  again?: boolean;
  /** Moderation blocked it: no file and no direct message may bring it. */
  isModerated?: boolean;
  /** The refusal that came last, in words. */
  why?: string;
  /** How often the last line could not be brought. */
  lines?: number;
  /** The bot has taken over: the pieces from this one on are its own. */
  handedOver?: number;
  /** Ways that were refused for good; those of an interaction with its id. */
  closed?: string[];
  /** How often each way was refused by a code that does not show whether the next attempt can succeed. */
  misses?: Record<string, number>;
  /** The rung that failed last in a way that could pass, and how often in a row. */
  tries?: { rung: DiscordRung; count: number };
  /** Follow-ups by the id of their interaction. */
  followUps?: Record<string, number>;
  /** Most pieces that are shown as text: it is not known whether the next one was made. The rest goes into a file. */
  room?: number;
  /** Placeholders that were made and are not known to be filled. `name`: of what may be in it. */
  spares?: (Shown & { name?: string })[];
  /** The bot can read the channel: what was perhaps made there is found. */
  looks?: boolean;
  /** The deferred message may show text, though no response confirmed it. */
  mayHold?: boolean;
  /** The answer's last message may have the file, though no response confirmed it. */
  mayHoldFile?: boolean;
  /** Something else than the answer's beginning is in the deferred message. */
  taken?: boolean;
  /** An approval that uses the first message, since there was no other place for its buttons. */
  held?: string;
  /** The interaction that `messages` belong to; absent: the first one. */
  via?: string;
  /** The text that is shown whole: its length, and its fingerprint. */
  whole?: { chars: number; print: string };
  /** What earlier messages show, that cannot be changed any more. */
  frozen?: { chars: number; print: string };
  /** Fingerprint of the text that was sent as a file, or to the person. */
  sent?: string;
}

export function idOf({ id, trueId }: Shown): string {
  return trueId ?? id;
}

/** What was perhaps made. */
export function makingOf({ making = [] }: Pick<DiscordShown, "making">): DiscordMaking[] {
  return typeof making === "string" ? [{ name: "", text: making }] : making;
}

/** Marks `text` as shown whole. */
export function markOf(text: string): { chars: number; print: string } {
  return { chars: text.length, print: fingerprint(text) };
}

/** The text after what earlier messages show; all of it where they show something else. */
export function afterFrozen(text: string, { frozen }: Pick<DiscordShown, "frozen">): string {
  if (frozen === undefined || fingerprint(text.slice(0, frozen.chars)) !== frozen.print) return text;
  return text.slice(frozen.chars).trimStart();
}

/** The deferred message, where the answer's beginning can go. */
export function originalOf({ via, taken }: DiscordShown, { token }: { token: string }): Shown | undefined {
  return via === undefined && !taken && token !== "" ? { id: "@original" } : undefined;
}
