/** The answer cache as one turn uses it: only where the message asked for it, and only while no tool of the turn has changed anything. */
import type { AssistantEntry } from "../../core/entry.ts";
import type { ModelEvent } from "../../core/model-event.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TurnContext } from "./turn-context.ts";
import type { Turns } from "./turns.ts";

interface AnswerSources {
  record: SessionRecord;
  turns: Turns;
}

export class TurnAnswers {
  readonly #record: SessionRecord;
  readonly #turns: Turns;
  readonly #of: TurnContext;
  /** The name of the answer that is being made. */
  #key: string | undefined;

  constructor({ record, turns }: AnswerSources, of: TurnContext) {
    this.#record = record;
    this.#turns = turns;
    this.#of = of;
  }

  /** An earlier answer to this request, as a model would stream it. */
  async find(body: string): Promise<ModelEvent[] | undefined> {
    this.#key = undefined;
    if (this.#seconds === undefined || this.#hadEffects) return undefined;
    const { answers } = this.#of;
    this.#key = await answers.keyOf(this.#record.read().account, body);
    const known = await answers.find(this.#key);
    if (known === undefined) return undefined;
    const { reasoning, text } = known;
    const events: ModelEvent[] = [
      { type: "replayed" },
      { type: "reasoning", text: reasoning },
      { type: "text", text },
      { type: "finish", reason: "stop" },
    ];
    return events.filter((event) => !("text" in event) || event.text !== "");
  }

  /** Keeps the answer for others. A replayed one is not kept anew: it would live for ever. */
  async keep({
    finishReason,
    noCall,
    replayed,
    tries,
    reasoning,
    content,
  }: Omit<AssistantEntry, "seq">): Promise<void> {
    const key = this.#key;
    this.#key = undefined;
    if (key === undefined || finishReason !== "stop" || noCall || replayed || tries || this.#seconds === undefined)
      return;
    await this.#of.answers.keep(key, { reasoning, text: content }, this.#seconds);
  }

  get #seconds(): number | undefined {
    return this.#of.turn.message.options.cacheSeconds;
  }

  get #hadEffects(): boolean {
    const { agent, turn } = this.#of;
    const entries = this.#turns.entries(turn.firstSeq);
    return entries.some((entry) => entry.type === "tool" && agent.tools.effectOf(entry.name) !== "none");
  }
}
