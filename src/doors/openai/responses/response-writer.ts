/** Writes one answer in the form of OpenAI's Responses API: typed events for a stream, or the Response object. The same events give the same items, ids and numbers, whenever they are read. */
import { addUsage, noUsage, type Usage } from "../../../core/cost.ts";
import type { TurnEndReason } from "../../../core/entry.ts";
import type { PlacedEvent, SessionEvent } from "../../../core/event.ts";
import type { ToolCall } from "../../../core/message.ts";
import type { TurnRest } from "../../../core/tool-steps.ts";
import { refOf, type WaitingCall } from "../../../core/waits.ts";
import { approvalRequestId, formatAnswerId } from "../../../wire/answer-id.ts";
import type { Encoder, Frame } from "../../../wire/encoder.ts";
import type { AnswerRequest } from "../../../wire/manner.ts";
import { goesOn } from "../openai-error.ts";
import { failureOf, type OpenAiError, type OpenAiFailure } from "../openai-failure.ts";
import { ItemWriter } from "./item-writer.ts";
import { readNotes } from "./notes.ts";
import { ResponseFrames } from "./response-frames.ts";
import { type ResponseState, type ResponseStatus, responseObject, standingOf } from "./response-object.ts";

/** How a reader wants a response. */
export interface ResponseView {
  /** The model that answers when none was named. */
  defaultModel: string;
  /** The reader knows everything up to this sequence number. */
  startingAfter?: number;
  /** Reasoning comes in its opaque form, too. */
  encrypted?: boolean;
}

/** As a route asks the session for it. */
export interface ResponseManner extends ResponseView {
  as: "openai-responses";
  turn: string;
  /** After which entry the answer begins; from the turn's beginning when absent. */
  afterSeq?: number;
}

export interface ResponsePlace {
  session: string;
  turn: string;
  afterSeq?: number;
}

export const responsePrefix = "resp_";

export class ResponseWriter implements Encoder {
  readonly #of: ResponsePlace & ResponseView;
  readonly #asked: AnswerRequest;
  readonly #frames: ResponseFrames;
  readonly #items: ItemWriter;
  #model: string;
  #usage: Usage = noUsage;
  #step: number;
  /** The newest reply asked for something that is not done here: the answer ends with it. */
  #isHandedOver = false;
  /** A person was asked about calls of other agents: the answer ends with them. */
  #hasChildAsks = false;
  #begun = false;
  /** The reader need not stay. */
  #isOver = false;
  #standing: ResponseState | undefined;
  #failure: OpenAiFailure | undefined;

