/** The short way of a payload that brings text and nothing else leads to the same events as the long way that all others take. */
import { describe, expect, it } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { CodeSpans } from "../../src/model/code-spans.ts";
import { AnswerReader } from "../../src/model/read-answer.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { payloadBatches } from "../support/payload-batches.ts";
import { randomOf } from "../support/random.ts";
import { bodyOf, eventsIn, joined, tape, tapes } from "./wire-tape.ts";

/** The same payload with a field in its delta that no host sends and nothing reads: such a payload takes the long way. */
function theLongWay(payload: string): string {
  if (payload.startsWith("data:")) return `data:${theLongWay(payload.slice("data:".length).trim())}`;
  let chunk: { choices?: { delta?: object }[] };
  try {
    chunk = JSON.parse(payload);
  } catch {
    const lines = payload.split("\n");
    return lines.length < 2 ? payload : lines.map(theLongWay).join("\n");
  }
  const delta = chunk?.choices?.[0]?.delta;
  if (typeof delta !== "object" || delta === null || Array.isArray(delta)) return payload;
  Object.assign(delta, { x: 1 });
  return JSON.stringify(chunk);
}

/** What both ways make of payloads, each with how many came as text alone. */
function bothWays(payloads: readonly string[]) {
  return [payloads, payloads.map(theLongWay)].map((all) => {
    const translator = createTranslator("sk-secret");
    const each: ModelEvent[][] = [];
    let plain = 0;
    for (const payload of all) {
      const news = translator.translate(payload);
      if (typeof news === "string") plain++;
      each.push(eventsIn(news));
      if (each.at(-1)?.at(-1)?.type === "failure") break;
    }
    return { plain, events: [...each, translator.end()] };
  });
}

/** The whole reader, with leaks taken out, over batches of any size. */
function readInBatches(payloads: readonly string[], random: () => number): ModelEvent[] {
  const reader = new AnswerReader("sk-secret", { leaksCalls: true, isJson: false, begun: "" });
  const events: ModelEvent[] = [];
  for (let at = 0; at < payloads.length && !reader.isOver; ) {
    const upTo = at + 1 + Math.floor(random() * 5);
    events.push(...reader.take(payloads.slice(at, upTo)));
    at = upTo;
  }
  return [...events, ...reader.end()];
}

const pieces = [
  ...[
    " word",
    "word",
    "",
    "w",
    ".",
    "\n",
    "\n\n",
    "    ",
    "哈",
    "哈哈",
    "😀",
    "\ud83d",
    "\ude00",
    "`",
    "```",
    "``` js\n",
    "~~~\n",
    "\\",
  ],
  ...[
    "<",
    "<think>",
    "</think>",
    "<thi",
    "<|im_end|>",
    "<｜end▁of▁sentence｜>",
    "<｜DSML｜function_calls>",
    "[TOOL_CALLS]",
    "> q",
    "- ",
  ],
  ...["<invoke", " name=", "&lt;", "{", "}", "\u2028", "data:", "[DONE]"],
];
const nothing = [null, ""];
const others = {
  reasoning_content: [" because", 0, null, ""],
  reasoning: [" since", null],
  reasoning_details: [[{ type: "reasoning.text", text: " as" }], [], null],
  refusal: ["I cannot", null, "", { text: "no" }],
  tool_calls: [[{ index: 0, id: "c", function: { name: "a", arguments: "{}" } }], [], null, {}],
  function_call: [{ name: "b", arguments: "{}" }, null],
  audio: [{ transcript: "said" }, null, 0],
  annotations: [[], null],
};

