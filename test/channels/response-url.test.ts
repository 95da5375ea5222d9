import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { postToSlack } from "../../src/channels/slack/post.ts";
import type { SlackShown } from "../../src/channels/slack/shown.ts";
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
const posted = () =>
  slack
    .messages("C1")
    .map(({ text }) => text)
    .join(" ");
const words = (text: string) => text.match(/word/g)?.length ?? 0;
const lengths = () => told().map(({ blocks }) => ((blocks as { text?: string }[])[0]?.text ?? "").length);

it("[SLACK-2] a slash command is answered once, when the answer is whole", async () => {
  const one = delivery();
  await one.insist(reply("The be"));
  expect(told()).toEqual([]);
  await one.insist(whole("The beginning."));
  await one.insist(whole("The beginning."));
  expect(told()).toMatchObject([{ response_type: "in_channel", text: "The beginning." }]);
});

it("[LADDER-6] what does not fit at the response_url, the bot posts in the channel: all of it, none of it twice", async () => {
  const one = delivery();
  slack.next("response_url", { http: 503 });
  await one.insist(whole("word ".repeat(12_000)));
  expect(told()).toHaveLength(4);
  expect(Math.max(...lengths())).toBeLessThanOrEqual(12_000);
  expect(words(JSON.stringify(told().map(({ blocks }) => blocks)) + posted())).toBe(12_000);
});

it("[LADDER-6] where the bot is no member, the rest is in a direct message, and the response_url says so", async () => {
  slack.addChannel("C1", { isMember: false });
  await delivery().insist(whole("word ".repeat(12_000)));
  expect(JSON.stringify(told().at(-1))).toContain("direct message");
  const direct = slack.messages("DU1").map(({ text }) => text);
  expect(direct[0]).toContain("could not be posted in <#C1>");
  const there = JSON.stringify(told().map(({ blocks }) => blocks ?? []));
  expect(words(there + direct.join(" "))).toBe(12_000);
});

it.each(["used_url", "expired_url"])("[LADDER-6] a response_url that answers %s: the bot answers", async (error) => {
  slack.next("response_url", { http: 404, body: JSON.stringify({ ok: false, error }) });
  await delivery().insist(whole("Yes."));
  expect(posted()).toContain("Yes.");
});

it("[LADDER-6] two approvals and a long answer: five posts at most, and nothing is missing", async () => {
  const one = delivery();
  const approvals = ["r1", "r2"].map((ref) => ({ ref, name: "pay", arguments: "{}", state: "open" as const }));
  await one.insist(reply("", { state: "waiting", approvals }));
  const answered = approvals.map((approval) => ({ ...approval, state: "approved" as const }));
  await one.insist(whole("word ".repeat(12_000), { approvals: answered }));
  expect(told().length).toBeLessThanOrEqual(5);
  const texts = told().flatMap(({ blocks }) =>
    (blocks as { type: string; text: string }[]).filter(({ type }) => type === "markdown"),
  );
  expect(words(JSON.stringify(texts) + posted())).toBe(12_000);
});

it("[CHANNEL-5] a call that waits for approval is shown to who asked alone, once", async () => {
  const one = delivery();
  const approvals = [{ ref: "r1", name: "pay", arguments: '{"sum":9}', state: "open" as const }];
  await one.insist(reply("", { state: "waiting", approvals }));
  await one.insist(reply("", { state: "waiting", approvals }));
  expect(told()).toMatchObject([{ response_type: "ephemeral" }]);
  expect(JSON.stringify(told())).toContain("longline_approve");
});

it("[LADDER-6] after 30 minutes nothing is sent there: the bot answers", async () => {
  const one = delivery();
  one.nowMs = clock + 31 * 60_000;
  clock += 31 * 60_000;
  await one.insist(whole("Late."));
  expect(told()).toEqual([]);
  expect(posted()).toContain("Late.");
});
