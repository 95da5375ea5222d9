/**
 * The format of a recording: requests to the outside and their answers, as lines of JSON that can be committed. Pure. A request is
 * named by its canonical bytes, in which no secret is, so that it is found again wherever the same request is made.
 */
import { redactor } from "./redact.ts";

/** Who made the request: the model client, a tool, a connection to an MCP server, or a channel. */
export type RecordedKind = "model" | "tool" | "mcp" | "channel";

/** One request and its answer. */
export interface RecordedExchange {
  kind: RecordedKind;
  /** Canonical: method and address, and the body. Of a model no host, since any provider may answer. */
  request: { target: string; body: string };
  response: { status: number; headers: Record<string, string>; body: string };
}

/** A tool's call with its result, as a session's transcript has it. `arguments`: canonical JSON. */
export interface RecordedCall {
  kind: "call";
  name: string;
  arguments: string;
  content: string;
  isError: boolean;
}

export type RecordedLine = RecordedExchange | RecordedCall;

/** Headers of an answer that decide how it is read. */
const keptHeaders = ["content-type", "retry-after", "mcp-session-id", "mcp-protocol-version", "location"];

/** A function that takes secrets out of a text. What names people stays: other bytes would be another request. */
export function secretRemover(secrets: Readonly<Record<string, string>>): (text: string) => string {
  return redactor({ secrets, keepsPersonal: true });
}

/** The canonical request. Headers are no part of it: keys are in them, and they change nothing of what is requested. */
export function canonicalRequest(
  kind: RecordedKind,
  { method, url, body }: { method: string; url: string; body: string },
  clean: (text: string) => string,
): RecordedExchange["request"] {
  const { pathname, host, search, protocol } = new URL(url);
  const path =
    kind === "model"
      ? pathname.replace(/^.*?(?=\/(?:chat\/completions|models)$)/, "")
      : `${protocol}//${host}${pathname}`;
  return { target: clean(`${method} ${path}${search}`), body: clean(canonicalBody(body)) };
}

/** JSON without white space between its parts, in its own order: what a provider caches goes by the order. */
export function canonicalBody(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

export async function recordedResponse(
  response: Response,
  clean: (text: string) => string,
): Promise<RecordedExchange["response"]> {
  const headers = keptHeaders.flatMap((name): [string, string][] => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, clean(value)]];
  });
  return { status: response.status, headers: Object.fromEntries(headers), body: clean(await response.text()) };
}

export function responseOf({ status, headers, body }: RecordedExchange["response"]): Response {
  const isEmpty = status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : body, { status, headers });
}

/** Names a request among those of a recording. */
export function requestKey(kind: RecordedKind, { target, body }: RecordedExchange["request"]): string {
  return `${kind} ${target}\n${body}`;
}

/** Lines of a file; throws an Error that names the line that is none. */
export function readRecording(text: string, path: string): RecordedLine[] {
  return text.split("\n").flatMap((line, at): RecordedLine[] => {
    if (line === "") return [];
    try {
      const value = JSON.parse(line) as RecordedLine;
      if (value.kind === "call" || typeof value.request.target === "string") return [value];
    } catch {}
    throw new Error(`${path}:${at + 1} is no line of a recording. Record it again: LONGLINE_CASSETTE=record`);
  });
}
