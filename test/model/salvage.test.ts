import { describe, expect, it } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { salvageEvents } from "../../src/model/read-answer.ts";
import { Salvage } from "../../src/model/salvage.ts";
import { innocent, type LeakedCalls, leaks, weather } from "../support/leaks.ts";

interface Outcome {
  shown: string;
  calls: LeakedCalls;
  dropped: boolean;
}

const family = { leaksCalls: true };

function salvaged(pieces: Iterable<string>, { rules = family, hasCalls = false } = {}): Outcome {
  const salvage = new Salvage(rules);
  let shown = "";
  for (const piece of pieces) shown += salvage.text(piece);
  const { text, calls, dropped } = salvage.end(hasCalls);
  return { shown: shown + text, calls: calls.map((call) => [call.name, JSON.parse(call.arguments)]), dropped };
}

const everyCut = (text: string) =>
  Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]);

describe("leaked markup", () => {
  it.each(leaks)(
    "[SALVAGE-1] %s: becomes the calls it was meant to be, or none, wherever it is cut",
    (_, leak, calls, shown = "") => {
      const expected = { shown, calls, dropped: calls.length === 0 };
      for (const pieces of [[leak], [...leak], ...everyCut(leak)]) expect(salvaged(pieces)).toEqual(expected);
    },
  );

  it("[SALVAGE-2] nothing of it is ever shown", () => {
    for (const [, leak, , shown = ""] of leaks) {
      const salvage = new Salvage(family);
      let seen = "";
      for (const unit of leak) {
        seen += salvage.text(unit);
        expect(shown.startsWith(seen) || seen.trimEnd() === shown.trimEnd(), JSON.stringify(seen)).toBe(true);
      }
    }
    const whole = leaks.filter(([, , calls]) => calls.length > 0).length;
    console.log(`salvage: ${leaks.length} leaked shapes, ${whole} rescued, ${leaks.length - whole} refused, 0 wrong`);
  });

  it.each(innocent.map((text) => [text]))("[SALVAGE-3] %j stays as it is, wherever it is cut", (text) => {
    for (const pieces of [[text], [...text], ...everyCut(text)])
      expect(salvaged(pieces)).toEqual({ shown: text, calls: [], dropped: false });
  });

  it("[SALVAGE-4] holds back no more than an opening is long", () => {
    const whole = innocent.filter((each) => !each.includes("Paris"));
    for (const text of whole.map((each) => `${each}\n\n`.repeat(20))) {
      const salvage = new Salvage(family);
      let held = 0;
      let most = 0;
      for (const unit of text) {
        held += unit.length - salvage.text(unit).length;
        most = Math.max(most, held);
      }
      expect(most, text.slice(0, 60)).toBeLessThanOrEqual(220);
    }
  });

  it("[SALVAGE-4] a megabyte in one piece and a million pieces come through", () => {
    const long = "word < and | so on\n".repeat(55_000);
    expect(salvaged([long]).shown).toBe(long);
    const salvage = new Salvage(family);
    let chars = 0;
    for (let n = 0; n < 1_000_000; n++) chars += salvage.text(n % 97 === 0 ? "<" : "x").length;
    expect(chars + salvage.end(false).text.length).toBe(1_000_000);
  });
});

describe("in the stream of events", () => {
  const finish = (reason: string): ModelEvent => ({ type: "finish", reason });
  const text = (text: string): ModelEvent => ({ type: "text", text });
  const call: ModelEvent = { type: "tool_call", index: 0, id: "c", name: "a", arguments: "{}" };
  const dropped = { type: "repair", what: "tool markup that makes no call left out of the text" };

  it("[SALVAGE-5] the calls come before the finish, after calls that came as such, and are recorded as repairs", () => {
    expect(salvageEvents(family)([text(`Hm. ${weather}`), call, finish("stop")])).toEqual([
      text("Hm. "),
      call,
      { type: "tool_call", index: 10_000_000, name: "weather", arguments: '{"city":"Paris"}', salvaged: true },
      { type: "repair", what: "call of weather taken out of leaked markup" },
      finish("stop"),
    ]);
  });

  it("[SALVAGE-12] more calls than a reply may have are a failure, and are left out beside calls that came as such", () => {
    const many = (count: number) => [text(Array.from({ length: count }, () => weather).join("\n")), finish("stop")];
    const called = (count: number, ...before: ModelEvent[]) =>
      salvageEvents(family)([...before, ...many(count)]).filter(({ type }) => type === "tool_call").length;
    expect([called(128), called(129), called(10_000), called(128, call)]).toEqual([128, 0, 0, 1]);
    expect(salvageEvents(family)(many(129))[0]).toMatchObject({
      type: "failure",
      failure: { code: "model_malformed" },
    });
  });

  it("[SALVAGE-5] [SALVAGE-9] half a call is a failed try, unless the answer was cut or has calls anyway", () => {
    const half = text(weather.slice(0, 60));
    expect(salvageEvents(family)([half, finish("stop")])).toEqual([dropped, { type: "broken_call" }, finish("stop")]);
    expect(salvageEvents(family)([half, finish("length")])).toEqual([dropped, finish("length")]);
    expect(salvageEvents(family)([half, call, finish("stop")])).toEqual([call, dropped, finish("stop")]);
  });
});

describe("other families than DeepSeek's", () => {
  const other = { rules: { leaksCalls: false } };

  it("[SALVAGE-10] no call is read out of their text, and the text is shown as it is", () => {
    for (const [, leak, calls] of leaks.filter(([what, , calls]) => calls.length > 0 && what !== "no parameters"))
      expect(salvaged([leak], other), JSON.stringify(calls)).toEqual({ shown: leak, calls: [], dropped: false });
  });

  it.each([
    "<tool_call>",
    "<function",
    "<function=weather>",
    "[TOOL_CALLS]",
    "<|tool_call_begin|>",
    "<|tool_calls_section_begin|>\n",
    "<｜DSML｜function_calls",
    "<｜tool▁calls▁begin｜>",
    "</tool_call>",
    "<|tool_call",
  ])(
    "[SALVAGE-9] %j at the end is left out beside calls, or on a line of its own, and stays in a sentence",
    (residue) => {
      for (const cut of [(text: string) => [text], (text: string) => [...text]]) {
        const on = (text: string, hasCalls: boolean) => salvaged(cut(text), { ...other, hasCalls });
        expect(on(`Fine. ${residue}`, true)).toEqual({ shown: "Fine. ", calls: [], dropped: true });
        expect(on(`Fine.\n${residue}`, false)).toEqual({ shown: "Fine.\n", calls: [], dropped: true });
        expect(on(`The tag is ${residue}`, false).shown).toBe(`The tag is ${residue}`);
        expect(on(`The tag is \`${residue}\``, true).shown).toBe(`The tag is \`${residue}\``);
      }
    },
  );
});

describe("a reply that goes on after it was cut", () => {
  it("[SALVAGE-3] knows the code that was open", () => {
    const rules = { leaksCalls: true, begun: "This is it:\n```xml\n" };
    expect(salvaged([weather], { rules })).toEqual({ shown: weather, calls: [], dropped: false });
  });
});
