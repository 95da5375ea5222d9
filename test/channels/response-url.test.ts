import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { SlackShown } from "../../src/channels/slack/post.ts";
import { postToSlack } from "../../src/channels/slack/post.ts";
import type { SlackAddress } from "../../src/channels/slack/slack-address.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { Delivery, reply, whole } from "../support/posting.ts";

let clock: number;
let slack: ReturnType<typeof createFakeSlack>;
let command: { id: string; url: string };
beforeEach(async () => {
  clock = 1_700_000_000_000;
  slack = createFakeSlack({ now: () => clock });
  const { body, responseId } = await slack.slash();
  command = { id: responseId, url: new URLSearchParams(body).get("response_url") ?? "" };
  vi.spyOn(globalThis, "fetch").mockImplementation(slack.fetch);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function delivery() {
  const place = { team: "T1", app: "A1", room: "C1", thread: "", user: "U1", ts: "", atMs: clock };
  const settings = { signingSecret: "s", botToken: "xoxb-test", apiUrl: "https://slack.com/api" };
  const address: SlackAddress = { channel: "slack", ...place, responseUrl: command.url };
  return new Delivery<SlackAddress, SlackShown>(address, (posting) => postToSlack(posting, settings));
}
const told = () => slack.responses(command.id);
const lengths = () => told().map(({ blocks }) => ((blocks as { text?: string }[])[0]?.text ?? "").length);

it("[SLACK-2] a slash command is answered once, when the answer is whole", async () => {
  const one = delivery();
  await one.insist(reply("The be"));
  expect(told()).toEqual([]);
  await one.insist(whole("The beginning."));
  await one.insist(whole("The beginning."));
  expect(told()).toMatchObject([{ response_type: "in_channel", text: "The beginning." }]);
});

it("[SLACK-2] a long one is told in few messages, none of them twice, and says what does not fit", async () => {
  const one = delivery();
  slack.next("response_url", { http: 503 });
  await one.insist(whole("word ".repeat(12_000)));
  expect(told()).toHaveLength(4);
  expect(JSON.stringify(told().at(-1))).toContain("more parts do not fit here");
  expect(Math.max(...lengths())).toBeLessThanOrEqual(12_000);
});

it("[CHANNEL-5] a call that waits for approval is shown to who asked alone, once", async () => {
  const one = delivery();
  const approvals = [{ ref: "r1", name: "pay", arguments: '{"sum":9}', state: "open" as const }];
  await one.insist(reply("", { state: "waiting", approvals }));
  await one.insist(reply("", { state: "waiting", approvals }));
  expect(told()).toMatchObject([{ response_type: "ephemeral" }]);
  expect(JSON.stringify(told())).toContain("longline_approve");
});

it("[CHANNEL-4] after 30 minutes nobody can be answered there: the delivery is given up at once", async () => {
  const one = delivery();
  clock += 31 * 60_000;
  await expect(one.insist(whole("Late."))).rejects.toThrow();
  expect(told()).toEqual([]);
});
