import { describe, expect, it } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { Salvage } from "../../src/model/salvage.ts";
import { salvageEvents } from "../../src/model/salvage-events.ts";

interface Outcome {
  shown: string;
  calls: [name: string, args: unknown][];
  broken: boolean;
}

function salvaged(pieces: Iterable<string>): Outcome {
  const salvage = new Salvage();
  let shown = "";
  for (const piece of pieces) shown += salvage.text(piece);
  const { text, calls, broken } = salvage.end();
  return { shown: shown + text, calls: calls.map((call) => [call.name, JSON.parse(call.arguments)]), broken };
}

const dsml = (name: string, parameters: string, block = "function_calls") =>
  `<｜DSML｜${block}>\n<｜DSML｜invoke name="${name}">\n${parameters}</｜DSML｜invoke>\n</｜DSML｜${block}>`;
const parameter = (name: string, value: string, text = "true") =>
  `<｜DSML｜parameter name="${name}" string="${text}">${value}</｜DSML｜parameter>\n`;
const v31 = (name: string, args: string) => `<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>${args}<｜tool▁call▁end｜>`;
const v3 = (name: string, args: string) =>
  `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${args}\n\`\`\`<｜tool▁call▁end｜>`;
const block = (...calls: string[]) => `<｜tool▁calls▁begin｜>${calls.join("")}<｜tool▁calls▁end｜>`;
const weather = dsml("weather", parameter("city", "Paris"));
const paris: Outcome["calls"] = [["weather", { city: "Paris" }]];
const respelled = (text: string, from: string, to: string) => text.replaceAll(from, to);

