/** Turns that wait, fail, are stopped or are queued. */
import { calls, frames, gated, status, text } from "../../support/fake-provider.ts";
import { over, said, thought } from "../../support/reply-frames.ts";
import type { Row } from "../row.ts";

const asynchronous = { prefer: "respond-async" };
const send = (session: string) => `POST /v1/sessions/${session}/messages`;
const post = (id: string) =>
  calls([{ name: "send_request", id, arguments: '{"method":"POST","url":"https://example.com/orders","body":null}' }]);
const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};
const ended = (session: string, turn: string): Row => ({
  name: `${session}-ended`,
  call: `GET /v1/sessions/${session}`,
  until: ["last_turn.turn", turn],
});

export const turnRows: Row[] = [
  { name: "approval-wanted", call: send("a1"), body: { content: "Order pencils" }, model: [post("call_a")] },
  { name: "approval-waiting", call: "GET /v1/sessions/a1" },
  { name: "approval-unknown-call", call: "POST /v1/sessions/a1/approvals/call_z", body: { approve: true } },
  { name: "approval-no-answer", call: "POST /v1/sessions/a1/approvals/call_a", body: {} },
  {
    name: "approval-wrong-digest",
    call: "POST /v1/sessions/a1/approvals/call_a",
    body: { approve: true, digest: "x" },
  },
  {
    name: "approval-denied",
    call: "POST /v1/sessions/a1/approvals/call_a",
    body: { approve: false, reason: "Too many" },
    model: [text("Not ordered.")],
  },
  ended("a1", "turn_1"),
  { name: "approval-twice", call: "POST /v1/sessions/a1/approvals/call_a", body: { approve: true } },
  { name: "approval-entries", call: "GET /v1/sessions/a1/entries" },
  { name: "approval-events", call: "GET /v1/sessions/a1/events?live=false" },
  {
    name: "client-tool",
    call: send("c1"),
    body: { content: "Weather?", tools: [weather] },
    model: [calls([{ name: "weather", id: "call_w", arguments: '{"city":"Rome"}' }])],
  },
  {
    name: "client-tool-streamed",
    frames: 3,
    call: send("c2"),
    headers: { accept: "text/event-stream" },
    body: { content: "Weather?", tools: [weather] },
    model: [calls([{ name: "weather", id: "call_v", arguments: '{"city":"Oslo"}' }])],
  },
  {
    name: "result-unknown-call",
    call: "POST /v1/sessions/c1/tool_results",
    body: { results: [{ call_id: "call_z", content: "x" }] },
  },
  {
    name: "result-twice-in-one",
    call: "POST /v1/sessions/c1/tool_results",
    body: {
      results: [
        { call_id: "call_w", content: "x" },
        { call_id: "call_w", content: "y" },
      ],
    },
  },
  { name: "result-none", call: "POST /v1/sessions/c1/tool_results", body: { results: [] } },
  {
    name: "result",
    call: "POST /v1/sessions/c1/tool_results",
    body: { results: [{ call_id: "call_w", content: "Sun" }] },
    model: [text("Sun in Rome.")],
  },
  ended("c1", "turn_1"),
  {
    name: "result-late",
    call: "POST /v1/sessions/c1/tool_results",
    body: { results: [{ call_id: "call_w", content: "Rain" }] },
  },
  { name: "client-tool-entries", call: "GET /v1/sessions/c1/entries" },
  {
    name: "busy-begin",
    settled: true,
    call: send("b1"),
    headers: asynchronous,
    body: { content: "Take your time" },
    model: [gated("Never said.").reply],
  },
  { name: "busy-rejected", call: `${send("b1")}?on_busy=reject`, body: { content: "Now" } },
  {
    name: "busy-queued",
    call: send("b1"),
    headers: asynchronous,
    body: { content: "Later" },
    model: [text("Later, then.")],
  },
  { name: "busy-read", call: "GET /v1/sessions/b1" },
  {
    name: "busy-wait-over",
    call: send("b1"),
    headers: { prefer: "wait=0" },
    body: { content: "Last" },
    model: [text("Last, then.")],
  },
  { name: "busy-stopped", call: "POST /v1/sessions/b1/cancel?turn=turn_1" },
  ended("b1", "turn_3"),
  { name: "busy-stopped-turn", call: "GET /v1/sessions/b1/turns/turn_1" },
  { name: "busy-entries", call: "GET /v1/sessions/b1/entries" },
  { name: "cancel-nothing", call: "POST /v1/sessions/b1/cancel" },
  { name: "cancel-unknown", call: "POST /v1/sessions/none-such/cancel" },
  {
    name: "interrupted-begin",
    settled: true,
    call: send("b2"),
    headers: asynchronous,
    body: { content: "Slowly" },
    model: [gated("Never said.").reply],
  },
  {
    name: "interrupted",
    call: `${send("b2")}?on_busy=interrupt`,
    body: { content: "Quick" },
    model: [text("At once.")],
  },
  { name: "interrupted-entries", call: "GET /v1/sessions/b2/entries" },
  {
    name: "joined-begin",
    call: send("b3"),
    headers: asynchronous,
    body: { content: "Order pens" },
    model: [post("call_j")],
  },
  { name: "joined-waiting", call: "GET /v1/sessions/b3", until: ["status", "waiting"] },
  { name: "joined", call: `${send("b3")}?on_busy=join`, headers: asynchronous, body: { content: "Blue ones" } },
  { name: "joined-read", call: "GET /v1/sessions/b3" },
  {
    name: "reasoning",
    call: send("r1"),
    headers: { accept: "text/event-stream" },
    body: { content: "Why?", thinking: "high" },
    model: [frames(thought("Because") + thought(" it is so."), said("So"), said(" it is."), over())],
  },
  { name: "reasoning-events", call: "GET /v1/sessions/r1/events?live=false" },
  { name: "too-long", call: send("r2"), body: { content: "Long" }, model: [text("Cut", "length")] },
  { name: "refused-by-filter", call: send("r3"), body: { content: "Filtered" }, model: [text("", "content_filter")] },
  {
    name: "model-down",
    call: send("f1"),
    body: { content: "Down" },
    model: [status(500, { error: { message: "boom" } }), status(500, { error: { message: "boom" } })],
  },
  {
    name: "model-down-then-up",
    call: send("f2"),
    headers: { accept: "text/event-stream" },
    body: { content: "Up again" },
    model: [status(503, "busy"), text("Here.")],
  },
  {
    name: "model-cut",
    call: send("f3"),
    headers: { accept: "text/event-stream" },
    body: { content: "Cut" },
    model: [frames(said("Half an")), text("A whole answer.")],
  },
  {
    name: "model-no-key",
    call: send("f4"),
    body: { content: "Key" },
    model: [status(401, { error: { message: "bad key" } })],
  },
  {
    name: "model-no-money",
    call: send("f5"),
    body: { content: "Money" },
    model: [status(402, { error: { message: "Insufficient Balance" } })],
  },
  {
    name: "model-refuses",
    call: send("f6"),
    body: { content: "Bad" },
    model: [status(400, { error: { message: "It is wrong." } })],
  },
  { name: "model-empty", call: send("f7"), body: { content: "Empty" }, model: [text(""), text("")] },
  { name: "failed-list", until: ["sessions.5.id", "any"], call: "GET /v1/sessions?reason=failed&limit=10" },
  { name: "failed-entries", call: "GET /v1/sessions/f1/entries" },
  {
    name: "tool-unknown",
    call: send("t1"),
    body: { content: "Fly" },
    model: [calls([{ name: "fly", arguments: "{}" }]), text("I cannot fly.")],
  },
  {
    name: "tool-bad-arguments",
    call: send("t2"),
    body: { content: "Count" },
    model: [calls([{ name: "calculator", arguments: '{"expression":5}' }]), text("I cannot count.")],
  },
  {
    name: "tool-refused-address",
    call: send("t3"),
    body: { content: "Fetch" },
    model: [calls([{ name: "fetch_url", arguments: '{"url":"http://127.0.0.1/x"}' }]), text("I may not.")],
  },
  { name: "tools-entries", call: "GET /v1/sessions/t3/entries" },
  {
    name: "callback",
    call: send("d1"),
    body: { content: "Call back", callback_url: "{{receiver}}/hook" },
    model: [text("I will.")],
  },
];
