/** The model of the delegation soak: each agent first makes the calls that it is there for, and answers once it has their results. Remembers when it was asked for which conversation, and nothing else. */
import type { ServerResponse } from "node:http";
import { Chance, pause } from "./chance.ts";
import type { Points } from "./points.ts";

/** The share of a review, in micro-dollars: enough for the tries that kills cut off. */
export const reviewBudgetMicros = 5_000_000;

type CrewCall = { id: string; name: string; arguments: string };

const call = (id: string, name: string, input: object): CrewCall => ({ id, name, arguments: JSON.stringify(input) });

/** What each agent calls, by the word that its instructions end with. */
const callsOf: Record<string, (task: string) => CrewCall[]> = {
  chief: (task) => [
    call("a", "delegate", { agent: "researcher", task: `${task} a` }),
    call("b", "delegate", { agent: "writer", task: `${task} b` }),
    call("r", "reviewer", { task: `${task} r` }),
  ],
  researcher: (task) => [call("f", "ask_fact", { agent: "fact", task: `${task} f` })],
};

interface CrewRequest {
  messages: { role: string; content: string }[];
}

export class CrewModel {
  readonly #seed: number;
  readonly #points: Points;
  #requests = 0;
  /** When each conversation's agents asked last, in ms of `performance.now()`. */
  readonly lastAskedMs = new Map<string, number>();

  constructor(seed: number, points: Points) {
    this.#seed = seed;
    this.#points = points;
  }

  async answer(body: string, response: ServerResponse): Promise<void> {
    const { messages } = JSON.parse(body) as CrewRequest;
    const task = messages.find(({ role }) => role === "user")?.content.split("\n")[0] ?? "";
    const agent = /^You are the (\w+)\./.exec(messages[0]?.content ?? "")?.[1] ?? "";
    this.lastAskedMs.set(conversationOf(task), performance.now());
    const chance = new Chance(this.#seed, `crew ${task} ${this.#requests++}`);
    this.#points.hit("upstream.request");
    await pause(chance.whole(0, 60));
    if (chance.happens(0.03)) return void response.writeHead(503).end('{"error":{"message":"overloaded"}}');
    const calls = messages.at(-1)?.role === "tool" ? [] : (callsOf[agent]?.(task) ?? []);
    const text = agent === "reviewer" ? '{"good":true}' : `${agent} has done ${task}`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const write of calls.length > 0 ? callFrames(calls) : textFrames(text)) {
      response.write(write);
      this.#points.hit("upstream.middle");
      await pause(chance.whole(0, 12));
    }
    response.end(lastFrame(calls.length > 0 ? "tool_calls" : "stop"), () => this.#points.hit("upstream.end"));
  }
}

/** `d12 a f` belongs to `d12`. */
function conversationOf(task: string): string {
  return task.split(" ")[0] ?? "";
}

function textFrames(text: string): string[] {
  return [text.slice(0, 5), text.slice(5)].map((content) => frame({ content }));
}

function callFrames(calls: readonly CrewCall[]): string[] {
  return calls.map(({ id, name, arguments: text }, index) =>
    frame({ tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }] }),
  );
}

function frame(delta: object): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], usage: null })}\n\n`;
}

function lastFrame(finish: string): string {
  const usage = { prompt_tokens: 3_000, completion_tokens: 700, total_tokens: 3_700 };
  const chunk = { choices: [{ index: 0, delta: { content: "" }, finish_reason: finish }], usage };
  return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
}