/** What hosts leaked, or would: [what, text, calls, what is shown]. No calls: it must not be run. */
const leaks: [string, string, Outcome["calls"], string?][] = [
  ["V3.2", weather, paris],
  ["V4", dsml("weather", parameter("city", "Paris"), "tool_calls"), paris],
  ["words before", `Let me look.\n\n${weather}`, paris, "Let me look.\n\n"],
  ["words behind", `${weather}\nThere.`, paris, "There."],
  ["bars of ASCII", respelled(weather, "｜", "|"), paris],
  ["doubled bars", respelled(weather, "｜", "｜｜"), paris],
  ["double lines", respelled(weather, "｜", "‖"), paris],
  ["doubled ASCII bars", respelled(weather, "｜", "||"), paris],
  ["mixed bars", weather.replace("<｜DSML｜", "<|DSML｜"), paris],
  ["a slash behind the bar", respelled(weather, "</｜DSML｜", "<｜/DSML｜"), paris],
  ["small letters", respelled(weather, "DSML", "dsml"), paris],
  ["on one line", respelled(weather, "\n", ""), paris],
  ["blank lines between", respelled(weather, "\n", "\n\n  "), paris],
  ["a space in the name of the block", respelled(weather, "function_calls", "function calls"), paris],
  [
    "two calls",
    dsml("a", `${parameter("x", "1")}</｜DSML｜invoke>\n<｜DSML｜invoke name="b">${parameter("y", "2")}`),
    [
      ["a", { x: "1" }],
      ["b", { y: "2" }],
    ],
  ],
  ["a number", dsml("f", parameter("n", "42", "false")), [["f", { n: 42 }]]],
  ["a list", dsml("f", parameter("n", "[1, 2]", "false")), [["f", { n: [1, 2] }]]],
  ["an object", dsml("f", parameter("n", '{"a": null}', "false")), [["f", { n: { a: null } }]]],
  ["text that looks like a number", dsml("f", parameter("n", "42")), [["f", { n: "42" }]]],
  ["text over lines", dsml("f", parameter("n", "a\nb\n")), [["f", { n: "a\nb\n" }]]],
  ["text with markup", dsml("f", parameter("n", "<b>x</b> | y < z")), [["f", { n: "<b>x</b> | y < z" }]]],
  ["text without a type", dsml("f", '<｜DSML｜parameter name="n">x</｜DSML｜parameter>'), [["f", { n: "x" }]]],
  ["no parameters", dsml("now", ""), [["now", {}]]],
  [
    "an invoke without its block",
    weather.replace(/<.DSML.function_calls>\n/, "").replace(/\n<\/.DSML.function_calls>/, ""),
    paris,
  ],
  ["V3.1", block(v31("weather", '{"city": "Paris"}')), paris],
  [
    "V3.1, two calls",
    block(v31("a", "{}"), v31("b", '{"x":[1]}')),
    [
      ["a", {}],
      ["b", { x: [1] }],
    ],
  ],
  ["V3", block(v3("weather", '{"city": "Paris"}')), paris],
  [
    "V3, two calls",
    block(v3("a", '{"x":1}'), v3("b", '{"y":2}')),
    [
      ["a", { x: 1 }],
      ["b", { y: 2 }],
    ],
  ],
  ["V3.1 with underscores", respelled(block(v31("weather", '{"city": "Paris"}')), "▁", "_"), paris],
  ["V3.1 with spaces", respelled(block(v31("weather", '{"city": "Paris"}')), "▁", " "), paris],
  ["V3.1 with ASCII bars", respelled(block(v31("weather", '{"city": "Paris"}')), "｜", "|"), paris],
  ["V3.1 without its block", v31("weather", '{"city": "Paris"}'), paris],
  ["V3.1 behind words", `One moment. ${block(v31("weather", '{"city": "Paris"}'))}`, paris, "One moment. "],
  ["V3.1 over lines", block(`\n${v31("weather", '\n{"city": "Paris"}\n')}\n`), paris],
  ["DSML cut in the value", weather.slice(0, weather.indexOf("Paris") + 3), []],
  ["DSML cut behind the parameter", weather.slice(0, weather.indexOf("</｜DSML｜invoke")), []],
  ["DSML cut behind the invoke", weather.slice(0, weather.indexOf("</｜DSML｜function")), []],
  ["DSML cut in the opening", weather.slice(0, 24), []],
  ["DSML without a name", respelled(weather, ' name="weather"', ""), []],
  ["DSML with bad JSON", dsml("f", parameter("n", "[1, 2", "false")), []],
  [
    "DSML with an unclosed parameter",
    dsml(
      "f",
      '<｜DSML｜parameter name="a" string="true">x\n<｜DSML｜parameter name="b" string="true">y</｜DSML｜parameter>',
    ),
    [],
  ],
  ["DSML with stray text in it", dsml("f", `hm ${parameter("n", "x")}`), []],
  ["DSML in an envelope", dsml("f", "").replace("</｜DSML｜invoke>", '{"data": {}, "success": true}'), []],
  ["a block of nothing", "<｜DSML｜function_calls></｜DSML｜function_calls>", []],
  ["a second block that is broken", `${weather}\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="b">`, []],
  ["V3.1 cut in the arguments", block(v31("f", '{"a": "x"}')).slice(0, 50), []],
  ["V3.1 with bad JSON", block(v31("f", '{"a": }')), []],
  ["V3.1 with a list", block(v31("f", "[1]")), []],
  ["V3.1 without arguments", block("<｜tool▁call▁begin｜>f<｜tool▁call▁end｜>"), []],
  ["V3.1 with an empty name", block(v31("", "{}")), []],
  ["V3.1 unclosed", `<｜tool▁calls▁begin｜>${v31("f", "{}")}`, []],
  [
    "V3 without a fence",
    block('<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{"a":1}<｜tool▁call▁end｜>'),
    [["f", { a: 1 }]],
  ],
];

const innocent = [
  "Hello.",
  "",
  "a < b | c > d",
  "<b>bold</b> and <br/> and <!-- x -->",
  "| a | b |\n|---|---|\n| < | > |",
  "if (a<b || c<d) { return a|b; }",
  "x <| y |> z",
  "<|endoftext|>",
  "<｜begin▁of▁sentence｜>",
  "The pipe <| starts a tool in F#.",
  "Use `<｜DSML｜function_calls>` to call tools.",
  '```\n<｜DSML｜invoke name="f">\n```\nThat is how it looks.',
  "~~~xml\n<｜tool▁calls▁begin｜>\n~~~",
  "<",
  "<|",
  "<｜",
  "<｜DSML",
  "<｜DSML｜",
  "<｜DSML｜func",
  "<｜tool▁call",
  "< ｜ tool",
  "<tool_calls_begin>",
  "DSML|function_calls",
  "<DSML>function_calls</DSML>",
  "👋 <｜DSM ｜ 日本語 < 語 | 語",
  "a<".repeat(100),
  "<|".repeat(50),
  "<｜DSML｜ is a marker of V3.2.",
];

