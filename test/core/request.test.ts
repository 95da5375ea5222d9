import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { messagesOf } from "../../src/core/request.ts";
import { asking, assistant, call, ended, failed, result, user } from "../support/entries.ts";

const place = (entries: NewEntry[]): Entry[] => entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
const answer = (callId: string, content = "12:00") => ({
  role: "tool",
  callId,
  name: "clock",
  content,
  isError: false,
});

describe("messagesOf", () => {
  it("[REQUEST-1] puts results behind their calls in call order", () => {
    const entries = place([
      user(),
      asking(["clock", "clock"]),
      result("c1", { content: "second" }),
      result("c0", { content: "first" }),
    ]);
    expect(messagesOf(entries)).toEqual([
      { role: "user", content: "Hello" },
      { role: "assistant", content: "", reasoning: "", toolCalls: [call("c0"), call("c1")] },
      answer("c0", "first"),
      answer("c1", "second"),
    ]);
  });

  it("[REQUEST-2] more entries give the same messages plus more, at every boundary between steps", () => {
    const turn = (n: number): NewEntry[] => {
      const of = { turn: `turn_${n}` };
      return [user(of), asking(["clock"], of), result("c0", of), assistant({ ...of, step: 2 }), ended(of)];
    };
    const entries = place([
      ...turn(1),
      user({ turn: "turn_2" }),
      failed({ turn: "turn_2" }),
      ended({ turn: "turn_2" }),
      ...turn(3),
    ]);
    const whole = messagesOf(entries);
    const boundaries = entries.flatMap((entry, index) =>
      entry.type === "user" || entry.type === "tool" ? [index + 1] : [],
    );
    expect(boundaries).toEqual([1, 3, 6, 9, 11]);
    for (const boundary of boundaries) {
      const former = messagesOf(entries.slice(0, boundary));
      expect(whole.slice(0, former.length)).toEqual(former);
      expect([...former, ...messagesOf(entries.slice(boundary))]).toEqual(whole);
    }
  });

  it("[REQUEST-3] answers every call exactly once", () => {
    const stray = result("nobody");
    const reused = [asking(["clock"], { step: 2 }), result("c0", { step: 2, content: "later" })];
    const messages = messagesOf(
      place([user(), asking(["clock", "clock"]), result("c0", { content: "now" }), stray, ...reused]),
    );
    const results = messages.filter((message) => message.role === "tool");
    expect(results).toEqual([
      answer("c0", "now"),
      { ...answer("c1", "No result was recorded for this call. It may or may not have run."), isError: true },
      answer("c0", "later"),
    ]);
  });

  it.each([
    ['{"a": 1}', '{"a": 1}'],
    ["{}", "{}"],
    ['{"a', '{"malformed_arguments":"{\\"a"}'],
    ["[1]", '{"malformed_arguments":"[1]"}'],
    ["null", '{"malformed_arguments":"null"}'],
  ])("[REQUEST-4] sends the arguments %s as %s", (raw, sent) => {
    const reply = assistant({ finishReason: "tool_calls", toolCalls: [call("c0", "clock", raw)] });
    expect(messagesOf(place([reply]))[0]).toMatchObject({ toolCalls: [{ arguments: sent }] });
  });

  it("[REQUEST-5] does not show failed steps, turn ends and empty replies", () => {
    const silent = assistant({ content: "", reasoning: "hm", finishReason: "cancelled" });
    const entries = place([user({ speaker: "Ada" }), failed({ content: "half" }), silent, ended()]);
    expect(messagesOf(entries)).toEqual([{ role: "user", content: "Hello", speaker: "Ada" }]);
  });
});
