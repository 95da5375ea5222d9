import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import {
  entriesOfHistory,
  type HistoryItem,
  historyFault,
  itemDigest,
  itemDigestInPieces,
} from "../../src/core/history.ts";
import { TranscriptChecker } from "../../src/core/legal.ts";
import { KnownHistory } from "../../src/core/reconcile.ts";
import { messagesOf } from "../../src/core/request.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";
import { randomOf } from "../support/random.ts";

const said = (content: string, speaker?: string): HistoryItem => ({
  role: "user",
  content,
  ...(speaker !== undefined && { speaker }),
});
const answer = (content: string, ...ids: string[]): HistoryItem => {
  return { role: "assistant", content, reasoning: "", calls: ids.map((id) => call(id, "mine")) };
};
const given = (callId: string, content = "ok"): HistoryItem => ({ role: "tool", callId, content });
const seed = { firstSeq: 1, firstTurn: 1, model: "m", atMs: 5 };
const placed = (entries: readonly NewEntry[]) => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);

function faultsIn(entries: readonly Entry[]): string[] {
  const checker = new TranscriptChecker();
  return entries.flatMap((entry) => checker.fault(entry) ?? []);
}
function compare(entries: readonly Entry[], told: readonly HistoryItem[]) {
  const retold = new KnownHistory();
  for (const entry of entries) retold.take(entry);
  return retold.compare(told.map(itemDigest));
}

/** A conversation as it may come: runs of messages, answers with and without calls, greetings. Ends with an answer. */
function randomHistory(random: () => number): HistoryItem[] {
  const items: HistoryItem[] = random() < 0.2 ? [answer("Welcome!")] : [];
  const turns = 1 + Math.floor(random() * 5);
  for (let turn = 0; turn < turns; turn++) {
    for (let n = 0; n <= random() * 2; n++) items.push(said(`u${turn}.${n}`, random() < 0.3 ? "Ann" : undefined));
    for (let round = 0; random() < 0.4; round++) {
      const ids = Array.from({ length: 1 + Math.floor(random() * 2) }, (_, n) => `c${turn}.${round}.${n}`);
      items.push(answer(random() < 0.5 ? "" : "Let me see.", ...ids), ...ids.map((id) => given(id, `r${id}`)));
    }
    items.push(answer(`a${turn}`));
  }
  return items;
}

describe("a conversation that was held elsewhere", () => {
  it("[HISTORY-1] becomes a transcript that Longline could have written, and reads the same again (200 at random)", () => {
    for (let n = 0; n < 200; n++) {
      const items = randomHistory(randomOf(n));
      const entries = entriesOfHistory(items, seed);
      expect(faultsIn(entries), `seed ${n}`).toEqual([]);
      expect(compare(entries, items), `seed ${n}`).toEqual({ same: true });
      const shown = messagesOf(entries).filter(({ content }) => content !== "(The conversation begins.)");
      expect(
        shown.map(({ role, content }) => [role, content]),
        `seed ${n}`,
      ).toEqual(items.map(({ role, content }) => [role, content]));
    }
  });

  it("[HISTORY-1] its last turn stays open where its calls have results, with the choices of the request", () => {
    const items = [said("book"), answer("", "c1", "c2"), given("c1"), given("c2")];
    const entries = entriesOfHistory(items, { ...seed, firstSeq: 8, firstTurn: 3, open: { model: "x" } });
    expect(entries.map(({ type, seq, turn }) => [type, seq, turn])).toEqual([
      ["user", 8, "turn_3"],
      ["assistant", 9, "turn_3"],
      ["tool", 10, "turn_3"],
      ["tool", 11, "turn_3"],
    ]);
    expect(entries[0]).toMatchObject({ options: { model: "x", via: "history" } });
    expect(entries[1]).toMatchObject({ waits: { c1: "client", c2: "client" }, finishReason: "tool_calls" });
  });

  it.each([
    [[said("a"), given("c9")], 1, 'no call "c9"'],
    [[said("a"), answer("", "c1"), said("b")], 2, '"c1" before it has no result'],
    [[said("a"), answer("", "c1", "c2"), given("c1")], 2, '"c2" has no result'],
    [[said("a"), answer("", "c1"), given("c1"), given("c1")], 3, 'no call "c1"'],
  ])("[HISTORY-1] is refused at the message that is wrong (%#)", (items, at, words) => {
    expect(historyFault(items)).toEqual({ at, detail: expect.stringContaining(words) });
  });
});

