/** The copies in memory of a session's rows against the rows: after every kind of write a new instance must read what the old one knows. */
import { describe, expect, it, vi } from "vitest";
import { migrateAccount } from "../../../../src/account/schema.ts";
import { Draft } from "../../../../src/core/assemble.ts";
import { type OpenSession, openSession } from "../../../../src/session/open-session.ts";
import { EntryTail } from "../../../../src/session/store/entry-tail.ts";
import { InboxCopy } from "../../../../src/session/store/inbox-copy.ts";
import { migrate, versionOf } from "../../../../src/session/store/schema.ts";
import { SessionRecord } from "../../../../src/session/store/session-record.ts";
import { hideEntry } from "../../../../src/session/store/withdraw.ts";
import { takeSubmission } from "../../../../src/session/submit.ts";
import type { BusyPolicy } from "../../../../src/session/turn/turns.ts";
import { asking, assistant, ended, result } from "../../../support/entries.ts";
import { nodeStorage } from "../../../support/node-storage.ts";
import { randomOf } from "../../../support/random.ts";

/** Everything that the parts say of their rows. */
function known(parts: OpenSession): unknown {
  const { record, inbox, outbox, checkpoint, intents, heartbeat, log, turns, feedback } = parts;
  const ids = Array.from({ length: inbox.lastId + 2 }, (_, id) => `turn_${id}`);
  const seqs = Array.from({ length: log.lastSeq + 3 }, (_, seq) => seq);
  return structuredClone({
    record: [record.read(), record.learned],
    messages: ids.map((turn) => ({ ...inbox.byTurn(turn) })),
    inbox: [inbox.lastId, inbox.newestTurn, inbox.waiting, { ...inbox.next() }, inbox.queued()],
    joins: ids.map((turn) => [inbox.isJoined(turn), inbox.joined(turn)]),
    keys: ["k1", "k2"].map((key) => ({ ...inbox.byKey(key) })),
    claims: [["c0", "c1"], ["c2", "c3"], ["c4"]].map((names) => inbox.claimed(names)),
    names: [[...inbox.claimedNames("c")].sort(), [...inbox.claimedNames("hidden:")].sort()],
    feedback: [ids.map((turn) => feedback.of(turn)), feedback.unreported()],
    outbox: [outbox.all(), outbox.isEmpty, outbox.owes],
    tries: seqs.map((seq) => [checkpoint.barren(seq), checkpoint.hasBegun(seq), checkpoint.attempt(seq)]),
    drafts: seqs.map((seq) => checkpoint.saved(seq)),
    intents: seqs.map((seq) => [...intents.of(seq)].sort()),
    heartbeat: ids.map((turn) => heartbeat.down(turn)),
    log: [log.lastSeq, log.last, log.read({ after: 0 }), log.newest("turn_ended", 2), log.newest("assistant", 9)],
    pages: seqs.map((after) => log.read({ after, limit: 3, maxUnits: 400 })),
    turns: [{ ...turns.open }, turns.busy, turns.waitingFor, ids.map((turn) => turns.state(turn))],
  });
}

interface Chance {
  /** 0 up to, but not, `n`. */
  upTo(n: number): number;
  atMs: number;
}

type Write = (parts: OpenSession, chance: Chance) => void;

const hook = (url: string) => ({ channel: "callback", url }) as const;

function sends(onBusy: BusyPolicy): Write {
  return (parts, { upTo }) => {
    const content = upTo(3) === 0 ? "long ".repeat(5_000) : `message ${upTo(100)}`;
    const key = upTo(4) === 0 ? `k${1 + upTo(2)}` : undefined;
    const receipt = key === undefined ? {} : { key, bodyHash: key };
    const replyTo = hook("https://a.example/");
    const claims = upTo(3) === 0 ? [`c${upTo(5)}`] : [];
    const messages = [{ content, options: {} }];
    const given = { messages, receipt, onBusy, claims, ...(upTo(2) === 0 && { replyTo }) };
    takeSubmission(parts, given, () => {});
  };
}

/** Of an open turn; nothing where none is open. */
const inTurn =
  (write: (parts: OpenSession, turn: string, chance: Chance) => void): Write =>
  (parts, chance) => {
    const { open } = parts.turns;
    if (open !== undefined) write(parts, open.turn, chance);
  };