  constructor(of: ResponsePlace & ResponseView, asked: AnswerRequest) {
    this.#of = of;
    this.#asked = asked;
    this.#step = asked.step ?? 0;
    this.#frames = new ResponseFrames(of.startingAfter);
    const suffix = formatAnswerId("", { session: of.session, turn: of.turn });
    this.#items = new ItemWriter(this.#frames, {
      suffix,
      encrypted: of.encrypted ?? false,
      summarized: readNotes(asked.metadata).notes.reasoning_summary !== undefined,
      tools: asked.options.tools ?? [],
    });
    this.#model = asked.options.model ?? of.defaultModel;
  }

  /** How a client that waited for the response is refused, when its turn failed. */
  get failure(): OpenAiFailure | undefined {
    return this.#standing?.status === "failed" ? this.#failure : undefined;
  }

  get ended(): boolean {
    return this.#isOver || this.#standing !== undefined;
  }

  opening(): Frame[] {
    if (this.#isBackground) {
      this.#lifecycle("created", { status: "queued" });
      this.#lifecycle("queued", { status: "queued" });
    } else {
      this.#lifecycle("created", { status: "in_progress" });
      this.#begin();
    }
    return this.#frames.take();
  }

  events(events: readonly PlacedEvent[]): Frame[] {
    for (const placed of events) {
      // Those that were answered together were asked together.
      if (this.#hasChildAsks && placed.event.type !== "tool.approval_answered") break;
      if (this.ended) break;
      this.#begin();
      this.#take(placed.event);
    }
    if (this.#hasChildAsks && !this.ended) this.#end({ status: "completed" });
    return this.#frames.take();
  }

  /** Its own calls that the client or a person must answer end the response when they come: these are those of other agents that work for it. */
  waits(calls: readonly WaitingCall[]): Frame[] {
    const asks = calls.filter(({ child }) => child !== undefined);
    if (asks.length === 0 || this.ended) return [];
    this.#begin();
    for (const call of asks) this.#askForChild(call);
    this.#end({ status: "completed" });
    return this.#frames.take();
  }

  rests({ words }: TurnRest): Frame[] {
    this.#isOver = true;
    const detail = `${words} ${goesOn(`/v1/responses/${formatAnswerId(responsePrefix, this.#of)}`)}`;
    return this.broken({ code: "tool_waiting", detail });
  }

  broken({ code, detail: message }: { code: string; detail: string }): Frame[] {
    this.#frames.notice("error", { code, message, param: null });
    return this.#frames.take();
  }

  /** The Response as far as it is written. */
  object(): ReturnType<typeof responseObject> {
    const { isQueued, isStopped } = this.#asked;
    const queued = isStopped ? "cancelled" : "queued";
    return this.#object(this.#standing ?? { status: isQueued ? queued : "in_progress" });
  }

  #take(event: SessionEvent): void {
    switch (event.type) {
      case "step.started":
        this.#step = event.step;
        this.#model = event.model;
        // With a form the last answer alone counts: one before it was no good.
        if (this.#asked.options.responseFormat !== undefined) this.#items.dropMessages();
        this.#items.beginReply(event.step, event.attempt);
        return;
      case "step.restarted":
        this.#items.restartReply(event.attempt);
        return;
      case "reasoning.delta":
        this.#items.say("reasoning", event.text);
        return;
      case "text.delta":
        this.#items.say(event.refusal ? "refusal" : "message", event.text);
        return;
      case "tool.called":
        this.#items.close("completed");
        if (event.atClient) this.#handOver(() => this.#items.functionCall(event));
        return;
      case "tool.approval_required":
        this.#handOver(() => this.#items.approvalRequest(event, this.#requestId(event)));
        return;
      case "message.completed":
        this.#usage = addUsage(this.#usage, event.usage);
        this.#items.close(
          event.finishReason === "length" || event.finishReason === "cancelled" ? "incomplete" : "completed",
        );
        if (this.#isHandedOver) this.#end({ status: "completed" });
        return;
      case "error":
        this.#items.fail();
        return;
      case "turn.ended":
        this.#ends(event);
        return;
      case "tool.approval_answered":
        if (event.childCall === undefined) return;
        this.#hasChildAsks = true;
        this.#askForChild(event.childCall);
        return;
      case "turn.started":
      case "tool.finished":
      case "agent.started":
      case "agent.finished":
        return;
    }
  }

  #handOver(write: () => void): void {
    this.#isHandedOver = true;
    write();
  }

  /** In an answer that began after that reply there may be no other one yet. */
  #askForChild(call: ToolCall): void {
    this.#items.close("completed");
    this.#items.mustHaveReply(this.#step);
    this.#items.approvalRequest(call, this.#requestId(call));
  }

  #requestId({ id }: ToolCall): string {
    const { birth = null } = this.#asked;
    return approvalRequestId(this.#of, refOf({ birth, turn: this.#of.turn, step: this.#step, callId: id }));
  }

  #ends(event: Extract<SessionEvent, { type: "turn.ended" }>): void {
    // Only such a turn can end in the middle of a step.
    if (midStepEnds.has(event.reason)) this.#items.end(event.steps + 1);
    else this.#items.close("incomplete");
    const standing = standingOf(event);
    this.#failure = failureOf(event);
    if (standing.status === "failed" && this.#failure !== undefined) this.#error(this.#failure.error);
    this.#end(standing);
  }

  #error({ code, message, param }: Omit<OpenAiError, "type">): void {
    this.#frames.event("error", { code, message, param });
  }

  #end(standing: ResponseState): void {
    this.#standing = standing;
    this.#lifecycle(lastEvents[standing.status], standing);
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#lifecycle("in_progress", { status: "in_progress" });
  }

  #lifecycle(name: string, standing: ResponseState): void {
    this.#frames.event(`response.${name}`, { response: this.#object(standing) });
  }

  #object(standing: ResponseState): ReturnType<typeof responseObject> {
    const { session } = this.#of;
    const id = formatAnswerId(responsePrefix, this.#of);
    const isOver = standing === this.#standing;
    const output = this.#items.output;
    const grown = { ...standing, output, model: this.#model, ...(isOver && { usage: this.#usage }) };
    return responseObject({ id, session, asked: this.#asked }, grown);
  }

  get #isBackground(): boolean {
    return readNotes(this.#asked.metadata).notes.background === "true";
  }
}

/** How a turn ends whose newest step may have no reply. */
const midStepEnds: ReadonlySet<TurnEndReason> = new Set(["cancelled", "interrupted", "failed", "budget_exhausted"]);

/** The event that ends a stream. OpenAI's client knows no `response.cancelled`, and fails on what it does not know. */
const lastEvents: Record<ResponseStatus, string> = {
  completed: "completed",
  incomplete: "incomplete",
  failed: "failed",
  cancelled: "incomplete",
  queued: "queued",
  in_progress: "in_progress",
};
