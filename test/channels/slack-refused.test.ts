import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeSlack } from "../support/fake-slack.ts";
import { reply, whole } from "../support/posting.ts";
import { shownText, slackDelivery, transcript } from "../support/slack-delivery.ts";

const { common, methods } = JSON.parse(readFileSync("test/fixtures/slack/errors.json", "utf8")) as {
  common: string[];
  methods: Record<string, string[]>;
};

let slack: ReturnType<typeof createFakeSlack>;
let root: string;
beforeEach(() => {
  slack = createFakeSlack();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(globalThis, "fetch").mockImplementation(slack.fetch);
  root = slack.addMessage("C1", { user: "U1", text: "a question" }).ts;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const delivery = (more = {}) => slackDelivery({ thread: root, ts: root, ...more });
const seen = () => [...slack.messages("C1", root), ...slack.messages("DU1")].filter(({ botId }) => botId !== undefined);
const texts = () => seen().map(shownText);
const approval = { ref: "r1", name: "send_request", arguments: '{"url":"https://a.example/"}', state: "open" as const };
const hasButtons = () => seen().some(({ blocks }) => JSON.stringify(blocks ?? []).includes("longline_approve"));
const statusLeft = () => slack.statuses().filter(({ status }) => status === "processing" || status === "suspended");

describe("an answer that Slack refuses", () => {
  const called = ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update"];
  const refusals = called.flatMap((method) =>
    [...new Set([...(methods[method] ?? []), ...common, "made_up_tomorrow"])].map((code) => ({ method, code })),
  );

  it.each(refusals)("[LADDER-2] $method answers $code twice: one answer, whole, nothing left open", async (refused) => {
    const { method, code } = refused;
    slack.next(method, { error: code }, { error: code });
    const one = delivery();
    if (method !== "chat.postMessage") {
      await one.insist(reply("One"));
      if (method === "chat.update") slack.expireStream(seen()[0]?.ts ?? "");
      await one.insist(reply("One, two"));
    }
    await one.insist(whole("One, two, three."));
    expect(texts()).toEqual(["One, two, three."]);
    expect(slack.openStreams()).toEqual([]);
    expect(statusLeft()).toEqual([]);
  });

  it.each(
    ["fatal_error", "internal_error", "messaging_processing_failed"].flatMap((code) =>
      called.map((method) => ({ method, code })),
    ),
  )("[LADDER-3] $method is carried out and answers $code: one answer, whole", async ({ method, code }) => {
    slack.next(method, { after: code });
    const one = delivery();
    if (method !== "chat.postMessage") {
      await one.insist(reply("One"));
      if (method === "chat.update") slack.expireStream(seen()[0]?.ts ?? "");
      await one.insist(reply("One, two"));
    }
    await one.insist(whole("One, two, three."));
    expect(texts()).toEqual(["One, two, three."]);
    expect(slack.openStreams()).toEqual([]);
  });

  it.each(["user_not_found", "channel_type_not_supported", "made_up_tomorrow"])(
    "[LADDER-4] streams always answer %s: buttons come at once, then the answer; no status stays",
    async (error) => {
      slack.misbehave((method) => (method === "chat.startStream" ? { error } : undefined));
      const one = delivery();
      await one.insist(reply("Let me see.", { state: "waiting", approvals: [approval] }));
      expect(hasButtons()).toBe(true);
      await one.insist(whole("Sent.", { approvals: [{ ...approval, state: "approved" }] }));
      expect(texts()).toContain("Sent.");
      expect(hasButtons()).toBe(false);
      expect(statusLeft()).toEqual([]);
    },
  );

  it("[LADDER-4] all text is refused: questions and the status do not wait for it", async () => {
    slack.misbehave((method) => (/Stream$/.test(method) ? { error: "internal_error" } : undefined));
    const one = delivery();
    await one.post(reply("Hm", { state: "waiting", approvals: [approval] }));
    expect(hasButtons()).toBe(true);
    expect(slack.status("C1", root)).toBe("suspended");
    await one.post(whole("Done.", { approvals: [{ ...approval, state: "void" }] }));
    expect(statusLeft()).toEqual([]);
  });

  it.each([31, 50, 66, 200])("[LADDER-5] %i tool calls are folded, and the answer comes", async (count) => {
    const tools = Array.from({ length: count }, (_, n) => ({ id: `c${n}`, name: `tool_${n}`, state: "done" as const }));
    const one = delivery();
    for (let n = 1; n <= count; n += 13) await one.insist(reply("", { tools: tools.slice(0, n) }));
    await one.insist(whole("All done.", { tools }));
    expect(texts()).toEqual(["All done."]);
    expect(seen()[0]?.tasks).toHaveLength(30);
    expect(seen()[0]?.tasks.at(-1)?.title).toBe(`and ${count - 29} more`);
    expect(slack.openStreams()).toEqual([]);
  });

  it("[LADDER-4] a stream that cannot be ended: the text is there, and no status stays", async () => {
    slack.misbehave((method) => (method === "chat.stopStream" ? { error: "user_not_found" } : undefined));
    const one = delivery();
    await one.insist(reply("One"));
    await one.insist(whole("One, two."));
    expect(texts()).toEqual(["One, two."]);
    expect(statusLeft()).toEqual([]);
  });

  it("[LADDER-2] Markdown that is refused as blocks and as Markdown is posted as text", async () => {
    const refused = (method: string) => method === "chat.startStream" || method === "chat.postMessage";
    let count = 0;
    slack.misbehave((method) => (refused(method) && ++count <= 3 ? { error: "invalid_blocks" } : undefined));
    const table = "| a | b |\n|---|---|\n| 1 < 2 | & |";
    await delivery().insist(whole(table, { ended: { reason: "completed", atMs: 0, data: { turn: "turn_1" } } }));
    expect(texts()).toEqual([table]);
  });

  it.each([
    ["Chinese", "這是一個很長的句子，它說明了很多事情。"],
    ["emoji", "👩‍👩‍👧‍👦 and 🏳️‍🌈 with words."],
    ["Cyrillic", "Это длинное предложение о многом."],
  ])("[LADDER-7] a long answer in %s is whole, in pieces that fit in bytes", async (_, sentence) => {
    const text = Array.from({ length: 600 }, (_, n) => `${n}. ${sentence}`).join("\n\n");
    const one = delivery();
    for (let length = 1_000; length < text.length; length += 3_000) await one.insist(reply(text.slice(0, length)));
    await one.insist(whole(text));
    expect(texts().join("\n\n")).toBe(text);
    for (const piece of texts()) expect(new TextEncoder().encode(piece).length).toBeLessThanOrEqual(11_000);
  });

  it("[LADDER-7] pieces are made smaller where Slack takes less, and nothing is missing", async () => {
    const most = 3_000;
    slack.misbehave((_, { markdown_text, text = markdown_text }) =>
      String(text).length > most ? { error: "msg_too_long" } : undefined,
    );
    const text = Array.from({ length: 300 }, (_, n) => `Sentence ${n} of many.`).join("\n\n");
    await delivery().insist(whole(text));
    expect(texts().join("\n\n")).toBe(text);
    expect(texts().length).toBeGreaterThan(2);
  });

  it("[LADDER-8] Slack Connect: the recipient's team is the one of the person who asked", async () => {
    slack.addUser("U9", "Guest", { team_id: "T9" });
    const one = delivery({ user: "U9", userTeam: "T9" });
    await one.insist(reply("Hm"));
    await one.insist(whole("Hm, yes."));
    expect(slack.calls.find(({ method }) => method === "chat.startStream")).toMatchObject({
      ok: true,
      args: { recipient_user_id: "U9", recipient_team_id: "T9" },
    });
  });

  it.each(["not_in_channel", "is_archived", "channel_not_found"])(
    "[LADDER-2] %s: the answer and its question come by direct message, which says why",
    async (error) => {
      if (error === "is_archived") slack.addChannel("C1", { isArchived: true });
      else slack.addChannel("C1", { isMember: false, isPrivate: error === "channel_not_found" });
      const one = delivery();
      await one.insist(reply("", { state: "waiting", approvals: [approval] }));
      expect(hasButtons()).toBe(true);
      await one.insist(whole("Yes.", { approvals: [{ ...approval, state: "approved" }] }));
      expect(slack.messages("DU1").map(({ text }) => text)).toContainEqual(
        expect.stringContaining("could not be posted in <#C1>"),
      );
      expect(texts()).toContain("Yes.");
    },
  );

  it("[LADDER-6] a shortcut where the app is no member is answered at its response_url", async () => {
    slack.addChannel("C1", { isMember: false });
    const { body, responseId } = await slack.interaction({ type: "message_action" });
    const { response_url } = JSON.parse(new URLSearchParams(body).get("payload") ?? "");
    await delivery({ fallbackUrl: response_url }).insist(whole("It is a joke."));
    expect(JSON.stringify(slack.responses(responseId))).toContain("It is a joke.");
    expect(slack.messages("DU1")).toEqual([]);
  });

  it("[LADDER-9] when no way is left the delivery is dead, and a line says so where one still goes out", async () => {
    slack.misbehave((_, args) =>
      JSON.stringify(args).includes("Secret plan") ? { error: "restricted_action" } : undefined,
    );
    const one = delivery();
    await expect(one.insist(whole("Secret plan."))).rejects.toThrow("restricted_action");
    expect(texts()).toEqual([expect.stringContaining("There is an answer for you that could not be shown here")]);
    expect(statusLeft()).toEqual([]);
  });

  it("[LADDER-2] what a person sees, printed", async () => {
    slack.addChannel("C1", { takesStreams: false });
    const one = delivery();
    await one.insist(reply("", { state: "waiting", approvals: [approval] }));
    await one.insist(whole("It is sent.", { approvals: [{ ...approval, state: "approved", by: "Ada" }] }));
    const printed = transcript(slack, [["C1", root]]);
    if (process.env.SLACK_TRANSCRIPT) console.info(printed);
    expect(printed).toContain("C1 Longline:\n  It is sent.");
  });
});
