/** Holds the double of Discord to what Discord's documentation says. */
import { describe, expect, it, vi } from "vitest";
import { isSignedByDiscord } from "../../src/channels/signature.ts";
import { createFakeDiscord } from "../support/fake-discord.ts";

const named = { "User-Agent": "DiscordBot (https://example.com, 1.0.0)" };
const room = "400";

async function world(options: { knowsBot?: boolean } = {}) {
  const clock = { ms: 1_790_000_000_000 };
  const discord = await createFakeDiscord({ now: () => clock.ms, ...options });
  const { applicationId, botToken } = discord.settings;
  const call = async (method: string, path: string, { headers = named, body }: Sent = {}) => {
    const json = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    const sent = { ...headers, "Content-Type": "application/json" };
    const answer = await discord.fetch(`https://d.example/api/v10${path}`, { method, headers: sent, ...json });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text === "" ? undefined : JSON.parse(text) };
  };
  const hook = (token: string) => `/webhooks/${applicationId}/${token}`;
  const asBot = { ...named, Authorization: `Bot ${botToken}` };
  /** An interaction that was answered with "thinking". */
  const deferred = async (flags?: number) => {
    const { token } = await discord.ask("hi");
    discord.answered(token, { status: 200, body: { type: 5, ...(flags && { data: { flags } }) } });
    return token;
  };
  const original = async (token: string, body: unknown) => call("PATCH", `${hook(token)}/messages/@original`, { body });
  return { clock, discord, call, hook, asBot, deferred, original };
}
interface Sent {
  headers?: Record<string, string>;
  body?: unknown;
}

const button = (custom_id: string, more: object = {}) => ({ type: 2, style: 1, label: "Yes", custom_id, ...more });
const row = (...components: object[]) => ({ type: 1, components });
const buttons = (count: number) => Array.from({ length: count }, (_, place) => button(`b${place}`));

