/** Reads what a person can read out of a `content` or a reasoning field, whatever its shape: text, one part, or a list of parts. Unknown parts are left out. Pure. */
import { filled, isObject, member, type WireDelta } from "./wire.ts";

/** The words of one field or message, by kind. */
export interface PartTexts {
  text: string;
  reasoning: string;
  refusal: string;
}

/** A part within a part within a part: nothing that is meant goes deeper (Mistral's `thinking` parts hold text parts). */
const deepest = 4;

/** Types of parts that are reasoning: Mistral, Anthropic by proxies, OpenRouter's `reasoning_details`, OpenAI's items. */
const reasoningTypes = new Set([
  "thinking",
  "reasoning",
  "reasoning_text",
  "reasoning_content",
  "summary_text",
  "reasoning.text",
  "reasoning.summary",
]);
/** Types of parts that are the answer. A part without a type is one when it has a `text`. */
const textTypes = new Set(["text", "output_text", "input_text", ""]);

/** The words of a `content`. A number is a token that a host wrote as JSON: left out, a digit of the answer would be missing. */
export function wordsOf(content: unknown): PartTexts {
  if (typeof content === "string") return { text: content, reasoning: "", refusal: "" };
  if (typeof content === "number") return { text: String(content), reasoning: "", refusal: "" };
  const words: PartTexts = { text: "", reasoning: "", refusal: "" };
  collect(content, "text", { words, depth: 0 });
  return words;
}

/** The words of a field that holds reasoning alone. */
function reasoningOf(field: unknown): string {
  if (typeof field === "string") return field;
  if (typeof field === "number") return String(field);
  if (!isObject(field)) return "";
  const words: PartTexts = { text: "", reasoning: "", refusal: "" };
  collect(field, "reasoning", { words, depth: 0 });
  return words.reasoning;
}

/** Fields in which hosts send reasoning, in the order of trust, with the hosts that were seen to. */
const reasoningFields = [
  /** DeepSeek, vLLM, SGLang, Moonshot. */
  "reasoning_content",
  /** OpenRouter, Groq, Cerebras, newer vLLM. */
  "reasoning",
  /** Proxies of Anthropic's and Ollama's own wires. */
  "thinking",
  /** GitHub Copilot. */
  "reasoning_text",
  /** OpenRouter, beside `reasoning` or alone. */
  "reasoning_details",
] as const;

/** Picks one source of reasoning for the whole answer: hosts send the same words in several fields at once. */
export class ReasoningSource {
  #field: string | undefined;

  /** The reasoning of a delta; `inContent`: what its content's parts hold. */
  of(delta: WireDelta, inContent: string): string {
    for (const field of reasoningFields) {
      if (this.#field !== undefined && this.#field !== field) continue;
      const text = reasoningOf(member(delta, field));
      if (text === "") continue;
      this.#field = field;
      return text;
    }
    if (inContent === "" || (this.#field ?? "content") !== "content") return "";
    this.#field = "content";
    return inContent;
  }
}

function collect(value: unknown, kind: keyof PartTexts, { words, depth }: { words: PartTexts; depth: number }): void {
  if (depth > deepest) return;
  if (typeof value === "string") words[kind] += value;
  else if (Array.isArray(value)) for (const part of value) collect(part, kind, { words, depth: depth + 1 });
  else if (isObject(value)) collectPart(value, kind, { words, depth: depth + 1 });
}

function collectPart(part: object, kind: keyof PartTexts, into: { words: PartTexts; depth: number }): void {
  const type = filled(member(part, "type")) ?? "";
  if (type === "refusal") {
    collect(member(part, "refusal") ?? member(part, "text"), "refusal", into);
  } else if (reasoningTypes.has(type) || (kind === "reasoning" && textTypes.has(type))) {
    collect(firstFilled(part, ["text", "thinking", "summary", "reasoning", "content"]), "reasoning", into);
  } else if (textTypes.has(type)) {
    // Gemini's own mark of a part that is reasoning.
    const isThought = member(part, "thought") === true;
    collect(firstFilled(part, ["text", "value"]), isThought ? "reasoning" : kind, into);
  }
}

function firstFilled(part: object, names: readonly string[]): unknown {
  return names.map((name) => member(part, name)).find((value) => isObject(value) || filled(value) !== undefined);
}
