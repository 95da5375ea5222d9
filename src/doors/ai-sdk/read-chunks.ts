/** Puts the chunks of one message together, as the AI SDK's `readUIMessageStream` does for the kinds of chunks that we write. The tests hold the two equal. */
import { defined } from "../../core/defined.ts";

export interface UiPart {
  type: string;
  [member: string]: unknown;
}

/** A `UIMessage` of the AI SDK. */
export interface WrittenMessage {
  id: string;
  role: "user" | "assistant";
  metadata: Record<string, unknown>;
  parts: UiPart[];
}

export class ChunkReader {
  readonly #message: WrittenMessage;
  /** Parts that grow, by the ids of their chunks. */
  readonly #growing = new Map<string, UiPart>();

  constructor(id: string) {
    this.#message = { id, role: "assistant", metadata: {}, parts: [] };
  }

  /** The message so far. */
  get message(): WrittenMessage {
    return this.#message;
  }

  take(chunk: UiPart): void {
    const { messageMetadata } = chunk;
    if (messageMetadata !== undefined) Object.assign(this.#message.metadata, messageMetadata);
    if (chunk.type.startsWith("data-")) this.#data(chunk);
    else if (chunk.type.startsWith("tool-")) this.#tool(chunk);
    else this.#addText(chunk);
  }

  #addText({ type, id, delta }: UiPart): void {
    const { parts } = this.#message;
    switch (type) {
      case "start-step":
        parts.push({ type: "step-start" });
        return;
      case "reset-step":
        parts.splice(parts.findLastIndex((part) => part.type === "step-start") + 1);
        return;
      case "text-start":
        this.#begin(String(id), { type: "text", text: "", state: "streaming" });
        return;
      case "reasoning-start":
        this.#begin(String(id), { type: "reasoning", id, text: "", state: "streaming" });
        return;
      case "text-delta":
      case "reasoning-delta":
        this.#change(String(id), ({ text }) => ({ text: `${text}${delta}` }));
        return;
      case "text-end":
      case "reasoning-end":
        this.#change(String(id), () => ({ state: "done" }));
        return;
    }
  }

  #begin(id: string, part: UiPart): void {
    this.#growing.set(id, part);
    this.#message.parts.push(part);
  }

  #change(id: string, change: (part: UiPart) => object): void {
    const part = this.#growing.get(id);
    if (part !== undefined) Object.assign(part, change(part));
  }

  #data({ type, id, data }: UiPart): void {
    const known = this.#message.parts.find((part) => part.type === type && part.id === id);
    if (known === undefined) this.#message.parts.push({ type, id, data });
    else known.data = data;
  }

  #tool({ type, toolCallId, toolName, approvalId, dynamic, ...more }: UiPart): void {
    if (type === "tool-input-available") {
      const { input, providerExecuted } = more;
      const kind = dynamic ? { type: "dynamic-tool", toolName } : { type: `tool-${toolName}` };
      const where = providerExecuted !== undefined && { providerExecuted };
      this.#message.parts.push({ ...kind, toolCallId, state: "input-available", input, ...where });
      return;
    }
    const id = toolCallId ?? approvalId;
    const part = this.#message.parts.findLast((each) => each.toolCallId === id);
    if (part === undefined) return;
    switch (type) {
      case "tool-approval-request":
        Object.assign(part, { state: "approval-requested", approval: { id: approvalId } });
        return;
      case "tool-approval-response": {
        const { approved, reason } = more;
        const approval = { id: approvalId, approved, ...defined({ reason }) };
        Object.assign(part, { state: "approval-responded", approval });
        return;
      }
      case "tool-output-denied":
        Object.assign(part, { state: "output-denied" });
        return;
      case "tool-output-error":
        Object.assign(part, { state: "output-error", errorText: more.errorText });
        return;
      case "tool-output-available":
        Object.assign(part, { state: "output-available", output: more.output });
        return;
    }
  }
}
