/** The entries of one turn in which everything happens that a trace shows: a retry, a crash, calls side by side, a wait, a compaction. Figures as a session recorded them. */
import type { Entry, UserEntry } from "../../src/core/entry.ts";
import type { TraceFacts } from "../../src/observe/turn-spans.ts";

export const parentHeader = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const began = 1_764_000_000_000;
const model = "deepseek-v3.2-exp";
const used = (inputTokens: number, cachedTokens: number, outputTokens: number, reasoningTokens = 0) => ({
  inputTokens,
  cachedTokens,
  outputTokens,
  reasoningTokens,
});

export const facts: TraceFacts = {
  account: "acme",
  session: "support-42",
  birth: "5f1f8a44-8d8a-4b1c-9d3b-0d8f1f1f0c11",
  agent: "assistant",
  isCompacted: false,
  provider: (id) =>
    id === model
      ? { name: "deepseek", url: "https://api.deepseek.com" }
      : { name: "generic", url: "http://127.0.0.1:8000/v1" },
};

const user: UserEntry = {
  seq: 7,
  turn: "turn_3",
  atMs: began,
  type: "user",
  content: "Refund order 1017, please. My key is authorization: Bearer canary-0123456789abcdef",
  options: { sampling: { temperature: 1, topP: 0.9, maxTokens: 4_000, stop: ["customer-stop"] }, thinking: "high" },
  traceparent: parentHeader,
  agent: "assistant",
  agentVersion: "v_3f9c2b7a10de",
};

export const recordedTurn: Entry[] = [
  user,
  {
    seq: 8,
    turn: "turn_3",
    atMs: began + 9_000,
    type: "assistant",
    step: 1,
    attempt: 3,
    model,
    content: "",
    reasoning: "I look the order up first.",
    toolCalls: [
      { id: "call_a", name: "order_status", arguments: '{"order":"1017"}' },
      { id: "call_b", name: "refund", arguments: '{"order":"1017","cents":4200}' },
    ],
    waits: { call_b: "approval" },
    finishReason: "tool_calls",
    tries: [
      {
        model,
        failure: {
          code: "model_unavailable",
          detail: "api.deepseek.com answered 503 for deepseek-v3.2-exp.",
          retryable: true,
        },
        textChars: 0,
        atMs: began + 1_500,
        durationMs: 1_400,
      },
      {
        model,
        failure: { code: "model_truncated", cause: "crash", detail: "A restart cut the call off.", retryable: true },
        textChars: 120,
        paid: true,
        usage: { ...used(900, 0, 30), estimated: true },
        costMicros: 130,
      },
    ],
    firstEventMs: 250,
    durationMs: 2_000,
    usage: { ...used(1_000, 800, 110, 20), estimated: true },
    costMicros: 200,
  },
  {
    seq: 9,
    turn: "turn_3",
    atMs: began + 9_400,
    type: "tool",
    step: 1,
    callId: "call_a",
    name: "order_status",
    content: '{"state":"paid"}',
    isError: false,
    durationMs: 350,
  },
  {
    seq: 10,
    turn: "turn_3",
    atMs: began + 69_000,
    type: "approval",
    step: 1,
    callId: "call_b",
    name: "refund",
    approve: true,
    by: "ann",
  },
  {
    seq: 11,
    turn: "turn_3",
    atMs: began + 70_000,
    type: "tool",
    step: 1,
    callId: "call_b",
    name: "refund",
    content: "The payment provider refused it.",
    isError: true,
    durationMs: 900,
  },
  {
    seq: 12,
    turn: "turn_3",
    atMs: began + 73_000,
    type: "compaction",
    throughSeq: 6,
    summary: "A customer asked for a refund.",
    cause: "in_time",
    model,
    durationMs: 2_500,
    usage: used(3_000, 0, 60),
    costMicros: 300,
  },
  {
    seq: 13,
    turn: "turn_3",
    atMs: began + 73_500,
    type: "user",
    content: "And tell me when.",
    options: {},
    joined: true,
    traceparent: "00-aaaabbbbccccddddaaaabbbbccccdddd-1111222233334444-00",
  },
  {
    seq: 14,
    turn: "turn_3",
    atMs: began + 76_000,
    type: "assistant",
    step: 2,
    attempt: 1,
    model: "local-model",
    content: "The refund was refused; a person will look at it.",
    reasoning: "",
    toolCalls: [],
    finishReason: "stop",
    firstEventMs: 400,
    durationMs: 2_400,
    usage: used(500, 0, 40),
    costMicros: 60,
  },
  {
    seq: 15,
    turn: "turn_3",
    atMs: began + 76_010,
    type: "turn_ended",
    reason: "completed",
    usage: { ...used(4_500, 800, 210, 20), estimated: true },
    costMicros: 560,
    steps: 2,
  },
];
