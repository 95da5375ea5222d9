/** Makes a session from entries that come page by page: from another session, from an import, from a conversation that was held elsewhere. */
import { unwrap } from "../account/outcome.ts";
import { defined } from "../core/defined.ts";
import type { Entry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { piecesOf } from "../core/text-pieces.ts";
import { pace } from "../http/pace.ts";
import { sessionObject } from "../session/session-object.ts";
import type { CopiedLine, CopyPlan } from "../session/store/copying.ts";
import type { SessionSummary } from "../wire/native.ts";
import type { Caller } from "./caller.ts";

/** Entries in one go; what they may weigh is bounded where they are read. */
export const entriesInOneGo = 500;

/** UTF-16 units of text in one go, about. */
export const unitsInOneGo = 250_000;

/** About how long it takes to begin a session with its tables, or to take up what was loaded, in ms. */
const stepMs = 8;

/** What a copy is loaded with. */
export interface CopyTarget {
  load: Load;
  /** Writes a part of a text of the first entry that is loaded next, which has the beginning of it and says how many parts follow. */
  write(text: string): Promise<void>;
}
export type Load = (lines: readonly CopiedLine[]) => Promise<void>;

/** Makes the session of `plan` from what `send` loads; when that fails, nothing of it stays. */
export async function makeCopy(
  caller: Caller,
  plan: CopyPlan,
  send: (to: CopyTarget) => Promise<void>,
): Promise<SessionSummary> {
  const token = crypto.randomUUID();
  const target = sessionObject(caller.bindings, plan.address);
  // Once there is something to be loaded: an object that waits for the rest of a body without a call is put to sleep, and its copy is lost.
  let begun: Promise<void> | undefined;
  const begin = () => {
    begun ??= pace(stepMs).then(async () => void unwrap(await target.copy({ type: "begin", token, plan })));
    return begun;
  };
  try {
    await send(loadingOf({ target, token, begin }));
    await begin();
  } catch (error) {
    await target.copy({ type: "drop", token });
    throw error;
  }
  await pace(stepMs);
  // The last step alone returns the session. A lost answer to it is asked for again.
  return unwrap(await target.copy({ type: "finish", token })) as SessionSummary;
}

const unitsPerMs = 50_000;
/** UTF-16 units of a text that are written in one go. */
const partUnits = 300_000;
/** What stays with the entry itself of one that has more. */
const headUnits = 4_000;

interface BegunCopy {
  target: ReturnType<typeof sessionObject>;
  token: string;
  begin(): Promise<void>;
}

/** Long texts are written in parts, each committed on its own: a commit of megabytes would stop everything else on its thread. */
function loadingOf({ target, token, begin }: BegunCopy): CopyTarget {
  let part = 0;
  let page: CopiedLine[] = [];
  const write = async (text: string) => {
    await begin();
    await pace(text.length / unitsPerMs);
    unwrap(await target.copyPart({ token, part, text }));
    part++;
  };
  const send = async () => {
    if (page.length === 0) return;
    await begin();
    await pace(writingMs(page));
    unwrap(await target.copy({ type: "load", token, lines: page }));
    page = [];
    part = 0;
  };
  const load = async (lines: readonly CopiedLine[]) => {
    for (const line of lines) {
      const { entry, staged } = line;
      if (staged !== undefined || entry === undefined || unitsOf(entry) <= partUnits) {
        page.push(line);
        continue;
      }
      await send();
      const [content, ...parts] = piecesOf(textOf(entry), headUnits, partUnits);
      for (const text of parts) await write(text);
      page.push({ ...line, entry: { ...entry, content } as Entry, staged: { field: "content", parts: part } });
    }
    await send();
  };
  return { load, write };
}

/** About how long it takes to write them, in ms (`npm run bench -- health`). */
function writingMs(lines: readonly CopiedLine[]): number {
  return lines.length * 0.03 + lines.reduce((sum, { entry }) => sum + (entry ? unitsOf(entry) : 0), 0) / unitsPerMs;
}

function unitsOf(entry: Entry): number {
  return textOf(entry).length;
}

function textOf(entry: Entry): string {
  return "content" in entry ? entry.content : "";
}

/** The entries in pages that each take a few ms to write, so that other calls are served between. */
export function* pagesOf(entries: readonly Entry[]): Generator<CopiedLine[]> {
  let page: CopiedLine[] = [];
  let units = 0;
  for (const entry of entries) {
    page.push({ line: entry.seq, entry });
    units += unitsOf(entry);
    if (page.length < entriesInOneGo && units < unitsInOneGo) continue;
    yield page;
    page = [];
    units = 0;
  }
  if (page.length > 0) yield page;
}

/** How often a copy is begun again that another request gave up meanwhile. */
const mostTries = 3;

/**
 * The same for a request whose session has a name that it would have again (`isNamed`): what it made the first time, or is
 * making just now, is waited for and left as it is. Returns whether the session was made by this call.
 */
export async function makeOnce(
  caller: Caller,
  { plan, isNamed }: { plan: CopyPlan; isNamed: boolean },
  send: (to: CopyTarget) => Promise<void>,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    if (isNamed && (await sessionObject(caller.bindings, plan.address).isMade())) return false;
    try {
      await makeCopy(caller, plan, send);
      return true;
    } catch (error) {
      const isTaken = error instanceof AppError && error.code === "conflict";
      if (!isNamed || !isTaken || tries === mostTries) throw error;
    }
  }
}

/** Loads the entries of a session up to `afterSeq`, and returns the last of their turns. */
export async function loadFrom(
  from: ReturnType<typeof sessionObject>,
  afterSeq: number,
  load: Load,
): Promise<string | undefined> {
  let turn: string | undefined;
  for (let seq = 0; seq < afterSeq; ) {
    const limit = Math.min(entriesInOneGo, afterSeq - seq);
    if (seq > 0) await pace(stepMs);
    const { entries } = unwrap(await from.entries({ after: seq, limit, maxUnits: unitsInOneGo }));
    for (const page of pagesOf(entries)) await load(page);
    seq = entries.at(-1)?.seq ?? afterSeq;
    turn = entries.at(-1)?.turn ?? turn;
  }
  return turn;
}

/** Which of its choices a session that is made from this one gets. */
export function choicesOf(of: {
  agent?: string | null;
  title: string | null;
  metadata: Record<string, string>;
  instructions: string | null;
  model: string | null;
  prefix: string | null;
}) {
  const given = {
    agent: of.agent ?? undefined,
    title: of.title ?? undefined,
    instructions: of.instructions ?? undefined,
    model: of.model ?? undefined,
    prefix: of.prefix ?? undefined,
  };
  return { metadata: of.metadata, ...defined(given) };
}
