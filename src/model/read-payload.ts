/** Reads one payload of a stream as the chunks that it holds, or reports that it holds none. Parses each payload once, unless it is no JSON as a whole. Pure. */
import { isObject, type WireChunk } from "./wire.ts";

export type ReadPayload =
  | { type: "chunks"; chunks: WireChunk[] }
  | { type: "done" }
  /** No JSON object, and nothing that was to be one: a sign of life, or an error in plain words. */
  | { type: "other" }
  /** Was to be a chunk and is not whole: a part of the answer is lost. */
  | { type: "damaged" };

export function readPayload(payload: string): ReadPayload {
  // Nearly every payload is one object: nothing else is checked.
  const chunk = payload.startsWith("{") ? parsed(payload) : undefined;
  return chunk === undefined ? readOther(payload.trim()) : { type: "chunks", chunks: [chunk as WireChunk] };
}

function readOther(text: string): ReadPayload {
  if (/^"?\[DONE\]"?$/i.test(text)) return { type: "done" };
  // Written by a gateway around an event that was one already (openclaw#97474).
  if (/^data:/i.test(text)) return readPayload(text.slice("data:".length).trim());
  if (!/^(?:\{|\[[\s{\]])/.test(text)) return { type: "other" };
  const value = text.startsWith("[") ? parsed(text) : undefined;
  if (value !== undefined) return ofValue(value);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length < 2 ? { type: "damaged" } : ofLines(lines);
}

/** An event without a blank line after it, and the next one in its `data` (sub2api#1471). */
function ofLines(lines: readonly string[]): ReadPayload {
  const chunks: WireChunk[] = [];
  for (const line of lines) {
    if (/^\s*\[DONE\]\s*$/.test(line)) continue;
    const value = parsed(line);
    if (value === undefined) return { type: "damaged" };
    const read = ofValue(value);
    if (read.type === "chunks") chunks.push(...read.chunks);
  }
  return { type: "chunks", chunks };
}

function ofValue(value: unknown): ReadPayload {
  const chunks = (Array.isArray(value) ? value : [value]).filter((each) => isObject(each) && !Array.isArray(each));
  return chunks.length === 0 ? { type: "other" } : { type: "chunks", chunks };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
