/** WHAT a turn does with JSON schemas that its caller sent: those of tools that run at the client, and of forms of answers. It comes with the doors that take such schemas; a turn of another app knows none. */
import type { ClientTool, ResponseFormat } from "../core/entry.ts";
import type { Complaint } from "../core/next-step.ts";
import type { OfferedTool, Tool } from "../tools/tool.ts";

export interface TurnSchemas {
  /** A client's tool as the model is offered it. `dirty`: why it is offered without strict mode, against its sender's wish. */
  offered(tool: ClientTool): OfferedTool & { dirty?: string };
  /** For a tool that its sender calls strict: the check of its calls. */
  strict(tool: ClientTool): Tool;
  /** What is wrong with a final answer; `undefined` when it is acceptable. */
  judge(content: string, format: ResponseFormat | undefined): Complaint | undefined;
}
