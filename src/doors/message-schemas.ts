/** WHAT an app that takes JSON schemas adds to the native door: the fields of a message that hold them. Types alone, so that the native door carries nothing of it. */
import type { Agent } from "../agent/agent.ts";
import type { TurnSchemas } from "../agent/turn-schemas.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { SentMessage } from "./sent-message.ts";

export interface MessageSchemas extends TurnSchemas {
  /** The body of a message; throws `invalid_request` with the wrong field. */
  readMessage(body: unknown): SentMessage;
  /** What it says of the form of its answer, and of the tools of its sender. */
  optionsOf(agent: Agent, message: SentMessage): Pick<TurnOptions, "responseFormat" | "tools">;
}
