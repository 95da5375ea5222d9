/** Reads an error body of any host into its texts, its codes and an HTTP status. Judges nothing: `classify-failure.ts` decides what the words mean. */

import { textIsDeeper } from "../core/nesting.ts";
import { parsed } from "../core/parsed.ts";
import { isObject } from "./wire.ts";
import { isErrorPayload } from "./wire-error.ts";

/** The content of a body, whatever its shape. */
export interface RefusalText {
  /** Every message in it, the outermost first; gateways put the cause into the inner ones. */
  texts: string[];
  /** Every `code`, `type` and `status` in it, lower case. */
  labels: string[];
  /** An HTTP status given inside the body, else 0. */
  status: number;
  /** Groq's `failed_generation`: the model's own output is in the error. */
  hasGeneration: boolean;
  shape: "error" | "other" | "web_page";
}

/** Names under which hosts put a message for people, in the forms that DeepSeek, OpenRouter, vLLM, FastAPI, Venice, MiniMax and SiliconFlow use. */
const textNames = new Set([
  "message",
  "msg",
  "detail",
  "error",
  "error_message",
  "error_msg",
  "errormessage",
  "status_msg",
  "raw",
]);
const labelNames = new Set(["code", "type", "status", "status_code", "error_type", "error_code", "errorcode", "name"]);
/** What a person or a model wrote may be quoted there: its words do not describe the failure. */
const quoted = new Set(["input", "messages", "choices", "prompt", "failed_generation", "ctx", "loc", "usage"]);
/** A hostile body is not walked for ever. */
const mostNodes = 300;
const deepest = 8;
const longestText = 6_000;

/** `body`: the raw text, or a payload already parsed. Its content type is not used: DeepSeek sends JSON errors as `application/octet-stream`. */
export function readRefusal(body: string | object): RefusalText {
  const value = typeof body === "string" ? objectIn(body) : body;
  if (value === undefined) return readPlain(String(body));
  const found: RefusalText = { texts: [], labels: [], status: 0, hasGeneration: false, shape: "other" };
  walk(value, found, { depth: 0, left: { nodes: mostNodes } });
  if (isErrorPayload(value)) found.shape = "error";
  found.status = Number(found.labels.find((label) => /^[45]\d\d$/.test(label)) ?? 0);
  if (found.texts.length === 0) found.texts.push(JSON.stringify(value).slice(0, longestText));
  return found;
}

interface WordPlace {
  depth: number;
  left: { nodes: number };
}

function walk(value: object, found: RefusalText, { depth, left }: WordPlace): void {
  for (const [key, each] of Object.entries(value)) {
    if (--left.nodes < 0) return;
    const name = key.toLowerCase();
    if (name === "failed_generation") found.hasGeneration = true;
    if (name.startsWith("error ")) addText(name, found, { depth, left });
    if (quoted.has(name)) continue;
    if (labelNames.has(name) && (typeof each === "string" || typeof each === "number")) {
      found.labels.push(String(each).toLowerCase());
    } else if (typeof each === "string" && (textNames.has(name) || Array.isArray(value))) {
      addText(each, found, { depth, left });
    } else if (isObject(each) && depth < deepest) {
      walk(each, found, { depth: depth + 1, left });
    }
  }
}

/** A text may be JSON itself, or hold some after a few words: OpenRouter's `metadata.raw` (pi#4943), LiteLLM's messages. */
function addText(text: string, found: RefusalText, { depth, left }: WordPlace): void {
  const short = text.slice(0, longestText);
  const begin = short.search(/\[?\{/);
  const inner =
    begin >= 0 && depth < deepest ? objectIn(short.slice(begin, short.search(/[}\]][^}\]]*$/) + 1)) : undefined;
  const lead = inner === undefined ? short : short.slice(0, begin);
  if (lead.trim() !== "" && !found.texts.includes(lead.trim())) found.texts.push(lead.trim());
  if (inner !== undefined) walk(inner, found, { depth: depth + 1, left });
}

function readPlain(text: string): RefusalText {
  const isPage = text.trimStart().startsWith("<");
  const message = isPage ? (titleOf(text) ?? "(a web page)") : text.trim();
  const found: RefusalText = {
    texts: [],
    labels: [],
    status: 0,
    hasGeneration: false,
    shape: isPage ? "web_page" : "other",
  };
  if (message !== "") addText(message, found, { depth: 0, left: { nodes: mostNodes } });
  return found;
}

/** By the first `<title` alone: a page can have as many as it likes. */
function titleOf(page: string): string | undefined {
  const from = /<title[\s>]/i.exec(page)?.index;
  if (from === undefined) return undefined;
  return /^<title[^>]{0,1000}>([^<]{0,1000})<\/title>/i.exec(page.slice(from, from + 2_100))?.[1];
}

function objectIn(text: string): object | undefined {
  const value = textIsDeeper(text) ? undefined : parsed(text);
  return isObject(value) ? value : undefined;
}
