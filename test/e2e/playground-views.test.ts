import { mkdir, readFile } from "node:fs/promises";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { agentDetailsJson, entriesJson, evalSummaryText, versionDiffJson, wordingOf } from "../playground/samples.ts";
import {
  accessFaultsOf,
  browserPath,
  inPage,
  type OwnBrowser,
  openBrowser,
  type Witness,
  witness,
} from "../support/browser.ts";
import { atRest, countCalls } from "../support/page-at-rest.ts";
import { doubleUrl, type PageDouble, servePage } from "../support/page-double.ts";
import { harmIn } from "../support/page-harm.ts";
import { savePicture, shots } from "../support/picture.ts";
import { xssStrings } from "../support/xss-strings.ts";

let browser: OwnBrowser;
let context: BrowserContext;
let double: PageDouble;
let seen: Witness;
let page: Page;

const views = browserPath === undefined ? describe.skipIf(true) : describe;
const says = (words: string | RegExp) => page.getByText(words).filter({ visible: true }).first().waitFor();

/** Each view: its address, and what it shows with data, without any, and in any case. */
const all: readonly { hash: string; title: string; data: string | RegExp; empty: string | RegExp }[] = [
  { hash: "#/turns", title: "Turns", data: "20 failed turns", empty: /No turn ended in this time/ },
  { hash: "#/s/support-42/turn_3/trace", title: "turn 3 of support-42", data: "order_status", empty: "order_status" },
  {
    hash: "#/compare?a=support-42/turn_3&b=support-42/turn_3",
    title: "Compare two turns",
    data: "order_status",
    empty: "order_status",
  },
  { hash: "#/agents", title: "Agents", data: "Shorter answers.", empty: "You help the customers of a shop." },
  { hash: "#/rollouts", title: "Rollouts and evaluations", data: /stage 1 of 2/, empty: /None yet/ },
  { hash: "#/usage", title: "Usage", data: "Time of a turn", empty: "Nothing was used in these days." },
  { hash: "#/accounts", title: "Accounts", data: /\$21\.40 spent of \$25\.00/, empty: /no accounts but the default/ },
  { hash: "#/sessions", title: "Sessions", data: "Order 3", empty: /There are no sessions yet/ },
  { hash: "#/setup", title: "Setup", data: "Under Bot make a token", empty: "Talk to it" },
];

