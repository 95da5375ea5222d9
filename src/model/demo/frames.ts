/** Writes an answer as the frames of DeepSeek's stream: thinking, text, then calls in fragments, usage on the last content chunk. Pure. */
import { tokensOf } from "./prefix-meter.ts";

export interface DemoAnswer {
  reasoning: string;
  text: string;
  calls: { name: string; arguments: string }[];
}

export interface AnswerMeta {
  id: string;
  /** Seconds since 1970. */
  created: number;
  maxTokens: number;
  /** Whether chunks before the last one carry `usage: null`; the last one has the usage in any case. */
  includeUsage: boolean;
  promptTokens: number;
  hitTokens: number;
}

type Delta = Record<string, unknown>;

/** Every frame of the stream in order, `data: …` with its blank line, up to `data: [DONE]`. */
export function framesOf(answer: DemoAnswer, meta: AnswerMeta): string[] {
  const { sent, cut } = within(deltasOf(answer, meta), meta.maxTokens);
  const usage = usageOf(sent, meta);
  const finish = cut ? "length" : answer.calls.length > 0 ? "tool_calls" : "stop";
  const chunk = (delta: Delta, end?: string) => {
    const common = {
      id: meta.id,
      object: "chat.completion.chunk",
      created: meta.created,
      model: "demo",
      system_fingerprint: "fp_demo",
    };
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: end ?? null }];
    const counted = end === undefined ? meta.includeUsage && { usage: null } : { usage };
    return `data: ${JSON.stringify({ ...common, choices, ...counted })}\n\n`;
  };
  const thinks = answer.reasoning !== "";
  const opening = thinks
    ? { role: "assistant", content: null, reasoning_content: "" }
    : { role: "assistant", content: "" };
  const closing = thinks ? { content: "", reasoning_content: null } : { content: "" };
  return [chunk(opening), ...sent.map(({ delta }) => chunk(delta)), chunk(closing, finish), "data: [DONE]\n\n"];
}

interface FramePiece {
  delta: Delta;
  tokens: number;
  thought: boolean;
}

function deltasOf({ reasoning, text, calls }: DemoAnswer, { id: answerId }: AnswerMeta): FramePiece[] {
  const piece = (delta: Delta, spoken: string, thought = false): FramePiece => ({
    delta,
    tokens: tokensOf(spoken),
    thought,
  });
  const rest = reasoning === "" ? {} : { reasoning_content: null };
  return [
    ...words(reasoning).map((word) => piece({ content: null, reasoning_content: word }, word, true)),
    ...words(text).map((word) => piece({ content: word, ...rest }, word)),
    ...calls.flatMap(({ name, arguments: all }, index) => {
      const id = `call_${String(index).padStart(2, "0")}_${answerId.slice(0, 8)}`;
      const opening = { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] };
      const fragments = all.match(/[\s\S]{1,6}/gu) ?? [];
      return [
        piece(opening, name),
        ...fragments.map((part) => piece({ tool_calls: [{ index, function: { arguments: part } }] }, part)),
      ];
    }),
  ];
}

/** Pieces that joined give the text again: words with the space before them. */
function words(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function within(pieces: FramePiece[], maxTokens: number): { sent: FramePiece[]; cut: boolean } {
  let tokens = 0;
  const sent = pieces.filter((piece) => {
    tokens += piece.tokens;
    return tokens <= maxTokens;
  });
  return { sent, cut: sent.length < pieces.length };
}

function usageOf(sent: FramePiece[], { promptTokens, hitTokens }: AnswerMeta): Record<string, unknown> {
  const sum = (pieces: FramePiece[]) => pieces.reduce((total, { tokens }) => total + tokens, 0);
  const completion = sum(sent);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    prompt_tokens_details: { cached_tokens: hitTokens },
    completion_tokens_details: { reasoning_tokens: sum(sent.filter(({ thought }) => thought)) },
    prompt_cache_hit_tokens: hitTokens,
    prompt_cache_miss_tokens: promptTokens - hitTokens,
  };
}
