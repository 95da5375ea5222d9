import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, inPage, openBrowser } from "../support/browser.ts";
import { type ChatDouble, serveChat } from "../support/chat-double.ts";
import { asking, assistant, ended, result, user } from "../support/entries.ts";

const drawing = browserPath === undefined ? describe.skipIf(true) : describe;
let browser: Browser;
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
  const page = await context.newPage();
  open.push(context, chat);
  const profiler = await context.newCDPSession(page);
  await profiler.send("Profiler.enable");
  await profiler.send("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await page.goto(`${chat.url}/#/s/long`);
  await chat.followed(1);
  await page.locator("#turn_live .call").nth(23).waitFor();
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

drawing("what the page draws", () => {
  beforeAll(async () => {
    browser = await openBrowser();
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
      // One for each word, and two for entries that are read meanwhile; words that come together are drawn together.
      expect(drawn("TurnCard"), `${turns} turns`).toBeGreaterThan(0);
      for (const name of ["ChatPage", "TurnCard", "DrawnItem", "Reply", "Markdown"])
        expect(drawn(name), `${name} with ${turns} turns`).toBeLessThanOrEqual(words + 2);
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
    await inPage(page, watch);
    await callCounts(profiler);
    await page.locator(".earlier").click();
    await expect.poll(() => page.locator(".turn").count()).toBe(91);
    const counts = await callCounts(profiler);
    // The first one that was shown was read from its middle on.
    expect(counts.get("TurnCard")).toBeLessThanOrEqual(91 - shown + 2);
    expect(counts.get("ToolCard")).toBeLessThanOrEqual(3 * (91 - shown + 1) + 24);
    const { kept } = await changed(page);
    expect(kept).toBeLessThanOrEqual(40);
    expect(chat.changes).toEqual([]);
  });
});
