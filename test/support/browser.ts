/** A real browser for end-to-end tests of the page, shared by the files of a process, and a witness of what it should never do: ask strangers, open dialogs, break the page's own policy. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const places = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
];

/** Where a Chromium is; the tests that need one do not run without it. */
export const browserPath = places.find((path) => path !== undefined && existsSync(path));
if (browserPath === undefined)
  console.warn(
    "THE TESTS OF THE PAGE DO NOT RUN: there is no Chromium. Install one (apt-get install chromium) or set CHROMIUM_PATH.",
  );

/** What one file of tests does with the browser: `close` ends what it has opened. */
export type OwnBrowser = Pick<Browser, "newContext" | "newPage" | "close">;

/** How long a page may take to show what a test waits for. */
const patienceMs = 40_000;

/** How long the browser may take to start, and a page to load: servers and files of other tests start meanwhile. */
const [launchMs, loadMs] = [100_000, 80_000];

/** How many times slower the pages run than they could; 1 where the environment says nothing. `npm run soak -- --only stutter` sets it. */
const slowness = Number(process.env.LONGLINE_PAGE_SLOWNESS ?? "1");

/** One for each process of tests, in which several files run one after the other; it ends with its process. */
let running: Promise<Browser> | undefined;

export async function openBrowser(): Promise<OwnBrowser> {
  const browser = await sharedBrowser();
  const opened: (Page | BrowserContext)[] = [];
  const own = <T extends Page | BrowserContext>(made: T): T => {
    made.setDefaultTimeout(patienceMs);
    made.setDefaultNavigationTimeout(loadMs);
    opened.push(made);
    return made;
  };
  return {
    newContext: async (options) => {
      const context = own(await browser.newContext(options));
      if (slowness > 1) context.on("page", (page) => void slowDown(page).catch(() => {}));
      return context;
    },
    newPage: async (options) => {
      const page = own(await browser.newPage(options));
      if (slowness > 1) await slowDown(page);
      return page;
    },
    close: async () => {
      // An answer that a test's route gives meanwhile would be an error that no test waits for.
      await Promise.all(opened.map((each) => each.unrouteAll({ behavior: "ignoreErrors" }).catch(() => {})));
      await Promise.all(opened.map((each) => each.close()));
    },
  };
}

async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowness });
}

async function sharedBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error("There is no Chromium.");
  if (!(await running)?.isConnected()) {
    const launching = chromium.launch({ executablePath: browserPath, args: ["--no-sandbox"], timeout: launchMs });
    // The next file tries again.
    launching.catch(() => {
      if (running === launching) running = undefined;
    });
    running = launching;
  }
  return running as Promise<Browser>;
}

/** What a page did that it should not do. */
export interface Witness {
  foreign: string[];
  dialogs: string[];
  /** Uncaught errors, and what the content security policy stopped. */
  faults: string[];
  /** Errors in the console; among them each refusal of the server. */
  errors: string[];
}

/** Watches all pages of the context. `url`: the one server they may ask. */
export function witness(context: BrowserContext, url: string): Witness {
  const seen: Witness = { foreign: [], dialogs: [], faults: [], errors: [] };
  context.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith(`${url}/`) && !/^(?:data|blob):/.test(to)) seen.foreign.push(to);
  });
  context.on("page", (page) => watch(page, seen));
  return seen;
}

function watch(page: Page, seen: Witness): void {
  page.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => seen.faults.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) seen.faults.push(message.text());
    if (message.type() === "error") seen.errors.push(message.text());
  });
}

/** Runs JavaScript in the page; the tests are typed for Node, where there is no `document`. */
export function inPage<T>(page: Page, script: string): Promise<T> {
  return page.evaluate(script) as Promise<T>;
}

/** Of axe, half a megabyte. */
let source: Promise<string> | undefined;

/** What axe finds against the page as it is. It is parsed only in pages that it looks at, and once in each. */
export async function accessFaultsOf(page: Page): Promise<string[]> {
  source ??= readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  if (!(await inPage<boolean>(page, "'axe' in window"))) await inPage(page, `${await source};undefined`);
  return inPage(
    page,
    "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)].join(' ')))",
  );
}
