import { expect, it } from "vitest";
import type { Reply } from "../../src/channels/channel.ts";
import { taskChunks, tasksOf } from "../../src/channels/slack/answer-text.ts";

const reply = (progress?: string): Reply => ({
  id: "d1",
  session: "s1",
  text: "",
  tools: [{ id: "1-c1", name: "look", state: "running", ...(progress !== undefined && { progress }) }],
  approvals: [],
  state: "working",
});

it("[WORLD-4] a Slack task says how far its call is, and is sent again only when that changes", () => {
  const update = (title: string) => [{ type: "task_update", id: "1-c1", title, status: "in_progress" }];
  expect(taskChunks(reply(), {})).toEqual(update("look"));
  const half = reply("1 of\n2 pages");
  expect(taskChunks(half, tasksOf(reply()))).toEqual(update("look: 1 of 2 pages"));
  expect(taskChunks(half, tasksOf(half))).toEqual([]);
  expect(taskChunks(reply("2 of 2 pages"), tasksOf(half))).toEqual(update("look: 2 of 2 pages"));
});
