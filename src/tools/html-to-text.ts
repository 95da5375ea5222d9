/** Turns an HTML page into text to read: the title, then what a person would see, line by line. Runs no script and loads nothing. */

const noise = words("script style noscript template svg iframe nav button select");
const blocks = words(
  "p div section article header footer main aside form h1 h2 h3 h4 h5 h6 li tr pre blockquote table ul ol dt dd figcaption title",
);
/** Looked at for `hidden`: only elements that must be closed, since without its end one would hide the rest of the page. */
const hideable = words("div span section article aside table ul ol");
const watched = [...new Set([...noise, ...blocks, ...hideable])].join(", ");

/** A page as plain text, with blank lines collapsed and code as it stands. */
export async function htmlToText(html: string): Promise<string> {
  const pieces: string[] = [];
  const open = { noise: 0, pre: 0, other: 0 };
  const enter = (element: Element) => {
    const kind = isNoise(element) ? "noise" : element.tagName === "pre" ? "pre" : "other";
    const gap = blocks.has(element.tagName) && open.noise === 0 ? "\n" : "";
    pieces.push(gap);
    // The one place that sets it: a second call on the same element would replace the first.
    const hasEnd = whenClosed(element, () => {
      pieces.push(gap);
      open[kind]--;
    });
    if (hasEnd) open[kind]++;
  };
  const rewritten = new HTMLRewriter()
    .on(watched, { element: enter })
    .on("br, hr", { element: () => void pieces.push("\n") })
    .on("td, th", { element: () => void pieces.push(" ") })
    .onDocument({
      text({ text }) {
        if (open.noise > 0) return;
        pieces.push(open.pre > 0 ? fixed(text) : text.replace(/[ \t\r\n\f]+/g, " "));
      },
    })
    .transform(new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } }));
  await rewritten.arrayBuffer();
  return tidy(unescapeEntities(pieces.join("")));
}

/** False for an element that closes itself, such as `<svg/>`. */
function whenClosed(element: Element, work: () => void): boolean {
  try {
    element.onEndTag(work);
    return true;
  } catch {
    return false;
  }
}

function isNoise(element: Element): boolean {
  if (noise.has(element.tagName)) return true;
  if (!hideable.has(element.tagName)) return false;
  return element.hasAttribute("hidden") || /display\s*:\s*none/i.test(element.getAttribute("style") ?? "");
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
    .split("\n")
    .map((line) => line.replace(/ +/g, " ").replace(/^ | $/g, ""))
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/^\n+/, "")
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

/** HTMLRewriter hands text on as it is written. The entities that prose uses are enough here. */
function unescapeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return named.get(name) ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
