/** A session that is made without the tables of the ladder's later rungs: it gets them where it uses one, or with its next start. */
import { describe, expect, it } from "vitest";
import { type OpenSession, openSession } from "../../../../src/session/open-session.ts";
import { everyonesVersion, migrate, sessionLadder, versionOf } from "../../../../src/session/store/schema.ts";
import { SessionRecord } from "../../../../src/session/store/session-record.ts";
import { WindowBlocks } from "../../../../src/session/store/window-blocks.ts";
import { nodeStorage } from "../../../support/node-storage.ts";

const address = { account: "test", name: "late" };
const newest = { version: sessionLadder.version, readableFrom: sessionLadder.readableFrom };
const earlier = { ...newest, version: everyonesVersion };

/** A new session without the later tables. */
function madeSession(): { storage: DurableObjectStorage; session: OpenSession } {
  const storage = nodeStorage();
  const make = () => SessionRecord.create(storage.sql, address, { title: "Late" }, { atMs: 1, hasAll: false });
  return { storage, session: openSession(storage, undefined, { made: storage.transactionSync(make) }) };
}

const rating = { score: 1, atMs: 5 };
const block = (throughSeq: number) => ({ afterSeq: 0, throughSeq, state: "{}", messages: "{}" });

/** The blocks over the same rows as a session that was made just now has them. */
const blocksOf = ({ sql }: DurableObjectStorage) => new WindowBlocks(sql, { isNew: true });

const uses: [what: string, use: (of: ReturnType<typeof madeSession>, n: number) => void][] = [
  ["feedback", ({ session }) => session.feedback.put("turn_1", rating)],
  ["a block of its window", ({ storage }, n) => blocksOf(storage).add("s", block(n))],
  ["the wish for another spelling of its window", ({ storage }) => blocksOf(storage).want("s")],
];

describe("tables of later rungs", () => {
  it.each(uses)("[SCHEMA-3] are made for %s, as the ladder makes them", (_, use) => {
    const made = madeSession();
    expect(versionOf(made.storage.sql)).toEqual(earlier);
    made.storage.transactionSync(() => use(made, 1));
    expect(versionOf(made.storage.sql)).toEqual(newest);
    // Once they are there, nothing more is made.
    use(made, 2);
    expect(versionOf(made.storage.sql)).toEqual(newest);
    expect(made.session.record.read().title).toBe("Late");
  });

  it("[SCHEMA-3] are not made where they are read: they hold nothing", () => {
    const { storage, session } = madeSession();
    const blocks = blocksOf(storage);
    // What memory knows is forgotten with a transaction that is rolled back.
    const failed = () =>
      session.storage.transactionSync(() => {
        throw new Error("rolled back");
      });
    expect(failed).toThrow("rolled back");
    blocks.drop();
    expect(blocks.look().ends.size).toBe(0);
    expect([session.steps.newest.seq, session.steps.calls(1).size, session.turns.lastWaitMs]).toEqual([0, 0, 0]);
    expect([session.feedback.unreported(), session.feedback.of("turn_1")]).toEqual([[], undefined]);
    expect(session.record.read()).toMatchObject({ title: "Late", parent: null });
    expect(versionOf(storage.sql)).toEqual(earlier);
  });

  it("[SCHEMA-3] are made again where the transaction that made them was rolled back", () => {
    const { storage, session } = madeSession();
    const put = (fails: boolean) =>
      session.storage.transactionSync(() => {
        session.feedback.put("turn_1", rating);
        if (fails) throw new Error("rolled back");
      });
    expect(() => put(true)).toThrow("rolled back");
    expect([versionOf(storage.sql), session.feedback.of("turn_1")]).toEqual([earlier, undefined]);
    put(false);
    expect(versionOf(storage.sql)).toEqual(newest);
    expect(session.feedback.unreported()).toMatchObject([{ turn: "turn_1", score: 1, atMs: 5 }]);
  });

  it("[SCHEMA-3] are there after the next start, and from the beginning for a session that works for another one", () => {
    const { storage } = madeSession();
    storage.transactionSync(() => migrate(storage.sql, versionOf(storage.sql)));
    expect(versionOf(storage.sql)).toEqual(newest);
    expect(openSession(storage).record.read()).toMatchObject({ title: "Late", parent: null });
    const child = nodeStorage();
    const call = { session: "boss", birth: "b", turn: "turn_1", callId: "c" };
    const parent = { ...call, depth: 1, root: "boss", maxDepth: 2, untilMs: 9, hasShare: false };
    SessionRecord.create(child.sql, address, { parent }, { atMs: 1 });
    expect(versionOf(child.sql)).toEqual(newest);
    expect(openSession(child).record.read().parent).toEqual(parent);
  });
});
