/**
 * Writes the items of one answer's output, in order: opens them, lets them grow, closes them. Ids, numbers and places
 * follow from step and attempt alone. The output of an attempt that is restarted is closed as incomplete and left out of the output, also for a
 * reader that saw it in an earlier stream.
 */
import type { ClientTool } from "../../../core/entry.ts";
import type { ToolCall } from "../../../core/message.ts";
import { functionNameOf } from "./namespaces.ts";
import type { ItemType, ResponseFrames, SeenAttempt } from "./response-frames.ts";
import {
  doneItem,
  type FunctionCallItem,
  type GrowingItem,
  type GrowingKind,
  type ItemPart,
  type ItemStatus,
  newItem,
  type OutputItem,
  reasoningPart,
  refusalPart,
  summaryPart,
  textPart,
} from "./response-items.ts";

/** Most items that an attempt can void: its reasoning and its text. Calls come with the end of a reply. */
const itemsOfAttempt = 2;

/** The model's reply that is being written. */
interface WrittenReply {
  step: number;
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
  parts: ItemPart[];
  kind: GrowingKind;
  text: string;
}

/** `suffix`: of the items' ids, before their reply's step. `summarized`: reasoning comes as a summary. `tools`: the client's. */
export interface ItemForm {
  suffix: string;
  encrypted: boolean;
  summarized: boolean;
  tools: readonly ClientTool[];
}

export class ItemWriter {
  readonly #frames: ResponseFrames;
  readonly #of: ItemForm;
  #replies: WrittenReply[] = [];
  #index = 0;
  #open: OpenItem | undefined;

  /** `suffix`: of the items' ids, before their reply's step. */
  constructor(frames: ResponseFrames, of: ItemForm) {
    this.#frames = frames;
    this.#of = of;
  }

  get output(): OutputItem[] {
    return this.#replies.flatMap(({ items }) => items);
  }

  /** `least`: a reader with fewer numbers of it has seen nothing. */
  beginReply(step: number, attempt: number, least?: number): void {
    this.#replies = this.#replies.filter(({ isVoid }) => !isVoid);
    this.#replies.push({ step, attempt, base: this.#frames.at, baseIndex: this.#index, items: [], isVoid: false });
    const seen = this.#frames.seenBefore(this.#frames.at, attempt, least);
    if (seen !== undefined) this.#closeSeen(seen);
    this.#goTo(attempt);
  }

  /** Items come in a reply: where there is none, one of this step begins. */
  mustHaveReply(step: number): void {
    if (this.#replies.length === 0) this.beginReply(step, 1);
  }

  /** The text of the reply is void; it begins again. */
  restartReply(attempt: number): void {
    if (this.#open !== undefined) this.#frames.closing(this.#reply, eventsOfClosing);
    this.close("incomplete");
    this.#reply.items = [];
    this.#goTo(attempt);
  }

  /** The turn ends without a reply to `step`: what a reader has of one that was begun is closed. */
  end(step: number): void {
    this.close("incomplete");
    const seen = this.#frames.seenBefore(this.#frames.at, Number.POSITIVE_INFINITY, 1);
    if (seen !== undefined) this.beginReply(step, seen.attempt + 1, 1);
    this.#frames.goToEnd();
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
    const form = this.#form(kind);
    this.#frames.delta(form.delta, { ...this.#at(open), ...form.more }, text);
  }

  functionCall({ id: call_id, name: flatName, arguments: text }: ToolCall): void {
    const { name, ...within } = functionNameOf(flatName, this.#of.tools);
    const index = this.#index++;
    const id = this.#id("fc", String(this.#reply.items.length));
    const item = {
      id,
      type: "function_call",
      status: "completed",
      call_id,
      name,
      ...within,
      arguments: text,
    } satisfies FunctionCallItem;
    const place = { item_id: id, output_index: index };
    const begun = { ...item, status: "in_progress", arguments: "" };
    this.#frames.event("response.output_item.added", { output_index: index, item: begun });
    for (const piece of piecesOf(text)) this.#frames.delta("response.function_call_arguments.delta", place, piece);
    this.#frames.event("response.function_call_arguments.done", { ...place, name, arguments: text });
    this.#finish(item, index);
  }

  /** `id`: of the request for approval. */
  approvalRequest({ name, arguments: text }: ToolCall, id: string): void {
    const index = this.#index++;
    const item = {
      id,
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
    this.#finish(doneItem(open.item, { ...this.#of, parts, status }), index);
  }

  /** The reply failed: it is shown as it is, unless another one follows. */
  fail(): void {
    this.close("incomplete");
    this.#reply.isVoid = true;
  }

  /** Messages so far do not count. */
  dropMessages(): void {
    for (const reply of this.#replies) reply.items = reply.items.filter(({ type }) => type !== "message");
  }

  /** Closes the item of an earlier attempt that the reader was in; without its text, which may not be known any more. */
  #closeSeen(seen: SeenAttempt): void {
    const { base, baseIndex, step } = this.#reply;
    const item = newItem(seen.item, this.#idOf({ step, attempt: seen.attempt }, prefixes[seen.item]));
    const empty = { ...item, status: "incomplete", content: [] };
    const index = baseIndex + itemsOfAttempt * (seen.attempt - 1) + seen.place;
    this.#frames.closing({ base, attempt: seen.attempt }, 1);
    this.#frames.event("response.output_item.done", { output_index: index, item: empty });
  }

  get #reply(): WrittenReply {
    const reply = this.#replies.at(-1);
    if (reply === undefined) throw new Error("A reply begins with its step.");
    return reply;
  }

  /** Numbers and places of an attempt depend on nothing in those before it. */
  #goTo(attempt: number): void {
    const reply = this.#reply;
    reply.attempt = attempt;
    this.#frames.restart(reply.base, attempt);
    this.#index = reply.baseIndex + itemsOfAttempt * (attempt - 1);
  }

  #begin(kind: GrowingKind): void {
    const type = itemTypes[kind];
    // Reasoning after the text is never seen of a model; should it come, it is an item of its own.
    this.#frames.beginItem(this.#reply, type);
    const before = this.#reply.items.filter((item) => item.type === type).length;
    const item = newItem(kind, this.#id(prefixes[type], before === 0 ? "" : String(before)));
    const open: OpenItem = { item, index: this.#index++, parts: [], kind, text: "" };
    this.#open = open;
    this.#frames.event("response.output_item.added", { output_index: open.index, item });
    this.#openPart(open);
  }

  #openPart(open: OpenItem): void {
    const { opened, part } = this.#form(open.kind);
    this.#frames.event(opened, { ...this.#at(open), part: part("") });
  }

  #closePart(open: OpenItem): void {
    const { kind, text } = open;
    const { part, done, closed, more } = this.#form(kind);
    this.#frames.event(done, { ...this.#at(open), ...more, ...(kind === "refusal" ? { refusal: text } : { text }) });
    this.#frames.event(closed, { ...this.#at(open), part: part(text) });
    open.parts.push(eventsOf[kind].part(text));
    open.text = "";
  }

  /** How an item of a kind grows here. */
  #form(kind: GrowingKind) {
    return kind === "reasoning" && this.#of.summarized ? summaryEvents : eventsOf[kind];
  }

  #at({ item, index, parts, kind }: OpenItem) {
    const isSummary = kind === "reasoning" && this.#of.summarized;
    const place = isSummary ? { summary_index: parts.length } : { content_index: parts.length };
    return { item_id: item.id, output_index: index, ...place };
  }

