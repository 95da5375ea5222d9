/** The built-in model as a `fetch`: its callers cannot distinguish it from a provider. Needs no key, calls no other service, and says in its answers that it is a demo. */
import { decide } from "./decide.ts";
import { type AnswerMeta, framesOf } from "./frames.ts";
import { PrefixMeter } from "./prefix-meter.ts";
import {
  type DemoRequest,
  type RequestRefusal,
  type RuleOptions,
  readBody,
  refusalOf,
  requestRefusal,
} from "./request-rules.ts";

export interface DemoOptions extends Pick<RuleOptions, "toolsRefusal"> {
  /** Pause between writes, so that a person sees it stream; 20 ms. With 0 no timer is used. */
  paceMs?: number;
}

/** Frames a write carries. */
const framesPerWrite = 4;

/** A `fetch` that answers `POST …/chat/completions` and `GET …/models`. What it has cached lives as long as it does. */
export function createDemoFetch({ paceMs = 20, ...rules }: DemoOptions = {}): typeof fetch {
  const meter = new PrefixMeter();
  return async (input, init) => {
    const request = new Request(input, init);
    const signal = init?.signal ?? request.signal;
    signal.throwIfAborted();
    const { pathname } = new URL(request.url);
    if (request.method === "GET" && pathname.endsWith("/models")) {
      return Response.json({ object: "list", data: [{ id: "demo", object: "model", owned_by: "longline" }] });
    }
    if (request.method !== "POST" || !pathname.endsWith("/chat/completions"))
      return refuse(404, `Nothing at ${pathname}`);
    const text = await request.text();
    signal.throwIfAborted();
    return answer(text, { meter, paceMs, signal, rules });
  };
}

const thinksByDefault = { thinking: { type: "enabled" } };

interface Desk {
  meter: PrefixMeter;
  paceMs: number;
  signal: AbortSignal;
  rules: RuleOptions;
}

function answer(text: string, desk: Desk): Response {
  const read = readBody(text);
  if ("refusal" in read) return refused(read.refusal);
  const request = { ...thinksByDefault, ...(read.came as DemoRequest) };
  const refusal = requestRefusal(request, desk.rules);
  if (refusal !== undefined) return refused(refusal);
  const meta: AnswerMeta = {
    id: crypto.randomUUID(),
    created: Math.floor(Date.now() / 1000),
    maxTokens: request.max_tokens ?? 8192,
    includeUsage: request.stream_options?.include_usage === true,
    ...desk.meter.measure(promptOf(request)),
  };
  const frames = framesOf(decide(request), meta);
  return request.stream === true ? streamed(frames, desk) : Response.json(whole(frames));
}

/** The prompt as a model reads it: tools are in its head, so a changed tool misses everything, and `tool_choice: "none"` leaves them out. */
function promptOf({ tools, tool_choice, messages = [] }: DemoRequest): string {
  const lines = messages.map(
    ({ role, content, tool_calls }) => `<${role}>${content ?? ""}${tool_calls ? JSON.stringify(tool_calls) : ""}`,
  );
  const head = tool_choice === "none" ? [] : (tools ?? []);
  return `${JSON.stringify(head)}${lines.join("")}`;
}

function streamed(frames: string[], { paceMs, signal }: Desk): Response {
  const encoder = new TextEncoder();
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener("abort", () => controller.error(signal.reason), { once: true });
        controller.enqueue(encoder.encode(": keep-alive\n\n"));
      },
      async pull(controller) {
        if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs));
        if (signal.aborted || at < 0) return;
        controller.enqueue(encoder.encode(frames.slice(at, at + framesPerWrite).join("")));
        at += framesPerWrite;
        if (at >= frames.length) controller.close();
      },
      cancel() {
        at = -1;
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

/** The same answer unstreamed: the chunks added up. */
function whole(frames: string[]): object {
  const chunks: DemoChunk[] = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice(6)));
  const deltas = chunks.map(({ choices: [{ delta }] }) => delta);
  const text = (key: "content" | "reasoning_content") => {
    const pieces = deltas.flatMap((delta) => delta[key] ?? []);
    return pieces.length > 0 && { [key]: pieces.join("") };
  };
  const calls: CallDelta[] = [];
  for (const delta of deltas.flatMap(({ tool_calls = [] }) => tool_calls)) {
    const known = calls[delta.index];
    if (known) known.function.arguments += delta.function.arguments;
    else calls[delta.index] = delta;
  }
  const message = {
    ...{ role: "assistant", content: "", ...text("content"), ...text("reasoning_content") },
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  const last = chunks.at(-1);
  return {
    ...last,
    object: "chat.completion",
    choices: last?.choices.map(({ delta: _, ...choice }) => ({ ...choice, message })),
  };
}

interface DemoChunk {
  choices: [{ delta: { content?: string | null; reasoning_content?: string | null; tool_calls?: CallDelta[] } }];
}

interface CallDelta {
  index: number;
  function: { arguments: string };
}

function refused({ status, error }: RequestRefusal): Response {
  return Response.json({ error }, { status });
}

function refuse(status: number, message: string): Response {
  return refused({ ...refusalOf(message), status });
}
