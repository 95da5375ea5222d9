/** Plays a story of a client once plainly and once for each call between objects with that call held back or its answer lost, and compares what clients see in the end. Knows no story. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { accountObject } from "../../src/account/account-object.ts";
import { unwrap } from "../../src/account/outcome.ts";
import type { Entry } from "../../src/core/entry.ts";
import { AppError } from "../../src/core/errors.ts";
import { accepted } from "../../src/doors/refusal-words.ts";
import type { Bindings } from "../../src/env.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import type { Submission } from "../../src/session/submit/submit-rows.ts";
import { CallHolder, type HeldCall, waysToHold } from "./hold-calls.ts";
import { readEvents } from "./sse-reader.ts";

/** The app whose objects are watched. */
export interface HoldApp {
  bindings: Bindings;
  classes: Parameters<CallHolder["watch"]>[0];
}

export interface HoldStory {
  name: string;
  app: HoldApp;
  /** Restores nothing: what it mocks lasts until the end of the play. */
  prepare?(play: Play): void | Promise<void>;
  /** What the client does, up to the last end that it waits for. */
  play(play: Play): Promise<void>;
  /** What else must be the same in the end. */
  outcome?(play: Play): unknown;
  /** Requests that are made again so late, after a failure, that their answers are not lost here. */
  retriedLate?: RegExp;
  /** What happens depends on what comes first, as with a cancel: then only what holds in any order is compared. */
  isOpenEnded?: true;
}

/** A session may stay watched for so long without owing anything: its account keeps it. */
const longAfterMs = 3_600_000;
/** Longer than the pauses that are made shorter. */
const restMs = 30_000;

/** One run of a story, and what its client does by. */
export class Play {
  readonly account = `hold-${crypto.randomUUID().slice(0, 8)}`;
  readonly root = crypto.randomUUID();
  readonly holder: CallHolder;
  readonly app: HoldApp;
  #receipts = 0;

  constructor(app: HoldApp, held?: HeldCall) {
    this.app = app;
    this.holder = new CallHolder(this.account, held);
    this.holder.nameSession(this.root, "root");
  }

  session(name: string) {
    return sessionObject(this.app.bindings, { account: this.account, name });
  }

  get stub() {
    return this.session(this.root);
  }

  get accountStub() {
    return accountObject(this.app.bindings, this.account);
  }

  /** As a client sends: with a key, and again where nothing says whether it was taken. */
  async submit(given: Submission, name = this.root) {
    const key = `key-${++this.#receipts}`;
    const address = { account: this.account, name };
    const receipt = { key, bodyHash: key };
    return this.again(async () => accepted(await this.session(name).submit(address, { receipt, ...given })));
  }

  send(content: string, more: Partial<Submission> = {}) {
    return this.submit({ messages: [{ content, options: {} }], create: {}, ...more });
  }

  /** Does it again while the platform fails. */
  async again<T>(once: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await once();
      } catch (error) {
        const isPassing = error instanceof AppError ? error.code === "unavailable" : /connection lost/.test(`${error}`);
        if (!isPassing || tries > 5) throw error;
      }
    }
  }

  async ended(turn: string, name = this.root) {
    const state = unwrap(await this.session(name).wait(turn, restMs));
    if (state.status !== "ended") throw new Error(`${turn} is still ${state.status}`);
    return state;
  }

  /** The one call that waits for a person, once there is another one than `before`. */
  asked(before = "", turn = "turn_1"): Promise<string> {
    return vi.waitFor(
      async () => {
        const state = unwrap(await this.stub.wait(turn, 0));
        const ids = state.status === "waiting" ? state.waitingFor.map(({ id }) => id) : [];
        const [id] = ids.filter((each) => each !== before);
        expect(id).toBeDefined();
        return id ?? "";
      },
      { interval: 5 },
    );
  }

  async entries(name = this.root): Promise<Entry[]> {
    return unwrap(await this.session(name).entries({ after: 0, limit: 1000 })).entries;
  }

  /** The sessions of the account that the root and those below it called, the root first. */
  async tree(name = this.root): Promise<string[]> {
    if (!(await this.session(name).isMade())) return [];
    const children = (await this.entries(name)).flatMap((entry) =>
      entry.type === "assistant" ? Object.values(entry.children ?? {}).map(({ session }) => session) : [],
    );
    const below = await Promise.all([...new Set(children)].map((child) => this.tree(child)));
    return [name, ...below.flat()];
  }

  /** When the object's alarm comes, in ms from now; null where none is set. */
  async alarmIn(name: string): Promise<number | null> {
    const atMs = await runInDurableObject(this.session(name), (_, { storage }) => storage.getAlarm());
    return atMs === null ? null : atMs - Date.now();
  }
}

/** Runs the story once, and returns what its client sees in the end, and the calls that were made. Where `wanted` is given, waits until that is seen. */
async function playOnce(story: HoldStory, held?: HeldCall, wanted?: unknown) {
  const play = new Play(story.app, held);
  try {
    await story.prepare?.(play);
    play.holder.watch(story.app.classes);
    await story.play(play);
    play.holder.release();
    const look = () => seen(story, play);
    const result = await vi.waitFor(
      async () => {
        const now = await look();
        mustBeNone([...now.running, ...now.unsettled]);
        if (wanted !== undefined) mustBeNone(differences(wanted, now));
        return now;
      },
      { interval: 10 },
    );
    // What is still set is set for nothing: it changes nothing, and is soon set no more.
    await vi.waitFor(
      async () => {
        for (const name of await play.tree()) await runDurableObjectAlarm(play.session(name));
        mustBeNone(await owing(play));
      },
      { interval: 20 },
    );
    mustBeNone(differences(result, await look()));
    return { result, calls: play.holder.calls, isReached: play.holder.isReached };
  } finally {
    play.holder.release();
    vi.restoreAllMocks();
  }
}