/** Of something that is owed; nothing where nothing is. */
const owed =
  (write: (outbox: OpenSession["outbox"], id: string, chance: Chance) => void): Write =>
  ({ outbox }, chance) => {
    const all = outbox.all();
    const one = all[chance.upTo(Math.max(1, all.length))];
    if (one !== undefined) write(outbox, one.id, chance);
  };

const draftOf = (seq: number, turn: string, text: string) => {
  const draft = new Draft({ seq, turn, step: 1, attempt: 1, model: "m" });
  draft.add({ type: "text", text });
  return draft;
};
const spent = {
  usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  costMicros: 1,
  tries: [],
};

const writes: Record<string, Write> = {
  "a message": sends("queue"),
  "a message that joins": sends("join"),
  "a message that interrupts": sends("interrupt"),
  "the next turn": (parts, { atMs }) => parts.turns.beginNext(atMs),
  "a reply": inTurn(({ log }, turn, { atMs }) => void log.append([assistant({ turn, atMs })])),
  "a large reply": inTurn(
    ({ log }, turn, { upTo }) =>
      void log.append([assistant({ turn, content: "x".repeat(upTo(8) === 0 ? 700_000 : 150_000) })]),
  ),
  "a reply that asks": inTurn(
    ({ log }, turn, { atMs }) => void log.append([asking(["a"], { turn, atMs, waits: { call_a: "approval" } })]),
  ),
  "a result": inTurn(({ log }, turn) => void log.append([result("call_a", { turn })])),
  "the end of a turn": inTurn(({ log, turns, outbox, record }, turn, { atMs }) => {
    log.append(turns.takeJoining(turn, log.lastSeq, atMs));
    outbox.turnEnded(turn, atMs + 10);
    const end = ended({ turn, atMs });
    log.append([end]);
    record.settle(end);
  }),
  "a stop": inTurn(({ turns }, turn) => void turns.cancel(turn)),
  "a stop of all": ({ turns }) => turns.cancelAll(),
  "other options": inTurn(({ inbox }, turn, { upTo }) => inbox.changeOptions(turn, { model: `m${upTo(9)}` })),
  "what a message refers to": ({ inbox }, { upTo }) => {
    const next = inbox.next();
    if (next !== undefined) inbox.replace(next.turn, { content: `read ${upTo(9)}`, options: {} });
  },
  "a turn from elsewhere": ({ inbox, log, turns }, { atMs }) => {
    if (turns.busy) return;
    const turn = `turn_${inbox.lastId + 1}`;
    inbox.restore(turn, { firstSeq: log.lastSeq + 1, atMs });
    log.append([{ type: "user", turn, content: "before", options: {}, atMs }, ended({ turn })]);
  },
  "a try": ({ checkpoint, log }, { atMs, upTo }) =>
    void checkpoint.begin(log.lastSeq + 1, { atMs, again: upTo(2) === 0 }),
  "a try that others were paid for": inTurn(({ checkpoint, log }, turn, { atMs }) => {
    const carried = { turn, step: 1, model: "m", reasoning: "", text: "", spent };
    checkpoint.begin(log.lastSeq + 1, { atMs, again: false }, carried);
  }),
  "a draft": inTurn(({ checkpoint, log }, turn, { atMs, upTo }) =>
    checkpoint.save(draftOf(log.lastSeq + 1, turn, `text ${upTo(99)}`), atMs + 60_000),
  ),
  "a call that goes on": inTurn(({ checkpoint, log }, turn) => {
    const of = { turn, step: 1, attempt: 1, model: "m", reasoning: "", text: "on", spent };
    checkpoint.carry(log.lastSeq + 1, of);
  }),
  "an entry before a reply": ({ checkpoint, log }) => checkpoint.makeRoom(log.lastSeq + 1),
  "what tries cost": inTurn(({ checkpoint, log }, turn) =>
    checkpoint.keepSpent(log.lastSeq + 1, { turn, step: 1, model: "m" }, spent),
  ),
  "an intent": ({ intents, log }, { upTo }) => intents.record(1 + upTo(log.lastSeq + 1), `call_${upTo(3)}`),
  "a beat": inTurn(({ heartbeat }, turn, { atMs }) => heartbeat.beat(turn, atMs)),
  "a gap": inTurn(({ heartbeat }, turn, { atMs }) => heartbeat.resume(turn, { lastSeenMs: 0, nowMs: atMs })),
  "what a channel shows": owed((outbox, id, { upTo }) => outbox.save(id, upTo(2) === 0 ? undefined : { ts: upTo(9) })),
  "a failed delivery": owed((outbox, id, { atMs }) =>
    outbox.failed(id, { shown: undefined, attempts: 2, nextAtMs: atMs, error: "503" }),
  ),
  "a dead delivery": owed((outbox, id) => outbox.bury(id, { error: "410", attempts: 3, nextAtMs: null })),
  "a delivery tried again": owed((outbox, id, { atMs }) => outbox.revive(id, atMs)),
  "a delivery that arrived": owed((outbox, id) => outbox.delivered(id)),
  "a newer address": inTurn(({ outbox }, turn) => outbox.freshen(turn, hook("https://b.example/"))),
  "a title": ({ record }, { upTo }) =>
    record.change({ title: upTo(2) === 0 ? null : "Title", metadata: { n: `${upTo(9)}` } }),
  "another model": ({ record }, { upTo }) => record.stickTo(`m${upTo(3)}`),
  "what a host asked for": ({ record }) => record.learn({ "p m": ["drop:seed"] }),
  "a summary": ({ record, log }) => record.moveWindow(log.lastSeq),
  "an entry that is hidden": ({ inbox, log }, { upTo }) => {
    if (log.lastSeq > 0) hideEntry({ inbox, log }, 1 + upTo(log.lastSeq), [`n${upTo(3)}`]);
  },
  "a name of another message": ({ inbox, log }, { upTo }) => {
    if (log.last !== undefined) inbox.moveClaim(`c${upTo(5)}`, log.last.turn);
  },
  feedback: ({ feedback, log }, { upTo, atMs }) => {
    if (log.last !== undefined) feedback.put(log.last.turn, { score: upTo(2), atMs });
  },
  "feedback that was reported": ({ feedback }) => {
    for (const { turn, atMs } of feedback.unreported()) feedback.reported(turn, atMs);
  },
  "withdrawn tokens": ({ record }) => record.withdrawTokens(),
};

