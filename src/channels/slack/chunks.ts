/** What is appended to a Slack stream: text and the states of tasks (docs.slack.dev/reference/methods/chat.appendStream). Pure. */
import type { Reply } from "../channel.ts";

/** States by call id. */
export function tasksOf({ tools }: Reply): Record<string, string> {
  return Object.fromEntries(tools.map(({ id, state }) => [id, state]));
}

const taskStates = { running: "in_progress", waiting: "pending", done: "complete", failed: "error" } as const;

/** The tasks that are new or have changed. */
export function taskChunks({ tools }: Reply, before: Record<string, string>): Record<string, unknown>[] {
  return tools
    .filter(({ id, state }) => before[id] !== state)
    .map(({ id, name, state }) => ({ type: "task_update", id, title: name.slice(0, 200), status: taskStates[state] }));
}

export function textChunk(text: string): Record<string, unknown>[] {
  return text === "" ? [] : [{ type: "markdown_text", text }];
}
