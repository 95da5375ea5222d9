/** Whatever Discord refuses, a person reads the answer once and whole, and can press. */
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DiscordAddress } from "../../src/channels/discord/discord-address.ts";
import {
  type AskedOptions,
  asked,
  person,
  room,
  seen,
  sentences,
  timesSeen,
  transcript,
} from "../support/discord-delivery.ts";
import { documentedCodes, limits, refusal } from "../support/fake-discord-rules.ts";
import { reply, whole } from "../support/posting.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function world(options: AskedOptions = {}) {
  const one = await asked(options);
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => one.discord.fetch(input, init));
  const texts = () => one.discord.messages(room).map(({ content }) => content);
  return { ...one, texts };
}
const approval = (state: "open" | "approved" = "open") => ({
  ref: "r1",
  name: "send_request",
  arguments: '{"a":1}',
  state,
});
const many = (code: number) => Array(20).fill(refusal(code));
const long = sentences(80);
const answer = long.join(" ");

describe("every documented code", () => {
  const moderated = [20009, 200000, 200001, 240000];

  it.each(["PATCH @original", "POST followup", "POST channel"])(
    "[DLADDER-4] once at %s: the answer is read once and whole",
    async (route) => {
      for (const code of documentedCodes) {
        const { discord, clock, deliver } = await world();
        if (route === "POST channel") clock.ms += 15 * 60_000;
        discord.next(route, refusal(code));
        const posted = await deliver(whole(answer));
        if (route === "POST channel" && moderated.includes(code)) {
          // The one way that is left, and what is said may not be said there.
          expect([code, posted.kind, seen(discord).text]).toEqual([
            code,
            "dead",
            expect.stringContaining("is kept in"),
          ]);
        } else expect([code, posted.kind, ...timesSeen(discord, long)]).toEqual([code, "shown", 1, 1]);
        vi.restoreAllMocks();
      }
    },
  );

  it.each(["PATCH @original", "POST followup"])("[DLADDER-4] always at %s: another way brings it", async (route) => {
    for (const code of documentedCodes) {
      const { discord, deliver } = await world();
      discord.next(route, ...many(code));
      await deliver(reply("Sentence 0000"));
      const posted = await deliver(whole(answer));
      expect([code, posted.kind, ...timesSeen(discord, long)]).toEqual([code, "shown", 1, 1]);
      vi.restoreAllMocks();
    }
  });

  it("[DLADDER-5] at all ways of the channel: the person is written to, or reads why not", async () => {
    for (const code of documentedCodes) {
      const { discord, deliver } = await world();
      for (const route of ["PATCH @original", "POST followup", "POST channel"])
        discord.next(route, ...many(code).slice(0, 8));
      discord.bar(room, 50_001);
      const posted = await deliver(whole("It is 42."));
      const { text } = seen(discord);
      const isRead = text.includes("It is 42.") || seen(discord).files.includes("It is 42.");
      const isExplained = posted.kind === "dead" && (text.includes("did not take the answer") || text === "");
      expect([code, isRead || isExplained, posted.kind !== "retry" || text !== ""]).toEqual([
        code,
        true,
        expect.any(Boolean),
      ]);
      if (moderated.includes(code)) expect(discord.messages(discord.dmOf(person))).toEqual([]);
      vi.restoreAllMocks();
    }
  });
});