const everyCut = (text: string) =>
  Array.from({ length: text.length + 1 }, (_, at) => [text.slice(0, at), text.slice(at)]);

describe("leaked markup", () => {
  it.each(leaks)(
    "[SALVAGE-1] %s: becomes the calls it was meant to be, or none, wherever it is cut",
    (_, leak, calls, shown = "") => {
      const expected = { shown, calls, broken: calls.length === 0 };
      for (const pieces of [[leak], [...leak], ...everyCut(leak)]) expect(salvaged(pieces)).toEqual(expected);
    },
  );

  it("[SALVAGE-2] nothing of it is ever shown", () => {
    for (const [, leak, , shown = ""] of leaks) {
      const salvage = new Salvage();
      let seen = "";
      for (const unit of leak) seen += salvage.text(unit);
      expect(shown.startsWith(seen.trimEnd()) || seen === shown).toBe(true);
    }
    const whole = leaks.filter(([, , calls]) => calls.length > 0).length;
    console.log(`salvage: ${leaks.length} leaked shapes, ${whole} rescued, ${leaks.length - whole} refused, 0 wrong`);
  });

  it.each(innocent.map((text) => [text]))("[SALVAGE-3] %j stays as it is, wherever it is cut", (text) => {
    for (const pieces of [[text], [...text], ...everyCut(text)])
      expect(salvaged(pieces)).toEqual({ shown: text, calls: [], broken: false });
  });

  it("[SALVAGE-4] holds back no more than an opening is long", () => {
    for (const text of innocent.map((each) => `${each}\n\n`.repeat(20))) {
      const salvage = new Salvage();
      let shown = 0;
      [...text].forEach((unit, at) => {
        shown += salvage.text(unit).length;
        expect([...text].slice(0, at + 1).join("").length - shown).toBeLessThanOrEqual(49);
      });
    }
  });

  it("[SALVAGE-4] a megabyte in one piece and a million pieces come through", () => {
    const long = "word < and | so on\n".repeat(55_000);
    expect(salvaged([long]).shown).toBe(long);
    const salvage = new Salvage();
    let chars = 0;
    for (let n = 0; n < 1_000_000; n++) chars += salvage.text(n % 97 === 0 ? "<" : "x").length;
    expect(chars + salvage.end().text.length).toBe(1_000_000);
  });
});

describe("in the stream of events", () => {
  const finish = (reason: string): ModelEvent => ({ type: "finish", reason });
  const text = (text: string): ModelEvent => ({ type: "text", text });

  it("[SALVAGE-5] the calls come before the finish, behind calls that came as such, and are told as repairs", () => {
    const call: ModelEvent = { type: "tool_call", index: 0, id: "c", name: "a", arguments: "{}" };
    expect(salvageEvents(new Salvage(), [text(`Hm. ${weather}`), call, finish("stop")])).toEqual([
      text("Hm. "),
      call,
      { type: "tool_call", index: 10_000, name: "weather", arguments: '{"city":"Paris"}' },
      { type: "repair", what: "call of weather taken out of leaked markup" },
      finish("stop"),
    ]);
  });

  it("[SALVAGE-5] markup that makes no call is a failure that may pass, unless the answer was cut anyway", () => {
    const half = text(weather.slice(0, 60));
    expect(salvageEvents(new Salvage(), [half, finish("stop")])[0]).toMatchObject({
      type: "failure",
      failure: { code: "model_malformed", retryable: true },
    });
    expect(salvageEvents(new Salvage(), [half, finish("length")])).toEqual([finish("length")]);
  });
});
