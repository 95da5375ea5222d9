/** Writes the items of one answer's output, in order: opens them, lets them grow, closes them. What a restart voids is closed as incomplete and left out of the output. */
import type { ToolCall } from "../../core/message.ts";
import type { ResponseFrames } from "./response-frames.ts";
import {
  doneItem,
  type FunctionCallItem,
  type GrowingItem,
  type GrowingKind,
  type ItemStatus,
  newItem,
  type OutputItem,
  type Part,
  reasoningPart,
  refusalPart,
  textPart,
} from "./response-items.ts";

/** Most items that an attempt can void: its reasoning and its text. Calls come with the end of a reply. */
const itemsOfAttempt = 2;

/** The model's reply that is being told. */
interface Reply {
  seq: number;
  attempt: number;
  /** Number and place at which its first attempt began. */
  base: number;
  baseIndex: number;
  /** What of it is in the output. */
  items: OutputItem[];
  isVoid: boolean;
}

/** The item that grows: the parts of it that are whole, and the one that grows, with its text. */
interface OpenItem {
  item: GrowingItem;
  index: number;
  parts: Part[];
  kind: GrowingKind;
  text: string;
}

export class ItemWriter {
  readonly #frames: ResponseFrames;
  readonly #of: { suffix: string; encrypted: boolean };
  #replies: Reply[] = [];
  #index = 0;
  #open: OpenItem | undefined;

  /** `suffix`: of the items' ids, in front of their reply's `seq`. */
  constructor(frames: ResponseFrames, of: { suffix: string; encrypted: boolean }) {
    this.#frames = frames;
    this.#of = of;
  }

  get output(): OutputItem[] {
    return this.#replies.flatMap(({ items }) => items);
  }

  /** `seq`: of the entry that the reply becomes. */
  beginReply(seq: number, attempt: number): void {
    this.#replies = this.#replies.filter(({ isVoid }) => !isVoid);
    this.#replies.push({ seq, attempt, base: this.#frames.at, baseIndex: this.#index, items: [], isVoid: false });
    this.#goTo(attempt);
  }

  /** What the reply said is void; it begins again. */
  restartReply(attempt: number): void {
    this.close("incomplete");
    this.#reply.items = [];
    this.#goTo(attempt);
  }

  say(kind: GrowingKind, text: string): void {
    if (this.#open !== undefined && this.#open.item.type !== itemTypes[kind]) this.close("completed");
    if (this.#open === undefined) this.#begin(kind);
    else if (this.#open.kind !== kind) {
      this.#closePart(this.#open);
      this.#open.kind = kind;
      this.#openPart(this.#open);
    }
    const open = this.#open;
    if (open === undefined) return;
    open.text += text;
    this.#frames.delta(eventsOf[kind].delta, { ...at(open), ...eventsOf[kind].more }, text);
  }

  functionCall({ id: call_id, name, arguments: text }: ToolCall): void {
    const index = this.#index++;
    const id = this.#id("fc", String(this.#reply.items.length));
    const item = {
      id,
      type: "function_call",
      status: "completed",
      call_id,
      name,
      arguments: text,
    } satisfies FunctionCallItem;
    const place = { item_id: id, output_index: index };
    const begun = { ...item, status: "in_progress", arguments: "" };
    this.#frames.event("response.output_item.added", { output_index: index, item: begun });
    this.#frames.delta("response.function_call_arguments.delta", place, text);
    this.#frames.event("response.function_call_arguments.done", { ...place, name, arguments: text });
    this.#finish(item, index);
  }

  approvalRequest({ name, arguments: text }: ToolCall, ref: string): void {
    const index = this.#index++;
    const item = {
      id: `mcpr_${ref}`,
      type: "mcp_approval_request",
      server_label: "longline",
      name,
      arguments: text,
    } as const;
    this.#frames.event("response.output_item.added", { output_index: index, item });
    this.#finish(item, index);
  }

  /** Ends the item that grows, if one does. */
  close(status: ItemStatus): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#closePart(open);
    const { parts, index } = open;
    this.#finish(doneItem(open.item, { parts, status, encrypted: this.#of.encrypted }), index);
  }

  /** The reply came to nothing: it is shown as it is, unless another one follows. */
  fail(): void {
    this.close("incomplete");
    this.#reply.isVoid = true;
  }

  /** Messages so far do not count. */
  dropMessages(): void {
    for (const reply of this.#replies) reply.items = reply.items.filter(({ type }) => type !== "message");
  }

  get #reply(): Reply {
    const reply = this.#replies.at(-1);
    if (reply === undefined) throw new Error("A reply begins with its step.");
    return reply;
  }

  /** Numbers and places of an attempt depend on nothing that those before it said. */
  #goTo(attempt: number): void {
    const reply = this.#reply;
    reply.attempt = attempt;
    this.#frames.restart(reply.base, attempt);
    this.#index = reply.baseIndex + itemsOfAttempt * (attempt - 1);
  }

  #begin(kind: GrowingKind): void {
    const type = itemTypes[kind];
    // Reasoning behind the text is never seen of a model; should it come, it is an item of its own.
    const before = this.#reply.items.filter((item) => item.type === type).length;
    const item = newItem(kind, this.#id(type === "message" ? "msg" : "rs", before === 0 ? "" : String(before)));
    const open: OpenItem = { item, index: this.#index++, parts: [], kind, text: "" };
    this.#open = open;
    this.#frames.event("response.output_item.added", { output_index: open.index, item });
    this.#openPart(open);
  }

  #openPart(open: OpenItem): void {
    this.#frames.event("response.content_part.added", { ...at(open), part: eventsOf[open.kind].part("") });
  }

  #closePart(open: OpenItem): void {
    const { kind, text } = open;
    const { part, done, more } = eventsOf[kind];
    this.#frames.event(done, { ...at(open), ...more, ...(kind === "refusal" ? { refusal: text } : { text }) });
    this.#frames.event("response.content_part.done", { ...at(open), part: part(text) });
    open.parts.push(part(text));
    open.text = "";
  }

  #finish(item: OutputItem, index: number): void {
    this.#reply.items.push(item);
    this.#frames.event("response.output_item.done", { output_index: index, item });
  }

  #id(kind: string, which = ""): string {
    const { seq, attempt } = this.#reply;
    const again = attempt > 1 ? `.a${attempt}` : "";
    return `${kind}_${this.#of.suffix}.${seq}${again}${which === "" ? "" : `.${which}`}`;
  }
}

function at({ item, index, parts }: OpenItem) {
  return { item_id: item.id, output_index: index, content_index: parts.length };
}

/** Why it will not answer is said by a message, behind the text or alone. */
const itemTypes = { message: "message", refusal: "message", reasoning: "reasoning" } as const;

/** How an item of a kind grows. `more`: what its events say beside. */
const eventsOf = {
  message: {
    delta: "response.output_text.delta",
    done: "response.output_text.done",
    part: textPart,
    more: { logprobs: [] },
  },
  refusal: {
    delta: "response.refusal.delta",
    done: "response.refusal.done",
    part: refusalPart,
    more: {},
  },
  reasoning: {
    delta: "response.reasoning_text.delta",
    done: "response.reasoning_text.done",
    part: reasoningPart,
    more: {},
  },
} as const;
