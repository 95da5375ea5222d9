/** Cuts an HTML page into tags and texts, in one pass that never goes back: whatever the page, each character is looked at a few times at most. Builds no tree. Pure. */

/** `attributes`: the text between the name and the end of the tag. Names are in lower case. */
export type HtmlToken =
  | { kind: "text"; text: string }
  | { kind: "open"; name: string; attributes: string; closesItself: boolean }
  | { kind: "close"; name: string };

/** Elements whose content is text, whatever it looks like (HTML standard, 13.2.5, "raw text" and "RCDATA"). */
const rawText = new Set(["script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes"]);

const exclamation = 0x21;
const slash = 0x2f;
const question = 0x3f;
const greaterThan = 0x3e;

/** The tokens in order, passed to `take` one by one. Comments, declarations and what is cut off by the end of the page are left out. */
export function scanHtml(html: string, take: (token: HtmlToken) => void): void {
  let at = 0;
  while (at < html.length) {
    const next = nextMarkup(html, at);
    if (next > at) take({ kind: "text", text: html.slice(at, next) });
    if (next === html.length) return;
    at = takeMarkup(html, next, take);
  }
}

/** Where the next tag, comment or declaration begins: a `<` before anything else is text. */
function nextMarkup(html: string, from: number): number {
  let at = html.indexOf("<", from);
  while (at >= 0 && !beginsMarkup(html.charCodeAt(at + 1))) at = html.indexOf("<", at + 1);
  return at < 0 ? html.length : at;
}

function beginsMarkup(code: number): boolean {
  return isLetter(code) || code === slash || code === exclamation || code === question;
}

/** Reads what begins with `<` at `at`; returns where it ends. */
function takeMarkup(html: string, at: number, take: (token: HtmlToken) => void): number {
  const after = html.charCodeAt(at + 1);
  if (isLetter(after)) return takeOpen(html, at, take);
  if (after === slash) return takeClose(html, at, take);
  if (html.startsWith("<!--", at)) return endOfComment(html, at);
  // `<!doctype …>`, `<?xml …?>` and the like.
  return endAfter(html, ">", at);
}

function takeOpen(html: string, at: number, take: (token: HtmlToken) => void): number {
  const nameEnd = endOfName(html, at + 1);
  const end = endOfTag(html, nameEnd);
  // A tag that the page's end cuts off is none.
  if (end < 0) return html.length;
  const name = html.slice(at + 1, nameEnd).toLowerCase();
  const closesItself = html.charCodeAt(end - 1) === slash;
  take({ kind: "open", name, attributes: html.slice(nameEnd, end), closesItself });
  return rawText.has(name) ? takeRawText(html, end + 1, { name, take }) : end + 1;
}

function takeClose(html: string, at: number, take: (token: HtmlToken) => void): number {
  if (!isLetter(html.charCodeAt(at + 2))) return endAfter(html, ">", at);
  const nameEnd = endOfName(html, at + 2);
  const end = endOfTag(html, nameEnd);
  if (end < 0) return html.length;
  take({ kind: "close", name: html.slice(at + 2, nameEnd).toLowerCase() });
  return end + 1;
}

/** Everything up to the element's own end tag, which is left to be read. */
function takeRawText(
  html: string,
  from: number,
  { name, take }: { name: string; take: (token: HtmlToken) => void },
): number {
  let end = html.indexOf("</", from);
  while (end >= 0 && !isEndOf(html, end, name)) end = html.indexOf("</", end + 2);
  const text = html.slice(from, end < 0 ? html.length : end);
  if (text !== "") take({ kind: "text", text });
  return end < 0 ? html.length : end;
}

function isEndOf(html: string, at: number, name: string): boolean {
  const nameEnd = at + 2 + name.length;
  return html.slice(at + 2, nameEnd).toLowerCase() === name && isNameEnd(html.charCodeAt(nameEnd));
}

function endOfComment(html: string, at: number): number {
  // `<!-->` and `<!--->` are whole comments.
  const abrupt = /<!--(?:-?>)/y;
  abrupt.lastIndex = at;
  const whole = abrupt.exec(html);
  return whole === null ? endAfter(html, "-->", at + 4) : at + whole[0].length;
}

function endAfter(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

function endOfName(html: string, from: number): number {
  let at = from;
  while (at < html.length && !isNameEnd(html.charCodeAt(at))) at++;
  return at;
}

/** Where the tag's `>` is: one inside a quoted value is none. -1 when there is none. */
function endOfTag(html: string, from: number): number {
  const mark = /[>"']/g;
  for (let at = from; ; ) {
    mark.lastIndex = at;
    const found = mark.exec(html);
    if (found === null) return -1;
    if (html.charCodeAt(found.index) === greaterThan) return found.index;
    // A quote opens a value only after `=`; elsewhere it is a part of a name, as `<p ">` shows.
    if (!isBehindEquals(html, found.index, from)) at = found.index + 1;
    else {
      const close = html.indexOf(found[0], found.index + 1);
      if (close < 0) return -1;
      at = close + 1;
    }
  }
}

/** Looks back over white space, of which as much as a page may reasonably have there. */
function isBehindEquals(html: string, at: number, from: number): boolean {
  let before = at - 1;
  while (before >= from && at - before < mostSpaces && isSpace(html.charCodeAt(before))) before--;
  return html.charAt(before) === "=" && before >= from;
}

const mostSpaces = 32;

/** The value of an attribute, as it is written; `""` for one without a value, `undefined` for one that is not there. The first of a name counts. */
export function attributeIn(attributes: string, name: string): string | undefined {
  const each = /([^\s/>"'=][^\s/>=]*)(?:\s{0,32}=\s{0,32}(?:"([^"]*)"|'([^']*)'|([^\s"'>][^\s>]*)))?|[\s/"'=]+/g;
  for (const [, found, double, single, bare] of attributes.matchAll(each)) {
    if (found?.toLowerCase() === name) return double ?? single ?? bare ?? "";
  }
  return undefined;
}

function isNameEnd(code: number): boolean {
  return Number.isNaN(code) || isSpace(code) || code === slash || code === greaterThan;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
