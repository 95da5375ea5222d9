/** What metrics need of an ended turn, off its spans: durations, tokens and names. Nothing that anyone wrote. Pure. */
import type { Attributes } from "./names.ts";
import type { SpanBody } from "./span.ts";
import type { ModelCallSample, TurnSamples } from "./telemetry.ts";
import { otherName } from "./tool-spans.ts";

/** `bodies`: of one turn (`spanBodies`). `undefined` while the turn is open. */
export function samplesOf(bodies: readonly SpanBody[]): TurnSamples | undefined {
  const root = bodies.find(({ key }) => key.part === "turn");
  if (root === undefined) return undefined;
  return {
    agent: root.attributes["gen_ai.agent.name"] ?? "",
    costMicros: root.attributes["longline.cost_micros"] ?? 0,
    ...timed(root),
    calls: bodies.filter(({ kind }) => kind === "client").map(callSample),
    tools: bodies.flatMap((body) => {
      const { "gen_ai.tool.name": name } = body.attributes;
      if (name === undefined) return [];
      // Callers name the tools of clients as they like: their names would make series without end.
      const isClients = body.events?.[0]?.attributes["longline.wait.kind"] === "client";
      return [{ name: isClients ? otherName : name, ...timed(body) }];
    }),
  };
}

function timed({ startMs, endMs, attributes }: SpanBody): { seconds: number; errorType?: string } {
  const { "error.type": errorType } = attributes;
  return { seconds: (endMs - startMs) / 1_000, ...(errorType !== undefined && { errorType }) };
}

/** Attributes of the conventions' inference metrics. */
const dimensions = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "server.address",
  "server.port",
  "error.type",
] as const satisfies (keyof Attributes)[];

function callSample({ attributes, startMs, endMs }: SpanBody): ModelCallSample {
  const { "gen_ai.usage.input_tokens": input, "gen_ai.response.time_to_first_chunk": firstChunkSeconds } = attributes;
  const cachedTokens = attributes["gen_ai.usage.cache_read.input_tokens"] ?? 0;
  const named = dimensions.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]]));
  return {
    attributes: Object.fromEntries(named) as Attributes,
    seconds: (endMs - startMs) / 1_000,
    ...(firstChunkSeconds !== undefined && { firstChunkSeconds }),
    ...(input !== undefined && {
      usage: {
        inputTokens: input - cachedTokens,
        cachedTokens,
        outputTokens: attributes["gen_ai.usage.output_tokens"] ?? 0,
        reasoningTokens: attributes["gen_ai.usage.reasoning.output_tokens"] ?? 0,
      },
    }),
  };
}
