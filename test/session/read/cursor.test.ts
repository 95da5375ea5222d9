import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Cursor, parseCursor } from "../../../src/core/cursor.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { UiChunks } from "../../../src/doors/ai-sdk/chunks.ts";
import { ChatChunks } from "../../../src/doors/openai/chat/chunks.ts";
import { ResponseWriter } from "../../../src/doors/openai/responses/response-writer.ts";
import { emptyConversation, type ShownEvent, withEvent } from "../../../src/playground/chat/conversation.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import type { Encoder } from "../../../src/wire/encoder.ts";
import { nativeEncoder } from "../../../src/wire/native-events.ts";
import { ChatFold, type DoorFrame, type Fold, NativeFold, ResponseFold, UiFold } from "../../support/door-folds.ts";
import { randomOf } from "../../support/random.ts";
import { SessionWorld } from "../../support/session-world.ts";
import {
  breaks,
  calls,
  overflows,
  type Story,
  StorySession,
  said,
  stops,
  thought,
} from "../../support/story-session.ts";

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** The page's conversation, with the events of one turn. */
class PageFold extends NativeFold {
  #page = emptyConversation;

  override get text(): string {
    const { reported, draft } = this.#page;
    return (
      reported
        .map(({ message, partial, type }) => (type === "tool" ? "" : (message?.content ?? partial ?? "")))
        .join("") + (draft?.text ?? "")
    );
  }

  override take(frame: DoorFrame & { event?: string }): void {
    super.take(frame);
    const { event, data } = frame;
    this.#page = withEvent(this.#page, { event, data } as ShownEvent);
  }
}

const doors = {
  native: () => new NativeFold(),
  page: () => new PageFold(),
  chat: () => new ChatFold(),
  responses: () => new ResponseFold(),
  ui: () => new UiFold(),
};
type Door = keyof typeof doors;

const seenAt = (place: string | undefined): { seen?: Cursor } => {
  const seen = place === undefined ? undefined : parseCursor(place.slice(2));
  return seen === undefined ? {} : { seen };
};

function encoderOf(door: Door, { turn }: StorySession, place: string | undefined): Encoder {
  const of = { session: "s", tag: "t" };
  switch (door) {
    case "native":
    case "page":
      return nativeEncoder("t");
    case "ui":
      return new UiChunks({ as: "ai-sdk-ui", turn }, of);
    case "chat": {
      const facts = {
        id: "c",
        created: 0,
        model: "m",
        includeUsage: true,
        showTools: false,
        hasForm: false,
        isPart: false,
      };
      return new ChatChunks({ as: "openai-chat", ...facts }, { ...of, ...seenAt(place) });
    }
    case "responses": {
      const from = place === undefined ? {} : { startingAfter: Number(place) };
      const asked = { options: {}, metadata: {}, atMs: 0, isQueued: false, isStopped: false };
      return new ResponseWriter({ session: "s", turn, defaultModel: "m", ...from }, asked);
    }
  }
}

/** One stream of one door, as the session's own object would serve it. */
class Stream {
  readonly feed: unknown;
  readonly #encoder: Encoder;
  readonly #session: StorySession;
  #cursor: Cursor;
  #isOpening = true;

  constructor(door: Door, session: StorySession, place: string | undefined) {
    this.#session = session;
    this.feed = session.parts.feed;
    this.#encoder = encoderOf(door, session, place);
    const native = door === "native" || door === "page";
    this.#cursor = (native ? seenAt(place).seen : undefined) ?? { done: session.firstSeq - 1 };
  }

  pull(): DoorFrame[] {
    const frames = this.#isOpening ? (this.#encoder.opening?.() ?? []) : [];
    this.#isOpening = false;
    for (;;) {
      const before = this.#cursor;
      const read = this.#session.parts.feed.read(before);
      this.#cursor = read.cursor;
      if (read.events.length > 0) frames.push(...this.#encoder.events(read.events));
      else if (read.cursor.done === before.done) break;
    }
    return frames.map(({ text, data, ...rest }) => ({ ...rest, data: text ?? data }));
  }
}

/** When a client is cut off, and when it comes back. */
interface Absence {
  at: number;
  /** So many frames of that moment still reach it. */
  frames: number;
  back: number;
}

class Client {
  readonly fold: Fold;
  readonly door: Door;
  readonly absence: Absence | "always" | undefined;
  #stream: Stream | undefined;

  constructor(door: Door, absence?: Absence | "always") {
    this.door = door;
    this.fold = doors[door]();
    this.absence = absence;
  }

  tick(session: StorySession): void {
    const { absence } = this;
    const { moments } = session;
    if (typeof absence === "object" && moments > absence.at && moments < absence.back) return;
    const isCut = typeof absence === "object" && moments === absence.at;
    this.#read(session, isCut ? absence.frames : Number.POSITIVE_INFINITY);
    if (isCut || absence === "always") this.#stream = undefined;
  }

  end(session: StorySession): void {
    this.#read(session, Number.POSITIVE_INFINITY);
  }

