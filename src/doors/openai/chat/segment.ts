/** What one answer of a dialect that knows no sessions is made of: a turn, or the part of it between two deliveries of its client's tool results. Reads events, keeps what such an answer says. Pure. */
import { addUsage, noUsage, type Usage } from "../../../core/cost.ts";
import type { SessionEvent } from "../../../core/event.ts";
import type { ToolCall } from "../../../core/message.ts";

/** One reply of the model. */
export interface SegmentStep {
  model: string;
  reasoning: string;
  text: string;
  /** Why the model will not answer, in its words. */
  refusal: string;
  /** The calls that the client is to run. */
  clientCalls: ToolCall[];
  /** The calls that a person is asked about. */
  asked: ToolCall[];
  /** It is whole, and in the transcript. */
  isWhole: boolean;
}

export class Segment {
  readonly steps: SegmentStep[] = [];
  /** The answer has a form: one that broke it was asked for again, and only the last one counts. */
  readonly hasForm: boolean;
  /** Of the replies in it. */
  usage: Usage = noUsage;
  /** How the turn ended, when it did. */
  turnEnd: Extract<SessionEvent, { type: "turn.ended" }> | undefined;
  /** A result for one of the client's calls is here: what follows belongs to another answer. */
  isOver = false;

  constructor({ hasForm = false } = {}) {
    this.hasForm = hasForm;
  }

  /** Events in order. Those after its end are passed over. */
  take(event: SessionEvent): void {
    if (this.isOver) return;
    switch (event.type) {
      case "step.started":
        this.steps.push({
          model: event.model,
          reasoning: "",
          text: "",
          refusal: "",
          clientCalls: [],
          asked: [],
          isWhole: false,
        });
        return;
      case "step.restarted":
        Object.assign(this.#step, { reasoning: "", text: "", refusal: "" });
        return;
      case "reasoning.delta":
        this.#step.reasoning += event.text;
        return;
      case "text.delta":
        if (event.refusal) this.#step.refusal += event.text;
        else this.#step.text += event.text;
        return;
      case "tool.called": {
        const { id, name, arguments: text } = event;
        if (event.atClient) this.#step.clientCalls.push({ id, name, arguments: text });
        return;
      }
      case "tool.approval_required": {
        const { id, name, arguments: text } = event;
        this.#step.asked.push({ id, name, arguments: text });
        return;
      }
      case "tool.finished": {
        const { callId } = event;
        this.isOver = this.#step.clientCalls.some(({ id }) => id === callId);
        return;
      }
      case "message.completed":
        this.#step.isWhole = true;
        this.usage = addUsage(this.usage, event.usage);
        return;
      case "turn.ended":
        this.turnEnd = event;
        return;
      case "turn.started":
      case "error":
        return;
    }
  }

  get text(): string {
    if (this.hasForm) return this.steps.at(-1)?.text ?? "";
    return this.steps.map(({ text }) => text).join("");
  }

  get refusal(): string {
    return this.steps.at(-1)?.refusal ?? "";
  }

  get reasoning(): string {
    return this.steps
      .map(({ reasoning }) => reasoning)
      .filter((text) => text !== "")
      .join("\n\n");
  }

  /** The calls that the client is to run; its answer ends with them. */
  get clientCalls(): readonly ToolCall[] {
    return this.steps.at(-1)?.clientCalls ?? [];
  }

  get #step(): SegmentStep {
    const step = this.steps.at(-1);
    if (step !== undefined) return step;
    // A segment that begins within a step: after its client's results.
    const begun = { model: "", reasoning: "", text: "", refusal: "", clientCalls: [], asked: [], isWhole: false };
    this.steps.push(begun);
    return begun;
  }
}
