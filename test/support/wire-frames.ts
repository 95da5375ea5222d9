/** Writes a provider's stream as bytes, and answers with it, cut into pieces as a seed says. Knows frames, not what they mean. */
import type { Reply } from "./fake-provider.ts";
import { randomOf } from "./random.ts";

/** Cuts bytes into the pieces that a reader gets, one per read. */
export type Cut = (whole: Uint8Array) => Uint8Array[];
export const encoder = new TextEncoder();
/** A frame with one delta. */
export const delta = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
export const word = delta({ content: "word " });
export const stop = delta({ content: "" }, "stop");
export const done = "data: [DONE]\n\n";
/** A frame with one fragment of a call. */
export const callDelta = (index: number | undefined, more: object) =>
  delta({ tool_calls: [{ ...(index !== undefined && { index }), ...more }] });
/** A call that the calculator takes. */
export const sum = { name: "calculator", arguments: '{"expression":"1+1"}' };

export type Ending = "close" | "hang" | "reset" | "comments";
/** A stream of these bytes, cut as the seed says, that closes, falls silent, breaks, or sends comments for ever. */
export function stream(source: string | Uint8Array, ending: Ending = "close"): (cut: Cut) => Reply {
  const bytes = typeof source === "string" ? encoder.encode(source) : source;
  return (cut) => () => {
    const pieces = cut(bytes);
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        if (ending === "close") return controller.close();
        if (ending === "reset") return controller.error(new TypeError("terminated"));
        await new Promise((resolve) => setTimeout(resolve, ending === "comments" ? 10_000 : 1e9));
        controller.enqueue(encoder.encode(": keep-alive\n\n"));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}
/** The same seed cuts the same bytes in the same places. */
export const cutBy = (seed: number): Cut => {
  const random = randomOf(seed);
  return (whole) => {
    const pieces: Uint8Array[] = [];
    // Large bodies in larger pieces: what matters is where the cuts fall, not how many there are.
    const most = Math.max(40, whole.length / 200);
    for (let at = 0; at < whole.length; ) {
      const length = 1 + Math.floor(random() * most);
      pieces.push(whole.slice(at, at + length));
      at += length;
    }
    return pieces;
  };
};
