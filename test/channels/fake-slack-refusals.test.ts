import { beforeEach, expect, it } from "vitest";
import { createFakeSlack } from "../support/fake-slack.ts";

/** What the fake Slack refuses; sources in `test/fixtures/slack/errors.json`. */
let slack: ReturnType<typeof createFakeSlack>;
beforeEach(() => {
  slack = createFakeSlack();
});
async function call(method: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(args))
    body.set(name, typeof value === "string" ? value : JSON.stringify(value));
  const headers = { Authorization: "Bearer xoxb-test" };
  const answer = await slack.fetch(`https://slack.com/api/${method}`, { method: "POST", headers, body });
  return (await answer.json()) as Record<string, unknown>;
}
const stream = { channel: "C1", thread_ts: "1.1", recipient_user_id: "U1", recipient_team_id: "T1" };
const task = (n: number) => ({ type: "task_update", id: `t${n}`, title: "tool", status: "complete" });

it.each([
  ["a person that is not there", { recipient_user_id: "U404" }, "user_not_found"],
  ["another team than the person's", { recipient_team_id: "T9" }, "user_not_found"],
  ["51 tasks", { chunks: Array.from({ length: 51 }, (_, n) => task(n)) }, "msg_blocks_too_many"],
  ["12,001 bytes", { chunks: [{ type: "markdown_text", text: "長".repeat(4_001) }] }, "msg_too_long"],
])("[CHANNEL-0] a stream to %s: refused, and nothing is there", async (_, more, error) => {
  expect(await call("chat.startStream", { ...stream, ...more })).toMatchObject({ ok: false, error });
  expect(slack.messages("C1")).toEqual([]);
});

it.each([
  [{ isMember: false }, "not_in_channel"],
  [{ isMember: false, isPrivate: true }, "channel_not_found"],
  [{ isArchived: true }, "is_archived"],
])("[CHANNEL-0] posting to a channel that is %o", async (channel, error) => {
  slack.addChannel("C1", channel);
  expect(await call("chat.postMessage", { channel: "C1", text: "x" })).toMatchObject({ ok: false, error });
  expect(await call("chat.startStream", stream)).toMatchObject({ ok: false, error });
});

it("[CHANNEL-0] a channel that takes no streams takes messages", async () => {
  slack.addChannel("C1", { takesStreams: false });
  expect(await call("chat.startStream", stream)).toMatchObject({ error: "channel_type_not_supported" });
  expect(await call("chat.postMessage", { channel: "C1", text: "x" })).toMatchObject({ ok: true });
});

it("[CHANNEL-0] a call may be carried out and answer an error", async () => {
  slack.next("chat.postMessage", { after: "fatal_error" });
  expect(await call("chat.postMessage", { channel: "C1", text: "x" })).toMatchObject({ error: "fatal_error" });
  expect(slack.messages("C1")).toHaveLength(1);
});

it("[CHANNEL-0] a message in progress can be deleted by its app alone", async () => {
  const { ts } = await call("chat.startStream", stream);
  expect(await call("chat.delete", { channel: "C1", ts })).toMatchObject({ ok: true });
  expect(slack.openStreams()).toEqual([]);
  const own = slack.addMessage("C1", { user: "U1", text: "mine" });
  expect(await call("chat.delete", { channel: "C1", ts: own.ts })).toMatchObject({ error: "cant_delete_message" });
});