describe("interactions", () => {
  it("[CHANNEL-0] are signed over timestamp and body", async () => {
    const { discord, clock } = await world();
    const { headers, body } = await discord.ask("hi");
    const signed = { nowMs: clock.ms, header: (name: string) => (headers as Record<string, string>)[name] };
    const { publicKey } = discord.settings;
    expect(await isSignedByDiscord({ body, ...signed }, publicKey)).toBe(true);
    expect(await isSignedByDiscord({ body: `${body} `, ...signed }, publicKey)).toBe(false);
    const old = await discord.interaction({ type: 1 }, { atMs: clock.ms - 3_600_000 });
    expect(old.headers["X-Signature-Timestamp"]).toBe(String(clock.ms / 1000 - 3_600));
  });

  it("[CHANNEL-0] look as Discord's do: commands, buttons, modals, servers and direct messages", async () => {
    const { discord } = await world();
    const read = async (sent: Promise<{ body: string }>) => JSON.parse((await sent).body);
    const who = { userId: "7", username: "bob" };
    expect(await read(discord.ping())).toMatchObject({ type: 1, version: 1, id: expect.any(String) });
    expect(await read(discord.ask("hi", { ...who, token: "t", id: "9" }))).toMatchObject({
      ...{ type: 2, id: "9", token: "t", channel_id: room, guild_id: "300", member: { user: { id: "7" } } },
      data: { name: "ask", type: 1, options: [{ type: 3, name: "prompt", value: "hi" }] },
    });
    const direct = await read(discord.ask("hi", { ...who, guildId: null }));
    expect(direct).toMatchObject({ user: { id: "7", username: "bob" }, context: 1 });
    expect(direct).not.toHaveProperty("guild_id");
    expect(direct).not.toHaveProperty("member");
    const message = { id: "5", content: "old", author: { id: "8", username: "eve" } };
    expect(await read(discord.askAbout(message))).toMatchObject({
      ...{ type: 2, data: { type: 3, target_id: "5", resolved: { messages: { "5": message } } } },
    });
    expect(await read(discord.press("ok", { messageId: "6" }))).toMatchObject({
      ...{ type: 3, message: { id: "6" }, data: { component_type: 2, custom_id: "ok" } },
    });
    expect(await read(discord.submit("why", { reason: "no" }, { messageId: null }))).toMatchObject({
      ...{ type: 5, data: { custom_id: "why", components: [row({ type: 4, custom_id: "reason", value: "no" })] } },
    });
  });

  it("[CHANNEL-0] are answered once, within 3 seconds, with 200 and JSON", async () => {
    const { discord, clock } = await world();
    const thinking = { status: 200, body: { type: 5 } };
    const answer = async (response: object, afterMs = 0) => {
      const { token } = await discord.ask("hi");
      clock.ms += afterMs;
      discord.answered(token, { ...thinking, ...response });
      return token;
    };
    const token = await answer({ contentType: "application/json" }, 3_000);
    expect(() => discord.answered(token, thinking)).toThrow("answered already");
    expect(() => discord.answered("other", thinking)).toThrow("No interaction");
    await expect(answer({}, 3_001)).rejects.toThrow("Answered after 3001 ms");
    await expect(answer({ status: 500 })).rejects.toThrow("not 500");
    await expect(answer({ contentType: "text/plain" })).rejects.toThrow("not text/plain");
    await expect(answer({ body: {} })).rejects.toThrow("no type");
    await expect(answer({ body: { type: 5, data: { flags: 4 } } })).rejects.toThrow("no flag but 64");
    await expect(answer({ body: { type: 4, data: { content: "" } } })).rejects.toThrow("empty message");
  });

  it.each([
    ["ping", [1]],
    ["ask", [4, 5, 9]],
    ["press", [4, 5, 6, 7, 9]],
    ["submit", [4, 5, 6, 7]],
  ] as const)("[CHANNEL-0] %s takes the answers %j and no other", async (kind, legal) => {
    const { discord } = await world();
    const modal = { custom_id: "m", title: "Why?", components: [row({ type: 4, custom_id: "r", label: "Why?" })] };
    const taken: number[] = [];
    for (const type of [1, 4, 5, 6, 7, 8, 9]) {
      const sent = { ping: () => discord.ping(), ask: () => discord.ask("hi"), press: () => discord.press("b") };
      const { token } = await (kind === "submit" ? discord.submit("m", {}) : sent[kind]());
      const data = type === 9 ? modal : type === 5 ? {} : { content: "x" };
      try {
        discord.answered(token, { status: 200, body: { type, data } });
        taken.push(type);
      } catch {}
    }
    expect(taken).toEqual(legal);
  });

  it("[CHANNEL-0] a modal has a title of 45 characters, and updates only the message that opened it", async () => {
    const { discord } = await world();
    const open = async (modal: object) => {
      const { token } = await discord.press("b", { messageId: "6" });
      discord.answered(token, { status: 200, body: { type: 9, data: modal } });
    };
    const components = [row({ type: 4, custom_id: "r", label: "Why?", max_length: 500 })];
    await expect(open({ custom_id: "m", title: "t".repeat(46), components })).rejects.toThrow("45");
    await open({ custom_id: "m", title: "Why?", components });
    expect(JSON.parse((await discord.submit("m", { r: "no" })).body)).toMatchObject({ message: { id: "6" } });
    const { token } = await discord.submit("m", { r: "no" }, { messageId: null });
    expect(() => discord.answered(token, { status: 200, body: { type: 6 } })).toThrow("needs a message");
  });
});

describe("tokens", () => {
  it("[CHANNEL-0] an unnamed caller is refused", async () => {
    const { discord, call, hook, deferred } = await world();
    const path = `${hook(await deferred())}/messages/@original`;
    for (const headers of [{}, { "User-Agent": "Mozilla/5.0" }, { "User-Agent": "DiscordBot" }]) {
      const { status, json } = await call("PATCH", path, { headers: headers as Record<string, string>, body: {} });
      expect([status, json.code]).toEqual([403, 40333]);
    }
    expect(discord.calls).toMatchObject(Array(3).fill({ method: "PATCH", path, status: 403 }));
  });

  it("[CHANNEL-0] one that is unknown, unanswered or of another application is no webhook, and after 15 minutes it is over", async () => {
    const { clock, discord, call, hook, deferred, original } = await world();
    const refused = async (token: string) => {
      const { status, json } = await original(token, { content: "x" });
      return [status, json.code];
    };
    const { token: open } = await discord.ask("hi");
    expect(await refused("none")).toEqual([404, 10015]);
    expect(await refused(open)).toEqual([404, 10015]);
    expect((await call("POST", hook(open), { body: { content: "x" } })).json.code).toBe(10015);
    const token = await deferred();
    expect((await call("POST", `/webhooks/1/${token}`, { body: { content: "x" } })).json.code).toBe(10015);
    clock.ms += 15 * 60_000;
    expect((await original(token, { content: "x" })).status).toBe(200);
    clock.ms += 1;
    expect(await refused(token)).toEqual([401, 50027]);
  });

  it("[CHANNEL-0] five calls in 2 seconds, for each token", async () => {
    const { clock, deferred, original } = await world();
    const [one, two] = [await deferred(), await deferred()];
    const left: (string | null)[] = [];
    for (let count = 0; count < 5; count++) {
      const { status, headers } = await original(one, { content: `${count}` });
      expect(status).toBe(200);
      left.push(headers.get("X-RateLimit-Remaining"));
    }
    expect(left).toEqual(["4", "3", "2", "1", "0"]);
    clock.ms += 500;
    const over = await original(one, { content: "x" });
    expect(over).toMatchObject({ status: 429, json: { retry_after: 1.5, global: false, message: expect.any(String) } });
    const about = ["Retry-After", "X-RateLimit-Reset-After"].map((name) => over.headers.get(name));
    expect(about).toEqual(["2", "1.5"]);
    expect((await original(two, { content: "x" })).status).toBe(200);
    clock.ms += 1_500;
    expect((await original(one, { content: "x" })).status).toBe(200);
  });
});

