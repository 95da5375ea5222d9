/** The fault table: what providers do and were reported to do. Rows only, to be answered by a fake provider; `fault-table.test.ts` runs each of them. */
import { type Reply, refused, status } from "./fake-provider.ts";
import { wireFaultRows, wireOddCallRows } from "./wire-fault-rows.ts";
import { type Cut, callDelta, delta, done, encoder, stop, stream, sum, word } from "./wire-frames.ts";

const plain = (reply: Reply) => () => reply;
const html = (code: number) =>
  plain(status(code, "<html><title>Bad gateway</title></html>", { "content-type": "text/html" }));
const never: Reply = () => new Promise(() => {});

/** What a provider does, made of its bytes cut in some way, and how a turn ends when it does this every time. */
export type FaultRow = [what: string, reply: (cut: Cut) => Reply, always: "failed" | "completed" | "length"];

/** The fault table. For the profile of `deepseek-v3.2-exp` at CometAPI; replies are for one request each. */
export const faultRows: FaultRow[] = [
  ["connection refused", plain(refused), "failed"],
  ["reset before the first byte", stream("", "reset"), "failed"],
  ["reset amid the stream", stream(word + word, "reset"), "failed"],
  ["400", plain(status(400, { error: { message: "bad", code: "invalid_request_error" } })), "failed"],
  ["401", plain(status(401, { error: { message: "Authentication Fails" } })), "failed"],
  ["402", plain(status(402, { error: { message: "Insufficient Balance" } })), "failed"],
  ["403", plain(status(403, "")), "failed"],
  ["404", html(404), "failed"],
  ["422", plain(status(422, { detail: "x" })), "failed"],
  ["429 with seconds", plain(status(429, {}, { "retry-after": "3" })), "failed"],
  ["429 with a date", plain(status(429, {}, { "retry-after": "Mon, 23 Nov 2026 12:00:05 GMT" })), "failed"],
  ["429 without", plain(status(429, "")), "failed"],
  ["429 for an hour", plain(status(429, {}, { "retry-after": "3600" })), "failed"],
  [
    "500 octet-stream",
    plain(status(500, '{"error":{"message":"x"}}', { "content-type": "application/octet-stream" })),
    "failed",
  ],
  ["502 html", html(502), "failed"],
  ["503 empty", plain(status(503, "")), "failed"],
  [
    "503 model_not_found",
    plain(status(503, { error: { code: "model_not_found", message: "no available channel" } })),
    "failed",
  ],
  ["504", plain(status(504, "upstream timeout")), "failed"],
  [
    "200 with an error object",
    plain(status(200, { error: { message: "overloaded", type: "server_error" } })),
    "failed",
  ],
  ["200 html", html(200), "failed"],
  ["200 empty", plain(status(200, "", { "content-type": "text/event-stream" })), "failed"],
  ["an error in the stream", stream(`${word}data: {"error":{"message":"boom","type":"server_error"}}\n\n`), "failed"],
  ["a stall before the first byte", plain(never), "failed"],
  ["a silent stall amid the stream", stream(word, "hang"), "failed"],
  ["comments for ever", stream(word, "comments"), "failed"],
  ["no finish_reason, no [DONE]", stream(word + word), "failed"],
  ["[DONE] without finish_reason", stream(word + done), "failed"],
  ["finish_reason without [DONE]", stream(word + stop), "completed"],
  ["finish_reason, then silence", stream(word + stop, "hang"), "completed"],
  ["finish_reason, then reset", stream(word + stop, "reset"), "completed"],
  ["an end inside a character", stream(encoder.encode(delta({ content: "schön" })).slice(0, 52)), "failed"],
  ["insufficient_system_resource", stream(word + delta({}, "insufficient_system_resource") + done), "failed"],
  ["an empty stop", stream(delta({ role: "assistant", content: "" }) + stop + done), "failed"],
  ["an unknown finish", stream(word + delta({}, "aborted") + done), "failed"],
  ["content_filter", stream(word + delta({}, "content_filter") + done), "failed"],
  ["two [DONE]", stream(word + stop + done + done), "completed"],
  ["data behind [DONE]", stream(word + stop + done + word), "completed"],
  ["two finish reasons", stream(word + stop + delta({}, "length") + done), "completed"],
  [
    "usage doubled",
    stream(
      `${word}${stop}data: {"choices":[],"usage":{"prompt_tokens":3}}\n\ndata: {"choices":[],"usage":{"prompt_tokens":5}}\n\n${done}`,
    ),
    "completed",
  ],
  [
    "CRLF, comments and unknown fields",
    stream(`: hi\nretry: 5\nfoo: bar\n${word}${stop}${done}`.replaceAll("\n", "\r\n")),
    "completed",
  ],
  [
    "a byte order mark, data without a space",
    stream(`\ufeff${(word + stop + done).replaceAll("data: ", "data:")}`),
    "completed",
  ],
  [
    "null deltas and empty arrays",
    stream(
      `${delta({ content: null, tool_calls: [] })}data: {"choices":[{"delta":null}]}\n\ndata: {"choices":[]}\n\n${word}${stop}${done}`,
    ),
    "completed",
  ],
  ["a damaged chunk in the middle", stream(`${word}data: {"choi\n\n${stop}${done}`), "failed"],
  ["length in the text", stream(word + delta({}, "length") + done), "length"],
  [
    "length in a call",
    stream(
      callDelta(0, { id: "c", function: { name: "calculator", arguments: '{"expr' } }) + delta({}, "length") + done,
    ),
    "length",
  ],
  [
    "a call without a name",
    stream(callDelta(0, { id: "c", function: { arguments: "{}" } }) + delta({}, "tool_calls") + done),
    "failed",
  ],
  [
    "leaked markup cut off",
    stream(`${word}${delta({ content: '<｜DSML｜function_calls><｜DSML｜invoke name="calculator">' })}${stop}${done}`),
    "completed",
  ],
  ["a delta of a megabyte", stream(delta({ content: "x".repeat(1_000_000) }) + stop + done), "completed"],
  ...wireFaultRows,
];

