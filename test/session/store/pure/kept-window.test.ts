import { describe, expect, it, vi } from "vitest";
import { fingerprint } from "../../../../src/core/digest.ts";
import type { NewEntry } from "../../../../src/core/entry.ts";
import { profileFor } from "../../../../src/model/catalog.ts";
import type { Profile } from "../../../../src/model/profile.ts";
import { makeTables } from "../../../../src/session/store/schema.ts";
import { WindowBlocks } from "../../../../src/session/store/window-blocks.ts";
import { encodingVersion, KeptWindow } from "../../../../src/session/turn/kept-window.ts";
import { RequestWindow } from "../../../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../../../src/test-kit/memory-log.ts";
import { asking, assistant, ended, failed, result, user } from "../../../support/entries.ts";
import { nodeStorage } from "../../../support/node-storage.ts";
import { randomOf } from "../../../support/random.ts";

const demo = profileFor({ modelId: "demo", baseUrl: "https://demo.invalid", demo: true });
const free = profileFor({ modelId: "x", baseUrl: "https://gateway.test", demo: false });
const mistral = profileFor({ modelId: "x", baseUrl: "https://api.mistral.ai/v1", demo: false });
const profiles: Record<string, Profile> = {
  "the demo model": demo,
  Mistral: mistral,
  "roles by turns": { ...free, roleOrder: "alternating" },
  "a window of 4,000 tokens": { ...free, contextTokens: 4_000, maxTokens: 1_000 },
};
const used = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
const summary = { summary: "So far.", durationMs: 0, usage: used, costMicros: 0, atMs: 0 };

/** A session whose window is kept in blocks of at least 12 entries, and what a start of it reads. */
class KeptSession {
  readonly log = new MemoryLog();
  readonly blocks: WindowBlocks;
  readonly sql: SqlStorage;
  windowSeq = 0;
  hidden = new Set<number>();

  constructor() {
    const { sql } = nodeStorage();
    makeTables(sql);
    this.sql = sql;
    this.blocks = new WindowBlocks(sql);
  }

  /** The window of a new instance; with `kept: false` one that reads the log alone. */
  start({ kept = true } = {}): RequestWindow {
    const keeping = kept && { kept: new KeptWindow(this.blocks, { entries: 12, units: 20_000 }) };
    return new RequestWindow(this.log, () => this.windowSeq, { hiddenSeqs: () => this.hidden, ...keeping });
  }

  /** Plain turns, each read by the window and ended as the session does it. */
  play(window: RequestWindow, profile: Profile, turns: number): void {
    for (let n = 1; n <= turns; n++) {
      const turn = `turn_${this.log.lastSeq + n}`;
      this.log.append([user({ turn, content: `Question ${n}` })]);
      window.read(profile, "head");
      window.keep();
      this.log.append([assistant({ turn }), ended({ turn })]);
    }
  }

  get rows(): { through_seq: number; piece: number }[] {
    const query = "SELECT through_seq, piece FROM window_blocks WHERE through_seq > 0 ORDER BY 1, 2";
    return this.sql.exec<{ through_seq: number; piece: number }>(query).toArray();
  }
}

/** Everything that a window says. */
function facts(window: RequestWindow) {
  const { tokens, counted, isFull, windowSeq, last, summary: text, answeredIds } = window;
  const cuts = (["in_time", "overflow"] as const).map((why) => window.cut(why));
  const messages = [...window.messages()];
  const half = window.messagesAsking("?", cuts[1] ?? 0);
  return { messages, half, tokens, counted, isFull, windowSeq, last, text, ids: [...answeredIds], cuts };
}

function entriesRead(log: MemoryLog, work: () => void): number {
  const read = vi.spyOn(log, "read");
  work();
  const count = read.mock.results.reduce((sum, { value }) => sum + (value as unknown[]).length, 0);
  read.mockRestore();
  return count;
}

/** The entries of one turn, grouped by what is there before each request. */
function turnOf(n: number, chance: () => number): NewEntry[][] {
  const at = { turn: `turn_${n}` };
  const groups: NewEntry[][] = [[user({ ...at, content: `Question ${n} ${"x".repeat(chance() * 300)}\n😀` })]];
  const steps = Math.floor(chance() * 3);
  for (let step = 1; step <= steps; step++) {
    const names = ["clock", "sum"].slice(0, 1 + Math.floor(chance() * 2));
    const results = names.map((_, place) => result(`c${place}`, { ...at, step, content: "r".repeat(chance() * 99) }));
    const waits = chance() < 0.3 && { waits: { c0: "client" as const } };
    groups.push([asking(names, { ...at, step, ...waits }), ...results]);
    if (chance() < 0.2) groups.push([user({ ...at, content: "And this?", joined: true })]);
  }
  const prefix = { head: `h${n % 3}`, windowSeq: 0, expectedTokens: 0 };
  const usage = chance() < 0.5 ? { ...used, inputTokens: Math.floor(chance() * 3_000), outputTokens: 9 } : used;
  const reply = assistant({ ...at, step: steps + 1, usage, prefix });
  groups.push([chance() < 0.2 ? failed({ ...at, step: steps + 1 }) : reply, ended(at)]);
  return groups;
}

