/** What is appended to a Slack stream: text and the states of tasks (docs.slack.dev/reference/methods/chat.appendStream). Pure. */
import type { Reply, ShownTool } from "../channel.ts";

/** A message has 50 blocks at most, tasks and text among them (`msg_blocks_too_many`): more tasks are counted in one. */
const mostTasks = 30;
const restId = "longline_more";

interface Task {
  id: string;
  title: string;
  state: ShownTool["state"];
}

/** The first tasks, and one that summarises all others. */
function foldedTasks({ tools }: Reply): Task[] {
  const tasks = tools.map(({ id, name, state, progress }) => ({ id, title: titleOf(name, progress), state }));
  if (tasks.length <= mostTasks) return tasks;
  const rest = tasks.slice(mostTasks - 1);
  const has = (state: Task["state"]) => rest.some((task) => task.state === state);
  const state = has("waiting")
    ? "waiting"
    : has("running")
      ? "running"
      : rest.every((each) => each.state === "failed")
        ? "failed"
        : "done";
  return [...tasks.slice(0, mostTasks - 1), { id: restId, title: `and ${rest.length} more`, state }];
}

/** What is shown of each task, by its id: a change of it is sent. */
export function tasksOf(reply: Reply): Record<string, string> {
  return Object.fromEntries(foldedTasks(reply).map((task) => [task.id, shownState(task)]));
}

const taskStates = { running: "in_progress", waiting: "pending", done: "complete", failed: "error" } as const;

/** The tasks that are new or have changed. */
export function taskChunks(reply: Reply, before: Record<string, string>): Record<string, unknown>[] {
  return foldedTasks(reply)
    .filter((task) => before[task.id] !== shownState(task))
    .map(({ id, title, state }) => ({ type: "task_update", id, title, status: taskStates[state] }));
}

/** The progress of a call is shown after its name: titles may change, and details are only ever added to. */
function titleOf(name: string, progress: string | undefined): string {
  return (progress === undefined ? name : `${name}: ${progress.replace(/\s+/g, " ")}`).slice(0, 200).toWellFormed();
}

/** The titles of the folded task and of a task that shows its progress change, too. */
function shownState({ id, title, state }: Task): string {
  return id === restId || title.includes(": ") ? `${state} ${title}` : state;
}

export function textChunk(text: string): Record<string, unknown>[] {
  return text === "" ? [] : [{ type: "markdown_text", text }];
}
