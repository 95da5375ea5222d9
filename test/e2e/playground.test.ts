import { mkdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  accessFaultsOf,
  browserPath,
  inPage,
  type OwnBrowser,
  openBrowser,
  type Witness,
  witness,
} from "../support/browser.ts";
import { atRest, countCalls, show } from "../support/page-at-rest.ts";
import { savePicture, shots } from "../support/picture.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

let dev: DevServer;
let browser: OwnBrowser;
let context: BrowserContext;
let seen: Witness;
let page: Page;

const demo = browserPath === undefined ? describe.skipIf(true) : describe;
const says = (words: string | RegExp) => page.getByText(words).first().waitFor();
const button = (name: string | RegExp) => page.getByRole("button", { name }).first();
const open = (place: string) => show(page, `${dev.url}${place}`);
const chat = (id: string) => open(`/#/s/${id}`);
const shot = (name: string, full = false) => page.screenshot({ path: `${shots}/${name}.png`, fullPage: full });
const desk = { width: 1100, height: 860 };
/** A picture of the README: as small as can be read. */
async function picture(name: string, height: number, from = "main"): Promise<void> {
  await page.setViewportSize({ width: 860, height });
  // What is drawn after a change of the size is in the second frame at the latest.
  const drawn = "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))";
  await inPage(page, `${drawn}.then(() => document.querySelector("${from}").scrollIntoView()).then(() => ${drawn})`);
  await savePicture(name, await page.screenshot());
  await page.setViewportSize(desk);
}

async function send(words: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(words);
  await page.keyboard.press("Enter");
}

const accessFaults = () => accessFaultsOf(page);

