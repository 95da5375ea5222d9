/** Shapes of leaked tool markup, as hosts were seen to leak it, and texts that are none. Shared by the tests of salvage and of what its calls may do. */

export type LeakedCalls = [name: string, args: unknown][];

const dsml = (name: string, parameters: string, block = "function_calls") =>
  `<｜DSML｜${block}>\n<｜DSML｜invoke name="${name}">\n${parameters}</｜DSML｜invoke>\n</｜DSML｜${block}>`;
const parameter = (name: string, value: string, text = "true") =>
  `<｜DSML｜parameter name="${name}" string="${text}">${value}</｜DSML｜parameter>\n`;
const v31 = (name: string, args: string) => `<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>${args}<｜tool▁call▁end｜>`;
const v3 = (name: string, args: string) =>
  `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${args}\n\`\`\`<｜tool▁call▁end｜>`;
const block = (...calls: string[]) => `<｜tool▁calls▁begin｜>${calls.join("")}<｜tool▁calls▁end｜>`;
export const weather = dsml("weather", parameter("city", "Paris"));
const paris: LeakedCalls = [["weather", { city: "Paris" }]];
const respelled = (text: string, from: string, to: string) => text.replaceAll(from, to);

/** The tags of a block without DeepSeek's mark. */
function unmarked(block: string): string {
  return block.replaceAll("｜DSML｜", "");
}

/** As gateways write an answer into a page. */
function escaped(text: string, quotes = false): string {
  const plain = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return quotes ? plain.replaceAll('"', "&quot;") : plain;
}

/** The invokes of a block without the wrapper around them. */
function inner(block: string): string {
  return block.replace(/^<[^>]*>\n/, "").replace(/\n<\/[^>]*>$/, "");
}

