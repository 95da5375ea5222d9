/** The API's JSON as the page reads it: only what it shows. The server's side of it is `src/wire/native.ts`. */

export interface Usage {
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  steps: number;
  rows_written?: number;
  expected_cached_tokens?: number;
  kv_reads?: number;
  kv_writes?: number;
  cached?: boolean;
}

export interface Session {
  id: string;
  agent: string | null;
  title: string | null;
  metadata: Record<string, string>;
  model: string;
  prefix: string | null;
  status: "idle" | "running" | "waiting";
  last_seq: number;
  last_turn?: { turn: string; reason: string; ended_at: string } | null;
  /** Messages that wait; only where one session is read. */
  queued?: { turn: string; content: string; cut?: true }[];
  usage: Usage & { cost_micros: number };
  created_at: string;
  expires_at: string | null;
  forked_from?: { session: string; after_seq: number };
  /** Why the other fields say nothing. */
  broken?: string;
}

export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export interface Message {
  role: "user" | "assistant" | "tool";
  content: string;
  speaker?: string;
  reasoning_content?: string;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
  name?: string;
  is_error?: boolean;
}

/** One entry of `GET …/entries`. Which members are there depends on `type`. */
export interface Entry {
  seq: number;
  turn: string;
  /** `progress`: told by an event alone, never recorded. */
  type: "user" | "assistant" | "tool" | "progress" | "approval" | "compaction" | "note" | "step_failed" | "turn_ended";
  created_at: string;
  message?: Message;
  joined?: boolean;
  step?: number;
  attempt?: number;
  model?: string;
  finish_reason?: string;
  usage?: Usage;
  cost_micros?: number;
  duration_ms?: number;
  first_event_ms?: number;
  repairs?: string[];
  waits?: Record<string, "approval" | "client">;
  prefix?: { expected_tokens: number; because?: string };
  tries?: { model: string; code: string; detail: string }[];
  cached?: boolean;
  call_id?: string;
  name?: string;
  approve?: boolean;
  reason?: string;
  by?: string;
  summary?: string;
  partial?: string;
  error?: { code: string; detail: string };
  code?: string;
  detail?: string;
}

/** Of `GET /v1/agents`: who answers, and with which models. */
export interface Agent {
  id: string;
  default: boolean;
  models: string[];
}

export interface Health {
  ok: boolean;
  version: string;
  model: string;
  demo: boolean;
}