/** Calls that are odd and meant: the frames before a finish of `tool_calls`, and how many results they lead to. */
export type OddCallRow = [what: string, body: string, results: number];

/** Each of these calls is run once and answered, then the model goes on. */
export const oddCallRows: OddCallRow[] = [
  ["index gaps", callDelta(3, { id: "a", function: sum }) + callDelta(7, { id: "b", function: sum }), 2],
  ["repeated ids", callDelta(0, { id: "a", function: sum }) + callDelta(1, { id: "a", function: sum }), 2],
  ["no ids", callDelta(0, { function: sum }) + callDelta(1, { function: sum }), 2],
  [
    "no indexes",
    callDelta(undefined, { id: "a", function: sum }) + callDelta(undefined, { id: "b", function: sum }),
    2,
  ],
  ["one index for two calls", callDelta(0, { id: "a", function: sum }) + callDelta(0, { id: "b", function: sum }), 2],
  ["empty arguments", callDelta(0, { id: "a", function: { name: "calculator", arguments: "" } }), 1],
  [
    "arguments that are no JSON",
    callDelta(0, { id: "a", function: { name: "calculator", arguments: '{"expression":' } }),
    1,
  ],
  ["an unknown tool", callDelta(0, { id: "a", function: { name: "rm", arguments: "{}" } }), 1],
  [
    "arguments as an object",
    callDelta(0, { id: "a", function: { name: "calculator", arguments: { expression: "1+1" } } }),
    1,
  ],
  [
    "leaked markup",
    delta({
      content:
        '<|DSML|tool_calls><|DSML|invoke name="calculator"><|DSML|parameter name="expression" string="true">1+1</|DSML|parameter></|DSML|invoke></|DSML|tool_calls>',
    }),
    1,
  ],
  ["text together with a call", word + callDelta(0, { id: "a", function: sum }), 1],
  ...wireOddCallRows,
];
