/** Sends one message to a session, for doors of an app's own: what each door does before its clients' words count. */
import { mustMay } from "../account/access.ts";
import { defined } from "../core/defined.ts";
import { type Caller, mustAdmit } from "./caller.ts";
import { receiptOf } from "./receipt-of.ts";
import { type TakenTurn, takeConversation } from "./take-conversation.ts";

export interface DoorMessage {
  /** Id of the session; it is made where there is none. A new one when absent. */
  session?: string;
  content: string;
  /** Who says it, where a session has several people. */
  speaker?: string;
  metadata?: Record<string, string>;
}

/**
 * Accepts a message, and returns its turn, which runs whether the client waits or not: `relayStream` shows it. The same
 * `Idempotency-Key` with the same message is the same turn. Throws an AppError for what may not be sent.
 *
 * @example
 * new Routes().post("/:id", "append", async (c, caller) =>
 *   relayStream(caller, await sendMessage(caller, { session: c.req.param("id"), content: await c.req.text() }), how));
 */
export async function sendMessage(caller: Caller, message: DoorMessage): Promise<TakenTurn> {
  const { session, content, speaker, metadata } = message;
  mustMay(caller, session, "append");
  await mustAdmit(caller);
  return takeConversation(caller, {
    items: [{ role: "user", content, ...defined({ speaker }) }],
    ...defined({ session }),
    ...(metadata && { metadata }),
    receipt: await receiptOf(caller, message),
    isStreamed: true,
    // There are no earlier answers of another model.
    ...{ choices: {}, options: {}, model: "" },
  });
}
