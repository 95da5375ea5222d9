/** The messages and calls that a model reads and writes, in Longline's own types. Providers' spellings live in `model/`, clients' in `wire/` and `doors/`. */

/** A call that the model requested. `arguments` is the provider's raw JSON text, kept verbatim: replaying other bytes would miss the prefix cache. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** The result of a call. A failure is a result with `isError`, never a throw. */
export interface ToolResult {
  callId: string;
  name: string;
  content: string;
  isError: boolean;
  /** What had to be repaired in the call's arguments, in words. */
  repairs?: string[];
  /** Name of the agent that the session is handed to when its turn has ended. */
  handoff?: string;
}

export interface SystemMessage {
  role: "system";
  content: string;
}

export interface UserMessage {
  role: "user";
  content: string;
  /** Who wrote it, where a session has several people. Shown to the model in front of the text. */
  speaker?: string;
}

export interface AssistantMessage {
  role: "assistant";
  content: string;
  reasoning: string;
  toolCalls: ToolCall[];
  /** Where in `content` the text of a refusal begins, in UTF-16 units; absent when the model did not refuse. */
  refusalFrom?: number;
}

export interface ToolMessage extends ToolResult {
  role: "tool";
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/** A tool as it is described to the model. `parameters` is a JSON schema that strict mode accepts. */
export interface ToolDeclaration {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}
