import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DiscordAddress } from "../../src/channels/discord/discord-address.ts";
import { postToDiscord } from "../../src/channels/discord/post.ts";
import type { DiscordShown } from "../../src/channels/discord/shown.ts";
import { createFakeDiscord } from "../support/fake-discord.ts";
import { Delivery, reply, whole } from "../support/posting.ts";

const start = 1_700_000_000_000;
let clock = start;
let discord: Awaited<ReturnType<typeof createFakeDiscord>>;
beforeEach(async () => {
  clock = start;
  discord = await createFakeDiscord({ now: () => clock });
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => discord.fetch(input, init));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A delivery for an `/ask` that was answered with "thinking…". */
async function asked({ botToken = discord.settings.botToken as string | undefined } = {}) {
  const { token, id } = await discord.ask("Hi?", { channelId: "111", userId: "42" });
  discord.answered(token, { status: 200, body: { type: 5 }, contentType: "application/json" });
  const settings = {
    publicKey: discord.settings.publicKey,
    apiUrl: "https://discord.com/api/v10",
    ...(botToken && { botToken }),
  };
  const address: DiscordAddress = {
    channel: "discord",
    token,
    id,
    app: discord.settings.applicationId,
    room: "111",
    user: "42",
    atMs: clock,
  };
  const one = new Delivery<DiscordAddress, DiscordShown>(address, (posting) => {
    clock += 2_500;
    return postToDiscord({ ...posting, nowMs: clock }, settings);
  });
  return one;
}
const texts = () => discord.messages("111").map(({ content }) => content);
const approval = (state: "open" | "approved" = "open") => ({
  ref: "r1",
  name: "send_request",
  arguments: '{"a":1}',
  state,
});

describe("an answer in Discord", () => {
  it("[DISCORD-2] grows in the deferred message, with what is being done while nothing is said", async () => {
    const one = await asked();
    await one.insist(reply("", { tools: [{ id: "1", name: "calculator", state: "running" }] }));
    expect(texts()).toEqual(["_Using calculator …_"]);
    await one.insist(reply("It is"));
    await one.insist(whole("It is 42."));
    expect(discord.messages("111")).toMatchObject([{ content: "It is 42.", via: "original", loading: false }]);
    expect(discord.pings).toEqual([]);
  });

  it("[DISCORD-2] what is longer than 2,000 characters follows, with whole code blocks", async () => {
    const long = `Look:\n\n\`\`\`ts\n${"const a = 1;\n".repeat(400)}\`\`\`\n\nThat is all.`;
    const one = await asked();
    await one.insist(reply(long.slice(0, 2_500)));
    await one.insist(whole(long));
    expect(
      texts()
        .join("\n")
        .match(/const a = 1;/g),
    ).toHaveLength(400);
    for (const text of texts()) {
      expect(text.length).toBeLessThanOrEqual(2_000);
      expect((text.match(/```/g) ?? []).length % 2).toBe(0);
    }
  });

  it("[DISCORD-2] after 14 minutes the bot says it, and nothing is said twice", async () => {
    const one = await asked();
    await one.insist(reply("A beginning"));
    clock = start + 14 * 60_000;
    await one.insist(reply("A beginning, and"));
    expect(texts()).toEqual(["_Still at work: the answer comes as a new message._"]);
    clock = start + 20 * 60_000;
    await one.insist(whole("A beginning, and an end."));
    expect(texts()[1]).toBe("A beginning, and an end.");
    expect(discord.messages("111")[1]?.via).toBe("bot");
  });

  it("[DISCORD-2] without a bot that is told, and given up", async () => {
    const one = await asked({ botToken: "" });
    await one.insist(reply("A beginning"));
    clock = start + 16 * 60_000;
    expect(await one.post(whole("A beginning, and an end."))).toMatchObject({
      kind: "dead",
      error: expect.stringContaining("DISCORD_BOT_TOKEN"),
    });
  });

  it("[CHANNEL-5] approvals have buttons until they are answered", async () => {
    const one = await asked();
    await one.insist(reply("May I?", { state: "waiting", approvals: [approval()] }));
    const asking = discord.messages("111").at(-1);
    expect(asking?.content).toContain('{"a":1}');
    expect(JSON.stringify(asking?.components)).toContain("longline:approve:r1:42");
    await one.insist(whole("May I? Done.", { approvals: [approval("approved")] }));
    expect(discord.messages("111").at(-1)?.components).toEqual([]);
    expect(texts()).toHaveLength(2);
  });

  const routes = ["PATCH @original", "POST followup"];
  const failures = [
    ["the answer is lost", "drop_response"],
    ["the request is lost", "drop_request"],
    ["503", { status: 503, body: "<html>1015</html>" }],
    ["429", { status: 429, body: { message: "slow", retry_after: 0.5, global: false } }],
  ] as const;
  const cases = routes.flatMap((route) => failures.map(([what, how]) => ({ route, what, how })));

  it.each(cases)("[CHANNEL-4] $route, $what: everything once", async ({ route, how }) => {
    const two = `${"a ".repeat(900)}\n\n${"b ".repeat(900)}`;
    discord.next(route, how);
    const one = await asked();
    await one.insist(whole(two));
    expect(texts().map((text) => text[0])).toEqual(["a", "b"]);
  });

  it("[CHANNEL-4] a webhook that Discord does not know yet is asked again", async () => {
    discord.next("PATCH @original", { status: 404, body: { code: 10_015, message: "Unknown Webhook" } });
    const one = await asked();
    await one.insist(whole("Yes."));
    expect(texts()).toEqual(["Yes."]);
  });

  it("[CHANNEL-4] a crash between two messages: everything once", async () => {
    const two = `${"a ".repeat(900)}\n\n${"b ".repeat(900)}`;
    const one = await asked();
    discord.next("POST followup", "drop_response");
    await one.post(whole(two));
    one.crash();
    await one.insist(whole(two));
    expect(texts().map((text) => text[0])).toEqual(["a", "b"]);
  });
});