/** Every way to hold each call of a story, or `most` of them, spread over all. Returns how many were played, how often no such call was made, which took longest, and what was wrong. */
async function playHeld(story: HoldStory, most = Number.POSITIVE_INFINITY) {
  const { result, calls } = await playOnce(story);
  const all = calls.flatMap((call) =>
    waysToHold.flatMap((how): HeldCall[] => (how === "lost" && story.retriedLate?.test(call) ? [] : [{ call, how }])),
  );
  const stride = Math.max(1, Math.floor(all.length / most));
  // Not the same one of each story.
  const first = story.name.length % stride;
  const chosen = all.filter((_, at) => at % stride === first).slice(0, most);
  const faults: string[] = [];
  let unreached = 0;
  let slowest = { ms: 0, way: "" };
  for (const held of chosen) {
    const beganMs = Date.now();
    try {
      const { isReached } = await playOnce(story, held, result);
      if (!isReached) unreached++;
    } catch (error) {
      faults.push(`${story.name}, ${held.call}, ${held.how}: ${error instanceof Error ? error.message : error}`);
    }
    const ms = Date.now() - beganMs;
    if (ms > slowest.ms) slowest = { ms, way: `${held.call}, ${held.how}` };
  }
  return { ways: all.length, played: chosen.length, unreached, slowest, faults };
}

/** What clients see: logs but for ids, times and the order of what is done side by side, events, sums. */
async function seen(story: HoldStory, play: Play) {
  const names = await play.tree();
  const described = await Promise.all(names.map(async (name) => unwrap(await play.session(name).describe())));
  const running = described.filter(({ status }) => status !== "idle").map(({ agent, status }) => `${agent} ${status}`);
  const settings = await play.accountStub.settings();
  const rows = await play.accountStub.usage({ group: "session", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  const ledger = rows.reduce((sum, { costMicros }) => sum + costMicros, 0);
  const [root] = described;
  const inSession = (root?.usage.costMicros ?? 0) + (root?.usage.children?.costMicros ?? 0);
  const setAside = settings?.reservedMicros ?? 0;
  const unsettled = [
    ...(setAside === 0 ? [] : [`${setAside} micro-dollars are set aside`]),
    ...(root === undefined || ledger === inSession ? [] : [`the ledger has ${ledger}, the session ${inSession}`]),
  ];
  const outcome = await story.outcome?.(play);
  if (story.isOpenEnded) return { running, unsettled, outcome };
  const sessions = await Promise.all(names.map((name) => seenOf(play, name)));
  return { running, unsettled, outcome, ledger, sessions: sorted(sessions) };
}

async function seenOf(play: Play, name: string) {
  const { agent, usage } = unwrap(await play.session(name).describe());
  const entries = await play.entries(name);
  const events = await readEvents(await play.session(name).fetch("https://session/events?live=false"));
  const kinds = events.map(({ event }) => event).filter((event) => !/delta|progress/.test(event));
  return { agent, usage: withoutTimes(usage), entries: sorted(entries.map(withoutTimes)), events: sorted(kinds) };
}

const placesAndTimes =
  /^(seq|atMs|turn|traceparent|birth|.*AtMs|.*Ms|session|prefix|version|agentVersion|rowsWritten|kvReads|kvWrites|answeredIds)$/;

/** Neither ids nor times. Children are named by hashes of their callers. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value === "string" && /^agent_[0-9a-f]{40}$/.test(value)) return "an agent's session";
  if (typeof value !== "object" || value === null) return value;
  const isAsk = "approve" in value && "callId" in value;
  const kept = Object.entries(value).filter(([name]) => !placesAndTimes.test(name) && !(isAsk && name === "callId"));
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutTimes(each)]));
}

/** How many ways of each story are played; see vitest.config.ts. */
const most = Number((env as unknown as { HOLDS: string }).HOLDS);

/** A test for each story. Without a limit that counts: all ways of one take minutes. */
export function testHeld(stories: readonly HoldStory[]): void {
  it.each(stories.map((story) => [story.name, story] as const))(
    "[HOLD-1] %s: the end is the same whichever call or answer comes late, or is lost",
    async (name, story) => {
      const { faults, ...figures } = await playHeld(story, most);
      if (most > 10) console.log(name, figures);
      expect(faults).toEqual([]);
    },
    3_600_000,
  );
}

function sorted(values: readonly unknown[]): unknown[] {
  return values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Sessions whose alarm is still to come soon: something is owed there. */
async function owing(play: Play): Promise<string[]> {
  const owed: string[] = [];
  for (const name of await play.tree()) {
    const inMs = await play.alarmIn(name);
    const { agent } = unwrap(await play.session(name).describe());
    if (inMs !== null && inMs < longAfterMs) owed.push(`${agent}: an alarm in ${inMs} ms`);
  }
  return owed;
}

function mustBeNone(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

/** Where they differ, and how: "path: wanted, and is". */
function differences(wanted: unknown, is: unknown, path = ""): string[] {
  if (JSON.stringify(wanted) === JSON.stringify(is)) return [];
  const isInto = [wanted, is].every((each) => typeof each === "object" && each !== null);
  if (!isInto) return [`${path}: ${JSON.stringify(wanted)}, and is ${JSON.stringify(is)}`];
  const [a, b] = [wanted, is] as Record<string, unknown>[];
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return [...names].flatMap((name) => differences(a?.[name], b?.[name], `${path}/${name}`));
}
