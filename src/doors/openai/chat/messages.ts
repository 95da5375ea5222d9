/** Reads the `messages` of a chat completion: what is instruction, and what is conversation. Refuses what a model here cannot read, by its place. */
import * as z from "zod/mini";
import { defined } from "../../../core/defined.ts";
import { AppError } from "../../../core/errors.ts";
import { type HistoryItem, historyFault } from "../../../core/history.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { speakerFault } from "../../../core/speaker.ts";
import { withoutNotice } from "./notes.ts";

const content = lazySchema(() =>
  z.union([
    z.string(),
    z.array(z.looseObject({ type: z.string(), text: z.optional(z.string()), refusal: z.optional(z.string()) })),
  ]),
);
const call = lazySchema(() =>
  z.looseObject({
    id: z.string().check(z.minLength(1), z.maxLength(200)),
    type: z.optional(z.literal("function")),
    function: z.looseObject({ name: z.string(), arguments: z.string() }),
  }),
);
/** What a client sends back of an answer has whatever members the answer had. */
export const chatMessage = lazySchema(() =>
  z.discriminatedUnion("role", [
    z.looseObject({ role: z.enum(["system", "developer"]), content }),
    z.looseObject({ role: z.literal("user"), content, name: z.nullish(z.string()) }),
    z.looseObject({
      role: z.literal("assistant"),
      content: z.nullish(content),
      refusal: z.nullish(z.string()),
      reasoning_content: z.nullish(z.string()),
      tool_calls: z.nullish(z.array(call)),
    }),
    z.looseObject({
      role: z.literal("tool"),
      tool_call_id: z.string().check(z.minLength(1), z.maxLength(200)),
      content,
    }),
  ]),
);
type ChatMessage = z.infer<typeof chatMessage>;

/** `instructions`: what leads, as one text. Later system messages stay in the conversation, where they came. */
export interface ReadMessages {
  instructions?: string;
  items: HistoryItem[];
  /** The last message is an answer that ended to wait for a person, of this id: the rest of it is asked for. */
  waited?: string;
}

export function readMessages(messages: readonly ChatMessage[]): ReadMessages {
  const first = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  // Of instructions alone the last one is what is to be answered.
  const begin = first < 0 ? messages.length - 1 : first;
  const rest = messages.slice(begin);
  const lead = messages.slice(0, begin).map((message, at) => textOf(message.content, `messages.${at}.content`));
  const items = rest.map((message, at) => itemOf(message, `messages.${begin + at}`));
  const placed = items
    .map((item, at) => ({ item, at: begin + at }))
    .filter(({ item, at }) => (waitedIn(messages, at) ? isLastWord(messages, at) : !isEmpty(item)));
  const fault = historyFault(placed.map(({ item }) => item));
  if (fault !== undefined) throw refused(`messages.${placed[fault.at]?.at ?? 0}`, fault.detail);
  const waited = waitedIn(messages, messages.length - 1);
  if (waited === undefined && (placed.at(-1)?.item.role === "assistant" || placed.length === 0)) {
    throw refused(`messages.${messages.length - 1}`, "the last message must be one of a user or of a tool");
  }
  const instructions = lead.filter((text) => text !== "").join("\n\n");
  return {
    ...(instructions !== "" && { instructions }),
    items: placed.map(({ item }) => item),
    ...defined({ waited }),
  };
}

/** The id of the answer that ended there to wait for a person. */
function waitedIn(messages: readonly ChatMessage[], at: number): string | undefined {
  const message = messages[at];
  if (message?.role !== "assistant" || typeof message.content !== "string") return undefined;
  return withoutNotice(message.content).id;
}

/** The text of an answer from before it waited is in the rest of it, too, where that follows. */
function isLastWord(messages: readonly ChatMessage[], at: number): boolean {
  return messages[at + 1]?.role !== "assistant";
}

function itemOf(message: ChatMessage, at: string): HistoryItem {
  const content = textOf(message.content ?? "", `${at}.content`);
  switch (message.role) {
    case "system":
    case "developer":
      return { role: "user", content, speaker: "system" };
    case "user":
      if (content === "") throw refused(`${at}.content`, "must not be empty");
      return { role: "user", content, ...speakerOf(message.name, `${at}.name`) };
    case "assistant": {
      const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => {
        return { id, name, arguments: text };
      });
      const { text } = withoutNotice(`${content}${message.refusal ?? ""}`);
      return { role: "assistant", content: text, reasoning: message.reasoning_content ?? "", calls };
    }
    case "tool":
      return { role: "tool", callId: message.tool_call_id, content };
  }
}

/** Frameworks name a message of the role user "user" (AutoGen's `TextMessage(source="user")`): that says nothing new. */
function speakerOf(name: string | undefined | null, at: string): { speaker?: string } {
  if (!name || name === "user") return {};
  const fault = speakerFault(name);
  if (fault !== undefined) throw refused(at, fault);
  return { speaker: name };
}

/** Clients keep an answer that never came as an empty one. */
function isEmpty(item: HistoryItem): boolean {
  return item.role === "assistant" && item.content === "" && item.calls.length === 0;
}

function textOf(content: z.infer<typeof chatMessage>["content"], at: string): string {
  if (typeof content === "string") return content;
  const texts = (content ?? []).map(({ type, text, refusal }, place) => {
    if (type === "text" && text !== undefined) return text;
    if (type === "refusal" && refusal !== undefined) return refusal;
    throw refused(`${at}.${place}`, `a part of type "${type}" cannot be read here. Send text only`);
  });
  return texts.join("\n");
}

function refused(field: string, detail: string): AppError {
  return new AppError("invalid_request", `${field}: ${detail}.`, { field });
}
