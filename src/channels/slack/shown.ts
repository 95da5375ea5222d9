/** What Slack shows of a reply, as it is written down between attempts. Rows of earlier versions lack the later fields. Pure. */
import { type Form, firstRung, type SlackRung, type SlackWay } from "./ladder.ts";
import { canGrow, type SlackAddress } from "./slack-address.ts";

/** One message of the answer. */
export interface Piece {
  /** `""`: it went to a response_url, and cannot be named. */
  ts: string;
  /** Where it is, when not in the address's channel. */
  room?: string;
  /** Its stream is over: it can only be written anew as a whole. */
  stopped?: boolean;
  /** It shows all that it ever will. */
  done?: boolean;
  /** What it shows, and the states of its tasks; unknown after a crash. */
  text?: string | undefined;
  tasks?: Record<string, string>;
  /** How it is written anew, where Markdown was refused. */
  form?: Form;
}

/** A message that requests an approval. */
export interface ShownApproval {
  /** `""`: it went to a response_url. */
  ts: string;
  state: string;
  room?: string;
}

/** A message that is about to be made, or was perhaps made. */
export interface SlackMaking {
  part: string;
  room: string;
  thread: string;
}

export interface SlackShown {
  pieces: Piece[];
  approvals: Record<string, ShownApproval>;
  /** Of earlier versions: the one part that is being made. */
  making?: string | undefined;
  /** `piece`, or an approval's ref. */
  pending?: SlackMaking[];
  status?: "processing" | "suspended" | "active" | "unknown" | undefined;
  /** A status was set, and must be cleared. */
  hasStatus?: boolean;
  /** Where the ladder is: of the text, and of each approval by its ref. */
  rungs?: Record<string, SlackRung>;
  /** By method: how often its calls failed since the last success. */
  tries?: Record<string, number>;
  /** Bytes of pieces from a place on, where Slack took less. */
  limits?: Record<string, number>;
  /** Posts to the response_url. */
  uses?: number;
  /** The direct message to the person who asked. */
  direct?: string;
  /** How often the whole ladder was tried without success. */
  rounds?: number;
}

/** A copy that can be worked on; what an earlier version wrote is read as this one writes it. */
export function workingCopy(shown: SlackShown | undefined, { room, thread }: SlackAddress): SlackShown {
  const { making, ...copy } = structuredClone(shown ?? { pieces: [], approvals: {} });
  if (making === undefined) return copy;
  return { ...copy, pending: [...(copy.pending ?? []), { part: making, room, thread }] };
}

/** The ways to reach the person, in the order in which they are tried. */
export function waysOf(address: SlackAddress, hasToken: boolean): SlackWay[] {
  const { responseUrl, fallbackUrl, user, room } = address;
  const bot = (ways: SlackWay[]) => (hasToken ? ways : []);
  const direct: SlackWay[] = user === "" ? [] : ["direct"];
  if (responseUrl !== undefined)
    return ["response_url", ...bot([...(room === "" ? [] : ["thread" as const]), ...direct])];
  return [...bot(["thread"]), ...(fallbackUrl === undefined ? [] : ["response_url" as const]), ...bot(direct)];
}

/** Where the text, or the approval of that ref, is now to be shown. */
export function rungOf(shown: SlackShown, what: string, address: SlackAddress, ways: readonly SlackWay[]): SlackRung {
  const rung = shown.rungs?.[what] ?? firstRung(ways[0] ?? "thread");
  const streams = what === "text" && canGrow(address);
  return rung.form === "stream" && !streams ? { ...rung, form: "blocks" } : rung;
}

export function tryAgain(shown: SlackShown, what: string): number {
  const tries = (shown.tries?.[what] ?? 0) + 1;
  shown.tries = { ...shown.tries, [what]: tries };
  return tries;
}
