/** Finds out whether a payload of a stream, or a whole body, is an error instead of an answer. Pure; what the error means is `classify-failure.ts`. */
import { filled, isObject, member, type WireChoice, type WireChunk } from "./wire.ts";

/** What to classify; `undefined` when the chunk is no error for certain. */
export function errorIn(chunk: WireChunk, choice: WireChoice | null | undefined): object | undefined {
  if (isErrorPayload(chunk)) return chunk;
  // An envelope of a gateway: no part of an answer, but it need not come from a model's host.
  if (member(chunk, "success") === false && !Array.isArray(chunk.choices)) return chunk;
  return saysSomething(choice?.error) ? { error: choice?.error } : undefined;
}

/**
 * Whether a payload, or a list of them, is an error and no part of an answer. Shapes beside `error`: vLLM's and
 * Anthropic's type, `error_type`/`error_message` (Venice, hermes-agent#68451), envelopes of gateways, `detail` (FastAPI),
 * `errors`, `base_resp` (MiniMax), `code` and `msg` (DashScope, Zhipu), and a message as a key (ollama#11781).
 */
export function isErrorPayload(value: object): boolean {
  if (Array.isArray(value)) return value.some((each) => isObject(each) && isErrorPayload(each));
  if (saysSomething(member(value, "error"))) return true;
  const base = member(value, "base_resp");
  if (isObject(base) && Number(member(base, "status_code") ?? 0) !== 0) return true;
  const choices = member(value, "choices");
  // Every delta passes here: only what has no choice is looked at further.
  return !(Array.isArray(choices) && choices.length > 0) && isErrorOfItsOwnShape(value);
}

function isErrorOfItsOwnShape(payload: object): boolean {
  const says = (...names: string[]) => names.some((name) => saysSomething(member(payload, name)));
  if (member(payload, "object") === "error" || member(payload, "type") === "error") return true;
  if (says("error_message", "error_msg", "error_type", "error_code", "errors", "detail")) return true;
  if (Object.keys(payload).some((key) => /^error /i.test(key))) return true;
  const words = filled(member(payload, "message")) ?? filled(member(payload, "msg"));
  return words !== undefined && ["code", "status", "status_code", "type"].some((name) => isBad(member(payload, name)));
}

/** Whether a code, a status or a type is one of an error. A message beside any other may be a sign of life. */
function isBad(value: unknown): boolean {
  if (typeof value === "number" || /^-?\d+$/.test(String(value))) return Number(value) >= 400;
  return (
    typeof value === "string" && /err|fail|invalid|denied|exceed|limit|exception|unauthori|forbidden|quota/i.test(value)
  );
}

function saysSomething(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length > 0;
  return (typeof value === "string" && value !== "") || (typeof value === "number" && value !== 0) || value === true;
}
