import { rm } from "node:fs/promises";
import type { BrowserContext, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, inPage, type OwnBrowser, openBrowser, type Witness, witness } from "../support/browser.ts";
import { calls, createFakeProvider, gated, status, text } from "../support/fake-provider.ts";
import { atRest, countCalls, show } from "../support/page-at-rest.ts";
import { harmIn } from "../support/page-harm.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

import { xssStrings } from "../support/xss-strings.ts";
import { xssTranscript } from "../support/xss-transcript.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let data: string;
let dev: DevServer;
let browser: OwnBrowser;
let context: BrowserContext;
let seen: Witness;
let page: Page;

const live = browserPath === undefined ? describe.skipIf(true) : describe;
const vars = () => ({ MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key", MODEL_RETRIES: "0" });
const says = (words: string | RegExp, on = page) => on.getByText(words).first().waitFor();
const button = (name: string | RegExp) => page.getByRole("button", { name }).first();
const chat = (id: string, on = page) => show(on, `${dev.url}/#/s/${id}`);
const answers = (on = page) => on.locator(".prose").allInnerTexts();

const headers = { Authorization: "Bearer e2e-test-key", "Content-Type": "application/json" };

async function send(words: string, on = page): Promise<void> {
  await on.getByLabel("Message", { exact: true }).fill(words);
  await on.keyboard.press("Enter");
}

live("the page, following a session", () => {
  beforeAll(async () => {
    outside = await serveProvider(provider);
    data = await freshFolder();
    [dev, browser] = await Promise.all([startDev({ vars: vars(), persistTo: data }), openBrowser()]);
    context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    await countCalls(context);
    seen = witness(context, dev.url);
    page = await context.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await dev?.stop();
    await outside?.close();
    if (data) await rm(data, { recursive: true, force: true });
  });

  it("[E2E-16] asks for the key, says when it is wrong, and goes on once it is right", async () => {
    await chat("first");
    await says(/The server did not accept this key|It is the value of API_KEY/);
    await page.getByLabel("API key").fill("wrong");
    await button("Use it").click();
    await says("The server did not accept this key.");
    await page.getByLabel("API key").fill("e2e-test-key");
    await button("Use it").click();
    await says("Say something to your agent");
    await expect.poll(() => page.getByLabel("API key").count()).toBe(0);
  });

  it("[PAGE-35] a refusal of the key before that comes late does not ask for the key again", async () => {
    const theirs = await browser.newContext();
    await countCalls(theirs);
    const other = await theirs.newPage();
    await other.goto(dev.url);
    await inPage(other, "localStorage.setItem('longline-key', 'wrong')");
    const held: Route[] = [];
    await other.route("**/v1/agents", (route) => void held.push(route), { times: 1 });
    await other.reload();
    await other.getByLabel("API key").fill("e2e-test-key");
    await other.getByRole("button", { name: "Use it" }).click();
    await says("Say something to your agent", other);
    await expect.poll(() => held.length).toBe(1);
    await Promise.all([other.waitForResponse((answer) => answer.status() === 401), held[0]?.continue()]);
    await atRest(other);
    await expect.poll(() => other.getByLabel("API key").count()).toBe(0);
    await theirs.close();
  });

  it("[E2E-16] a stop ends the turn, keeps what was said, and reaches the provider", async () => {
    const gate = gated("half of ", "it");
    provider.enqueue(gate.reply);
    await chat("stopped");
    await send("Hello");
    await says("half of");
    await button("Stop").click();
    await gate.cancelled;
    await says("Stopped. What was said is kept.");
    await expect.poll(() => answers()).toEqual(["half of"]);
    await expect.poll(() => page.getByRole("button", { name: "Stop" }).count()).toBe(0);
  });

  it("[E2E-16] a reload in mid-answer goes on where it was, and several pages see the same", async () => {
    const gate = gated("# One\n\n- two\n- ", "three\n\n**four**");
    provider.enqueue(gate.reply);
    await chat("shared");
    await send("Count");
    await says("two");
    const other = await context.newPage();
    await chat("shared", other);
    await says("two", other);
    await page.reload();
    await says("two");
    gate.release();
    for (const each of [page, other]) {
      await each.getByRole("button", { name: "Retry in a fork" }).waitFor();
      await expect.poll(() => answers(each)).toEqual(["One\ntwo\nthree\n\nfour"]);
      await expect.poll(() => each.locator(".from-person").count()).toBe(1);
    }
    provider.enqueue(text("Five."));
    await send("More", other);
    await says("Five.");
    await says("More");
    await other.close();
  });

  it("[E2E-16] what is sent while it answers waits, joins or interrupts, as the person chose", async () => {
    const gate = gated("slow ", "answer");
    provider.enqueue(gate.reply, text("To the third."), text("To the second."));
    await chat("busy");
    await send("First");
    await says("slow");
    await send("Second");
    await says("Accepted; its turn comes.");
    await page.getByLabel("While it answers").selectOption("interrupt");
    await send("Third");
    await says("Interrupted by a newer message.");
    await says("To the second.");
    await expect.poll(() => answers()).toEqual(["slow", "To the third.", "To the second."]);
    await expect.poll(() => page.locator(".bubble").allInnerTexts()).toEqual(["First", "Third", "Second"]);
    await expect.poll(() => page.getByText("Accepted; its turn comes.").count()).toBe(0);
    gate.release();
  });

  it("[E2E-16] [PAGE-13] a failed turn is told in words, with the operator's detail folded, and a call with its error", async () => {
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"1/0 +"}' }]),
      status(401, { error: { message: "no" } }),
    );
    await chat("failing");
    await send("Try");
    await says("The assistant cannot answer right now; please ask the people who run it to look into it.");
    await expect.poll(() => page.locator("main").innerText()).not.toMatch(/127\.0\.0\.1|MODEL_API_KEY/);
    await page.locator(".ending .operator summary").click();
    await says(/did not accept the API key|wants an API key/);
    await expect
      .poll(() => page.getByRole("article", { name: "Call of calculator" }).innerText())
      .toMatch(/error · \d+ ms/);
  });

  it("[PAGE-13] with a session's token in the key's place it shows the sentence, and no detail to unfold", async () => {
    const made = await fetch(`${dev.url}/v1/sessions/token-page/tokens`, {
      method: "POST",
      headers,
      body: JSON.stringify({ rights: ["read", "append"] }),
    });
    const { token } = (await made.json()) as { token: string };
    const theirs = await browser.newContext();
    await countCalls(theirs);
    await theirs.addInitScript((key) => localStorage.setItem("longline-key", key), token);
    const other = await theirs.newPage();
    await chat("token-page", other);
    provider.enqueue(status(401, { error: { message: "no" } }));
    await send("Again", other);
    const sentence = "The assistant cannot answer right now; please ask the people who run it to look into it.";
    await expect.poll(() => other.getByText(sentence).count()).toBe(1);
    await expect.poll(() => other.getByText("For the operator").count()).toBe(0);
    await expect.poll(() => other.locator("main").innerText()).not.toMatch(/127\.0\.0\.1|MODEL_API_KEY|API key/);
    await theirs.close();
  });

  it("[E2E-16] a message that is sent before the page knows of no session is followed all the same", async () => {
    let asked = 0;
    await page.route(/sessions\/early$/, async (route) => {
      if (asked++ > 0) return route.continue();
      const answer = await route.fetch();
      provider.enqueue(text("Right away."));
      await Promise.all([page.waitForResponse(/early\/messages/), send("Quick")]);
      await page.locator(".from-person").first().waitFor();
      await page.getByText("Sending …").waitFor({ state: "hidden" });
      await route.fulfill({ response: answer });
    });
    await chat("early");
    await says("Right away.");
    await says("ready");
    await page.unroute(/sessions\/early$/);
  });

  it("[E2E-16] a server that has lost what the page saw is believed: the page begins anew", async () => {
    let refused = 0;
    await page.route(/\/events/, (route) => {
      if (refused++ > 0) return route.continue();
      const json = { code: "invalid_request", detail: "That is no event id of this session." };
      return route.fulfill({ status: 400, contentType: "application/problem+json", body: JSON.stringify(json) });
    });
    await chat("shared");
    await says("ready");
    await expect.poll(async () => (await answers()).at(-1)).toBe("Five.");
    await expect.poll(() => refused).toBeGreaterThan(1);
    await says("ready");
    await expect.poll(() => answers()).toEqual(["One\ntwo\nthree\n\nfour", "Five."]);
    await page.unroute(/\/events/);
  });

  it("[E2E-16] a killed server is waited for: the answer begins again, nothing is lost or shown twice", async () => {
    const gate = gated("the first half, ", "never sent");
    provider.enqueue(gate.reply);
    await chat("killed");
    await send("Hello");
    await says("the first half,");
    await dev.kill();
    await says("reconnecting");
    await send("Are you there?");
    await says(/cannot be reached/);
    provider.enqueue(text("a whole answer"), text("yes, I am"));
    dev = await startDev({ vars: vars(), persistTo: data, port: Number(new URL(dev.url).port) });
    await says("yes, I am");
    await says(/^Attempt \d/);
    await expect.poll(() => answers()).toEqual(["a whole answer", "yes, I am"]);
    await expect.poll(() => page.locator(".bubble").allInnerTexts()).toEqual(["Hello", "Are you there?"]);
    await says("ready");
  });

  it("[E2E-15] texts that try to be more than text stay text: in a transcript", async () => {
    expect(new Set(xssStrings).size).toBeGreaterThanOrEqual(200);
    const texts = xssStrings.flatMap((text, place) =>
      place % 2 === 0 ? [`${text}\n${xssStrings[place + 1] ?? ""}`] : [],
    );
    const body = xssTranscript("hostile", texts);
    const made = await reach(`${dev.url}/v1/sessions/import`, { method: "POST", headers, body });
    expect(made.status, await made.text()).toBe(201);
    await chat("hostile");
    await page.locator(".turn .ending button").first().waitFor();
    // Not by its role: for that Playwright reads the name of every element, which takes it minutes in a page of this size.
    const earlier = page.locator("button.earlier");
    for (let more = true; more; more = await earlier.isVisible()) {
      const turns = await page.locator(".turn").count();
      await earlier.click();
      await expect.poll(() => page.locator(".turn").count()).toBeGreaterThan(turns);
    }
    await expect.poll(() => page.locator(".turn").count()).toBe(texts.length);
    expect(await harmIn(page)).toEqual([]);
    await expect.poll(() => page.locator(".bubble").allTextContents()).toEqual(texts);
  });

  it("[E2E-15] texts that try to be more than text stay text: typed, and streamed in pieces", async () => {
    const all = xssStrings.join("\n\n");
    const gate = gated(...(all.match(/[\s\S]{1,97}/g) ?? []));
    provider.enqueue(gate.reply);
    gate.release();
    await chat("typed");
    await send(all);
    // Its 300 blocks are drawn while other tests use the machine.
    await page.locator(".turn .ending button").first().waitFor({ timeout: 90_000 });
    expect(await harmIn(page)).toEqual([]);
  });

  it("[E2E-15] [E2E-16] none of it asked a stranger or broke the page's policy", async () => {
    expect({ ...seen, errors: [] }).toEqual({ foreign: [], dialogs: [], faults: [], errors: [] });
    expect(await inPage(page, "document.querySelectorAll('[style]').length")).toBe(0);
  });
});