describe("messages", () => {
  it("[CHANNEL-0] people see the deferred message, its edits and what follows", async () => {
    const { clock, discord, call, hook, deferred, original } = await world();
    const token = await deferred();
    expect(discord.messages(room)).toMatchObject([{ content: "", via: "original", edits: 0, loading: true }]);
    await original(token, { content: "one" });
    await original(token, { content: "one two" });
    const { json } = await call("POST", hook(token), { body: { content: "three", components: [row(button("b"))] } });
    await call("PATCH", `${hook(token)}/messages/${json.id}`, { body: { content: "three!" } });
    expect(discord.messages(room)).toEqual([
      {
        ...{ id: expect.any(String), content: "one two", components: [], via: "original" },
        ...{ edits: 2, loading: false, ephemeral: false },
      },
      {
        ...{ id: json.id, content: "three!", components: [row(button("b"))], via: "followup" },
        ...{ edits: 1, loading: false, ephemeral: false },
      },
    ]);
    expect((await call("GET", `${hook(token)}/messages/@original`)).json).toMatchObject({ content: "one two" });
    clock.ms += 2_000;
    expect((await call("DELETE", `${hook(token)}/messages/${json.id}`)).status).toBe(204);
    expect(discord.messages(room)).toHaveLength(1);
  });

  it("[CHANNEL-0] the first follow-up behind a deferred answer fills that answer", async () => {
    const { discord, call, hook, deferred } = await world();
    await call("POST", hook(await deferred(64)), { body: { content: "one" } });
    expect(discord.messages(room)).toMatchObject([
      { content: "one", via: "original", loading: false, ephemeral: true },
    ]);
  });

  it("[CHANNEL-0] a token reaches its own messages only", async () => {
    const { call, hook, deferred, original } = await world();
    const [one, two] = [await deferred(), await deferred()];
    await original(one, { content: "one" });
    const { json } = await call("POST", hook(one), { body: { content: "two" } });
    const other = await call("PATCH", `${hook(two)}/messages/${json.id}`, { body: { content: "x" } });
    expect([other.status, other.json.code]).toEqual([404, 10008]);
  });

  it("[CHANNEL-0] a pressed button's message is the original, and answers 4, 6 and 7 do what they say", async () => {
    const { discord, call, hook, deferred, original } = await world();
    await original(await deferred(), { content: "Run it?", components: [row(button("yes"))] });
    const { token } = await discord.press("yes");
    discord.answered(token, { status: 200, body: { type: 6 } });
    await original(token, { content: "Ran.", components: [] });
    expect(discord.messages(room)).toMatchObject([{ content: "Ran.", components: [], edits: 2 }]);
    const id = discord.messages(room)[0]?.id as string;
    const again = await discord.press("yes", { messageId: id });
    discord.answered(again.token, { status: 200, body: { type: 7, data: { content: "Ran twice." } } });
    const asked = await discord.ask("hi");
    discord.answered(asked.token, { status: 200, body: { type: 4, data: { content: "No.", flags: 64 } } });
    expect(discord.messages(room)).toMatchObject([
      { content: "Ran twice.", via: "original" },
      { content: "No.", via: "original", ephemeral: true },
    ]);
    expect((await call("GET", `${hook(asked.token)}/messages/@original`)).json).toMatchObject({ flags: 64 });
  });

  it.each<[string, object, number]>([
    ["2,001 characters", { content: "x".repeat(2_001) }, 50035],
    ["nothing", { content: "" }, 50006],
    ["nothing named", {}, 50006],
    ["blanks", { content: " \n" }, 50006],
    ["a custom_id of 101", { components: [row(button("x".repeat(101)))] }, 50035],
    ["an empty custom_id", { components: [row(button(""))] }, 50035],
    ["a custom_id twice", { components: [row(button("a")), row(button("a"))] }, 50035],
    ["a label of 81", { components: [row(button("a", { label: "x".repeat(81) }))] }, 50035],
    ["6 buttons in a row", { components: [row(...buttons(6))] }, 50035],
    ["6 rows", { components: buttons(6).map((each) => row(each)) }, 50035],
    ["a button without a row", { components: [button("a")] }, 50035],
    ["an empty row", { components: [row()] }, 50035],
    ["content beside components v2", { content: "x", flags: 1 << 15 }, 50035],
    ["11 embeds", { embeds: Array(11).fill({ title: "x" }) }, 50035],
  ])("[CHANNEL-0] refuses %s, everywhere, and nothing changes", async (_, body, code) => {
    const { discord, call, hook, asBot, deferred, original } = await world();
    const token = await deferred();
    expect(await original(token, body)).toMatchObject({ status: 400, json: { code } });
    expect(discord.messages(room)).toMatchObject([{ loading: true, edits: 0 }]);
    await original(token, { content: "x" });
    const path = `/channels/${room}/messages`;
    expect(await call("POST", hook(token), { body })).toMatchObject({ status: 400, json: { code } });
    expect(await call("POST", path, { headers: asBot, body })).toMatchObject({ status: 400, json: { code } });
    expect(discord.messages(room)).toMatchObject([{ content: "x", edits: 1 }]);
  });

  it("[CHANNEL-0] takes what is just within the limits", async () => {
    const { deferred, original } = await world();
    const rows = Array.from({ length: 5 }, (_, line) =>
      row(
        ...Array.from({ length: 5 }, (_, place) =>
          button(`${line}${place}`.padEnd(100, "x"), { label: "l".repeat(80) }),
        ),
      ),
    );
    const token = await deferred();
    expect((await original(token, { content: "x".repeat(2_000), components: rows })).status).toBe(200);
    expect((await original(token, { content: "" })).status).toBe(200);
    expect(await original(token, "no JSON")).toMatchObject({ status: 400, json: { code: 50109 } });
  });

  it.each<[string, object, boolean]>([
    ["<@123> look", {}, true],
    ["@everyone look", {}, true],
    ["<@&5> look", { parse: ["users"] }, false],
    ["<@123> look", { parse: ["users"] }, true],
    ["<@123> look", { parse: [], users: ["123"] }, true],
    ["<@123> @here <@&5>", { parse: [] }, false],
    ["nobody", {}, false],
  ])("[CHANNEL-0] %s with %j calls somebody: %s", async (content, allowed, calls) => {
    const { discord, deferred, original } = await world();
    const switched = Object.keys(allowed).length > 0 ? { allowed_mentions: allowed } : {};
    await original(await deferred(), { content, ...switched });
    expect(discord.pings).toEqual(calls ? [content] : []);
  });
});

