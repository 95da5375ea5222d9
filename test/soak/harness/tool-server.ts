/** What the agent's tools do in the world. It outlives every kill and counts, so it is the truth about effects. */
import type { ServerResponse } from "node:http";
import { Chance, pause } from "./chance.ts";
import type { ToolName } from "./plan.ts";
import type { Points } from "./points.ts";

/** What a tool call is to the harness. */
export interface ToolRequest {
  name: ToolName;
  item: string;
  callId: string;
  idempotencyKey: string;
}

/** One arrival of a call. `applied`: whether it had an effect; false when its key had had it. */
export interface Execution extends ToolRequest {
  applied: boolean;
}

export class ToolServer {
  readonly #seed: number;
  readonly #points: Points;
  readonly #booked = new Set<string>();
  readonly executions: Execution[] = [];

  constructor(seed: number, points: Points) {
    this.#seed = seed;
    this.#points = points;
  }

  async answer(body: string, response: ServerResponse): Promise<void> {
    const request = JSON.parse(body) as ToolRequest;
    const chance = new Chance(this.#seed, `tool ${request.callId}`);
    const applied = request.name !== "book" || !this.#booked.has(request.idempotencyKey);
    this.#booked.add(request.idempotencyKey);
    this.executions.push({ ...request, applied });
    this.#points.hit("tool.began");
    await pause(chance.whole(0, 40));
    // It took effect all the same: whoever tries again does it twice.
    if (chance.happens(0.15)) response.writeHead(500);
    response.end(`${request.name} done for ${request.item}`, () => this.#points.hit("tool.answered"));
  }
}
