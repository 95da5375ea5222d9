/** Discord through the whole Worker: whose a message is, what is kept of a vote, and what is said in a conversation that is gone. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { discord as discordChannel } from "../../../src/channels/discord/discord-channel.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { app } from "../../app/app.ts";
import { configuredChannels } from "../../support/configured-channels.ts";
import { createFakeDiscord, type FakeDiscord } from "../../support/fake-discord.ts";
import { gated, text } from "../../support/fake-provider.ts";
import { bindings, skipTime, startProvider } from "../../support/session-world.ts";

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
  vi.waitFor(() => expect(discord.messages(channel)[0]).toMatchObject({ loading: false }));

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
  const owner = { headers: { Authorization: "Bearer test-key" } };
  const pathOf = () => `https://longline.test/v1/sessions/discord_${guildId}_4`;
  const endings: Record<string, () => Promise<unknown>> = {
    "by DELETE": () => worker.fetch(pathOf(), { method: "DELETE", ...owner }),
    "when its life was over": async () => {
      const stub = bindings.SESSIONS.getByName(`default:discord_${guildId}_4`);
      skipTime(61_000);
      // What is owed to the channel is delivered first.
      await vi.waitFor(async () => {
        await runDurableObjectAlarm(stub);
        expect(await sessionAt("4").describe()).toMatchObject({ ok: false });
      });
    },
  };
  const gone = { type: 4, data: { flags: 64, content: expect.stringContaining("was erased") } };
  /** The button that rates the channel's newest answer. */
  const rating = () =>
    vi.waitFor(() => {
      const [button] = /longline:up:[^"]+/.exec(JSON.stringify(discord.messages("4").at(-1))) ?? [];
      if (button === undefined) throw new Error("The answer is not whole yet.");
      return button;
    });

  it.each(Object.entries(endings))(
    "[DISCORD-13] [DISCORD-14] %s: the next question in its channel begins a new one, in which no earlier button counts",
    async (_, end) => {
      await sessionAt("4").create({ account: "default", name: `discord_${guildId}_4` }, { ttlSeconds: 60 });
      provider.enqueue(text("It is 42."));
      await send(discord.ask("The code is 17", { guildId, channelId: "4" }));
      const up = await rating();
      const press = (button: string) => send(discord.press(button, { guildId, messageId: "1" }));
      const nothingRuns = { data: { content: "Nothing is running here." } };
      const stop = up.replace("up:turn_1", `stop:200`);
      await end();
      expect(await press(up)).toMatchObject(gone);
      expect(await press(stop)).toMatchObject(nothingRuns);

      const gate = gated("Which", " code?");
      provider.enqueue(gate.reply);
      expect(await send(discord.ask("What is the code?", { guildId, channelId: "4" }))).toMatchObject({ type: 5 });
      await gate.reached(1);
      expect(await press(stop)).toMatchObject(nothingRuns);
      expect(await press(up)).toMatchObject(gone);
      gate.release();
      const turn = async () => (await worker.fetch(`${pathOf()}/turns/turn_1`, owner)).json();
      const now = await rating();
      expect(now).not.toBe(up);
      expect(await turn()).toMatchObject({ status: "completed" });
      expect(await turn()).not.toHaveProperty("feedback");
      expect(JSON.stringify(provider.requests.at(-1)?.body)).not.toContain("The code is 17");
      expect((await press(now)).data?.content).toContain("is kept as good");
      expect(await turn()).toMatchObject({ feedback: { score: 1 } });
    },
  );
});
