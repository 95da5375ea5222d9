/** A call that failed is run once more, also an unsafe one. */
import type { ToolCall, ToolResult } from "../../../src/core/message.ts";
import { SessionEffects as Effects } from "../../../src/session/turn/effects.ts";

export * from "../../../src/session/turn/effects.ts";

export class SessionEffects extends Effects {
  override async runTool(call: ToolCall, place: { turn: string; step: number }): Promise<ToolResult | undefined> {
    const first = await super.runTool(call, place);
    return first?.isError ? super.runTool(call, place) : first;
  }
}
