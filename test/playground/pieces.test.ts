import { describe, expect, it } from "vitest";
import { splitAttachments, withAttachments } from "../../src/playground/chat/attachment.ts";
import { isOwnSignal, signalBody, waitWords } from "../../src/playground/chat/call-words.ts";
import { endingWords, operatorWords } from "../../src/playground/chat/ending-words.ts";
import { claimed, type Pending, unclaimed } from "../../src/playground/chat/pending.ts";
import { chatHash, compareHash, freshSession, routeOf, turnPlaceOf } from "../../src/playground/route.ts";
import { ago, ahead, bytes, duration, money } from "../../src/playground/shell/figures.ts";
import type { PageEntry } from "../../src/playground/shell/shapes.ts";

describe("files that go along", () => {
  it("[PAGE-5] are found again in the message as they were, whatever is in them", () => {
    const tricky = [
      [],
      [{ name: "a.txt", text: "one\ntwo\n" }],
      [
        { name: "fence.md", text: "```js\nx\n```\n````\n" },
        { name: "b c.csv", text: "\n\nAttached file: no\n```\n" },
      ],
    ];
    for (const files of tricky) {
      for (const text of ["", "Read this", "a\n\nb\n"])
        expect(splitAttachments(withAttachments(text, files))).toEqual({ text, files });
    }
    expect(withAttachments("", [{ name: "a\nb", text: "x" }])).toBe("Attached file: a b\n```\nx\n```");
    const typed = "Attached file: x\n```\nnever closed";
    expect(splitAttachments(typed)).toEqual({ text: typed, files: [] });
  });
});

describe("messages that were sent from this page", () => {
  const said = (seq: number, turn: string, content: string): PageEntry => {
    return { seq, turn, type: "user", created_at: "", message: { role: "user", content } };
  };
  const sent = (key: string, turn?: string): Pending => {
    return { key, content: "Hi", afterSeq: 2, state: "waiting", ...(turn !== undefined && { turn }) };
  };

  it("[PAGE-7] stand below the transcript until each has its own entry", () => {
    const two = [sent("a", "turn_2"), sent("b", "turn_2"), sent("c")];
    const one = claimed(two, [said(1, "turn_2", "Hi"), said(3, "turn_2", "Hi")]);
    expect(unclaimed(one).map(({ key }) => key)).toEqual(["b", "c"]);
    const both = claimed(one, [said(3, "turn_2", "Hi"), said(5, "turn_2", "Hi"), said(6, "turn_2", "Ho")]);
    expect(unclaimed(both).map(({ key }) => key)).toEqual(["c"]);
  });
});

describe("words and figures", () => {
  it("[PAGE-8] every end of a turn but the good one is told in words", () => {
    const reasons = "length step_limit cancelled interrupted budget_exhausted failed something_new".split(" ");
    for (const reason of reasons) expect(endingWords(reason)).toMatch(/\w+”?\.$/);
    const failure = { code: "x", message: "Please try again.", detail: "No key." };
    expect(endingWords("failed", failure)).toBe("Please try again.");
    expect(endingWords("budget_exhausted", failure)).toBe("Please try again.");
    expect(endingWords("completed")).toBeUndefined();
  });

  it("[PAGE-13] no word for people names a setting; what the operator can do is said apart, and not twice", () => {
    const reasons = "length step_limit cancelled interrupted budget_exhausted failed".split(" ");
    for (const reason of reasons) expect(endingWords(reason)).not.toMatch(/limits|max[A-Z]|\/v1|model|token|setting/);
    expect(operatorWords("step_limit")).toEqual([expect.stringContaining("limits.maxSteps")]);
    expect(operatorWords("failed", { code: "x", message: "Wait.", detail: "No key." })).toEqual(["No key."]);
    expect(operatorWords("failed", { code: "x", message: "Wait.", detail: "Wait." })).toEqual([]);
    expect(operatorWords("failed")).toEqual([]);
  });

  it("[PAGE-8] money, times and sizes are readable", () => {
    expect([0, 50, 420, 12_345, 1_500_000].map(money)).toEqual(["$0", "<$0.0001", "$0.0004", "$0.012", "$1.50"]);
    expect([12, 2_140, 61_000, 1_800_000].map(duration)).toEqual(["12 ms", "2.1 s", "1 min 1 s", "30 min"]);
    expect([3_600_000, 5_400_000, 86_400_000].map(duration)).toEqual(["1 h", "1 h 30 min", "24 h"]);
    expect([5, 2_048, 3_145_728].map(bytes)).toEqual(["5 B", "2.0 KB", "3.0 MB"]);
    const now = Date.parse("2026-01-10T12:00:00Z");
    const told = ["2026-01-10T11:59:50Z", "2026-01-10T11:59:00Z", "2026-01-10T09:00:00Z", "2025-12-01T00:00:00Z"];
    expect(told.map((at) => ago(at, now))).toEqual(["just now", "1 minute ago", "3 hours ago", "2025-12-01"]);
  });
});

describe("what a call waits for", () => {
  it("[PAGE-32] is said with how far off its end is", () => {
    const now = Date.parse("2026-01-10T12:00:00Z");
    const ends =
      "2026-01-10T12:00:00Z 2026-01-10T12:00:20Z 2026-01-10T12:05:00Z 2026-01-11T12:00:00Z 2026-02-09T12:00:00Z";
    const words = ["any moment", "in 1 minute", "in 5 minutes", "in 24 hours", "in 30 days"];
    expect(ends.split(" ").map((at) => ahead(at, now))).toEqual(words);
    const until = "2026-01-11T12:00:00Z";
    expect(waitWords({ kind: "signal", name: "paid:17\u202e", until })).toBe("the signal paid:17\\u202e");
    expect(waitWords({ kind: "sleep", name: "rest", until })).toBe("a time (rest)");
  });

  it("[E2E-32] a value is JSON or nothing; the library's own signals cannot be sent", () => {
    expect(signalBody(" ", "c1")).toEqual({ call_id: "c1" });
    expect(signalBody('{"ok":[1]}', "c1")).toEqual({ call_id: "c1", value: { ok: [1] } });
    expect(signalBody("null", "c1")).toEqual({ call_id: "c1", value: null });
    for (const text of ["yes", "{", "'a'"]) expect(signalBody(text, "c1")).toBeUndefined();
    expect(["~approval", "paid"].map(isOwnSignal)).toEqual([true, false]);
  });
});

describe("addresses and the list", () => {
  it("[PAGE-9] the address names the page, and nothing else is taken for an id", () => {
    expect(routeOf(chatHash("a_1"))).toEqual({ page: "chat", session: "a_1" });
    expect(routeOf("#/usage")).toEqual({ page: "usage", query: "" });
    for (const hash of ["", "#/", "#/s/", "#/s/a%20b", "#/s/../x", "#main"]) expect(routeOf(hash)).toBeUndefined();
    const [a, b] = [
      { session: "a_1", turn: "turn_2" },
      { session: "b", turn: "turn_1" },
    ] as const;
    expect(routeOf(compareHash(a, b))).toEqual({ page: "compare", query: "a=a_1/turn_2&b=b/turn_1" });
    expect(turnPlaceOf("a_1/turn_2")).toEqual(a);
    for (const text of [null, "", "a", "a/", "a/b/c", "../b", "a/b?c"]) expect(turnPlaceOf(text)).toBeUndefined();
    expect(routeOf(chatHash(freshSession()))).toMatchObject({ page: "chat" });
    expect(freshSession()).not.toBe(freshSession());
  });
});
