/** Finds out whether a chunk is an error instead of an answer. Pure; what the error means is `classify-failure.ts`. */
import { filled, isObject, member, type WireChoice, type WireChunk } from "./wire.ts";

/** What to classify; `undefined` when the chunk is no error for certain. */
export function errorIn(chunk: WireChunk, choice: WireChoice | null | undefined): object | undefined {
  if (saysSomething(chunk.error)) return chunk;
  if (saysSomething(choice?.error)) return { error: choice?.error };
  if (Array.isArray(chunk.choices)) return undefined;
  return isErrorOfItsOwnShape(chunk) ? chunk : undefined;
}

/** Shapes without `error`: vLLM's and Anthropic's type, Venice, envelopes of gateways, MiniMax, DashScope and Zhipu. */
function isErrorOfItsOwnShape(chunk: object): boolean {
  const says = (...names: string[]) => names.some((name) => saysSomething(member(chunk, name)));
  if (member(chunk, "object") === "error" || member(chunk, "type") === "error") return true;
  if (says("error_message", "error_msg", "error_type", "error_code", "errors") || member(chunk, "success") === false) {
    return true;
  }
  const base = member(chunk, "base_resp");
  if (isObject(base)) return Number(member(base, "status_code") ?? 0) !== 0;
  const words = says("message", "msg", "detail");
  return words && (says("code", "status", "status_code", "type") || filled(member(chunk, "detail")) !== undefined);
}

function saysSomething(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length > 0;
  return (typeof value === "string" && value !== "") || (typeof value === "number" && value !== 0) || value === true;
}