describe("limits and servers that fail", () => {
  const passing = {
    "a limit of the route": limits.user,
    "a global limit": limits.global,
    "a limit of a shared resource": limits.shared,
    "Cloudflare's page": limits.cloudflare,
    "403 as a page": { status: 403, body: "<html>blocked</html>" },
    "500": { status: 500 },
    "503 as a page": { status: 503, body: "<h1>unavailable</h1>" },
    "carried out, then 500": "act_then_500",
    "carried out, and the answer lost": "drop_response",
    "the request lost": "drop_request",
  } as const;
  const routes = ["PATCH @original", "POST followup", "POST channel"];
  const cases = Object.entries(passing).flatMap(([what, how]) => routes.map((route) => ({ what, how, route })));

  it.each(cases)("[DLADDER-6] $what at $route: once and whole", async ({ how, route }) => {
    const { discord, clock, deliver } = await world();
    if (route === "POST channel") clock.ms += 15 * 60_000;
    discord.next(route, how, how);
    expect((await deliver(whole(answer))).kind).toBe("shown");
    expect(timesSeen(discord, long)).toEqual([1, 1]);
  });

  it("[DLADDER-6] a server that fails for ever at one way: the next one is tried within half a minute", async () => {
    const { discord, clock, deliver } = await world();
    const before = clock.ms;
    discord.next("PATCH @original", ...Array(20).fill({ status: 500 }));
    expect((await deliver(whole(answer))).kind).toBe("shown");
    expect(timesSeen(discord, long)).toEqual([1, 1]);
    expect(clock.ms - before).toBeLessThan(60_000);
  });

  it.each(["drop_response", "act_then_500", "drop_request"] as const)(
    "[DLADDER-8] without a bot nobody can look: %s of a new message leaves no more than a placeholder",
    async (how) => {
      const { discord, deliver, texts } = await world({ hasBot: false });
      discord.next("POST followup", how);
      expect((await deliver(whole(answer))).kind).toBe("shown");
      expect(timesSeen(discord, long)).toEqual([1, 1]);
      expect(texts().filter((text) => text === "…")).toHaveLength(how === "drop_request" ? 0 : 1);
      expect(seen(discord).files).toEqual([]);
    },
  );

  it.each(["drop_response", "act_then_500"] as const)(
    "[DLADDER-8] %s of a question: one message has buttons, and none once it was answered",
    async (how) => {
      const { discord, deliver } = await world({ hasBot: false });
      discord.next("POST followup", how);
      discord.next("PATCH followup", how);
      await deliver(reply("May I?", { state: "waiting", approvals: [approval()] }));
      expect(discord.messages(room).filter(({ components }) => components.length > 0)).toHaveLength(1);
      discord.next("PATCH followup", how);
      await deliver(whole("May I? Done.", { approvals: [approval("approved")] }));
      expect(JSON.stringify(discord.messages(room))).not.toContain("longline:approve");
    },
  );

  it("[DLADDER-9] text that the bot posts piece by piece is whole after a press that brings a token", async () => {
    const { discord, clock, address, deliver } = await world();
    const text = sentences(120).join(" ");
    discord.next("POST followup", refusal(10_012));
    await deliver(reply(text.slice(0, 5_000)));
    await deliver(reply(text.slice(0, 4_500), { state: "waiting", approvals: [approval()] }));
    const pressed = await discord.press("longline:approve:r1:42:1u1dmmhso9l", {
      messageId: discord.messages(room).at(-1)?.id ?? "",
    });
    discord.answered(pressed.token, { status: 200, body: { type: 6 } });
    Object.assign(address, { fresh: { token: pressed.token, id: pressed.id, atMs: clock.ms } });
    expect((await deliver(whole(text, { approvals: [approval("approved")] }))).kind).toBe("shown");
    expect(timesSeen(discord, sentences(120))).toEqual([1, 1]);
  });

  it("[DLADDER-9] an answer that went elsewhere leaves nobody thinking", async () => {
    const barred = await world();
    barred.discord.bar(room, 50_013);
    barred.discord.next("PATCH @original", refusal(50_027));
    expect((await barred.deliver(whole("It is 42."))).kind).toBe("shown");
    expect(barred.discord.messages(room)).toEqual([]);
    expect(seen(barred.discord).text).toContain("It is 42.");
  });
});