describe("a window that is kept encoded", () => {
  const cases = Object.keys(profiles).flatMap((name) => [1, 2, 3].map((seed) => [name, seed] as const));

  it.each(cases)("[SPEED-13] is after a start what reading all entries leads to: %s, seed %i", (name, seed) => {
    const profile = profiles[name] ?? demo;
    const chance = randomOf(seed);
    const session = new KeptSession();
    const { log } = session;
    let window = session.start();
    let spared = 0;
    for (let n = 1; n <= 60; n++) {
      for (const group of turnOf(n, chance)) {
        window.read(profile, "head");
        if (group.some(({ type }) => type === "turn_ended")) window.keep();
        log.append(group);
      }
      if (chance() < 0.05) {
        window.read(profile, "head");
        const throughSeq = window.cut("overflow");
        if (throughSeq === undefined) continue;
        log.append([{ type: "compaction", turn: `turn_${n}`, throughSeq, ...summary }]);
        session.windowSeq = throughSeq;
      }
      if (chance() < 0.3) {
        const plain = session.start({ kept: false });
        const all = entriesRead(log, () => plain.read(profile, "head"));
        window = session.start();
        spared += all - entriesRead(log, () => window.read(profile, "head"));
        expect(facts(window)).toEqual(facts(plain));
      }
    }
    expect(spared).toBeGreaterThan(100);
  });

  it("[SPEED-13] is read by a start in so many entries as a turn or a few have, and in so many rows as there are blocks", () => {
    const session = new KeptSession();
    session.play(session.start(), free, 200);
    expect(entriesRead(session.log, () => session.start({ kept: false }).read(free, "head"))).toBe(600);
    expect(entriesRead(session.log, () => session.start().read(free, "head"))).toBeLessThan(30);
    expect(session.rows).toHaveLength(49);
  });

  it("[SPEED-13] is written once, by the turn that makes a block long enough, and by no other", () => {
    const session = new KeptSession();
    const exec = vi.spyOn(session.sql, "exec");
    session.play(session.start(), free, 3);
    expect(exec.mock.calls.filter(([query]) => !query.includes("SELECT"))).toEqual([]);
    session.play(session.start(), free, 100);
    const written = exec.mock.calls.filter(([query]) => query.includes("INSERT INTO window_blocks"));
    expect(written.length).toBe(session.rows.length);
  });

  it("[SPEED-13] is read from the log where a block is damaged, and written again", () => {
    const session = new KeptSession();
    session.play(session.start(), free, 40);
    session.sql.exec("UPDATE window_blocks SET state = substr(state, 2) WHERE through_seq = 24");
    const plain = session.start({ kept: false });
    plain.read(free, "head");
    const window = session.start();
    window.read(free, "head");
    expect(facts(window)).toEqual(facts(plain));
    session.play(window, free, 5);
    expect(entriesRead(session.log, () => session.start().read(free, "head"))).toBeLessThan(30);
  });

  it("[SPEED-13] leaves out what is hidden, also where only an older Longline hid it", () => {
    const session = new KeptSession();
    const window = session.start();
    session.play(window, free, 40);
    session.hidden.add(4);
    for (const isOurs of [false, true]) {
      if (isOurs) window.hide();
      const after = session.start();
      after.read(free, "head");
      expect(after.messages().filter((message) => message.includes('"Question 2"'))).toEqual([]);
    }
    expect(session.rows).toEqual([]);
  });

  it("[SPEED-13] is replaced for a model that writes otherwise once two turns in a row want it", () => {
    const session = new KeptSession();
    session.play(session.start(), free, 40);
    const other = { ...free, callIds: "alnum9" as const };
    for (let n = 0; n < 4; n++) session.play(session.start(), n % 2 === 0 ? other : free, 1);
    expect(entriesRead(session.log, () => session.start().read(free, "head"))).toBeLessThan(40);
    session.play(session.start(), other, 1);
    session.play(session.start(), other, 1);
    expect(entriesRead(session.log, () => session.start().read(other, "head"))).toBeLessThan(40);
  });

  it("[SPEED-13] takes a turn of any length, in rows that are small enough", () => {
    const session = new KeptSession();
    const long = user({ content: `${"long ".repeat(300_000)}` });
    const wide = { ...free, contextTokens: 5_000_000 };
    session.log.append([long, assistant(), ended()]);
    session.play(session.start(), wide, 2);
    expect(session.rows.length).toBeGreaterThan(2);
    const plain = session.start({ kept: false });
    plain.read(wide, "head");
    const window = session.start();
    window.read(wide, "head");
    expect(facts(window)).toEqual(facts(plain));
  });

  it("[SPEED-13] has another version with another encoding", () => {
    const log = new MemoryLog();
    for (let n = 1; n <= 20; n++) log.append(turnOf(n, randomOf(n)).flat());
    const texts = Object.values(profiles).map((profile) => {
      const window = new RequestWindow(log, () => 0);
      window.read(profile, "head");
      return window.messages().join("\n");
    });
    // Where this differs, messages are written otherwise: then `encodingVersion` is one higher, and both are noted here.
    expect([encodingVersion, fingerprint(texts.join("\n"))]).toEqual([1, "2fslt91fphd"]);
  });
});
