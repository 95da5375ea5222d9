/** A model provider under a test's control: it answers what the test queued, keeps what it was asked, and refuses what a real one refuses. */
import { type RequestRefusal, readBody, requestRefusal } from "../../src/model/demo/request-rules.ts";
import type { Host } from "./host-rules.ts";
import { toolsRefusal } from "./strict-check.ts";

export interface RecordedRequest {
  url: string;
  headers: Headers;
  /** The raw text, for tests of its bytes. */
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  body: any;
}

export type Reply = (request: RecordedRequest, signal: AbortSignal | undefined) => Response | Promise<Response>;

const encoder = new TextEncoder();
const frame = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;
const usage = {
  prompt_tokens: 100,
  completion_tokens: 10,
  total_tokens: 110,
  prompt_cache_hit_tokens: 64,
  prompt_cache_miss_tokens: 36,
};
const delta = (delta: object) => frame({ choices: [{ index: 0, delta, finish_reason: null }], usage: null });
const last = (finish_reason: string) =>
  `${frame({ choices: [{ index: 0, delta: { content: "" }, finish_reason }], usage })}data: [DONE]\n\n`;

/** Streams these texts, each in a write of its own. */
export function frames(...writes: string[]): Reply {
  return () => sse(new Blob(writes).stream());
}

/** An answer in one piece. */
export function text(content: string, finish = "stop"): Reply {
  return frames(delta({ role: "assistant", content: "" }) + delta({ content }) + last(finish));
}

/** Calls of tools, each opened with its id and name and then filled in two fragments. */
export function calls(wanted: { name: string; arguments: string; id?: string }[], finish = "tool_calls"): Reply {
  const pieces = wanted.flatMap(({ name, id, arguments: all }, index) => [
    delta({
      tool_calls: [{ index, id: id ?? `call_0${index}_x`, type: "function", function: { name, arguments: "" } }],
    }),
    ...[all.slice(0, 3), all.slice(3)].map((part) => delta({ tool_calls: [{ index, function: { arguments: part } }] })),
  ]);
  return frames([delta({ role: "assistant", content: "" }), ...pieces, last(finish)].join(""));
}

/** A refusal, or any other answer that is no stream. */
export function status(
  code: number,
  body: unknown,
  headers: Record<string, string> = { "content-type": "application/json" },
): Reply {
  return () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status: code, headers });
}

/** Nobody listens there. */
export const refused: Reply = () => {
  throw new TypeError("fetch failed: connection refused");
};

/** An answer that stops before each of its parts but the first until the test lets it go on. */
export function gated(...parts: string[]) {
  const gate = Promise.withResolvers<void>();
  let begun = false;
  let cancelled = false;
  let sent = 0;
  const reply: Reply = (_, signal) => {
    signal?.addEventListener("abort", () => {
      cancelled = true;
    });
    begun = true;
    return sse(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          const part = parts[sent];
          if (sent > 0 || part === undefined || parts.length === 1) await gate.promise;
          if (part === undefined) {
            controller.enqueue(encoder.encode(last("stop")));
            return controller.close();
          }
          controller.enqueue(encoder.encode(delta({ content: part })));
          sent++;
        },
        cancel() {
          cancelled = true;
        },
      }),
    );
  };
  return {
    reply,
    /** The request has come (0), or so many parts were sent. */
    reached: (count: number) => until(() => (count === 0 ? begun : sent >= count)),
    release: () => gate.resolve(),
    /** The reader of the answer has hung up. */
    get cancelled() {
      return until(() => cancelled);
    },
  };
}

/**
 * Looks again and again. A promise that is settled from inside a Durable Object would not do: whoever awaits it goes on
 * inside that object, and cannot end it (workerd: "Promise callback destroyed itself").
 */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** `host`: whose request rules it has; those of V3.2-Exp when absent. */
export function createFakeProvider({ host }: { host?: Host } = {}) {
  const queue: Reply[] = [];
  const requests: RecordedRequest[] = [];
  const refusals: string[] = [];
  let reasoningAllowed = false;
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    init?.signal?.throwIfAborted();
    const request = new Request(input, init);
    const raw = await request.text();
    const read = readBody(raw);
    if ("refusal" in read) return refusedWith(read.refusal);
    const recorded = { url: request.url, headers: request.headers, text: raw, body: read.came };
    requests.push(recorded);
    const strict = host?.refuse(raw);
    if (strict !== undefined) {
      refusals.push(JSON.stringify(strict.body));
      return Response.json(strict.body, { status: strict.status });
    }
    const refusal = host === undefined ? requestRefusal(read.came, { reasoningAllowed, toolsRefusal }) : undefined;
    if (refusal !== undefined) return refusedWith(refusal);
    const reply = queue.shift();
    if (reply === undefined) throw new TypeError("fetch failed: the test queued no reply");
    return reply(recorded, init?.signal ?? undefined);
  };
  return {
    fetch: answer as typeof fetch,
    requests,
    /** What a host's rules were broken with, in its words. */
    refusals,
    /** From now on it takes earlier reasoning back, as models from V3.2 on do. */
    allowReasoning() {
      reasoningAllowed = true;
    },
    /** Drops replies that were queued and not asked for. */
    forget() {
      queue.length = 0;
    },
    enqueue(...replies: Reply[]) {
      queue.push(...replies);
    },
  };
}

export type FakeProvider = ReturnType<typeof createFakeProvider>;

function refusedWith({ status, error }: RequestRefusal): Response {
  return Response.json({ error }, { status });
}

function sse(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}
