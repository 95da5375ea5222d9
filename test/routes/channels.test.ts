/** Discord through the whole Worker: whose a message is, what is kept of a vote, and what is said in a conversation that is gone. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../src/account/account.ts";
import { discord as discordChannel } from "../../src/channels/discord/discord-channel.ts";
import { sessionObject } from "../../src/session/session-object.ts";
import { app } from "../app/app.ts";
import { configuredChannels } from "../support/configured-channels.ts";
import { createFakeDiscord, type FakeDiscord } from "../support/fake-discord.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, startProvider } from "../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const configured = app.channels;
let provider: ReturnType<typeof startProvider>;
let discord: FakeDiscord;
let account: string;
/** A server of its own for each test. */
let guildId: string;

beforeEach(async () => {
  provider = startProvider();
  discord = await createFakeDiscord();
  provider.outside.mockImplementation((request) => discord.fetch(request));
  guildId = String(crypto.getRandomValues(new Uint32Array(1))[0]);
  account = `acc-${guildId}`;
  const { publicKey, botToken } = discord.settings;
  app.channels = configuredChannels({ DISCORD_PUBLIC_KEY: publicKey, DISCORD_BOT_TOKEN: botToken }, [
    discordChannel({ places: [{ guild: guildId, channel: "1", account }] }),
  ]);
});
afterEach(() => {
  app.channels = configured;
  vi.restoreAllMocks();
});

type Sent = ReturnType<FakeDiscord["ask"]>;
async function send(sent: Sent): Promise<{ type: number; data?: { content?: string; flags?: number } }> {
  const { headers, body, token } = await sent;
  const answer = await worker.fetch("https://longline.test/channels/discord", { method: "POST", headers, body });
  const said = (await answer.json()) as { type: number };
  discord.answered(token, { status: answer.status, body: said, contentType: "application/json" });
  return said;
}
const sessionAt = (channel: string, owner = "default") =>
  sessionObject(bindings, { account: owner, name: `discord_${guildId}_${channel}` });
const answered = (channel: string) =>
  vi.waitFor(() => expect(discord.messages(channel)[0]).toMatchObject({ loading: false }), { timeout: 10_000 });

describe("the account of a place", () => {
  it("[PLACE-3] that does not exist: the message is refused in words, in the log too, and nothing is made", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const said = await send(discord.ask("Hi", { guildId, channelId: "1" }));
    expect(said).toMatchObject({ type: 4, data: { flags: 64, content: expect.stringContaining("does not exist") } });
    expect(log).toHaveBeenCalledWith(expect.stringContaining(`"${account}"`));
    expect(await sessionAt("1", account).describe()).toMatchObject({ ok: false });
    expect(await sessionAt("1").describe()).toMatchObject({ ok: false });
    expect(await accountObject(bindings, account).settings()).toBeUndefined();
  });

  it("[PLACE-3] that exists has the session, and its buttons work; all other places are the default account's", async () => {
    await accountObject(bindings, account).putSettings(account, {});
    provider.enqueue(text("It is 42."), text("It is 43."));
    expect(await send(discord.ask("Hi", { guildId, channelId: "1" }))).toEqual({ type: 5 });
    await answered("1");
    expect(await sessionAt("1", account).describe()).toMatchObject({ ok: true });
    expect(await sessionAt("1").describe()).toMatchObject({ ok: false });
    const vote = /longline:up:[^"]+/.exec(JSON.stringify(discord.messages("1")))?.[0] ?? "";
    const pressed = await send(discord.press(vote, { guildId }));
    expect(pressed).toMatchObject({ data: { content: expect.stringContaining("good") } });
    await send(discord.ask("Hi", { guildId, channelId: "2" }));
    await answered("2");
    expect(await sessionAt("2").describe()).toMatchObject({ ok: true });
  });
});

describe("a vote", () => {
  it("[DISCORD-11] [DISCORD-7] on what was said of a file is kept with the turn; pressed again, the newest counts; of a turn that is not there, nothing", async () => {
    provider.enqueue(text("It is 42."));
    const file = discord.upload("facts.txt", "The launch code is pineapple.");
    await send(discord.ask("What is it?", { guildId, channelId: "3", file }));
    await answered("3");
    expect(JSON.stringify(provider.requests.at(-1)?.body)).toContain("The launch code is pineapple.");
    const shown = JSON.stringify(discord.messages("3"));
    const [up = "", down = ""] = shown.match(/longline:(?:up|down):[^"]+/g) ?? [];
    const turn = up.split(":")[2] ?? "";
    const feedback = async () => (await sessionAt("3").wait(turn, 0)) as { value?: { feedback?: unknown } };
    await send(discord.press(up, { guildId, username: "ada" }));
    expect(await feedback()).toMatchObject({ value: { feedback: { score: 1, by: "ada" } } });
    await send(discord.press(down, { guildId, username: "bo" }));
    expect(await feedback()).toMatchObject({ value: { feedback: { score: -1, by: "bo" } } });
    const foreign = await send(discord.press(up.replace(turn, "turn_99"), { guildId, messageId: "1" }));
    expect(foreign).toMatchObject({ type: 4, data: { flags: 64 } });
    const nowhere = await send(
      discord.press(`longline:up:turn_1:discord_${guildId}_nowhere`, { guildId, messageId: "1" }),
    );
    expect(nowhere).toMatchObject({ type: 4, data: { content: expect.stringContaining("was erased, or is over") } });
    expect(await sessionAt("nowhere").describe()).toMatchObject({ ok: false });
  });
});

describe("a conversation that was erased", () => {
  it("[DISCORD-13] a question in its channel and a press below it are answered in words", async () => {
    provider.enqueue(text("It is 42."));
    await send(discord.ask("Hi", { guildId, channelId: "4" }));
    await answered("4");
    const up = /longline:up:[^"]+/.exec(JSON.stringify(discord.messages("4")))?.[0] ?? "";
    const path = `https://longline.test/v1/sessions/discord_${guildId}_4`;
    await worker.fetch(path, { method: "DELETE", headers: { Authorization: "Bearer test-key" } });
    const asked = await send(discord.ask("Hi again", { guildId, channelId: "4" }));
    expect(asked).toMatchObject({ type: 4, data: { flags: 64, content: expect.stringContaining("was erased") } });
    const pressed = await send(discord.press(up, { guildId }));
    expect(pressed).toMatchObject({ type: 4, data: { flags: 64, content: expect.stringContaining("was erased") } });
  });
});
