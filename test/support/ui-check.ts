/** Checks every stream of UI messages that a `fetch` brings with the AI SDK's own schema, chunk by chunk, as far as the test reads it. */
import { uiMessageChunkSchema } from "ai";
import { createParser } from "eventsource-parser";
import { type Watcher, watched } from "./watched-body.ts";

const schema = typeof uiMessageChunkSchema === "function" ? uiMessageChunkSchema() : uiMessageChunkSchema;

async function chunkFaults(event: string | undefined, data: string): Promise<string[]> {
  // The AI SDK reads data alone: what an event's name says would be lost.
  if (event !== undefined) return [`a chunk with the event name ${event}: ${data}`];
  if (data === "[DONE]") return [];
  const checked = await schema.validate?.(JSON.parse(data));
  return checked?.success ? [] : [`no chunk of UI messages: ${data}`];
}

export class UiCheck {
  #checks: Promise<string[]>[] = [];
  /** How many chunks have been read. */
  count = 0;

  /** What was wrong since the last call. */
  async faults(): Promise<string[]> {
    return (await Promise.all(this.#checks.splice(0))).flat();
  }

  /** The same `fetch`. */
  watch(call: typeof fetch): typeof fetch {
    return async (input, init) => {
      const answer = await call(input as string, init);
      const isStream = answer.headers.get("x-vercel-ai-ui-message-stream") !== null;
      if (!isStream || answer.body === null) return answer;
      return new Response(watched(answer.body, this.#watcher()), answer);
    };
  }

  #watcher(): Watcher {
    const parser = createParser({
      onEvent: ({ event, data }) => {
        this.count++;
        this.#checks.push(chunkFaults(event, data));
      },
    });
    return { read: (piece) => parser.feed(piece), end: () => {} };
  }
}