describe("an app that only a person installed", () => {
  it("[DISCORD-3] makes 5 follow-ups: a longer answer goes into a file, whole", async () => {
    const hundreds = sentences(900);
    const { discord, deliver, texts } = await world({ installedBy: "user", knowsBot: false, hasBot: false });
    await deliver(reply(hundreds.slice(0, 300).join(" ")));
    expect((await deliver(whole(hundreds.join(" ")))).kind).toBe("shown");
    expect(seen(discord).files).toEqual([hundreds.join(" ")]);
    expect(texts().length).toBeLessThanOrEqual(6);
    expect(texts().at(-1)).toContain("The whole answer is in the file");
    for (const text of texts()) expect(text.length).toBeLessThanOrEqual(2_000);
    expect(discord.calls.filter(({ status }) => status === 400)).toEqual([]);
  });

  it("[DISCORD-3] what fits into 6 messages needs no file", async () => {
    const { discord, deliver, texts } = await world({ installedBy: "user", hasBot: false });
    await deliver(whole(sentences(300).join(" ")));
    expect([texts().length, ...timesSeen(discord, sentences(300))]).toEqual([6, 1, 1]);
  });

  it("[DISCORD-3] whose limit nobody named learns it from 40094, and the bot that is not there from 50001", async () => {
    const one = await world({ installedBy: "user", knowsBot: false });
    delete (one.address as Partial<DiscordAddress>).followUps;
    const hundreds = sentences(900);
    expect((await one.deliver(whole(hundreds.join(" ")))).kind).toBe("shown");
    expect(timesSeen(one.discord, hundreds)).toEqual([1, 1]);
  });

  it("[DISCORD-3] keeps follow-ups back for approvals, and where none is left the first message holds the buttons", async () => {
    const { discord, deliver } = await world({ installedBy: "user", hasBot: false });
    const growing = sentences(500).join(" ");
    await deliver(reply(growing));
    await deliver(reply(growing, { state: "waiting", approvals: [approval()] }));
    expect(JSON.stringify(discord.messages(room).at(-1)?.components)).toContain("longline:approve:r1");
    const refs = ["r2", "r3"].map((ref) => ({ ...approval(), ref }));
    await deliver(reply(growing, { state: "waiting", approvals: [{ ...approval("approved") }, ...refs] }));
    expect(JSON.stringify(discord.messages(room)[0]?.components)).toContain("longline:approve:r3");
    const decided = [approval("approved"), ...refs.map((each) => ({ ...each, state: "approved" as const }))];
    expect((await deliver(whole(growing, { approvals: decided }))).kind).toBe("shown");
    expect(timesSeen(discord, sentences(500))).toEqual([1, 1]);
    expect(JSON.stringify(discord.messages(room)[0])).not.toContain("longline:");
  });
});