class Fault extends Error {}

/** A session whose old instance and whose new one are compared after each write. */
class Pair {
  readonly #raw = nodeStorage();
  readonly #random: () => number;
  #atMs = 1_000;
  parts: OpenSession;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    const of = { account: "test", name: "pair" };
    const metadata = { plan: "gold" };
    const choices = { ttlSeconds: 60, title: "Pair", instructions: "Be brief.", model: "m1", agent: "a", metadata };
    const create = () => SessionRecord.create(this.#raw.sql, of, choices, 0);
    this.parts = openSession(this.#raw, undefined, { made: this.#raw.transactionSync(create) });
  }

  write(name: string, { fails = false } = {}): void {
    this.#atMs += 30_000;
    const chance = { upTo: (n: number) => Math.floor(this.#random() * n), atMs: this.#atMs };
    const run = () =>
      this.parts.storage.transactionSync(() => {
        writes[name]?.(this.parts, chance);
        // What is read inside of a transaction must be forgotten with it.
        known(this.parts);
        if (fails) throw new Fault();
      });
    if (fails) expect(run).toThrow(Fault);
    else run();
  }

  compare(what: string): void {
    expect(known(this.parts), what).toEqual(known(this.#started()));
  }

  /** What a new instance reads; it brings the tables up to date first. */
  #started(): OpenSession {
    migrate(this.#raw.sql, versionOf(this.#raw.sql));
    return openSession(this.#raw);
  }

  /** The instance ends; the next one goes on. */
  restart(): void {
    this.parts = this.#started();
  }
}

describe("what is kept in memory", () => {
  it.each(Object.keys(writes))("[STATE-4] is what the rows say after %s, and after one that failed", (name) => {
    const pair = new Pair(1);
    // In an empty session, in an open turn with something owed, and with messages that wait.
    for (const before of [[], ["a message", "a message", "a try", "a draft"], ["a message that joins", "a message"]]) {
      for (const each of before) pair.write(each);
      for (const fails of [true, false, true]) {
        const rows = structuredClone(known(pair.parts));
        pair.write(name, { fails });
        if (fails) expect(known(pair.parts)).toEqual(rows);
        pair.compare(`${name}${fails ? ", failed" : ""}`);
      }
    }
  });

  it.each([1, 2, 3, 4])("[STATE-4] is what the rows say after 40 random writes, seed %i", (seed) => {
    const pair = new Pair(seed);
    const random = randomOf(seed + 1_000);
    const names = Object.keys(writes);
    for (let n = 0; n < 40; n++) {
      const name = names[Math.floor(random() * names.length)] ?? "";
      const fails = random() < 0.2;
      pair.write(name, { fails });
      pair.compare(`seed ${seed}, write ${n}: ${name}${fails ? ", failed" : ""}`);
      if (random() < 0.1) pair.restart();
    }
  });
});

describe("what is kept of the log", () => {
  it("[STATE-5] is at most 64 entries, and 128 Ki units of them; older ones are read from their rows", () => {
    const textOf = (seq: number, chars: number) =>
      JSON.stringify({ ...assistant({ content: "x".repeat(chars) }), seq });
    const tail = new EntryTail(5);
    for (let seq = 6; seq <= 105; seq++) tail.add(seq, textOf(seq, 1));
    expect([tail.read({ after: 40 }), tail.read({ after: 41 })?.length, tail.read({ after: 105 })]).toEqual([
      undefined,
      64,
      [],
    ]);
    for (let seq = 106; seq <= 108; seq++) tail.add(seq, textOf(seq, 60_000));
    expect([tail.read({ after: 105 }), tail.read({ after: 106 })?.length]).toEqual([undefined, 2]);
    tail.add(109, textOf(109, 200_000));
    expect([tail.read({ after: 108 }), tail.read({ after: 109 })]).toEqual([undefined, []]);
    tail.add(110, textOf(110, 1));
    expect(tail.read({ after: 109 })?.map(({ seq }) => seq)).toEqual([110]);
  });
});

describe("what is kept of the inbox", () => {
  it("[STATE-5] is what waits, and the 16 messages that were used last", () => {
    const copy = new InboxCopy(0);
    const none = { text: "{}", joins: undefined, interrupts: false, stop: undefined, bodyHash: undefined, atMs: 1 };
    for (let id = 1; id <= 20; id++) copy.set({ id, firstSeq: id, ...none });
    copy.get(5);
    for (let id = 21; id <= 50; id++) copy.set({ id, firstSeq: id === 21 ? id : undefined, ...none });
    expect(copy.waiting.map(({ id }) => id)).toEqual(Array.from({ length: 29 }, (_, n) => n + 22));
    const kept = Array.from({ length: 22 }, (_, id) => id).filter((id) => copy.get(id) !== undefined);
    expect(kept).toEqual([5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
    expect(copy.lastId).toBe(50);
  });

  it("[STATE-5] without the text of a long message, which is read from its row", () => {
    const storage = nodeStorage();
    SessionRecord.create(storage.sql, { account: "test", name: "long" }, {}, 0);
    const { inbox } = openSession(storage);
    const [short, long] = ["short", "x".repeat(20_000)].map((content) =>
      inbox.add({ content, options: {} }, { atMs: 1 }),
    );
    const exec = vi.spyOn(storage.sql, "exec");
    expect(inbox.byTurn(short ?? "")?.message.content).toBe("short");
    expect(exec).toHaveBeenCalledTimes(0);
    expect(inbox.byTurn(long ?? "")?.message.content).toHaveLength(20_000);
    expect(exec).toHaveBeenCalledTimes(1);
  });
});

describe("tables", () => {
  const makers: [string, (storage: DurableObjectStorage) => void][] = [
    ["a session", ({ sql }) => SessionRecord.create(sql, { account: "test", name: "new" }, {}, 0)],
    ["an account", (storage) => migrateAccount(storage)],
  ];
  it.each(makers)("[STATE-3] of %s are made by one call", (_what, make) => {
    const storage = nodeStorage();
    const exec = vi.spyOn(storage.sql, "exec");
    make(storage);
    const changing = exec.mock.calls.filter(([query]) => /\b(CREATE|ALTER|DROP)\b/.test(query));
    expect(changing).toHaveLength(1);
    // Durable Objects take statements of up to 100 KB (developers.cloudflare.com/durable-objects/platform/limits).
    expect(changing[0]?.[0].length).toBeLessThan(100_000);
  });
});
