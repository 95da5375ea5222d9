/** The model of a soak: answers chat-completions requests as a stream, doing what the newest message's plan says. Asked again it says something else, as models do, or the same once more. */
import type { ServerResponse } from "node:http";
import { Chance, pause } from "./chance.ts";
import { type Plan, planOf, sessionOf } from "./plan.ts";
import type { Points } from "./points.ts";

interface WireMessage {
  role: string;
  content: string;
  prefix?: boolean;
  tool_calls?: unknown[];
}

interface Answer {
  text: string;
  calls: { id: string; name: string; arguments: string }[];
}

export class Upstream {
  readonly #seed: number;
  readonly #points: Points;
  /** How often each step of each message was asked for. */
  readonly #asked = new Map<string, number>();
  /** When each session last asked, in ms of `performance.now()`. */
  readonly lastAskedMs = new Map<string, number>();
  requests = 0;

  constructor(seed: number, points: Points) {
    this.#seed = seed;
    this.#points = points;
  }

  async answer(body: string, response: ServerResponse): Promise<void> {
    this.requests++;
    const { messages } = JSON.parse(body) as { messages: WireMessage[] };
    const plan = messages.map(({ role, content }) => (role === "user" ? planOf(content) : undefined)).findLast(Boolean);
    if (plan === undefined) return void response.writeHead(400).end('{"error":{"message":"no plan"}}');
    this.lastAskedMs.set(sessionOf(plan.id), performance.now());
    const from = messages.findLastIndex(({ role, content }) => role === "user" && planOf(content) !== undefined);
    const step = messages.slice(from).filter(({ tool_calls }) => tool_calls !== undefined).length;
    const last = messages.at(-1);
    const begun = last?.prefix === true ? last.content : "";
    const place = `${plan.id}.${step}`;
    const nth = (this.#asked.get(place) ?? 0) + 1;
    this.#asked.set(place, nth);
    const chance = new Chance(this.#seed, `model ${place} ${nth}`);
    this.#points.hit("upstream.request");
    if (chance.happens(0.03)) return void response.writeHead(503).end('{"error":{"message":"overloaded"}}');
    const said = chance.happens(0.4) ? 1 : nth;
    const words = new Chance(this.#seed, `words ${place} ${said}`);
    await this.#stream(answerOf(plan, { step, nth, said, begun, words }), chance, response);
  }

  async #stream({ text, calls }: Answer, chance: Chance, response: ServerResponse): Promise<void> {
    const writes = [...piecesOf(text, chance).map((content) => frame({ content })), ...callFrames(calls)];
    const middle = Math.floor(writes.length / 2);
    const cutAt = chance.happens(0.05) ? chance.whole(1, writes.length) : Number.POSITIVE_INFINITY;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [place, write] of writes.entries()) {
      if (place === cutAt) return void response.destroy();
      response.write(write);
      if (place === middle) this.#points.hit("upstream.middle");
      await pause(chance.whole(0, 12));
    }
    response.end(lastFrame(calls.length > 0 ? "tool_calls" : "stop"), () => this.#points.hit("upstream.end"));
  }
}

/** `nth`: how often it was asked; `said`: which of its answers it gives. */
interface Asking {
  step: number;
  nth: number;
  said: number;
  begun: string;
  words: Chance;
}

function answerOf(plan: Plan, { step, nth, said, begun, words: chance }: Asking): Answer {
  const wanted = plan.steps[step] ?? [];
  const calls = wanted.map((name, place) => {
    const item = `${plan.id}.${step}.${place}`;
    return { id: `call_${item}_r${nth}`, name, arguments: JSON.stringify({ item }) };
  });
  const words = Array.from({ length: chance.whole(4, 24) }, () => chance.pick(vocabulary));
  const lead = wanted.length > 0 ? "Working on" : "Answer to";
  // What was begun is finished first: an answer names its message, wherever it was cut.
  const named = `${lead} ${plan.id} `;
  const rest = named.startsWith(begun) ? named.slice(begun.length) : "";
  if (begun !== "") return { text: `${rest} going on ${words.join(" ")}.`, calls };
  if (wanted.length > 0 && chance.happens(0.4)) return { text: "", calls };
  return { text: `${lead} ${plan.id} (${said}): ${words.join(" ")}.`, calls };
}

const vocabulary = ["line", "hook", "sea", "naïve", "😀", "漁", "boat", "reel", "tide", "wind"] as const;

function piecesOf(text: string, chance: Chance): string[] {
  const pieces: string[] = [];
  const whole = Array.from(text);
  while (whole.length > 0) pieces.push(whole.splice(0, chance.whole(3, 25)).join(""));
  return pieces;
}

function callFrames(calls: Answer["calls"]): string[] {
  return calls.flatMap(({ id, name, arguments: text }, index) => [
    frame({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    frame({ tool_calls: [{ index, function: { arguments: text } }] }),
  ]);
}

function frame(delta: object): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], usage: null })}\n\n`;
}

function lastFrame(finish: string): string {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const chunk = { choices: [{ index: 0, delta: { content: "" }, finish_reason: finish }], usage };
  return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
}
