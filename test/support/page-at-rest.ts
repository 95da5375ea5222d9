/** When a page has drawn all that it was sent: it waits for no answer, and two frames have passed since the last one. It is counted in the page itself, so no delay between the processes can make it wrong. */
import type { BrowserContext, Page } from "playwright-core";
import { inPage } from "./browser.ts";

/** Counts the calls of `fetch` and the bodies that are read whole. A stream counts until its headers are there. */
const counting = `(() => {
  const calls = { begun: 0, open: 0 };
  const counted = (answer) => {
    calls.open++;
    return answer.finally(() => calls.open--);
  };
  const own = window.fetch;
  window.fetch = (...given) => {
    calls.begun++;
    return counted(own(...given));
  };
  for (const name of ["json", "text", "blob", "arrayBuffer"]) {
    const read = Response.prototype[name];
    Response.prototype[name] = function () {
      return counted(read.call(this));
    };
  }
  window.__calls = calls;
})()`;

/** For every page that the context opens from now on. */
export async function countCalls(context: BrowserContext): Promise<void> {
  await context.addInitScript(counting);
}

/** Shows what the address names, and resolves when it is drawn. In a page that is open already only the part after `#` changes. */
export async function show(page: Page, url: string): Promise<void> {
  const [place, hash] = url.split("#");
  if (hash === undefined || page.url().split("#")[0] !== place) await page.goto(url);
  else
    await inPage(
      page,
      `new Promise((resolve) => {
        if (location.hash === ${JSON.stringify(`#${hash}`)}) return resolve();
        // The page has listened for longer: it knows then.
        addEventListener("hashchange", () => resolve(), { once: true });
        location.hash = ${JSON.stringify(hash)};
      })`,
    );
  await atRest(page);
}

/** Resolves when the page is at rest. */
export function atRest(page: Page): Promise<void> {
  return inPage(
    page,
    `new Promise((resolve) => {
      const look = () => {
        const { begun, open } = window.__calls;
        const isQuiet = () => open === 0 && window.__calls.open === 0 && window.__calls.begun === begun;
        requestAnimationFrame(() => requestAnimationFrame(() => (isQuiet() ? resolve() : look())));
      };
      look();
    })`,
  );
}