/** A payload as hosts write them, mostly plain; now and then with something that is not. */
function payloadOf(random: () => number, soFar: { text: string }): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const rarely = random() < 0.12;
  const isAgain = random() < 0.02;
  const content = isAgain ? soFar.text : pick(pieces) + (random() < 0.5 ? pick(pieces) : "");
  soFar.text += content;
  const delta: Record<string, unknown> = { ...(random() < 0.3 && { role: "assistant" }), content };
  for (const [name, values] of Object.entries(others)) {
    if (random() < 0.2) delta[name] = rarely && random() < 0.3 ? pick<unknown>(values) : pick(nothing);
  }
  if (rarely && random() < 0.2) delta.content = pick<unknown>([5, null, [{ type: "text", text: " part" }], undefined]);
  const choice: Record<string, unknown> = { index: 0, delta, finish_reason: rarely && random() < 0.1 ? "stop" : null };
  if (rarely && random() < 0.1) choice.message = pick<unknown>([{ content: soFar.text }, null, ""]);
  // A whole message in place of a delta: once more what came, or other words.
  if (random() < 0.02) {
    delete choice.delta;
    choice.message = { content: pick([soFar.text, `${soFar.text} more`, "Other words."]) };
  }
  if (random() < 0.1) Object.assign(choice, { logprobs: null, error: pick<unknown>([null, "", 0, {}]) });
  if (rarely && random() < 0.05) choice.error = { code: 502, message: "broke off" };
  const chunk: Record<string, unknown> = { id: "c", choices: [choice], usage: null };
  if (rarely && random() < 0.2) chunk.usage = pick<unknown>([{ prompt_tokens: 3, completion_tokens: 4 }, 0, {}]);
  if (rarely && random() < 0.1) choice.usage = { prompt_tokens: 5, completion_tokens: 6 };
  if (rarely && random() < 0.1) chunk.timings = { prompt_n: 3, predicted_n: 2 };
  if (rarely && random() < 0.1)
    chunk.base_resp = pick<unknown>([{ status_code: 0 }, { status_code: 1_000, status_msg: "busy" }]);
  if (rarely && random() < 0.05) chunk.error = { message: "overloaded" };
  if (rarely && random() < 0.1) chunk.choices = [];
  return JSON.stringify(chunk);
}

describe("a payload that brings text and nothing else", () => {
  it.each(tapes)("[SPEED-17] of the tape %s comes to the same as on the long way", async (name) => {
    const payloads = (await Array.fromAsync(payloadBatches(bodyOf([tape(name)])))).flat();
    const [short, long] = bothWays(payloads);
    expect(long?.plain).toBe(0);
    expect(short?.events).toEqual(long?.events);
  });

  it.each([1, 2, 3, 20_261_126])("[SPEED-17] seed %i: of crafted streams, too, and in batches of any size", (seed) => {
    const random = randomOf(seed);
    let [plain, all] = [0, 0];
    for (let run = 0; run < 150; run++) {
      const soFar = { text: "" };
      const payloads = Array.from({ length: 40 }, () => payloadOf(random, soFar));
      const [short, long] = bothWays(payloads);
      expect(short?.events, JSON.stringify(payloads)).toEqual(long?.events);
      plain += short?.plain ?? 0;
      all += short?.events.length ?? 0;
      const [batched, single] = [readInBatches(payloads, random), readInBatches(payloads.map(theLongWay), () => 0)];
      expect(joined(batched), JSON.stringify(payloads)).toEqual(joined(single));
    }
    // The test would show nothing if few took the short way.
    expect(plain / all).toBeGreaterThan(0.3);
  });

  it("[SPEED-17] is that text, without an event or a list for it", () => {
    const translator = createTranslator();
    // At the beginning it may still be a tag.
    translator.translate(JSON.stringify({ choices: [{ delta: { content: "A" } }] }));
    const payload = JSON.stringify({
      choices: [{ index: 0, delta: { content: " word", refusal: null } }],
      usage: null,
    });
    for (let n = 0; n < 100; n++) expect(translator.translate(payload)).toBe(" word");
  });
});

it.each([1, 20_261_126])(
  "[SPEED-17] seed %i: words within a line leave a place in Markdown as single characters do",
  (seed) => {
    const random = randomOf(seed);
    for (let run = 0; run < 2_000; run++) {
      const [whole, single] = [new CodeSpans(), new CodeSpans()];
      const said: string[] = [];
      for (let n = 0; n < 12; n++) {
        const piece = pieces[Math.floor(random() * pieces.length)] ?? "";
        said.push(piece);
        whole.pass(piece);
        for (const unit of piece.split("")) {
          single.endRun(unit);
          single.step(unit);
        }
        expect(whole.place(), JSON.stringify(said)).toBe(single.place());
      }
    }
  },
);
