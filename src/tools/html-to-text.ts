/** Turns an HTML page into text to read: the title, then what a person would see, line by line. Runs no script and loads nothing. Not by HTMLRewriter: it calls back for each tag and each piece of text, which takes seconds for a page that is made of them. */
import { attributeIn, type HtmlToken, scanHtml } from "./scan-html.ts";

const noise = words("script style noscript template svg iframe nav button select");
const blocks = words(
  "p div section article header footer main aside form h1 h2 h3 h4 h5 h6 li tr pre blockquote table ul ol dt dd figcaption title",
);
/** Looked at for `hidden`: only elements that must be closed, since without its end one would hide the rest of the page. */
const hideable = words("div span section article aside table ul ol");
/** Elements that have no end. */
const voids = words("area base br col embed hr img input link meta param source track wbr");

/** A page as plain text, with blank lines collapsed and code as it is written. Takes time linear in the page's length. */
export function htmlToText(html: string): string {
  const page = new PageReader();
  scanHtml(html, (token) => page.take(token));
  return tidy(unescapeEntities(page.text));
}

type ElementKind = "noise" | "pre" | "other";

/** Follows which elements are open. An end tag closes what is open inside its element, too. */
class PageReader {
  readonly #pieces: string[] = [];
  readonly #open: { name: string; kind: ElementKind; gap: string }[] = [];
  /** How many of each name are open, so that an end tag without a beginning costs nothing. */
  readonly #names = new Map<string, number>();
  readonly #kinds: Record<ElementKind, number> = { noise: 0, pre: 0, other: 0 };

  get text(): string {
    return this.#pieces.join("");
  }

  take(token: HtmlToken): void {
    switch (token.kind) {
      case "text":
        if (this.#kinds.noise > 0) return;
        this.#pieces.push(this.#kinds.pre > 0 ? fixed(token.text) : token.text.replace(/[ \t\r\n\f]+/g, " "));
        return;
      case "open":
        this.#enter(token);
        return;
      case "close":
        this.#leave(token.name);
        return;
    }
  }

  #enter({ name, attributes, closesItself }: Extract<HtmlToken, { kind: "open" }>): void {
    if (name === "br" || name === "hr") this.#pieces.push("\n");
    if (name === "td" || name === "th") this.#pieces.push(" ");
    if (voids.has(name)) return;
    const kind = isNoise(name, attributes) ? "noise" : name === "pre" ? "pre" : "other";
    const gap = blocks.has(name) && this.#kinds.noise === 0 ? "\n" : "";
    if (gap !== "") this.#pieces.push(gap);
    // Only elements of SVG and MathML can close themselves.
    if (closesItself && (name === "svg" || name === "math" || (this.#names.get("svg") ?? 0) > 0)) return;
    this.#open.push({ name, kind, gap });
    this.#kinds[kind]++;
    this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
  }

  #leave(name: string): void {
    if ((this.#names.get(name) ?? 0) === 0) return;
    for (let closed = this.#open.pop(); closed !== undefined; closed = this.#open.pop()) {
      if (closed.gap !== "") this.#pieces.push(closed.gap);
      this.#kinds[closed.kind]--;
      this.#names.set(closed.name, (this.#names.get(closed.name) ?? 1) - 1);
      if (closed.name === name) return;
    }
  }
}

function isNoise(name: string, attributes: string): boolean {
  if (noise.has(name)) return true;
  if (!hideable.has(name) || attributes === "") return false;
  if (attributeIn(attributes, "hidden") !== undefined) return true;
  return /display\s*:\s*none/i.test(attributeIn(attributes, "style") ?? "");
}

function words(list: string): Set<string> {
  return new Set(list.split(" "));
}

/** No-break spaces are the ones that `tidy` leaves alone. */
function fixed(text: string): string {
  return text.replace(/\r\n?/g, "\n").replaceAll("\t", "  ").replaceAll(" ", "\u00a0");
}

/** The end is not trimmed by a pattern: `\s+$` would be tried anew at each of a million spaces. */
function tidy(text: string): string {
  return text
    .replace(/ {2,}/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/^[ \n]+/, "")
    .trimEnd()
    .replaceAll("\u00a0", " ");
}

/** Names of U+00A0 to U+00FF, in their order (HTML 4, section 24.2). */
const latin1 =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
const punctuation =
  "amp & lt < gt > quot \" apos ' ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ hellip … bull • minus − euro € trade ™";
const named = new Map([
  ...latin1.split(" ").map((name, n) => [name, String.fromCharCode(0xa0 + n)] as const),
  ...Array.from(punctuation.matchAll(/(\S+) (\S+)/g), ([, name = "", char = ""]) => [name, char] as const),
]);

/** The entities that prose uses are enough here. */
function unescapeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return named.get(name) ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
