/** Looks for what no text may bring into the page: what ran, elements and attributes that the page does not make itself, links that lead elsewhere. DOMPurify is a second judge of the answers. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { inPage } from "./browser.ts";

const own =
  "div section article aside header nav main p h1 h2 h3 h4 h5 h6 a button form label input textarea select option span small code pre ul ol li " +
  "details summary figure figcaption blockquote table thead tbody tr th td strong em del hr br dl dt dd mark fieldset legend time";

const look = String.raw`(() => {
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const own = new Set("${own}".split(" "));
  const found = window.__xss === undefined ? [] : ["it ran"];
  for (const element of document.getElementById("root").querySelectorAll("*")) {
    const { localName, namespaceURI, attributes } = element;
    // Charts are drawn by us, of boxes, lines and figures alone.
    const isDrawn = /^(?:svg|title|rect|line|path|circle|g|text)$/.test(localName) && element.closest(".token-bar, .waterfall, .chart, .trace-chart, .request-parts");
    if (!isDrawn && (!own.has(localName) || namespaceURI !== "http://www.w3.org/1999/xhtml")) found.push(localName);
    for (const { name, value } of attributes) {
      if (/^on|^style$|^src|^action$|^formaction$/.test(name)) found.push(name + "=" + value);
      if (name === "href" && !/^(?:https?:|mailto:|#\/)/.test(value)) found.push(name + "=" + value);
    }
  }
  for (const prose of document.querySelectorAll(".prose")) {
    DOMPurify.sanitize(prose.innerHTML, { ADD_ATTR: ["target"] });
    for (const { element, attribute } of DOMPurify.removed)
      found.push("judged: " + (element?.outerHTML ?? attribute?.name + "=" + attribute?.value));
  }
  return found;
})()`;

/** Unfolds and touches everything first. Nothing is the good answer. */
export async function harmIn(page: Page): Promise<string[]> {
  const judge = await readFile(createRequire(import.meta.url).resolve("dompurify/dist/purify.min.js"), "utf8");
  await inPage(page, `${judge};undefined`);
  for (const link of (await page.locator(".prose a").all()).slice(0, 5)) await link.hover();
  return inPage(page, look);
}
