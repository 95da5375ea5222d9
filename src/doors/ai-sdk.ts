/** The door for the AI SDK's `useChat` (ai-sdk.dev, UI message stream protocol). */
import { uiMessages } from "../routes/ui-messages.ts";
import type { Door } from "./door.ts";

/** `/v1/ui/messages`: send, list, resume and stop. */
export function aiSdk(): Door {
  return { name: "aiSdk", routes: [["/v1/ui/messages", uiMessages]] };
}