describe("the bot", () => {
  const path = `/channels/${room}/messages`;

  it("[CHANNEL-0] needs its token, and to be there", async () => {
    const { discord, call, asBot } = await world({ knowsBot: false });
    for (const headers of [
      named,
      { ...asBot, Authorization: "Bot wrong" },
      { ...asBot, Authorization: "fake-bot-token" },
    ]) {
      expect(await call("POST", path, { headers, body: { content: "x" } })).toMatchObject({
        status: 401,
        json: { code: 0 },
      });
    }
    const there = await call("POST", path, { headers: asBot, body: { content: "x" } });
    expect(there).toMatchObject({ status: 403, json: { code: 50001 } });
    expect(discord.messages(room)).toEqual([]);
  });

  it("[CHANNEL-0] posts, edits and lists, newest first, without what only one person sees", async () => {
    const { clock, discord, call, asBot, deferred, original } = await world();
    await original(await deferred(64), { content: "secret" });
    const { json } = await call("POST", path, { headers: asBot, body: { content: "one" } });
    clock.ms += 2_000;
    await call("POST", path, { headers: asBot, body: { content: "two" } });
    await call("PATCH", `${path}/${json.id}`, { headers: asBot, body: { content: "one!" } });
    const list = await call("GET", `${path}?limit=2`, { headers: asBot });
    const author = { id: discord.settings.applicationId, bot: true };
    expect(list.json).toMatchObject([{ content: "two", author }, { content: "one!" }]);
    expect(discord.messages(room)).toMatchObject([{ ephemeral: true }, { via: "bot", edits: 1 }, { via: "bot" }]);
    const secret = discord.messages(room)[0]?.id;
    const wrong = await call("PATCH", `${path}/${secret}`, { headers: asBot, body: { content: "x" } });
    expect(wrong).toMatchObject({ status: 404, json: { code: 10008 } });
  });

  it("[CHANNEL-0] makes a message once for a nonce, within 5 minutes", async () => {
    const { clock, discord, call, asBot } = await world();
    const post = async (body: object) => call("POST", path, { headers: asBot, body: { content: "x", ...body } });
    const once = { nonce: "n1", enforce_nonce: true };
    const [first, second] = [await post(once), await post({ ...once, content: "y" })];
    expect(second.json).toEqual(first.json);
    expect((await post({ nonce: "n1" })).json.id).not.toBe(first.json.id);
    expect(await post({ nonce: "n".repeat(26) })).toMatchObject({ status: 400, json: { code: 50035 } });
    clock.ms += 5 * 60_000;
    expect((await post(once)).json.id).not.toBe(first.json.id);
    expect(discord.messages(room)).toMatchObject([{ content: "x", nonce: "n1" }, {}, {}]);
  });

  it("[CHANNEL-0] registers commands that have proper names and descriptions", async () => {
    const { clock, discord, call, asBot } = await world();
    const put = async (body: unknown, headers: Record<string, string> = asBot) => {
      clock.ms += 1_000;
      return call("PUT", `/applications/${discord.settings.applicationId}/commands`, { headers, body });
    };
    const good = [
      { name: "ask", description: "Ask", options: [{ type: 3, name: "prompt", description: "What" }] },
      { name: "Ask about this", type: 3 },
    ];
    expect(await put(good, named)).toMatchObject({ status: 401 });
    expect(await put(good)).toMatchObject({ status: 200, json: [{ id: expect.any(String), name: "ask" }, {}] });
    const wrong = [
      { name: "Ask", description: "Ask" },
      { name: "a".repeat(33), description: "Ask" },
      { name: "ask" },
      { name: "ask", description: "x".repeat(101) },
      { name: "About", type: 3, description: "x" },
      { name: "a".repeat(33), type: 3 },
      { name: "ask", description: "Ask", options: [{ type: 3, name: "Prompt", description: "What" }] },
    ];
    for (const each of wrong) expect(await put([each])).toMatchObject({ status: 400, json: { code: 50035 } });
    expect(await put([good[0], good[0]])).toMatchObject({ status: 400 });
    expect(discord.commands).toEqual(good);
  });
});

