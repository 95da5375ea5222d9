import { mkdir } from "node:fs/promises";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { callDigest } from "../../src/core/shown-call.ts";
import { entryJson } from "../../src/wire/native.ts";
import { accessFaultsOf, browserPath, inPage, type OwnBrowser, openBrowser } from "../support/browser.ts";
import { type ChatDouble, serveChat } from "../support/chat-double.ts";
import { asking, assistant, call, ended, result, user } from "../support/entries.ts";
import { atRest, countCalls } from "../support/page-at-rest.ts";
import { savePicture, shots } from "../support/picture.ts";

const overDouble = browserPath === undefined ? describe.skipIf(true) : describe;
let browser: OwnBrowser;
const open: { close(): Promise<void> }[] = [];

/** A session with this many ended turns, and one that has done eight steps and begins its ninth. */
function fill(chat: ChatDouble, turns: number): void {
  const steps = (turn: string, count: number) => {
    for (let step = 1; step <= count; step++) {
      const of = { turn, step };
      chat.add(asking(["clock", "clock", "clock"], { ...of, content: `Step ${step} of **${turn}**.` }));
      for (const id of ["c0", "c1", "c2"]) chat.add(result(id, of));
    }
  };
  for (let n = 1; n <= turns; n++) {
    const of = { turn: `turn_${n}` };
    chat.add(user(of));
    steps(of.turn, 1);
    chat.add(assistant({ ...of, step: 2, content: `- answer\n- number ${n}` }), ended(of));
  }
  chat.add(user({ turn: "turn_live", content: "Go on" }));
  steps("turn_live", 8);
}