  #finish(item: OutputItem, index: number): void {
    this.#reply.items.push(item);
    this.#frames.event("response.output_item.done", { output_index: index, item });
  }

  #id(kind: string, which = ""): string {
    return this.#idOf(this.#reply, kind, which);
  }

  #idOf({ step, attempt }: { step: number; attempt: number }, kind: string, which = ""): string {
    const again = attempt > 1 ? `.a${attempt}` : "";
    return `${kind}_${this.#of.suffix}.${step}${again}${which === "" ? "" : `.${which}`}`;
  }
}

/** Most deltas of one call's arguments, and the shortest one, in UTF-16 units. A call is known as a whole: it is checked before it is sent. */
const mostPieces = 100;
const shortestPiece = 24;

/** The arguments in pieces, as clients expect to see them grow; no character is cut in two. */
function piecesOf(text: string): string[] {
  const length = Math.max(shortestPiece, Math.ceil(text.length / mostPieces));
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + length;
    const isHalf = /[\ud800-\udbff]/.test(text[end - 1] ?? "");
    pieces.push(text.slice(at, isHalf ? end + 1 : end));
    at = isHalf ? end + 1 : end;
  }
  return pieces.length === 0 ? [""] : pieces;
}

const prefixes = { message: "msg", reasoning: "rs" } as const satisfies Record<ItemType, string>;
/** How many events close an item that grows. */
const eventsOfClosing = 3;

/** A message says why it will not answer, after the text or alone. */
const itemTypes = { message: "message", refusal: "message", reasoning: "reasoning" } as const;

const contentPart = { opened: "response.content_part.added", closed: "response.content_part.done" } as const;

const summaryEvents = {
  opened: "response.reasoning_summary_part.added",
  closed: "response.reasoning_summary_part.done",
  delta: "response.reasoning_summary_text.delta",
  done: "response.reasoning_summary_text.done",
  part: summaryPart,
  more: {},
} as const;

/** How an item of a kind grows. `more`: what its events say beside. */
const eventsOf = {
  message: {
    ...contentPart,
    delta: "response.output_text.delta",
    done: "response.output_text.done",
    part: textPart,
    more: { logprobs: [] },
  },
  refusal: {
    ...contentPart,
    delta: "response.refusal.delta",
    done: "response.refusal.done",
    part: refusalPart,
    more: {},
  },
  reasoning: {
    ...contentPart,
    delta: "response.reasoning_text.delta",
    done: "response.reasoning_text.done",
    part: reasoningPart,
    more: {},
  },
} as const;