demo("the page, over the demo model", () => {
  beforeAll(async () => {
    [dev, browser] = await Promise.all([startDev(), openBrowser(), mkdir(shots, { recursive: true })]);
    context = await browser.newContext({ viewport: desk, acceptDownloads: true });
    await countCalls(context);
    seen = witness(context, dev.url);
    page = await context.newPage();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await shot(`failed-${task.name.slice(1, 7)}`);
  });
  afterAll(async () => {
    await browser?.close();
    await dev?.stop();
  });

  it("[E2E-10] a newcomer opens the page, picks a question, and reads the answer with its tools and what it took", async () => {
    await page.goto(dev.url);
    await says("Say something to your agent");
    await says(/built-in demo model, which works by simple rules/);
    if (process.env.VIEWS !== undefined) await shot("first");
    await button(/What time is it in Tokyo/).click();
    await says(/The result: 17 \* 23 = 391/);
    await button("Retry in a fork").waitFor();
    const calls = page.getByRole("article", { name: /^Call of/ });
    await expect.poll(() => calls.count()).toBe(2);
    await expect.poll(() => calls.nth(1).innerText()).toMatch(/^calculator\s+expression: 17 \* 23\s+done · \d+ ms$/);
    await button(/^calculator/).click();
    await expect
      .poll(() => calls.nth(1).innerText())
      .toMatch(/Arguments[\s\S]*"expression": "17 \* 23"[\s\S]*Result[\s\S]*17 \* 23 = 391/);
    await button(/^calculator/).click();
    await page.getByText("The answer is complete.").waitFor({ state: "attached" });
    expect(new URL(page.url()).hash).toMatch(/^#\/s\/chat-/);
    await page.getByText(/^assistant · demo · v_[0-9a-f]{16}$/).waitFor();
    await picture("answer", 780);
    expect(seen.errors).toEqual([]);
  });

  it("[PAGE-14] a vote is kept: it is shown again after a reload, with the reason that was given", async () => {
    await button("Bad").click();
    await page.getByLabel("What was wrong with the answer").fill("Too short");
    await page.keyboard.press("Enter");
    await says("“Too short”");
    await page.reload();
    await says("“Too short”");
    await page.getByRole("button", { name: "Bad", pressed: true }).waitFor();
    await button("Good").click();
    await page.getByRole("button", { name: "Good", pressed: true }).waitFor();
  });

  it("[E2E-10] what a turn took and why: its timeline, its prefix, the request that was sent, and the days", async () => {
    const unfold = (name: string) => page.locator("summary", { hasText: name }).first().click();
    await unfold("How it was made");
    await unfold("Timeline");
    await expect
      .poll(() => page.locator(".waterfall li .what").allInnerTexts())
      .toEqual(["demo, step 1", "current_time", "calculator", "demo, step 2"]);
    await unfold("What this session has used");
    await expect.poll(() => page.locator(".session-bar .token-bar").innerText()).toMatch(/cached[\s\S]*fresh[\s\S]*\$/);
    await unfold("Prefix cache");
    await says("The newest request hit all that could be cached.");
    await unfold("Request");
    await says(/This is what was sent\./);
    await says(/input tokens came from the provider's cache/);
    await unfold("As JSON");
    await expect
      .poll(async () => JSON.parse(await page.locator(".request-view code").innerText()).messages.at(-1))
      .toMatchObject({
        role: "tool",
      });
    await page.getByRole("link", { name: "Trace" }).click();
    const rows = page.getByRole("list", { name: /^What the turn did/ }).getByRole("button");
    await expect
      .poll(() => rows.allInnerTexts())
      .toEqual(["turn assistant", "step 1 demo", "tool current_time", "tool calculator", "step 2 demo"]);
    await rows.last().click();
    await unfold("Request");
    await says(/came from the provider's cache: about the shaded part/);
    await picture("trace", 760, "[aria-label=Timeline] h2");
    await open("/#/usage");
    await page.getByRole("region", { name: "By model" }).getByText("demo").waitFor();
    await page.getByRole("img", { name: /^Cost a day, by model: \$/ }).waitFor();
    await open("/#/setup");
    await says(`${dev.url}/channels/discord`);
  });

  it("[E2E-11] a call waits for a person: denied with a reason it is not run, approved it is", async () => {
    await chat("orders");
    await send("Please post 17 pencils to https://example.invalid/orders");
    await button("Approve").waitFor();
    await says("waits for you");
    const exact = page.getByRole("article", { name: "Call of send_request" });
    await expect.poll(() => exact.innerText()).toContain('"url": "https://example.invalid/orders"');
    // In the list beside the chat, too.
    const beside = page.getByRole("link", { name: /^waiting: Please post 17/ });
    await beside.waitFor();
    await picture("approval", 740);
    await page.getByLabel("Why send_request is denied").fill("We have enough.");
    await button("Deny").click();
    await says("Denied: We have enough.");
    await page.getByRole("button", { name: "Retry in a fork" }).waitFor();
    await send("Please post 18 pencils to https://example.invalid/orders");
    // By keyboard alone.
    await button("Approve").focus();
    await page.keyboard.press("Enter");
    await says("Approved");
    await page.getByRole("button", { name: "Retry in a fork" }).nth(1).waitFor();
    await expect
      .poll(() => page.getByRole("article", { name: "Call of send_request" }).nth(1).innerText())
      .not.toContain("denied");
    if (process.env.VIEWS !== undefined) await shot("answered", true);
  });

  it("[AGENT-20] a new chat names its agent where there are several, and the bar shows who answers", async () => {
    const agents = ["assistant", "support"].map((id) => ({ id, models: [], tools: [], default: id === "assistant" }));
    await page.route("**/v1/agents", (route) => route.fulfill({ json: { agents } }));
    let named: unknown;
    await page.route("**/messages?*", async (route) => {
      const { agent, ...body } = route.request().postDataJSON();
      named ??= agent;
      // This server has the default one alone.
      await route.continue({ postData: JSON.stringify(body) });
    });
    try {
      await chat("of-several");
      await page.reload();
      await atRest(page);
      await page.getByRole("combobox", { name: "Agent" }).selectOption("support");
      await page.locator(".session-bar").getByText("support", { exact: true }).waitFor();
      await expect.poll(accessFaults).toEqual([]);
      await send("What is 2 + 3?");
      await says(/The result: 2 \+ 3 = 5/);
      expect(named).toBe("support");
      await page.locator(".session-bar").getByText("assistant", { exact: true }).waitFor();
      await page.getByRole("combobox", { name: "Agent" }).waitFor({ state: "detached" });
    } finally {
      await page.unroute("**/v1/agents");
      await page.unroute("**/messages?*");
    }
  });

  it("[E2E-12] an edited message goes on in a fork, and the session it came from stays as it is", async () => {
    await chat("origin");
    await send("Hello there");
    await button("Edit").click();
    await page.keyboard.press("Escape");
    await page.getByLabel("Your message, edited").waitFor({ state: "detached" });
    await button("Edit").click();
    await page.getByLabel("Your message, edited").fill("What is 6 * 7?");
    await button("Continue in a fork").click();
    await says(/The result: 6 \* 7 = 42/);
    expect(page.url()).not.toContain("/origin");
    await says("fork of");
    await page.locator(".session-bar").getByRole("link", { name: "origin", exact: true }).click();
    await says(/You wrote: "Hello there"/);
    await expect.poll(() => page.getByText("6 * 7").count()).toBe(0);
  });

  it("[E2E-12] a text file goes along and is found again in the message", async () => {
    await chat("files");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("one\ntwo\n") });
    await page.getByRole("list", { name: "Attached files" }).getByText("notes.txt").waitFor();
    await send("What is in here?");
    await button("Retry in a fork").waitFor();
    await page.locator("summary", { hasText: "notes.txt · 8 B" }).click();
    await expect.poll(() => page.locator("details.file pre").innerText()).toBe("one\ntwo\n");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "x.bin", mimeType: "x/y", buffer: Buffer.from([0, 255]) });
    await says(/x\.bin is no text/);
  });

  it("[E2E-13] sessions are found, renamed, taken along and erased with a receipt", async () => {
    await open("/#/sessions");
    await page.getByRole("link", { name: /^Please post 17 pencils/ }).waitFor();
    await shot("sessions");
    const fork = page.locator("li.depth-1");
    await expect.poll(() => fork.innerText()).toContain("fork at entry 0");
    await page.getByLabel("Search titles and messages").fill("pencils");
    await expect.poll(() => page.locator(".sessions li").count()).toBe(1);
    await button(/^Rename Please post 17/).click();
    await page.getByLabel("Title", { exact: true }).fill("Pencils for all");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Pencils for all" }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), button("Export Pencils for all").click()]);
    expect(download.suggestedFilename()).toBe("orders.jsonl");
    expect(await readFile(await download.path(), "utf8")).toContain("17 pencils");
    await button("Delete Pencils for all").click();
    await button("Erase").click();
    await says(/Erased “Pencils for all”: \d+ entries, [\d.]+ KB\./);
    await expect.poll(() => page.locator(".sessions li").count()).toBe(0);
    const gone = await reach(`${dev.url}/v1/sessions/orders`, { headers: { Authorization: "Bearer dev-key" } });
    expect(gone.status).toBe(404);
  });

  it("[E2E-14] a narrow page has no sideways scroll, and everything is reached by keyboard", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    for (const [name, path, shows] of [
      ["phone-chat", "/#/s/files", "Retry in a fork"],
      ["phone-sessions", "/#/sessions", "Rename What is in here"],
      ["phone-first", "/#/s/fresh", "What time is it"],
    ] as const) {
      await open(path);
      await button(new RegExp(shows)).waitFor();
      await expect.poll(() => inPage(page, "document.documentElement.scrollWidth")).toBe(360);
      await shot(`${name}`);
    }
    await button("Menu").click();
    await page.keyboard.press("Escape");
    await page.getByRole("navigation", { name: "Pages" }).waitFor({ state: "hidden" });
    await open("/#/sessions");
    await page.reload();
    await says("Search titles and messages");
    await atRest(page);
    await page.keyboard.press("Tab");
    expect(await inPage(page, "document.activeElement.textContent.trim()")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await inPage(page, "document.activeElement.id")).toBe("main");
    await chat("fresh");
    const field = page.getByLabel("Message", { exact: true });
    await field.focus();
    await page.keyboard.type("one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    await expect.poll(() => field.inputValue()).toBe("one\ntwo");
    await page.keyboard.press("Enter");
    await says(/You wrote/);
    await expect.poll(() => field.inputValue()).toBe("");
    await page.setViewportSize(desk);
  });

  it("[E2E-14] axe finds nothing against a chat, in light and dark", async () => {
    await chat("waiting");
    await send("Please post 3 pens to https://example.invalid/orders");
    await button("Approve").waitFor();
    for (const theme of ["light", "dark"]) {
      for (const [path = "", shows = ""] of [
        ["/#/s/origin", "Retry in a fork"],
        ["/#/s/waiting", "Approve"],
        ["/#/s/brand-new", "Hello! What can you do?"],
      ]) {
        await open(path);
        await button(new RegExp(`^${shows.replace("?", ".")}`)).waitFor();
        await expect.poll(accessFaults, { message: `${path} in ${theme}` }).toEqual([]);
        if (theme === "dark") await shot(`dark${path.replace(/\W+/g, "-")}`);
      }
      if (theme === "light") await button("Dark").click();
    }
    await button("Light").click();
  });

  it("[E2E-17] the whole page weighs at most 90 KB as it travels, and the chat alone at most 60 KB", async () => {
    const weights = ["app.js", "chunk.js", "app.css", "operator-pages.js"].map(async (name) => {
      const file = await reach(`${dev.url}/playground/${name}`);
      return gzipSync(Buffer.from(await file.arrayBuffer()), { level: 9 }).length;
    });
    const [script = 0, chunk = 0, style = 0, operators = 0] = await Promise.all(weights);
    expect(script).toBeGreaterThan(10_000);
    expect(script + chunk + style).toBeLessThanOrEqual(60 * 1024);
    expect(script + chunk + style + operators).toBeLessThanOrEqual(90 * 1024);
  });

  it("[E2E-15] the page asks nobody but its own server, and keeps its own policy", () => {
    expect({ ...seen, errors: [] }).toEqual({ foreign: [], dialogs: [], faults: [], errors: [] });
  });
});