  #read(session: StorySession, most: number): void {
    if (this.fold.state !== "open") return;
    // A crash ends every stream.
    if (this.#stream?.feed !== session.parts.feed) this.#stream = undefined;
    if (this.#stream === undefined) {
      this.fold.opened();
      this.#stream = new Stream(this.door, session, this.fold.place);
    }
    for (const frame of this.#stream.pull().slice(0, most)) this.fold.take(frame);
  }
}

/** What is wrong with what a client has. */
function faultsOf({ door, fold, absence }: Client, entries: readonly Entry[]): string[] {
  const who = `${door} ${JSON.stringify(absence ?? "never cut")}`;
  const faults = fold.faults.map((fault) => `${who}: ${fault}`);
  const whole = entries
    .map((entry) => (entry.type === "assistant" || entry.type === "step_failed" ? entry.content : ""))
    .join("");
  const end = entries.at(-1);
  if (fold.state === "open") return [...faults, `${who}: is not reported the end`];
  const isTakenBack = fold instanceof ChatFold && fold.code === "answer_restarted";
  if (
    isTakenBack &&
    whole.startsWith(fold.text) &&
    fold.text !== "" &&
    end?.type === "turn_ended" &&
    end.reason === "completed"
  ) {
    faults.push(`${who}: "${fold.text}" is in "${whole}", and is taken back`);
  }
  const isError = isTakenBack || (fold.state === "error" && end?.type === "turn_ended" && end.reason !== "completed");
  if (!isError && fold.text !== whole) faults.push(`${who}: has "${fold.text}" of "${whole}"`);
  return faults;
}

/** Plays the story with clients of every door, dying at one of its moments, and gives what is wrong. */
async function played(
  storage: DurableObjectStorage,
  story: Story,
  of: { crashAt: number; seed: number; clients?: readonly Client[] },
) {
  const random = randomOf(of.seed);
  const whole = (most: number) => Math.floor(random() * most);
  const absent = (): Absence => {
    const at = whole(14);
    return { at, frames: whole(5), back: at + 1 + whole(12) };
  };
  const names = Object.keys(doors) as Door[];
  const randomly = () =>
    names.flatMap((door) => [
      new Client(door),
      new Client(door, "always"),
      ...Array.from({ length: 4 }, () => new Client(door, { at: whole(12), frames: whole(4), back: 1e9 })),
      ...Array.from({ length: 2 }, () => new Client(door, absent())),
    ]);
  const clients = of.clients ?? randomly();
  const session: StorySession = new StorySession(storage, story, {
    crashAt: of.crashAt,
    onMoment: () => {
      for (const client of clients) client.tick(session);
    },
  });
  await session.play();
  for (const client of clients) client.end(session);
  const entries = session.parts.log.read({ after: session.firstSeq - 1 });
  return { moments: session.moments, faults: clients.flatMap((client) => faultsOf(client, entries)), entries };
}

const fox = ["The ", "quick ", "fox."];
const goesOn: Story["afterFailure"] = (tries) =>
  tries.length < 3 ? { type: "again", how: "continue", afterMs: 0 } : { type: "give_up" };
const elsewhere: Story["afterFailure"] = () => ({ type: "again", how: "restart", afterMs: 0, model: "other" });

const stories: Story[] = [
  { name: "plain", scripts: [[...said(...fox), ...stops]] },
  {
    name: "plain, says something else after a crash",
    scripts: [
      [...said(...fox), ...stops],
      [...said("A ", "slow ", "dog ", "sleeps."), ...stops],
    ],
  },
  {
    name: "says less after a crash",
    scripts: [
      [...said(...fox), ...stops],
      [...said("The "), ...stops],
    ],
  },
  { name: "thinks", scripts: [[...thought("Hm", "."), ...said(...fox), ...stops]] },
  {
    name: "thinks, then does not",
    scripts: [
      [...thought("Hm", "."), ...said("Yes ", "so "), ...breaks],
      [...said("Yes so."), ...stops],
    ],
  },
  {
    name: "does not think, then does",
    scripts: [
      [...said("Yes ", "so "), ...breaks],
      [...thought("Hm"), ...said("Yes so."), ...stops],
    ],
  },
  {
    name: "tool steps",
    scripts: [
      [...said("Let me ", "see. "), ...calls()],
      [...thought("So"), ...said("It is ", "noon."), ...stops],
    ],
  },
  {
    name: "retry with the same text",
    scripts: [
      [...said("The ", "quick "), ...breaks],
      [...said("The", " quick fox."), ...stops],
    ],
  },
  {
    name: "retry with other text",
    scripts: [
      [...said("Yes. ", "I will "), ...breaks],
      [...said("No."), ...stops],
    ],
  },
  {
    name: "retry with other text of the same length",
    scripts: [
      [...said("Hello"), ...breaks],
      [...said("Hallo"), ...stops],
    ],
  },
  {
    name: "retry with less text",
    scripts: [
      [...said("Yes. ", "I will "), ...breaks],
      [...said("Yes."), ...stops],
    ],
  },
  {
    name: "retry with calls instead",
    scripts: [[...said("Yes. ", "I will "), ...breaks], calls(), [...said("No, ", "I did not."), ...stops]],
  },
  {
    name: "two retries",
    scripts: [
      [...said("One ", "two "), ...breaks],
      [...said("One "), ...breaks],
      [...said("One two three."), ...stops],
    ],
  },
  {
    name: "gives up",
    scripts: [
      [...said("Half ", "of it"), ...breaks],
      [...said("Half"), ...breaks],
      [...said("Ha"), ...breaks],
    ],
  },
  {
    name: "another model",
    scripts: [
      [...thought("Hm"), ...said("The "), ...breaks],
      [...said(...fox), ...stops],
    ],
    afterFailure: elsewhere,
  },
  {
    name: "goes on behind the half answer",
    scripts: [
      [...said("The ", "quick "), ...breaks],
      [...said("fox."), ...stops],
    ],
    afterFailure: goesOn,
  },
  {
    name: "goes on behind what a crash left",
    scripts: [
      [...said(...fox), ...stops],
      [...said("x"), ...stops],
    ],
    continues: true,
  },
  { name: "a message joins", scripts: [[...said(...fox), ...stops]], joins: true },
  {
    name: "a message joins, and it says something else",
    scripts: [
      [...said(...fox), ...stops],
      [...said("A ", "dog."), ...stops],
      [...said("So."), ...stops],
    ],
    joins: true,
  },
  { name: "cancelled", scripts: [[...said(...fox), ...stops]], cancelledAt: 3 },
  {
    name: "cancelled across the crash",
    scripts: [[...thought("Hm"), ...said(...fox), ...stops]],
    cancelledAt: "crash",
  },
  {
    name: "cancelled with a joining message",
    scripts: [[...said(...fox), ...stops]],
    cancelledAt: "crash",
    joins: true,
  },
  {
    name: "cancelled in the second step",
    scripts: [
      [...said("Let me see. "), ...calls()],
      [...said(...fox), ...stops],
    ],
    cancelledAt: "crash",
  },
  {
    name: "cancelled where it can go on",
    scripts: [[...said(...fox), ...stops]],
    cancelledAt: "crash",
    continues: true,
  },
  {
    name: "sent back",
    scripts: [
      [...said("I will ", "check."), ...stops],
      [...said("It is ", "noon."), ...stops],
    ],
    complaint: "I will check.",
  },
  {
    name: "summary in time, after a crash",
    scripts: [[...said(...fox), ...stops]],
    summaries: [[...said("Sum."), ...stops]],
    fullAtCrash: true,
  },
  {
    name: "too long",
    scripts: [
      [...said("The "), ...overflows],
      [...said(...fox), ...stops],
    ],
    summaries: [[...said("Sum."), ...stops]],
  },
  {
    name: "a summary that fails",
    scripts: [[...said(...fox), ...stops]],
    summaries: [0, 1, 2].map(() => [...said("The quick"), ...breaks]),
    fullAtCrash: true,
  },
  { name: "the money is gone after the crash", scripts: [[...said(...fox), ...stops]], calls: 1 },
];

describe("what a client has is a function of its cursor", () => {
  it.each(stories.filter(({ name }) => name === "gives up" || name === "the money is gone after the crash"))(
    "[CURSOR-8] $name: a client that is cut off among an answer's last events gets the others, and nothing is closed that it was not shown",
    async (story) => {
      const world = new SessionWorld();
      await runInDurableObject(world.stub, async (_, { storage }) => {
        SessionRecord.create(storage.sql, world.address, {}, Date.now());
        const faults: string[] = [];
        for (const crashAt of [0, 2, 5, 11]) {
          const clients = Array.from({ length: 60 }, (_, n) => {
            return new Client("responses", { at: 1 + (n >> 2), frames: 1 + (n & 3), back: 1e9 });
          });
          faults.push(...(await played(storage, story, { crashAt, seed: 1, clients })).faults);
        }
        expect(faults).toEqual([]);
      });
    },
  );

  it.each(stories)(
    "[CURSOR-1] [CURSOR-2] [CURSOR-3] [CURSOR-5] $name: every door, cut anywhere, over a crash at any moment",
    async (story) => {
      const world = new SessionWorld();
      const seed = 14;
      await runInDurableObject(world.stub, async (_, { storage }) => {
        SessionRecord.create(storage.sql, world.address, {}, Date.now());
        const calm = await played(storage, story, { crashAt: 0, seed });
        const faults = [...calm.faults];
        for (let crashAt = 1; crashAt < calm.moments; crashAt++) {
          const run = await played(storage, story, { crashAt, seed: seed * 100 + crashAt });
          faults.push(...run.faults.map((fault) => `crash at ${crashAt}: ${fault}`));
        }
        expect(faults, `seed ${seed}`).toEqual([]);
      });
    },
  );
});
