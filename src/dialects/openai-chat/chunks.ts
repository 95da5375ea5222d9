/** Writes a turn's events as OpenAI's chat completion chunks. What runs on the server stays unseen, unless the client asked for notes on it. */
import { addUsage, noUsage, type Usage } from "../../core/cost.ts";
import { formatCursor } from "../../core/cursor.ts";
import type { PlacedEvent, SessionEvent } from "../../core/event.ts";
import type { WaitingCall } from "../../core/waits.ts";
import type { Encoder, Frame } from "../encoder.ts";
import { failureOf } from "../openai-failure.ts";
import { Resaid } from "../resaid.ts";
import { callNote, resultNote, waitNote } from "./notes.ts";
import { type ChatUsage, chatUsage, finishReasonOf } from "./spelling.ts";

/** How a client wants its chunks. */
export interface ChatManner {
  as: "openai-chat";
  id: string;
  /** Seconds since 1970. */
  created: number;
  model: string;
  includeUsage: boolean;
  /** Calls of the agent's own tools are told as notes in `reasoning_content`. */
  showTools: boolean;
  /** The stream begins in the middle of the answer: what was used before is not known here. */
  resumes: boolean;
  /** The answer has a form: one that broke it is asked for again. */
  hasForm: boolean;
  /** The answer is a later part of its turn: what the turn used is more than what it used. */
  isPart: boolean;
}

interface Delta {
  role?: "assistant";
  content?: string;
  refusal?: string;
  reasoning_content?: string;
  tool_calls?: object[];
}

export class ChatChunks implements Encoder {
  readonly #of: ChatManner;
  readonly #session: string;
  readonly #tag: string;
  readonly #resaid = new Resaid();
  #ended = false;
  #isFirst = true;
  #hasSaid = false;
  #hasThought = false;
  /** An earlier step has thought, and this one not yet. */
  #thought = false;
  #usage: Usage = noUsage;
  /** Ids of the calls that the client is to run, in the order in which it was told of them. */
  #clientCalls: string[] = [];

  constructor(of: ChatManner, { session, tag }: { session: string; tag: string }) {
    this.#of = of;
    this.#session = session;
    this.#tag = tag;
  }

  get ended(): boolean {
    return this.#ended;
  }

  events(events: readonly PlacedEvent[]): Frame[] {
    return events.flatMap(({ event, cursor }) => {
      if (this.#ended) return [];
      const frames = this.#frames(event);
      const last = frames.at(-1);
      // Who comes back with this id goes on behind the event.
      if (last !== undefined && !this.#ended && event.type !== "tool.called")
        last.id = `${this.#tag}-${formatCursor(cursor)}`;
      return frames;
    });
  }

  waits(calls: readonly WaitingCall[]): Frame[] {
    if (calls.some(({ kind }) => kind === "client")) return this.#end("tool_calls");
    return calls.map((call) => this.#chunk({ reasoning_content: waitNote(this.#session, call) }));
  }

  #frames(event: SessionEvent): Frame[] {
    switch (event.type) {
      case "step.started":
        if (this.#of.hasForm && this.#hasSaid) return this.#fail(differs(this.#of.id));
        this.#resaid.next();
        this.#thought = this.#hasThought;
        return this.#isFirst ? [this.#chunk({ role: "assistant", content: "" })] : [];
      case "step.restarted":
        this.#resaid.restarted();
        return [];
      case "reasoning.delta":
        return [this.#chunk({ reasoning_content: this.#apart(event.text) })];
      case "text.delta":
        return this.#text(event);
      case "tool.called":
        if (event.atClient) return [this.#call(event)];
        return this.#of.showTools ? [this.#chunk({ reasoning_content: callNote(event) })] : [];
      case "tool.finished":
        // The client has answered: this answer ended before that.
        if (this.#clientCalls.includes(event.callId)) return this.#end("tool_calls");
        return this.#of.showTools ? [this.#chunk({ reasoning_content: resultNote(event) })] : [];
      case "message.completed":
        this.#usage = addUsage(this.#usage, event.usage);
        return [];
      case "turn.ended":
        return this.#turnEnded(event);
      case "turn.started":
      case "tool.approval_required":
      case "error":
        return [];
    }
  }

  /** What each step thought is a paragraph of its own. */
  #apart(text: string): string {
    const lead = this.#thought ? "\n\n" : "";
    this.#thought = false;
    this.#hasThought = true;
    return `${lead}${text}`;
  }

  #text({ text, refusal }: Extract<SessionEvent, { type: "text.delta" }>): Frame[] {
    const fresh = this.#resaid.delta(text);
    if (fresh === undefined) return this.#fail(differs(this.#of.id));
    if (fresh === "") return [];
    this.#hasSaid = true;
    return [this.#chunk(refusal ? { refusal: fresh } : { content: fresh })];
  }

  #call({ id, name, arguments: text }: Extract<SessionEvent, { type: "tool.called" }>): Frame {
    const index = this.#clientCalls.push(id) - 1;
    return this.#chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }] });
  }

  #turnEnded(event: Extract<SessionEvent, { type: "turn.ended" }>): Frame[] {
    const failure = failureOf(event);
    if (failure !== undefined) return this.#fail(failure.error);
    return this.#end(finishReasonOf(event.reason), this.#of.isPart ? undefined : event.usage);
  }

  #fail(error: object): Frame[] {
    this.#ended = true;
    return [{ data: { error } }];
  }

  /** `usage`: of the whole answer, where the turn's end tells it. */
  #end(finishReason: string, usage?: Usage): Frame[] {
    this.#ended = true;
    const used = usage ?? (this.#of.resumes ? undefined : this.#usage);
    const last = this.#of.includeUsage && used ? [this.#frame([], chatUsage(used))] : [];
    const finish = [{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }];
    return [this.#frame(finish), ...last, { text: "[DONE]" }];
  }

  #chunk(delta: Delta): Frame {
    this.#isFirst = false;
    return this.#frame([{ index: 0, delta, logprobs: null, finish_reason: null }]);
  }

  #frame(choices: object[], usage?: ChatUsage): Frame {
    const { id, created, model, includeUsage } = this.#of;
    const told = includeUsage ? { usage: usage ?? null } : {};
    return { data: { id, object: "chat.completion.chunk", created, model, choices, ...told } };
  }
}

function differs(id: string) {
  const message = `The model began its answer again, and says something else now. Read the whole answer at GET /v1/chat/completions/${id}.`;
  return { message, type: "server_error", param: null, code: "answer_restarted" };
}