const openai = { options: { via: "openai" } } as const;
/** One turn of an OpenAI client: a question, perhaps a tool of the server's in between, an answer. */
const turn = (n: number, asked: string, told: string, more: object = openai): NewEntry[] => [
  user({ turn: `turn_${n}`, content: asked, ...more }),
  asking(["clock"], { turn: `turn_${n}` }),
  result("c0", { turn: `turn_${n}` }),
  assistant({ turn: `turn_${n}`, step: 2, content: told }),
  ended({ turn: `turn_${n}` }),
];

describe("a conversation that is told again", () => {
  const two = placed([...turn(1, "u1", "a1"), ...turn(2, "u2", "a2")]);
  const same = { same: true };

  it.each([
    ["whole", [said("u1"), answer("a1"), said("u2"), answer("a2")], same],
    ["with other blanks", [said(" u1"), answer("a1\n"), said("u2"), answer(" a2 ")], same],
    ["without its beginning", [said("u2"), answer("a2")], same],
    ["edited at its end", [said("u1"), answer("a1"), said("u2"), answer("a2, but")], { items: 2, afterSeq: 5 }],
    ["asked again from before", [said("u1"), answer("a1")], { items: 2, afterSeq: 5 }],
    ["edited at its beginning", [said("U1"), answer("a1"), said("u2"), answer("a2")], { items: 0, afterSeq: 0 }],
    [
      "longer than the transcript",
      [said("u0"), answer("a0"), said("u1"), answer("a1"), said("u2"), answer("a2")],
      { items: 0, afterSeq: 0 },
    ],
  ])("[HISTORY-2] %s", (_, told, expected) => {
    expect(compare(two, told)).toEqual("same" in expected ? expected : { same: false, ...expected });
  });

  it("[HISTORY-3] may lack what came by other ways, and what came to nothing", () => {
    const failing: NewEntry[] = [
      user({ turn: "turn_2", content: "x", ...openai }),
      failed({ turn: "turn_2" }),
      ended({ turn: "turn_2", reason: "failed" }),
    ];
    const entries = placed([
      ...turn(1, "u1", "a1"),
      ...failing,
      ...turn(3, "by Slack", "yes", { options: {} }),
      ...turn(4, "u4", "a4"),
      ...turn(5, "by webhook", "ok", { options: {} }),
    ]);
    expect(compare(entries, [said("u1"), answer("a1"), said("u4"), answer("a4")])).toEqual(same);
    expect(compare(entries, [said("u1"), answer("a1"), said("x"), said("u4"), answer("a4")])).toEqual(same);
    expect(
      compare(entries, [said("u1"), answer("a1"), said("by Slack"), answer("yes"), said("u4"), answer("a4")]),
    ).toEqual(same);
    expect(compare(entries, [said("u1"), answer("a1")])).toEqual({ same: false, items: 2, afterSeq: 13 });
  });

  it("[HISTORY-2] knows calls that ran at the client, and one that waits", () => {
    const waits = { c0: "client", c1: "client" } as const;
    const begun: NewEntry[] = [
      user({ content: "book", ...openai }),
      assistant({ content: "One moment.", toolCalls: [call("s", "clock")], finishReason: "tool_calls" }),
      result("s"),
      asking(["mine", "mine"], { step: 2, content: "I book.", waits }),
    ];
    const asked = [said("book"), answer("One moment.I book.", "c0", "c1")].map((item) =>
      item.role === "assistant" ? { ...item, calls: [call("c0", "mine"), call("c1", "mine")] } : item,
    );
    expect(compare(placed(begun), asked)).toEqual(same);
    const done: NewEntry[] = [
      ...begun,
      result("c0", { step: 2, content: "ok", name: "mine" }),
      result("c1", { step: 2, content: "ok", name: "mine" }),
      assistant({ step: 3, content: "Done." }),
      ended(),
    ];
    expect(compare(placed(done), [...asked, given("c0"), given("c1"), answer("Done.")])).toEqual(same);
    expect(compare(placed(done), [...asked, given("c0"), given("c1", "no"), answer("Done.")])).toEqual({
      same: false,
      items: 0,
      afterSeq: 0,
    });
  });
});

it("[BOUND-41] a long item has the same digest in pieces of about 300,000 units, wherever they end", async () => {
  const text = `  ${'日"😀\\\ud83d'.repeat(60_001)}\n`;
  const items = [said(text), said(text, 'An"n'), answer(text), answer(text, "c0", "c1"), given("c0", text), said("")];
  for (const item of items) {
    let pieces = 0;
    const digest = await itemDigestInPieces(item, async () => void pieces++);
    expect([item.role, digest]).toEqual([item.role, itemDigest(item)]);
    expect(pieces).toBe(Math.ceil(item.content.trim().length / 300_000));
  }
});