async function open(hash: string, answers: Partial<Pick<PageDouble, "state" | "say" | "count">> = {}): Promise<void> {
  Object.assign(double, { state: "data", say: wordingOf([]), count: 20 }, answers);
  await page.goto("about:blank");
  await page.goto(`${doubleUrl}/${hash}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (double.state !== "slow") await atRest(page);
}

async function look(width: number, theme: "light" | "dark"): Promise<void> {
  await page.setViewportSize({ width, height: width < 500 ? 740 : 860 });
  await page.emulateMedia({ colorScheme: theme });
}

const looks = [
  [1100, "light"],
  [360, "dark"],
  [1100, "dark"],
  [360, "light"],
] as const;

/** A picture of a view, to be looked at: only where they are wanted. */
async function keep(title: string, state: string): Promise<void> {
  const name = title.split(" ")[0]?.toLowerCase();
  if (process.env.VIEWS !== undefined) await page.screenshot({ path: `${shots}/view-${name}-${state}.png` });
}

const accessFaults = () => accessFaultsOf(page);

/** Whether it scrolls sideways. */
async function widthFaults(): Promise<string[]> {
  const isWide = await inPage<boolean>(page, "document.documentElement.scrollWidth > innerWidth");
  if (!isWide) return [];
  const wide =
    "[...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > innerWidth).map((each) => each.outerHTML.slice(0, 120)).slice(0, 5)";
  return ["it scrolls sideways", ...(await inPage<string[]>(page, wide))];
}

/** Nothing is found once the page is drawn. */
const isFaultless = () => expect.poll(async () => [...(await accessFaults()), ...(await widthFaults())]).toEqual([]);

views("the page's views, over samples of the API", () => {
  beforeAll(async () => {
    browser = await openBrowser();
    await mkdir(shots, { recursive: true });
    context = await browser.newContext();
    const keep = "sessionStorage.setItem('longline-admin-key', 'admin-key-of-a-test')";
    await context.addInitScript(`if (location.protocol !== "about:") ${keep}`);
    await countCalls(context);
    double = await servePage(context);
    seen = witness(context, doubleUrl);
    page = await context.newPage();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail")
      await page.screenshot({ path: `${shots}/failed-view-${task.name.slice(1, 8)}.png` });
  });
  afterAll(() => browser?.close());

  it.each(all)("[E2E-27] $title is complete with data: in light and dark, on a desk and on a phone", async (view) => {
    const { hash, title, data } = view;
    await open(hash);
    await page.getByRole("heading", { name: title, level: 1 }).waitFor();
    await says(data);
    for (const [width, theme] of looks) {
      await look(width, theme);
      const isLookedAt = (width === 360) === (theme === "dark");
      const found = async () => [...(isLookedAt ? await accessFaults() : []), ...(await widthFaults())];
      await expect.poll(found, { message: `${width} in ${theme}` }).toEqual([]);
      await keep(title, `${width}-${theme}`);
    }
    expect(seen.errors).toEqual([]);
  });

  it.each(all)(
    "[E2E-27] $title says so when there is nothing, when the server fails, and while it waits",
    async (view) => {
      const { hash, title, empty, data } = view;
      await look(360, "dark");
      await open(hash, { state: "empty" });
      await says(empty);
      await keep(title, "empty");
      await isFaultless();
      await open(hash, { state: "failing" });
      await says("The server has a fault. Try later.");
      await keep(title, "failing");
      await expect.poll(widthFaults).toEqual([]);
      await open(hash, { state: "slow" });
      await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      await keep(title, "slow");
      double.state = "data";
      double.release();
      await says(data);
      // Refusals are errors in the console, and wanted here.
      seen.errors = [];
    },
  );

  it("[E2E-27] nothing that anybody wrote runs in one or changes it", async () => {
    await look(1100, "light");
    const hostile = { say: wordingOf(xssStrings), count: 100 };
    for (const { hash, title } of all) {
      await open(hash, hostile);
      await page.getByRole("heading", { name: title, level: 1 }).waitFor();
      await expect.poll(() => page.locator("main li, main td, main .bubble").count()).toBeGreaterThan(0);
      for (const unfold of await page.getByRole("button", { name: /^Show all/ }).all()) await unfold.click();
      const folded = page.locator("main [aria-expanded=false]");
      for (let left = await folded.count(); left > 0; left--) await folded.first().click();
      // What is folded is drawn once it is opened, and may hold a fold itself.
      for (let depth = 0; depth < 3; depth++) expect(await harmIn(page), hash).toEqual([]);
    }
    await open("#/rollouts", hostile);
    const buffer = Buffer.from(evalSummaryText(hostile.say));
    await page.locator("input[type=file]").setInputFiles([
      { name: `${xssStrings[0]}.json`, mimeType: "application/json", buffer },
      { name: "<img src=x onerror=window.__xss=1>", mimeType: "application/json", buffer: Buffer.from("{") },
    ]);
    await says(/is no JSON/);
    expect(await harmIn(page)).toEqual([]);
  });

  it("[E2E-28] the turns are filtered by keyboard alone, and the address keeps it", async () => {
    await look(1100, "light");
    await open("#/turns");
    await says("20 failed turns");
    await page.getByRole("combobox", { name: "Outcome" }).focus();
    // One letter: a word is taken letter by letter where the machine pauses.
    await page.keyboard.press("s");
    await says("No turn ended in this time with these filters.");
    expect(new URL(page.url()).hash).toBe("#/turns?status=cancelled&since=7d");
    await page.reload();
    await says("No turn ended in this time with these filters.");
  });

  it("[PAGE-32] the list of turns has those that are open, and the trace of one says what it waits for", async () => {
    await open("#/turns");
    const now = page.getByRole("region", { name: "Open turns" });
    await expect
      .poll(() => now.getByRole("listitem").allInnerTexts())
      .toEqual([expect.stringMatching(/^waiting\s+Order 1/)]);
    await page.getByRole("combobox", { name: "Outcome" }).selectOption("cancelled");
    await now.waitFor({ state: "detached" });
    const { entries } = entriesJson(wordingOf([]));
    const asked = entries.findIndex(({ message }) => message?.tool_calls !== undefined);
    const [call] = entries[asked]?.message?.tool_calls ?? [];
    const waits = [{ name: "shipped:17", kind: "signal", until: "2099-12-24T12:00:00.000Z" }];
    const suspended = [{ call_id: call?.id, name: call?.function.name, waits }];
    const place = { session: "support-42", turn: "turn_3", status: "waiting" };
    await page.route("**/turns/turn_3", (route) => route.fulfill({ json: { ...place, suspended } }));
    await page.route("**/entries?*", (route) => {
      const isFirst = route.request().url().includes("after=0");
      return route.fulfill({ json: { entries: isFirst ? entries.slice(0, asked + 1) : [], last_seq: 14 } });
    });
    await open("#/s/support-42/turn_3/trace");
    await says(`${call?.function.name} waits`);
    await says(/^Waits for the signal shipped:17, until Dec 24, 2099/);
    await expect.poll(() => page.locator("main form").count()).toBe(0);
    await isFaultless();
    await page.unroute("**/turns/turn_3");
    await page.unroute("**/entries?*");
  });

  it("[PAGE-33] a turn is saved, copied and rated from its trace", async () => {
    await look(1100, "light");
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await open("#/s/support-42/turn_3/trace");
    const copied = async (name: string, text: string) => {
      await page.getByRole("button", { name: new RegExp(`^${name}`) }).click();
      await expect.poll(() => inPage<string>(page, "navigator.clipboard.readText()")).toContain(text);
    };
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download as JSON" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("support-42-turn_3.json");
    const { turn, entries, trace } = JSON.parse(await readFile(await download.path(), "utf8"));
    expect(turn).toMatchObject({ session: "support-42", turn: "turn_3" });
    expect([entries[0].type, trace.resourceSpans.length]).toEqual(["user", 1]);
    await copied("Copy as curl", '"content":"Refund order 1017');
    await copied("Copy as curl", `curl '${doubleUrl}/v1/sessions/support-42/messages'`);
    const command = `npx longline eval add --session support-42 --turn turn_3 --url ${doubleUrl}`;
    await copied("Copy as an evaluation case", command);
    await page.getByRole("button", { name: "Good" }).click();
    await expect.poll(() => double.changes).toEqual(["POST /v1/sessions/support-42/feedback"]);
    // The samples take no votes.
    seen.errors = [];
    double.changes = [];
  });

  it("[PAGE-34] the second of two compared turns is chosen by keyboard alone, and the address keeps both", async () => {
    const { entries, last_seq } = entriesJson(wordingOf([]));
    const version = { agent_version: "v_77aa00bb11cc" };
    const others = entries.map((entry) => ({ ...entry, turn: "turn_1", ...(entry.agent_version && version) }));
    await page.route("**/v1/sessions/order-0", (route) => route.fulfill({ json: { last_seq } }));
    await page.route("**/v1/sessions/order-0/entries?*", (route) =>
      route.fulfill({ json: { entries: others, last_seq } }),
    );
    await page.route("**/v1/agents/assistant/versions?*", (route) =>
      route.fulfill({ json: versionDiffJson(wordingOf([])) }),
    );
    await open("#/s/support-42/turn_3/trace");
    await page.getByRole("link", { name: "Compare" }).focus();
    await page.keyboard.press("Enter");
    const other = page.getByRole("combobox", { name: "With" });
    await other.locator("option", { hasText: "order-0" }).first().waitFor({ state: "attached" });
    await atRest(page);
    await other.focus();
    // The first of those that begin with it.
    await page.keyboard.press("o");
    await expect.poll(() => new URL(page.url()).hash).toBe("#/compare?a=support-42/turn_3&b=order-0/turn_1");
    const figures = page.getByRole("region", { name: "Figures of both turns" });
    await expect.poll(() => figures.locator("tr", { hasText: "Version" }).innerText()).toMatch(/v_3f9.*v_77a.*other/s);
    await page.locator("summary", { hasText: "What differs between the versions" }).focus();
    await page.keyboard.press("Enter");
    await says(/instructions: line 1 replaced/);
    await isFaultless();
    for (const path of ["sessions/order-0", "sessions/order-0/entries?*", "agents/assistant/versions?*"])
      await page.unroute(`**/v1/${path}`);
    await open("#/compare");
    await says(/Choose a turn in the/);
    seen.errors = [];
  });

  it("[E2E-28] a rollout is rolled back by keyboard alone, and only after a second yes", async () => {
    await open("#/rollouts");
    await page.getByRole("button", { name: /^support: v_77aa00bb11cc over/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Roll back", exact: true }).focus();
    await page.keyboard.press("Enter");
    await says("Give the baseline to everyone again?");
    expect(double.changes).toEqual([]);
    await page.getByRole("button", { name: "Yes, roll back" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => double.changes).toEqual(["POST /v1/rollouts/ro_4be1c2/rollback"]);
  });

  it("[E2E-28] filters are saved by a name, applied and removed again by keyboard alone", async () => {
    await open("#/turns?status=cancelled&since=24h");
    await page.getByRole("button", { name: "Save these filters" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.type("Stopped today");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stopped today", exact: true, pressed: true }).waitFor();
    await open("#/turns");
    await says("20 failed turns");
    await page.getByRole("button", { name: "Stopped today", exact: true }).focus();
    await page.keyboard.press("Enter");
    await says("No turn ended in this time with these filters.");
    expect(new URL(page.url()).hash).toBe("#/turns?status=cancelled&since=24h");
    await page.getByRole("button", { name: "Remove the filter Stopped today" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Stopped today", exact: true }).waitFor({ state: "detached" });
  });

  it("[E2E-28] a version is made by a form, and a rollout of it begins after the server has shown what it would do", async () => {
    await open("#/agents");
    await page.locator("summary", { hasText: "Make a version" }).focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("instructions", { exact: true }).fill("Be brief.");
    await page.getByRole("button", { name: "Make the version" }).focus();
    await page.keyboard.press("Enter");
    await says(/instructions: line 1 replaced/);
    await expect.poll(() => double.changes.at(-1)).toBe("POST /v1/agents/support/versions");
    await expect.poll(accessFaults).toEqual([]);
    double.changes = [];
    await page.getByRole("link", { name: "Begin a rollout with it" }).focus();
    await page.keyboard.press("Enter");
    await page.getByLabel("stages.0.share", { exact: true }).fill("2");
    await page.keyboard.press("Enter");
    const fault = page.locator("#fault-stages\\.0\\.share");
    await expect.poll(() => fault.innerText()).toContain("must be above 0 and at most 1.");
    await page.getByLabel("stages.0.share", { exact: true }).fill("0.1");
    await page.keyboard.press("Enter");
    await says("Smallest harm that it can see");
    for (const [width, theme] of [looks[0], looks[1]]) {
      await look(width, theme);
      await isFaultless();
    }
    if (process.env.VIEWS !== undefined) await page.screenshot({ path: `${shots}/rollout-form.png`, fullPage: true });
    await look(1100, "light");
    if (process.env.VIEWS !== undefined)
      await page.screenshot({ path: `${shots}/rollout-form-wide.png`, fullPage: true });
    await page.getByRole("button", { name: "Begin it", exact: true }).focus();
    await page.keyboard.press("Enter");
    await says(/^Give v_77aa00bb11cc to 10 % of what is new for support/);
    const sent = double.changes.length;
    await page.getByRole("button", { name: "Yes, begin it" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => double.changes.length).toBe(sent + 1);
    // A refusal is an error in the console, and was wanted.
    seen.errors = [];
  });

  it("[PAGE-31] what the server shows of a rollout that was changed meanwhile is left out", async () => {
    await open("#/rollouts?agent=support&candidate=v_77aa00bb11cc");
    const share = page.getByLabel("stages.0.share", { exact: true });
    const asked = page.waitForRequest((request) => request.method() === "POST");
    double.state = "slow";
    await share.fill("0.1");
    await page.keyboard.press("Enter");
    await asked;
    await share.fill("0.2");
    double.state = "data";
    double.release();
    await atRest(page);
    await expect.poll(() => page.getByText("Smallest harm that it can see").count()).toBe(0);
    await share.focus();
    await page.keyboard.press("Enter");
    await says("Smallest harm that it can see");
  });

  it("[E2E-28] what an account used is shown with the admin key, by model, agent, version, day and session", async () => {
    await open("#/accounts");
    const card = page.getByRole("region", { name: "Account acme" });
    await card.locator("summary", { hasText: "Usage" }).focus();
    await page.keyboard.press("Enter");
    await card.getByText("model-1").waitFor();
    await card.getByRole("combobox", { name: "Usage of acme by" }).selectOption("session");
    await card.getByText("session-1").first().waitFor();
    await expect.poll(accessFaults).toEqual([]);
  });

  it("[PAGE-25] Setup has each click of Slack and of Discord, as docs/messengers.md shows it", async () => {
    const details = agentDetailsJson(wordingOf([]));
    const channels = details.channels.map((each) => ({ ...each, configured: false }));
    await page.route("**/v1/agents/support?*", (route) => route.fulfill({ json: { ...details, channels } }));
    await look(860, "light");
    await open("#/setup");
    for (const [name, secret] of [
      ["slack", "SLACK_SIGNING_SECRET"],
      ["discord", "DISCORD_PUBLIC_KEY"],
    ]) {
      const card = page.locator("main li.card", { hasText: `put ${secret}` });
      await card.waitFor();
      await expect.poll(accessFaults).toEqual([]);
      await savePicture(`setup-${name}`, await card.screenshot());
    }
    await page.unroute("**/v1/agents/support?*");
  });

  it("[E2E-28] a tool that changes nothing is tried with what was entered, and one that does cannot be", async () => {
    await open("#/agents");
    await page.locator("summary", { hasText: "Input, and try it" }).first().click();
    await page.getByLabel("order", { exact: true }).fill("17");
    await page.keyboard.press("Enter");
    await says(/"state": "open"/);
    await expect.poll(() => double.changes.at(-1)).toBe("POST /v1/agents/support/tools/order_status/run");
    await page.locator("summary", { hasText: "Input, and try it" }).nth(1).click();
    await says("It changes something, so it runs only in a turn.");
  });

  it("[E2E-28] reports of evaluations are read from files, and a file that is none is named", async () => {
    await open("#/rollouts");
    const buffer = Buffer.from(evalSummaryText(wordingOf([])));
    await page.locator("input[type=file]").setInputFiles([
      { name: "summary.json", mimeType: "application/json", buffer },
      { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("x") },
    ]);
    await says("worse, or a case failed that must not");
    await says(/^notes\.txt is no JSON/);
    await expect.poll(accessFaults).toEqual([]);
  });

  it("[E2E-15] none of them asked a stranger or broke the page's policy", () => {
    expect({ ...seen, errors: [] }).toEqual({ foreign: [], dialogs: [], faults: [], errors: [] });
  });
});
