/** Translates payloads of the chat-completions wire into model events. A state machine without I/O; it judges nothing, and never believes a field's type. */
import type { Usage } from "../core/cost.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { CallSlots } from "./call-slots.ts";
import { classifyFailure } from "./classify-failure.ts";
import { isErrorPayload } from "./read-refusal.ts";
import { WholeCharacters } from "./whole-characters.ts";
import { filled, type WireChunk, type WireDelta, type WireUsage } from "./wire.ts";

export interface Translator {
  /** The events of one payload, in the order reasoning, text, calls, finish, usage. After a `failure` nothing is to be fed any more. */
  translate(payload: string): ModelEvent[];
  /** Whether the provider has said `[DONE]`. */
  readonly done: boolean;
}

/** One translator per answer. `apiKey` is kept out of failure details. Whole (unstreamed) answers are one payload. */
export function createTranslator(apiKey?: string): Translator {
  const reasoning = new WholeCharacters();
  const text = new WholeCharacters();
  const calls = new CallSlots();
  let done = false;
  let finished = false;

  function deltaEvents(delta: WireDelta): ModelEvent[] {
    const thought = reasoning.take(filled(delta.reasoning_content) ?? filled(delta.reasoning) ?? "");
    const said = text.take(filled(delta.content) ?? "");
    const fragments = Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isObject) : [];
    return [
      ...(thought === "" ? [] : [{ type: "reasoning", text: thought } as const]),
      ...(said === "" ? [] : [{ type: "text", text: said } as const]),
      ...fragments.map((fragment) => calls.eventOf(fragment)),
    ];
  }

  function finishEvents(reason: string | undefined): ModelEvent[] {
    if (reason === undefined || finished) return [];
    finished = true;
    return [{ type: "finish", reason }];
  }

  return {
    get done() {
      return done;
    },
    translate(payload) {
      if (payload.trim() === "[DONE]") {
        done = true;
        return [];
      }
      const chunk = parsed(payload);
      if (chunk === undefined || isErrorPayload(chunk)) {
        return [{ type: "failure", failure: classifyFailure({ status: 200, body: chunk ?? payload, apiKey }) }];
      }
      const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
      const delta = choice?.delta ?? choice?.message;
      return [
        ...(isObject(delta) ? deltaEvents(delta) : []),
        ...finishEvents(filled(choice?.finish_reason)),
        ...(isObject(chunk.usage) ? [{ type: "usage", usage: usageOf(chunk.usage) } as const] : []),
      ];
    },
  };
}

function parsed(payload: string): WireChunk | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Disjoint counts. DeepSeek's own fields first; some gateways fill them with nought and know better in the details. */
function usageOf(wire: WireUsage): Usage {
  const hit = count(wire.prompt_cache_hit_tokens);
  const prompt = count(wire.prompt_tokens) || hit + count(wire.prompt_cache_miss_tokens);
  const cachedTokens = Math.min(prompt, hit || count(wire.prompt_tokens_details?.cached_tokens));
  return {
    inputTokens: prompt - cachedTokens,
    cachedTokens,
    outputTokens: count(wire.completion_tokens),
    reasoningTokens: count(wire.completion_tokens_details?.reasoning_tokens),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? Math.trunc(value) : 0;
}

function isObject<T>(value: T): value is T & object {
  return typeof value === "object" && value !== null;
}