describe("what a test decides", () => {
  it("[CHANNEL-0] answers, lost answers, lost requests and calls that hang, by route", async () => {
    const { discord, call, hook, deferred, original } = await world();
    const token = await deferred();
    const limited = {
      status: 429,
      body: { message: "no", retry_after: 0.3, global: false },
      headers: { "Retry-After": "1" },
    };
    discord.next("PATCH @original", limited, "drop_request", "drop_response");
    expect(await original(token, { content: "1" })).toMatchObject({ status: 429, json: { retry_after: 0.3 } });
    await expect(original(token, { content: "2" })).rejects.toThrow(TypeError);
    expect(discord.messages(room)).toMatchObject([{ loading: true }]);
    await expect(original(token, { content: "3" })).rejects.toThrow(TypeError);
    expect(discord.messages(room)).toMatchObject([{ content: "3", loading: false }]);
    discord.next("POST followup", "hang", { status: 503, body: "<h1>1015</h1>" });
    const init = { method: "POST", headers: { ...named, "Content-Type": "application/json" }, body: '{"content":"4"}' };
    const url = `http://127.0.0.1:1/api${hook(token)}`;
    const caller = new AbortController();
    const hanging = discord.fetch(url, { ...init, signal: caller.signal });
    await vi.waitFor(() => expect(discord.calls).toHaveLength(4));
    caller.abort(new Error("gave up"));
    await expect(hanging).rejects.toThrow("gave up");
    const page = await discord.fetch(url, init);
    expect([page.status, await page.text()]).toEqual([503, "<h1>1015</h1>"]);
    expect((await call("POST", hook(token), { body: { content: "5" } })).status).toBe(200);
    expect(discord.messages(room).map(({ content }) => content)).toEqual(["3", "5"]);
    expect(discord.calls.map(({ status }) => status)).toEqual([429, 0, 0, 0, 503, 200]);
  });

  it("[CHANNEL-0] a route that does not exist is a mistake of the test, and a path that does not is 404", async () => {
    const { discord, call } = await world();
    expect(() => discord.next("PUT @original", "hang")).toThrow('There is no route "PUT @original"');
    expect((await call("GET", "/users/@me")).status).toBe(404);
  });
});