/** What hosts leaked, or would: [what, text, calls, what is shown]. No calls: it must not be run. */
export const leaks: [string, string, LeakedCalls, string?][] = [
  ["V3.2", weather, paris],
  ["V4", dsml("weather", parameter("city", "Paris"), "tool_calls"), paris],
  ["words before", `Let me look.\n\n${weather}`, paris, "Let me look.\n\n"],
  ["text after it", `${weather}\nThere.`, [], "There."],
  ["text before and after it", `Let me look. ${weather} It is sunny.`, [], "Let me look.  It is sunny."],
  ["blank lines after it", `${weather}\n\n  \n`, paris],
  ["the end of a turn after it", `${weather}<｜end▁of▁sentence｜>`, paris],
  ["another family's end of a turn after it", `${weather}\n<|im_end|>\n`, paris],
  ["its closing tag twice", `${weather}\n</｜DSML｜function_calls>`, paris],
  ["guillemets for brackets", weather.replaceAll("<", "‹").replaceAll(">", "›"), paris],
  ["single quotes", weather.replaceAll('"', "'"), paris],
  ["a wrapper tool_use (flocks#687)", dsml("weather", parameter("city", "Paris"), "tool_use"), paris],
  ["a wrapper that begins as an invoke does", dsml("weather", parameter("city", "Paris"), "invokes"), paris],
  // A host that drops special tokens drops the mark in each tag (sglang#15155).
  ["without its marks", unmarked(weather), paris],
  ["without its marks, behind words", `Let me look.\n\n${unmarked(weather)}\n`, paris, "Let me look.\n\n"],
  ["without its marks, V4", unmarked(dsml("weather", parameter("city", "Paris"), "tool_calls")), paris],
  ["without its marks, text after it", `${unmarked(weather)}\nThere.`, [], "There."],
  ["without its marks, cut in a value", unmarked(weather).split("</parameter>")[0] ?? "", []],
  [
    "a wrapper with spaces (flocks#687)",
    respelled(dsml("weather", parameter("city", "Paris"), "tool_use"), "｜DSML｜", " | DSML | "),
    paris,
  ],
  ["a wrapper of any name", dsml("weather", parameter("city", "Paris"), "xtool_invocations"), paris],
  ["a wrapper of dots and dashes", dsml("weather", parameter("city", "Paris"), "x.y-z:w"), paris],
  ["a wrapper without the mark", `<tool_use>\n${inner(weather)}\n</tool_use>`, paris],
  ["a wrapper that is only closed (vllm#48931)", `${inner(weather)}\n</｜DSML｜tool_calls>`, paris],
  ["a wrapper that is closed by another name", `<｜DSML｜tool_use>${inner(weather)}</｜DSML｜tool_calls>`, paris],
  ["without the second bar of its marks", respelled(weather, "DSML｜", "DSML "), paris],
  ["without the first bar of its marks", respelled(weather, "｜DSML", "DSML"), paris],
  ["escaped as HTML", escaped(weather), paris],
  [
    "escaped as HTML, quotes too, behind words",
    `Let me look.\n\n${escaped(weather, true)}\n`,
    paris,
    "Let me look.\n\n",
  ],
  [
    "escaped as HTML, with signs in a value",
    escaped(dsml("weather", parameter("city", "a < b & c"))),
    [["weather", { city: "a < b & c" }]],
  ],
  ["escaped as HTML in part: nobody knows what its values were", escaped(weather).replace("Paris", "a & b"), []],
  ["escaped as HTML, V3.1", escaped(block(v31("weather", '{"city":"Paris"}'))), paris],
  ["escaped as HTML, cut in a value", escaped(weather).split("Paris")[0] ?? "", []],
  ["two blocks", `${weather}\n${dsml("a", "")}`, [...paris, ["a", {}]]],
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
  ["an invoke without its block", inner(weather), paris],
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
  ["DSML with stray text in it", dsml("f", `hm ${parameter("n", "x")}`), [], "hm "],
  ["a residue of the opening (pi#3712)", "It is noon.\n‹｜DSML｜function_calls", [], "It is noon.\n"],
  ["a residue of the opening (stdapi.ai#182)", "It is noon.<｜DSML｜function_calls", [], "It is noon."],
  ["a residue of the closing", "It is noon.\n</｜DSML｜tool_calls>", [], "It is noon.\n"],
  ["a wrapper with nothing in it", "It is noon.\n<｜DSML｜tool_use>\n</｜DSML｜tool_use>", [], "It is noon.\n"],
  ["a residue in the middle (sglang#40237)", "Before. <｜DSML｜tool_calls> After.", [], "Before.  After."],
  ["half a marker", "It is noon. <｜DSML｜func", [], "It is noon. "],
  ["half a token", "It is noon. <｜tool▁calls▁beg", [], "It is noon. "],
  ["a lone token", "It is noon.<｜tool▁calls▁begin｜>", [], "It is noon."],
  ["a lone token of the end", "It is noon.<｜tool▁call▁end｜><｜tool▁calls▁end｜>", [], "It is noon."],
  ["the marker without brackets", "It is noon.\n｜DSML｜function_calls", [], "It is noon.\n"],
  ["a residue of Qwen's (Rapid-MLX#448)", "It is noon.\n<tool_call>\n", [], "It is noon.\n"],
  ["half a residue of Qwen's", "It is noon.\n<function", [], "It is noon.\n"],
  ["a residue of Qwen's coder", "It is noon.\n<tool_call>\n<function=weather>", [], "It is noon.\n"],
  ["a residue of Mistral's", "It is noon.\n[TOOL_CALLS]", [], "It is noon.\n"],
  ["a residue of Kimi's", "It is noon.\n<|tool_calls_section_begin|><|tool_call_begin|>", [], "It is noon.\n"],
  ["a doubled closing tag (atlas#206)", "It is noon.\n</tool_call>\n</tool_call>", [], "It is noon.\n"],
  ["a marker in a sentence (vllm#48931)", 'An <｜DSML｜invoke name="f"> calls a tool.', [], "An  calls a tool."],
  [
    "made-up results after the call",
    `${weather}<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>21<｜tool▁output▁end｜><｜tool▁outputs▁end｜>It is 21.`,
    [],
    "It is 21.",
  ],
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

export const innocent = [
  'An <invoke name="x"> without a wrapper, and <function_calls> without one inside, are XML like any other.',
  "Hello.",
  "AT&T & &lt;b&gt;bold&lt;/b&gt; &amp; &l",
  "Use `&lt;｜DSML｜function_calls&gt;` to call tools.",
  "A DSML | pipe and <DSML and < DSML.",
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
  "< ｜ tool",
  "<tool_calls_begin>",
  "DSML|function_calls",
  "<DSML>function_calls</DSML>",
  "👋 <｜DSM ｜ 日本語 < 語 | 語",
  "a<".repeat(100),
  "The tag is <tool_call>.",
  "List [TOOL_CALLS] and [T] and [1, 2] and [",
  "| DSML | model |\n|---|---|",
  "<function> is no keyword, </function> neither.",
  '`<｜DSML｜function_calls>` opens, ``a`b <｜DSML｜invoke name="f">`` calls.',
  "````md\n```\n<｜DSML｜function_calls>\n```\n````",
  "~~~~\n~~~\n<｜tool▁calls▁begin｜>\n~~~~",
  "A list:\n\n    <｜DSML｜function_calls>\n\tand <｜DSML｜function_calls>",
  "> <｜DSML｜function_calls> quoted",
  "- ```xml\n  <｜DSML｜function_calls>\n  ```",
  `Long: ${"word ".repeat(900)}\`<｜DSML｜function_calls>\``,
  `\`\`\`\n${weather}`,
  `\`${weather}\``,
  `    ${weather.replaceAll("\n", "")}`,
  "<|".repeat(50),
  "<｜DSML｜ is a marker of V3.2.",
];
