/** The door for the AI SDK's `useChat` (ai-sdk.dev, UI message stream). */

import { type Door, defineDoor } from "../door.ts";
import { schemas } from "../json-schemas.ts";
import { UiChunks, type UiManner } from "./chunks.ts";
import { uiMessages } from "./ui-messages.ts";

/** `/v1/ui/messages`: send, list, resume and stop. */
export function aiSdk(): Door {
  return defineDoor({
    name: "aiSdk",
    routes: () => [["/v1/ui/messages", uiMessages]],
    exposes: ["X-Vercel-AI-UI-Message-Stream"],
    encoders: { "ai-sdk-ui": (manner, stream) => new UiChunks(manner as UiManner, stream) },
    schemas,
    operations: async () => (await import("./operations.ts")).uiOperations,
  });
}
