/** A tool's context for tests: a fixed clock, no network, an empty transcript. Replace what the test is about. */
import { Steps } from "../../src/tools/steps/steps.ts";
import type { ToolContext } from "../../src/tools/tool.ts";

function recording() {
  const store = {
    take: () => [],
    begin: async () => {},
    end() {},
    suspend: () => Promise.reject(new Error("It waits.")),
  };
  return { store, stepKey: async (name: string) => name };
}

export function toolContext(changed: Partial<ToolContext> = {}): ToolContext {
  return {
    secrets: {},
    account: "test",
    agent: "assistant",
    session: { id: "s_1", metadata: {} },
    speaker: undefined,
    turn: "t_1",
    callId: "call_1",
    idempotencyKey: "s_1/call_1",
    signal: new AbortController().signal,
    step: new Steps({
      ...recording(),
      effect: "none",
      signal: new AbortController().signal,
      now: Date.now,
      onProgress() {},
    }),
    now: () => Date.UTC(2026, 0, 15, 12, 30, 5),
    fetch: () => Promise.reject(new Error("This test has no network.")),
    progress: () => {},
    transcript: { search: async () => [], read: async () => undefined },
    ...changed,
  };
}