describe("interactions that are over", () => {
  it("[DISCORD-4] whose thinking message was deleted: a follow-up brings the answer", async () => {
    const { discord, address, deliver, texts } = await world();
    discord.remove({ token: address.token });
    expect((await deliver(whole("It is 42."))).kind).toBe("shown");
    expect(texts()).toEqual(["It is 42."]);
  });

  it("[DISCORD-4] whose answer was deleted while it grew: it is shown again", async () => {
    const { discord, address, deliver, texts } = await world({ hasBot: false });
    await deliver(reply("It is"));
    discord.remove({ token: address.token });
    await deliver(reply("It is 4"));
    await deliver(whole("It is 42."));
    expect(texts()).toEqual(["It is 42."]);
  });

  it("[DISCORD-4] whose first answer came too late (10015 for ever): the bot brings it", async () => {
    const { discord, deliver } = await world({ answerMs: 3_500 });
    expect((await deliver(whole(answer))).kind).toBe("shown");
    expect(timesSeen(discord, long)).toEqual([1, 1]);
    expect(discord.messages(room).every(({ via }) => via === "bot")).toBe(true);
  });

  it("[DISCORD-4] too late, and the bot may not post: the person is written to", async () => {
    const { discord, deliver } = await world({ answerMs: 3_500, knowsBot: false });
    expect((await deliver(whole("It is 42."))).kind).toBe("shown");
    const [direct] = discord.messages(discord.dmOf(person));
    expect(direct?.content).toBe(`_The answer to your question in <#${room}>:_\n\nIt is 42.`);
    const closed = await world({ answerMs: 3_500, knowsBot: false });
    closed.discord.bar(person, 50_007);
    expect(await closed.deliver(whole("It is 42."))).toMatchObject({
      kind: "dead",
      error: expect.stringContaining("50007"),
    });
  });

  it.each([false, true])(
    "[DISCORD-4] an approval after 15 minutes: the press's own token goes on (a bot elsewhere: %s)",
    async (hasBot) => {
      const { discord, clock, address, delivery, deliver, texts } = await world({ hasBot, knowsBot: false });
      await deliver(reply("May I?", { state: "waiting", approvals: [approval()] }));
      clock.ms += 20 * 60_000;
      const pressed = await discord.press("longline:approve:r1:42", { messageId: discord.messages(room)[1]?.id ?? "" });
      discord.answered(pressed.token, { status: 200, body: { type: 6 } });
      const message = discord.messages(room)[1]?.id ?? "";
      Object.assign(address, { fresh: { token: pressed.token, id: pressed.id, atMs: clock.ms, message } });
      const more = { approvals: [approval("approved")] };
      await deliver(reply("May I?\n\nDoing", more));
      // As the courier writes it down after an attempt that made something.
      delivery.saved = structuredClone(delivery.shown);
      delivery.crash();
      expect((await deliver(whole("May I?\n\nDoing it. Done.", more))).kind).toBe("shown");
      expect(texts()).toEqual(["May I?", expect.stringContaining("Approved."), "Doing it. Done."]);
      expect(discord.messages(room)[1]?.components).toEqual([]);
    },
  );

  it("[DISCORD-4] text that is refused does not hold up an approval", async () => {
    const { discord, delivery } = await world();
    discord.next("PATCH @original", ...Array(20).fill({ status: 500 }));
    const posted = await delivery.post(reply("May I?", { state: "waiting", approvals: [approval()] }));
    expect(posted.kind).toBe("retry");
    expect(JSON.stringify(discord.messages(room))).toContain("longline:approve:r1");
    for (let tries = 0; tries < 8; tries++)
      await delivery.post(reply("May I?", { state: "waiting", approvals: [approval()] }));
    expect(discord.messages(room).filter(({ content }) => content.includes("May I?"))).toHaveLength(1);
    expect(discord.messages(room).filter(({ components }) => components.length > 0)).toHaveLength(1);
  });

  it("[DISCORD-4] what nobody takes leaves a line that says where the answer is", async () => {
    const { discord, deliver } = await world({ hasBot: false });
    discord.next("PATCH @original", ...many(50_035));
    expect((await deliver(whole("It is 42."))).kind).toBe("dead");
    expect(seen(discord).text).toContain("It is kept in the session `s`");
  });
});

describe("the stop button", () => {
  const stops = (discord: Awaited<ReturnType<typeof world>>["discord"]) =>
    discord.messages(room).filter(({ components }) => JSON.stringify(components).includes("longline:stop:42:s"));

  it("[DISCORD-5] is there while the turn works, and gone at its end", async () => {
    const { discord, deliver } = await world();
    await deliver(reply("", { tools: [{ id: "1", name: "calculator", state: "running" }] }));
    expect(stops(discord)).toHaveLength(1);
    await deliver(reply("It is", { state: "working" }));
    expect(stops(discord)).toHaveLength(1);
    await deliver(whole("It is"));
    expect(stops(discord)).toHaveLength(0);
  });
});

describe("buttons that do nothing any more", () => {
  const refusals = [refusal(10_008), refusal(30_046), refusal(50_035), refusal(50_027), { status: 503 }, limits.user];
  it.each(refusals)("[DLADDER-9] of a question go, though taking them off is refused once by %j", async (how) => {
    const { discord, deliver } = await world();
    await deliver(reply("May I?", { state: "waiting", approvals: [approval()] }));
    for (const route of ["PATCH followup", "PATCH channel"]) discord.next(route, how);
    await deliver(whole("May I? Done.", { approvals: [approval("approved")] }));
    expect(JSON.stringify(discord.messages(room))).not.toContain("longline:approve");
  });

  it.each(refusals)("[DLADDER-9] that stop the turn go, though taking them off is refused once by %j", async (how) => {
    const { discord, deliver } = await world();
    await deliver(reply("It is 42."));
    expect(JSON.stringify(discord.messages(room))).toContain("longline:stop");
    discord.next("PATCH @original", how);
    await deliver(whole("It is 42."));
    expect(JSON.stringify(discord.messages(room))).not.toContain("longline:stop");
    expect(seen(discord).text).toBe("It is 42.");
  });
});