async function openChat(turns: number) {
  const chat = await serveChat("long", "named");
  fill(chat, turns);
  const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
  await countCalls(context);
  const page = await context.newPage();
  open.push(context, chat);
  const profiler = await context.newCDPSession(page);
  await profiler.send("Profiler.enable");
  await profiler.send("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await page.goto(`${chat.url}/#/s/long`);
  await chat.followed(1);
  await page.locator("#turn_live .call").nth(23).waitFor();
  // The agents, and what was recorded while the stream was opened, are read and drawn by themselves.
  await atRest(page);
  return { chat, page, profiler };
}

/** How often each function of the page was called since the last time that this was asked. */
async function callCounts(profiler: CDPSession): Promise<Map<string, number>> {
  const { result: scripts } = await profiler.send("Profiler.takePreciseCoverage");
  const counts = new Map<string, number>();
  for (const { url, functions } of scripts)
    if (url.includes("/playground/"))
      for (const { functionName, ranges } of functions) {
        // The bundler numbers names that are there twice.
        const name = functionName.replace(/\d+$/, "");
        counts.set(name, (counts.get(name) ?? 0) + (ranges[0]?.count ?? 0));
      }
  return counts;
}

/** Watches what is changed in the page, and where: in the reply that grows, in turns that were there, or elsewhere. */
const watch = `(() => {
  const there = new Set(document.querySelectorAll(".turn"));
  window.__changed = { growing: 0, kept: 0, other: 0 };
  new MutationObserver((records) => {
    for (const { target, addedNodes, removedNodes } of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      const turn = element?.closest(".turn");
      const place = element?.closest(".reply[aria-busy=true]") ? "growing" : there.has(turn) ? "kept" : "other";
      window.__changed[place] += Math.max(1, addedNodes.length + removedNodes.length);
    }
  }).observe(document.getElementById("root"), { subtree: true, childList: true, characterData: true, attributes: true });
})()`;
const changed = (page: Page) => inPage<{ growing: number; kept: number; other: number }>(page, "window.__changed");

/** Resolves in the frame in which the reply that grows ends with this word. */
const drawnUpTo = (page: Page, word: string) =>
  inPage(
    page,
    `new Promise((resolve) => {
      const look = () => {
        const text = document.querySelector("#turn_live .reply[aria-busy=true] .prose")?.textContent ?? "";
        if (text.trim().endsWith(${JSON.stringify(word)})) resolve(true);
        else setTimeout(look, 5);
      };
      look();
    })`,
  );

/** Streams words one by one, each drawn before the next is sent; how often what was drawn, and what was changed. */
async function stream({ chat, page, profiler }: Awaited<ReturnType<typeof openChat>>, words: number) {
  chat.send({ type: "step.started", step: 9, model: "m", attempt: 1 });
  chat.send({ type: "text.delta", text: "begin " });
  await drawnUpTo(page, "begin");
  // After the begin of a step the transcript is read.
  await atRest(page);
  await inPage(page, watch);
  await callCounts(profiler);
  for (let n = 0; n < words; n++) {
    chat.send({ type: "text.delta", text: `w${n} ` });
    await drawnUpTo(page, `w${n}`);
  }
  const counts = await callCounts(profiler);
  const touched = await changed(page);
  await page.close();
  return { counts, touched };
}

const of1 = { turn: "turn_1" };
const usage = { inputTokens: 1_200, cachedTokens: 4_800, outputTokens: 300, reasoningTokens: 40 };
const writer = { session: "ag_writer_1", agent: "writer" };
const researcher = { session: "ag_researcher_1", agent: "researcher" };
const ask = { call_id: "ref/1", name: "publish", arguments: '{"title":"Tides","words":412}' };

/** A session in which an agent was called and works. */
function openCrew() {
  const task = JSON.stringify({ agent: "writer", task: "Write 400 words on tides, and publish them." });
  return openSession([
    user({ ...of1, content: "Publish something on tides." }),
    asking([], { ...of1, toolCalls: [call("c0", "agents", task)], waits: { c0: "agent" }, children: { c0: writer } }),
  ]);
}

/** A session in which a tool runs. `key`: of the browser. */
function openWaiting(key?: string) {
  const toolCalls = [call("c0", "order", '{"item":"17 pencils"}')];
  return openSession([user({ ...of1, content: "Order 17 pencils." }), asking([], { ...of1, toolCalls })], key);
}

async function openSession(entries: Parameters<ChatDouble["add"]>, key?: string) {
  const chat = await serveChat("crew");
  chat.add(...entries);
  const context = await browser.newContext({ viewport: { width: 860, height: 1000 } });
  if (key !== undefined) await context.addInitScript((given) => localStorage.setItem("longline-key", given), key);
  const page = await context.newPage();
  open.push(context, chat);
  await page.goto(`${chat.url}/#/s/crew`);
  await chat.followed(1);
  const axe = () => accessFaultsOf(page);
  return { chat, page, axe };
}

/** What the writer did, and the agent that it called. */
function crewWork(): object[] {
  const facts = call("c0", "facts", '{"task":"How often is high tide?"}');
  const outcome = { ...researcher, reason: "completed", usage, steps: 1, costMicros: 9_000 } as const;
  const transcript = (...entries: object[]) => {
    const shown = entries.map((entry, place) => entryJson({ ...entry, seq: place + 1 } as Entry));
    return { entries: shown, last_seq: shown.length };
  };
  return [
    transcript(
      user({ ...of1, content: "Write 400 words on tides, and publish them." }),
      asking([], { ...of1, toolCalls: [facts], waits: { c0: "agent" }, children: { c0: researcher } }),
      result("c0", { ...of1, name: "facts", content: "Twice a day.", child: outcome }),
      assistant({ ...of1, step: 2, content: "It is written, with a fact." }),
      ended(of1),
    ),
    transcript(user(of1), assistant({ ...of1, content: "Twice a day." }), ended(of1)),
  ];
}

overDouble("the page, over one session whose events the test sends", () => {
  beforeAll(async () => {
    [browser] = await Promise.all([openBrowser(), mkdir(shots, { recursive: true })]);
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all(open.map((each) => each.close().catch(() => {})));
  });

  it("[E2E-30] a word of an answer draws the reply that grows and nothing else, however much is above it", async () => {
    const words = 5;
    for (const turns of [1, 25]) {
      const { counts, touched } = await stream(await openChat(turns), words);
      const drawn = (name: string) => counts.get(name) ?? 0;
      // One for each word: nothing is read meanwhile.
      expect(drawn("TurnCard"), `${turns} turns`).toBeGreaterThan(0);
      for (const name of ["ChatPage", "TurnCard", "DrawnItem", "Reply", "Markdown"])
        expect(drawn(name), `${name} with ${turns} turns`).toBeLessThanOrEqual(words);
      for (const name of [
        "ToolCard",
        "CallBody",
        "UserMessage",
        "Ending",
        "TokenBar",
        "Votes",
        "DrawnBar",
        "DrawnComposer",
      ])
        expect(drawn(name), `${name} with ${turns} turns`).toBe(0);
      // The last block is made anew: its element and its text, and the ones before are taken out.
      expect(touched.kept + touched.other, JSON.stringify(touched)).toBe(0);
      expect(touched.growing).toBeLessThanOrEqual(4 * words);
    }
  });

  it("[E2E-30] earlier turns are drawn once each, and those that are there are not touched", async () => {
    const { chat, page, profiler } = await openChat(90);
    const shown = await page.locator(".turn").count();
    const readBefore = chat.reads;
    await inPage(page, watch);
    await callCounts(profiler);
    await page.locator(".earlier").click();
    await expect.poll(() => page.locator(".turn").count()).toBe(91);
    await atRest(page);
    const counts = await callCounts(profiler);
    const drawn = (name: string) => counts.get(name) ?? 0;
    // Each page of entries is drawn once at most: the earlier ones, and what was recorded meanwhile.
    expect(drawn("ChatPage")).toBeGreaterThan(0);
    expect(drawn("ChatPage")).toBeLessThanOrEqual(chat.reads - readBefore);
    // The first turn that was shown was read from its middle on: it is drawn with the earlier ones. One that runs is drawn each time.
    const earlier = 91 - shown + 1;
    expect(drawn("TurnCard")).toBeLessThanOrEqual(earlier + drawn("ChatPage"));
    expect(drawn("ToolCard")).toBeLessThanOrEqual(3 * earlier);
    const { kept } = await changed(page);
    expect(kept).toBeLessThanOrEqual(40);
    expect(chat.changes).toEqual([]);
  });

  it("[E2E-31] the agent that works at a call is shown in its card, asks there, and what it did can be read", async () => {
    const { chat, page, axe } = await openCrew();
    const card = page.getByRole("article", { name: "Agent writer" });
    await expect.poll(() => card.locator(".dot").allInnerTexts()).toEqual(["works"]);
    chat.send({ type: "agent.progress", call_id: "c0", ...writer, text: "writes the second draft" });
    await card.getByText("writes the second draft").waitFor();
    chat.send({ type: "tool.approval_required", ...ask, ...writer });
    await card.getByText("waits for you").first().waitFor();
    await expect.poll(() => page.locator(".session-bar .dot").innerText()).toBe("waits for you");
    await expect.poll(() => card.locator("pre").innerText()).toContain('"title": "Tides"');
    await expect.poll(axe).toEqual([]);
    await savePicture("agents", await page.locator("#turn_1 .calls").screenshot());
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(axe).toEqual([]);
    await expect.poll(() => inPage(page, "document.documentElement.scrollWidth")).toBe(360);
    // By keyboard alone.
    await card.getByRole("button", { name: "Approve" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => chat.changes.length).toBe(1);
    const digest = callDigest({ name: ask.name, arguments: ask.arguments });
    expect(chat.changes).toEqual([{ path: "/v1/sessions/crew/approvals/ref%2F1", body: { approve: true, digest } }]);
    const [child = {}, grandchild = {}] = crewWork();
    chat.answers.set(`/v1/sessions/${writer.session}/entries`, child);
    chat.answers.set(`/v1/sessions/${researcher.session}/entries`, grandchild);
    const outcome = { ...writer, reason: "completed", usage, steps: 2, costMicros: 31_000 } as const;
    chat.add(
      {
        type: "approval",
        ...of1,
        atMs: 3,
        step: 1,
        callId: ask.call_id,
        name: ask.name,
        approve: true,
        child: writer.session,
      },
      result("c0", { ...of1, name: "agents", content: "It is published.", durationMs: 4_200, child: outcome }),
    );
    chat.send({ type: "tool.finished", call_id: "c0", name: "agents", content: "It is published.", is_error: false });
    const head = page.getByRole("button", { name: /^agents/ });
    await expect.poll(() => head.innerText()).toMatch(/done · 4\.2 s$/);
    await head.focus();
    await page.keyboard.press("Enter");
    await card.getByText("publish: Approved").waitFor();
    await expect
      .poll(() => card.locator(".facts").first().innerText())
      .toMatch(/writer\s+done\s+\$0\.031\s+its session/);
    await card.locator("summary", { hasText: "What it did" }).focus();
    await page.keyboard.press("Enter");
    await card.getByText("It is written, with a fact.").waitFor();
    // And the agent that it called in turn.
    await card.getByRole("button", { name: /^facts/ }).click();
    const inner = card.getByRole("article", { name: "Agent researcher" });
    await inner.locator("summary", { hasText: "What it did" }).click();
    await inner.getByText("Twice a day.").waitFor();
    await expect.poll(axe).toEqual([]);
    await expect.poll(() => inPage(page, "document.documentElement.scrollWidth")).toBe(360);
    await page.setViewportSize({ width: 860, height: 1000 });
    await page.emulateMedia({ colorScheme: "light" });
    await savePicture("agents-done", await page.locator("#turn_1 .calls").first().screenshot());
  });

  const until = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const shipped = { name: "shipped:17", kind: "signal", until } as const;

  it("[E2E-32] [PAGE-32] a call that waits says what for, and its signal is sent by keyboard alone", async () => {
    const { chat, page, axe } = await openWaiting();
    const card = page.getByRole("article", { name: "Call of order" });
    await expect.poll(() => page.locator(".session-bar .dot").innerText()).toBe("answering");
    const rest = { name: "pause", kind: "sleep", until } as const;
    chat.send({ type: "tool.waiting", call_id: "c0", name: "order", waits: [shipped, rest] });
    await card
      .getByText(/^Waits for the signal shipped:17, until .* \(in (?:29|30) days\)$/)
      .first()
      .waitFor();
    await card
      .getByText(/^Waits for a time \(pause\), until/)
      .first()
      .waitFor();
    await expect.poll(() => page.locator(".session-bar .dot").innerText()).toBe("a tool waits");
    await page.getByText("A tool waits for a time or a signal.").waitFor({ state: "attached" });
    await savePicture("waits", await page.locator("#turn_1 .calls").screenshot());
    await card.locator("summary", { hasText: "Send it from a program" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => card.locator(".tool-waits pre").innerText()).toContain("/signals/shipped%3A17'");
    for (const [width, colorScheme] of [
      [860, "light"],
      [360, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 740 });
      await page.emulateMedia({ colorScheme });
      await expect.poll(axe).toEqual([]);
      await expect.poll(() => inPage(page, "document.documentElement.scrollWidth")).toBe(width);
    }
    const value = card.getByLabel("Value of the signal shipped:17, as JSON");
    await value.focus();
    await page.keyboard.type("soon");
    await page.keyboard.press("Enter");
    await card.getByText("The value is no JSON. A text needs quotes.").waitFor();
    expect(chat.changes).toEqual([]);
    await value.fill("");
    await page.keyboard.type('{"parcel":"P1"}');
    await page.keyboard.press("Enter");
    // As a Worker refuses it.
    await card.getByText("There is none.").waitFor();
    chat.answers.set("/v1/sessions/crew/signals/shipped%3A17", { status: "delivered" });
    await page.keyboard.press("Enter");
    await card.getByText("Sent: the tool goes on.").waitFor();
    const sent = { path: "/v1/sessions/crew/signals/shipped%3A17", body: { call_id: "c0", value: { parcel: "P1" } } };
    expect(chat.changes).toEqual([sent, sent]);
    chat.send({ type: "tool.progress", call_id: "c0", name: "order", text: "packs" });
    await card.getByText("packs").waitFor();
    await expect.poll(() => card.locator(".tool-waits").count()).toBe(0);
  });

  it("[E2E-32] a session's token is shown what is waited for, and no form", async () => {
    const { chat, page } = await openWaiting("lt_token");
    chat.send({ type: "tool.waiting", call_id: "c0", name: "order", waits: [shipped] });
    await page
      .getByText(/^Waits for the signal shipped:17/)
      .first()
      .waitFor();
    await expect.poll(() => page.locator(".tool-waits form, .tool-waits summary").count()).toBe(0);
  });

  it("[E2E-32] [PAGE-32] what a called agent's tool waits for is sent to that agent's session", async () => {
    const { chat, page, axe } = await openCrew();
    const suspended = [{ call_id: "c7", name: "order", waits: [shipped] }];
    const turn = { session: writer.session, turn: "turn_1", status: "waiting", waiting_for: [], suspended };
    chat.answers.set(`/v1/sessions/${writer.session}/turns/turn_1`, turn);
    chat.answers.set(`/v1/sessions/${writer.session}/signals/shipped%3A17`, { status: "kept" });
    await page.reload();
    const card = page.getByRole("article", { name: "Agent writer" });
    await expect.poll(() => card.locator(".dot").allInnerTexts()).toEqual(["a tool waits"]);
    await expect.poll(axe).toEqual([]);
    await card.getByRole("button", { name: "Send the signal" }).focus();
    await page.keyboard.press("Enter");
    await card.getByText("Sent: it is kept until the tool waits for it.").waitFor();
    expect(chat.changes).toEqual([
      { path: `/v1/sessions/${writer.session}/signals/shipped%3A17`, body: { call_id: "c7" } },
    ]);
  });
});
