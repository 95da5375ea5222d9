/** Rows of the fault table about how a provider's stream is written: what repeats itself, mislabels itself, or puts words where others do not. Sources: the public threads named beside the rows. */

import { type Reply, status } from "./fake-provider.ts";
import type { FaultRow, OddCallRow } from "./fault-rows.ts";
import { callDelta, delta, done, encoder, stop, stream, sum, word } from "./wire-frames.ts";

const frame = (chunk: object) => `data: ${JSON.stringify(chunk)}\n\n`;
const last = (choice: object) => frame({ choices: [{ index: 0, finish_reason: "stop", ...choice }] });
const whole = { choices: [{ index: 0, message: { role: "assistant", content: "All of it." }, finish_reason: "stop" }] };
const labelled = (type: string, body: string): Reply => status(200, body, type === "" ? {} : { "content-type": type });
const endless =
  (first: string, again: string): Reply =>
  () => {
    const block = encoder.encode(again.repeat(Math.ceil(1_000_000 / again.length)));
    let sent = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sent ? block : encoder.encode(first));
        sent = true;
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
const plain = (reply: Reply) => () => reply;

export const wireFaultRows: FaultRow[] = [
  // GoModel#1068, hermes-browser-extension#11
  ["the whole message again", stream(word + word + last({ message: { content: "word word " } }) + done), "completed"],
  ["another message at the end", stream(word + word + last({ message: { content: "words" } }) + done), "completed"],
  ["everything again in the last delta", stream(word + word + delta({ content: "word word " }, "stop")), "completed"],
  // qwen-code#3896
  [
    "frames with all text so far",
    stream(delta({ content: "All" }) + delta({ content: "All of" }) + delta({ content: "All of it." }) + stop + done),
    "completed",
  ],
  // opencode#50871
  ["keep-alives as data", stream(`${word}data: : keepalive\n\ndata: ping\n\ndata:\n\n${stop}${done}`), "completed"],
  ["JSON that is no object", stream(`${word}data: null\n\ndata: []\n\ndata: 1\n\n${stop}${done}`), "completed"],
  ["keep-alives alone", stream("data: ping\n\ndata: ping\n\n"), "failed"],
  ["an error in plain words", stream("data: upstream error: connect timeout\n\n"), "failed"],
  // openclaw#96497
  ["a stream labelled JSON", plain(labelled("application/json", word + stop + done)), "completed"],
  ["a stream without a label", plain(labelled("", word + stop + done)), "completed"],
  ["a stream labelled HTML", plain(labelled("text/html", word + stop + done)), "completed"],
  ["JSON labelled a stream", plain(labelled("text/event-stream", JSON.stringify(whole, null, 2))), "completed"],
  [
    "JSON lines",
    plain(labelled("application/x-ndjson", `${word}${stop}`.replaceAll("data: ", "").replaceAll("\n\n", "\n"))),
    "completed",
  ],
  ["no blank lines", stream(`${word}${stop}${done}`.replaceAll("\n\n", "\n")), "completed"],
  // toolhive#6037
  [
    "a bare error labelled a stream",
    plain(labelled("text/event-stream", '{"error":{"message":"Insufficient Balance","code":"invalid_request_error"}}')),
    "failed",
  ],
  // langchain#39747
  ["a refusal", stream(delta({ refusal: "I cannot " }) + delta({ refusal: "do that." }) + stop + done), "completed"],
  ["a refusal that a filter ends", stream(delta({ refusal: "No." }) + delta({}, "content_filter") + done), "completed"],
  // langchain4j#4474
  ["content in parts", stream(delta({ content: [{ type: "text", text: "All of it." }] }) + stop + done), "completed"],
  ["an answer that is spoken", stream(delta({ audio: { transcript: "All of it." } }) + stop + done), "completed"],
  // vllm-ascend#9767
  [
    "special tokens",
    stream(delta({ content: "<｜begin▁of▁sentence｜>All of it.<｜end▁of▁sentence｜>" }) + stop + done),
    "completed",
  ],
  // pi#2017
  [
    "usage in the choice",
    stream(word + last({ delta: {}, usage: { prompt_tokens: 30, completion_tokens: 2, cached_tokens: 20 } }) + done),
    "completed",
  ],
  // open-webui#16377
  ["text after the finish", stream(word + stop + word + word + done), "completed"],
  ["an error after the finish", stream(`${word}${stop}data: {"error":{"message":"late"}}\n\n`), "completed"],
  ["an error after an empty finish", stream(`${stop}data: {"error":{"message":"late"}}\n\n`), "failed"],
];

/** Rows that take a tenth of a second and more: for tests that run each of them once. */
export const heavyFaultRows: FaultRow[] = [
  ["the finish for ever", plain(endless(word + stop, stop)), "completed"],
  ["100,000 empty deltas", stream(word + delta({}).repeat(100_000) + stop + done), "completed"],
  [
    "10,000 calls",
    stream(
      Array.from({ length: 10_000 }, (_, n) => callDelta(n, { id: `c${n}`, function: sum })).join("") +
        delta({}, "tool_calls") +
        done,
    ),
    "failed",
  ],
  ["usage for ever", plain(endless(word, frame({ choices: [], usage: { prompt_tokens: 3 } }))), "failed"],
  ["empty deltas for ever", plain(endless(word, delta({ content: "" }))), "failed"],
  ["signs of life for ever", plain(endless(word, "data: ping\n\n")), "failed"],
  ["a line without end", plain(endless("data: ", "x")), "failed"],
  ["a comment without end", plain(endless(": ", "x")), "failed"],
  ["an event without end", plain(endless("data: x\n", "data: x\n")), "failed"],
  ["JSON without end", plain(endless("{\n", "{\n")), "failed"],
  ["text without end", plain(endless(word, delta({ content: "x".repeat(100_000) }))), "failed"],
];

export const wireOddCallRows: OddCallRow[] = [
  [
    "its message again under another id",
    callDelta(0, { id: "a", function: sum }) +
      frame({ choices: [{ message: { tool_calls: [{ id: "b", function: sum }] }, finish_reason: null }] }),
    1,
  ],
  [
    "its whole arguments again",
    callDelta(0, { id: "a", function: { name: "calculator", arguments: "" } }) +
      callDelta(0, { function: { arguments: '{"expression":' } }) +
      callDelta(0, { function: { arguments: '"1+1"}' } }) +
      callDelta(0, { id: "a", function: sum }),
    1,
  ],
  [
    "all arguments so far in each fragment",
    ["{", '{"expression":', sum.arguments]
      .map((text) => callDelta(0, { id: "a", function: { name: "calculator", arguments: text } }))
      .join(""),
    1,
  ],
  ["the field of 2023", delta({ function_call: sum }), 1],
  ["a name of 10,000 characters", callDelta(0, { id: "a", function: { ...sum, name: "x".repeat(10_000) } }), 1],
  ["an id of 10,000 characters", callDelta(0, { id: "x".repeat(10_000), function: sum }), 1],
];