describe("the buttons that rate an answer", () => {
  const ended = { reason: "completed", atMs: 0, data: { status: "completed", turn: "turn_7" } };
  const rated = (text: string, more: object = {}) => whole(text, { ended, ...more });
  const rows = (discord: Awaited<ReturnType<typeof world>>["discord"]) =>
    discord.messages(room).map(({ components }) => JSON.stringify(components).match(/longline:(up|down):[^"]+/g) ?? []);
  const both = ["longline:up:turn_7:s", "longline:down:turn_7:s"];

  it.each([
    ["a short one", "It is 42.", [both]],
    ["a long one, under its last message alone", answer, [[], both]],
  ])("[DISCORD-12] are under %s, and not while it grows", async (_, text, expected) => {
    const { discord, deliver } = await world();
    await deliver(reply(text));
    expect(rows(discord).flat()).toEqual([]);
    expect((await deliver(rated(text))).kind).toBe("shown");
    expect(rows(discord)).toEqual(expected);
    expect(JSON.stringify(discord.messages(room))).not.toContain("longline:stop");
  });

  it("[DISCORD-12] are under no answer that was stopped, and under none where the owner wants none", async () => {
    const stopped = await world();
    await stopped.deliver(rated("It is", { ended: { ...ended, reason: "cancelled" } }));
    expect(rows(stopped.discord).flat()).toEqual([]);
    const without = await world({ rules: { feedback: false } });
    await without.deliver(rated("It is 42."));
    expect(rows(without.discord).flat()).toEqual([]);
  });

  it("[DISCORD-12] are beside the file of an answer that is one", async () => {
    const { discord, deliver } = await world({ installedBy: "user", knowsBot: false, hasBot: false });
    const long = sentences(900).join(" ");
    expect((await deliver(rated(long))).kind).toBe("shown");
    expect(seen(discord).files).toEqual([long]);
    expect(rows(discord).flat()).toEqual(both);
  });

  it.each([50_035, 50_006, 50_109])("[DISCORD-12] that Discord refuses (%i) cost no answer", async (code) => {
    const { discord, deliver, texts } = await world();
    await deliver(reply("It is"));
    discord.next("PATCH @original", refusal(code));
    expect((await deliver(rated("It is 42."))).kind).toBe("shown");
    expect(texts()).toEqual(["It is 42."]);
    expect(seen(discord).files).toEqual([]);
  });

  it("[DISCORD-12] come after the question that used the first message", async () => {
    const { discord, deliver } = await world({ installedBy: "user", hasBot: false });
    discord.next("POST followup", ...many(40_094).slice(0, 3));
    await deliver(reply("May I?", { state: "waiting", approvals: [approval()] }));
    expect(JSON.stringify(discord.messages(room)[0])).toContain("longline:approve");
    await deliver(rated("May I?\n\nDone.", { approvals: [approval("approved")] }));
    expect(rows(discord)).toEqual([both]);
    expect(JSON.stringify(discord.messages(room))).not.toContain("longline:approve");
  });
});

it("[DLADDER-7] what a person sees, printed", async () => {
  const ended = { reason: "completed", atMs: 0, data: { status: "completed", turn: "turn_7" } };
  const { discord, deliver } = await world();
  const seenNow = () => transcript(discord, [room, discord.dmOf(person)]);
  const printed = [seenNow()];
  await deliver(reply("I will post it.", { state: "waiting", approvals: [approval()] }));
  printed.push(seenNow());
  discord.next("PATCH @original", refusal(10_008));
  await deliver(
    whole("I will post it.\n\nIt is sent.", { ended, approvals: [{ ...approval("approved"), by: "Ada" }] }),
  );
  printed.push(seenNow());
  if (process.env.DISCORD_TRANSCRIPT) console.info(printed.join("\n\n"));
  expect(printed[0]).toBe(`${room} Longline:\n  is thinking…`);
  expect(printed[1]).toContain("  (Approve) (Deny)");
  expect(printed[2]).toContain("  Approved by Ada.");
  expect(printed[2]).toContain(`${room} Longline:\n  I will post it.\n  \n  It is sent.\n  (👍) (👎)`);
});
