/** The world of long tools in a soak: the model that asks for their calls, and the counter of what their steps did. It outlives every kill. */
import type { ServerResponse } from "node:http";
import type { Effect } from "../../src/core/next-step.ts";
import { Chance, pause } from "./harness/chance.ts";
import type { StepClient } from "./step-client.ts";
import { flatParts } from "./step-plan.ts";

/** What was done for each step, by its name: the key of each time. */
export type Effects = Map<string, { effect: Effect; keys: string[] }>;

interface WireMessage {
  role: string;
  content: string;
}

export class StepWorld {
  readonly effects: Effects = new Map();
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = new Chance(seed, "world of steps");
  }

  async act(body: string, response: ServerResponse): Promise<void> {
    const { name, effect, key } = JSON.parse(body) as { name: string; effect: Effect; key: string };
    const seen = this.effects.get(name) ?? { effect, keys: [] };
    seen.keys.push(key);
    this.effects.set(name, seen);
    await pause(this.#chance.whole(0, 60));
    response.end(`did ${name}`);
  }

  /** The newest message is the list of plans: a call for each; then a word. */
  async answer(body: string, response: ServerResponse): Promise<void> {
    const { messages } = JSON.parse(body) as { messages: WireMessage[] };
    const plans = JSON.parse(messages.findLast(({ role }) => role === "user")?.content ?? "[]") as string[];
    await pause(this.#chance.whole(0, 30));
    response.writeHead(200, { "content-type": "text/event-stream" });
    const hasResults = messages.at(-1)?.role === "tool";
    const calls = plans.map((plan, index) => {
      return { index, id: `call_${index}`, function: { name: "work", arguments: JSON.stringify({ plan }) } };
    });
    const delta = hasResults ? { content: "Done." } : { tool_calls: calls };
    response.write(frame({ choices: [{ index: 0, delta, finish_reason: null }] }));
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    const finish_reason = hasResults ? "stop" : "tool_calls";
    response.end(`${frame({ choices: [{ index: 0, delta: {}, finish_reason }], usage })}data: [DONE]\n\n`);
  }
}

function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** What is wrong with what became of a client's plans. */
export function faultsOf(client: StepClient, effects: Effects): string[] {
  const faults = client.faults.map((fault) => `${client.session}: ${fault}`);
  for (const part of client.plans.flatMap(flatParts)) {
    if ("do" in part) faults.push(...faultsOfStep(client, part.do, effects));
    if ("waitFor" in part && client.state === "completed") {
      const got = client.outcomes[part.waitFor];
      if (got !== part.waitFor) faults.push(`${part.waitFor} got ${JSON.stringify(got)}`);
    }
  }
  return faults;
}

function faultsOfStep({ state, outcomes }: StepClient, name: string, effects: Effects): string[] {
  const { effect, keys } = effects.get(name) ?? { effect: "none", keys: [] };
  const outcome = outcomes[name];
  const faults: string[] = [];
  if (effect === "unsafe" && keys.length > 1) faults.push(`${name} is unsafe, and was done ${keys.length} times`);
  if (new Set(keys).size > 1) faults.push(`${name} was done with ${new Set(keys).size} keys`);
  if (state !== "completed") return faults;
  if (outcome === "unknown")
    return effect === "unsafe" || keys.length === 0 ? faults : [...faults, `${name} is not unsafe, and unknown`];
  if (keys.length === 0) faults.push(`${name} was not done`);
  if (outcome !== `did ${name}`) faults.push(`${name} came to ${JSON.stringify(outcome)}`);
  return faults;
}
