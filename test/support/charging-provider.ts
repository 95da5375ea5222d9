/** A provider that charges as a real one does: for the request it has read, and for what it had produced when it was cut. It counts by figures that were measured with DeepSeek's tokenizer, by the kind of text, and knows nothing of our estimates. */
import type { RecordedRequest, Reply } from "./fake-provider.ts";

/** Characters per token as measured: English prose, Chinese, minified JSON. */
const measured = { english: 3.59, chinese: 1.72, json: 3.88 };
/** What DeepSeek adds for the first tool, and a chat template for each message. */
const firstToolTokens = 290;
const messageTokens = 4;
/** CometAPI's prices for V3.2-Exp in micro-dollars per million tokens; a hit costs as much as a miss. */
const prices = { input: 220_000, output: 350_000 };

export interface Charged {
  inputTokens: number;
  outputTokens: number;
}

export type Text = { kind: "english" | "chinese"; content: string };
/** How an answer ends: whole with usage, or cut after so many pieces. */
export type CutKind = "whole" | "hang" | "reset" | "close" | "error";

const frame = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;
const encoder = new TextEncoder();
const english =
  "The harbour was quiet that morning, and nobody on the pier knew why the ferry had not come in yet. Some of them waited in the small office, where it was warm. ";
const chinese = "那天早上港口很安静，码头上没有人知道渡船为什么还没有来，有些人在小办公室里等着，那里很暖和。";

/** Text of so many characters. */
export function textOf(kind: Text["kind"], chars: number): Text {
  const unit = kind === "english" ? english : chinese;
  return { kind, content: unit.repeat(Math.ceil(chars / unit.length)).slice(0, chars) };
}

function tokensOf(text: string): number {
  let ideographs = 0;
  for (const letter of text) if (letter >= "\u2e80") ideographs++;
  return (text.length - ideographs) / measured.english + ideographs / measured.chinese;
}

export function costOf({ inputTokens, outputTokens }: Charged): number {
  return Math.ceil((inputTokens * prices.input + outputTokens * prices.output) / 1_000_000);
}

export class Meter {
  /** One per request, in order; an answer that is cut is charged for what was produced. */
  readonly charged: Charged[] = [];

  /** Answers with `text` in pieces of ten characters, of which `pieces` are produced before the answer ends as `how` says. */
  answer(text: Text, how: CutKind, pieces = Number.POSITIVE_INFINITY): { reply: Reply; produced(): Promise<void> } {
    let isProduced = false;
    const parts = text.content.match(/.{1,10}/gsu) ?? [];
    const reply: Reply = (request, signal) => {
      const charge = { inputTokens: inputOf(request), outputTokens: 0 };
      this.charged.push(charge);
      let sent = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const part = parts[sent];
            if (part !== undefined && sent < pieces) {
              sent++;
              charge.outputTokens += tokensOf(part);
              return controller.enqueue(encoder.encode(frame({ choices: [{ index: 0, delta: { content: part } }] })));
            }
            isProduced = true;
            if (how === "reset") return controller.error(new TypeError("terminated"));
            if (how === "hang") {
              await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
              return;
            }
            if (how === "error") controller.enqueue(encoder.encode(frame({ error: { message: "boom", code: 500 } })));
            if (how === "whole") controller.enqueue(encoder.encode(lastOf(charge)));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    // Looked at again and again: a promise that is settled inside a Durable Object would go on inside it.
    const produced = async () => {
      while (!isProduced) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    return { reply, produced };
  }
}

function inputOf({ body }: RecordedRequest): number {
  const messages: { content?: string }[] = body.messages;
  const texts = messages.reduce((sum, { content = "" }) => sum + tokensOf(content) + messageTokens, 0);
  const tools: unknown[] = body.tools ?? [];
  return texts + (tools.length > 0 ? JSON.stringify(tools).length / measured.json + firstToolTokens : 0);
}

function lastOf({ inputTokens, outputTokens }: Charged): string {
  const usage = {
    prompt_tokens: Math.round(inputTokens),
    completion_tokens: Math.round(outputTokens),
    prompt_cache_hit_tokens: 0,
    prompt_cache_miss_tokens: Math.round(inputTokens),
  };
  return `${frame({ choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }], usage })}data: [DONE]\n\n`;
}
