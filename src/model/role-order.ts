/** Puts messages into an order that a host takes, by filling in answers that are missing. Adds only, so that what was written stays as it was. */
import type { Message } from "../core/message.ts";
import type { RoleOrder } from "./profile.ts";

export type Role = Message["role"];

/** The text where a turn ended without an answer: cancelled, failed, or out of steps. */
const filler: Message = { role: "assistant", content: "(no answer)", reasoning: "", toolCalls: [] };

/** `before`: the role of the message that they follow, and `after`: of the one that follows them; the start and the end where absent. */
export function bridged(
  messages: readonly Message[],
  order: RoleOrder = "free",
  { before, after }: { before?: Role | undefined; after?: Role | undefined } = {},
): Message[] {
  if (order === "free") return [...messages];
  let last = before;
  const all = messages.flatMap((message) => {
    const both = needsFiller(order, last, message.role) ? [filler, message] : [message];
    last = message.role;
    return both;
  });
  return after !== undefined && needsFiller(order, last, after) ? [...all, filler] : all;
}

/** `bridged`: mistral-common lets a user follow a user. `alternating`: a turn may hold calls and results between its user and its answer. */
function needsFiller(order: RoleOrder, last: Role | undefined, next: Role): boolean {
  return next === "user" && (last === "tool" || (order === "alternating" && last === "user"));
}
