/** Turns an HTML page into text to read: the title, then what a person would see, line by line. Runs no script and loads nothing. */

const noise = "script, style, noscript, template, svg, iframe, nav, form, button, select";
const blocks =
  "p, div, section, article, header, footer, main, aside, h1, h2, h3, h4, h5, h6, li, tr, pre, blockquote, table, ul, ol, dt, dd, figcaption, title";

/** `bytes` of a page with this content type, as plain text with blank lines collapsed. */
export async function htmlToText(bytes: Uint8Array, contentType: string): Promise<string> {
  const pieces: string[] = [];
  let hidden = 0;
  const page = new Response(bytes, { headers: { "content-type": contentType } });
  const rewritten = new HTMLRewriter()
    .on(noise, {
      element(element) {
        hidden++;
        element.onEndTag(() => {
          hidden--;
        });
      },
    })
    .on(blocks, {
      element(element) {
        pieces.push("\n");
        element.onEndTag(() => void pieces.push("\n"));
      },
    })
    .on("br, hr", { element: () => void pieces.push("\n") })
    .onDocument({
      text({ text }) {
        if (hidden === 0) pieces.push(text.replace(/\s+/g, " "));
      },
    })
    .transform(page);
  await rewritten.arrayBuffer();
  return tidy(unescapeEntities(pieces.join("")));
}

function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/[ \t]+/g, " ").trim())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

const named: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ndash: "–",
  mdash: "—",
  hellip: "…",
  copy: "©",
  euro: "€",
};

/** HTMLRewriter hands text on as it is written. The entities that prose uses are enough here. */
function unescapeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{2,8});/gi, (whole, name: string) => {
    if (!name.startsWith("#")) return named[name] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
