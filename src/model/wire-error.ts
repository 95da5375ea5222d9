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
  if (filled(member(chunk, "detail")) !== undefined) return true;
  const words = filled(member(chunk, "message")) ?? filled(member(chunk, "msg"));
  return words !== undefined && ["code", "status", "status_code", "type"].some((name) => isBad(member(chunk, name)));
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
