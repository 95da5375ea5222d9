/** Markdown to elements without HTML on the way: each kind of token has its one element, so no text can become another kind of element. HTML in it is shown as text, pictures become links, and links lead outside by http, https or mailto alone. */
import type { MarkedToken, Token, Tokens } from "marked";
import { codeBlock, scrollable } from "../shell/code-block.ts";
import { plain } from "./blocks.ts";
import { withoutEntities } from "./entities.ts";

export function elementsOf(tokens: readonly Token[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const token of tokens) fragment.append(...nodesOf(token as MarkedToken));
  return fragment;
}

function nodesOf(token: MarkedToken): (Node | string)[] {
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "paragraph":
      return [element("p", token.tokens)];
    case "heading":
      // The page's own headings are at higher levels.
      return [element(`h${Math.min(token.depth + 2, 6)}`, token.tokens)];
    case "hr":
    case "br":
      return [element(token.type)];
    case "blockquote":
    case "strong":
    case "em":
    case "del":
      return [element(token.type, token.tokens)];
    case "code":
      return [codeBlock(token.text, /^[\w+#.-]{1,30}(?=\s|$)/.exec(token.lang ?? "")?.[0] ?? "")];
    case "codespan":
      return [textElement("code", token.text)];
    case "list":
      return [list(token)];
    case "list_item":
      return [element("li", token.tokens)];
    case "table":
      return [table(token)];
    case "checkbox":
      return [token.checked ? "☑ " : "☐ "];
    case "html":
      return "block" in token && token.block ? [textElement("p", token.text)] : [token.text];
    case "link":
      return [link(token.href, elementsOf(token.tokens))];
    case "image":
      return [link(token.href, token.text || "picture")];
    case "text":
      return "tokens" in token && token.tokens ? [elementsOf(token.tokens)] : [withoutEntities(token.text)];
    case "escape":
      return [token.text];
    default:
      if ((token as Token).type === plain) return [textElement("pre", (token as Token).raw)];
      // A kind that a later version of the parser adds.
      return [(token as Token).raw];
  }
}

function element(name: string, tokens: readonly Token[] = []): HTMLElement {
  const made = document.createElement(name);
  made.append(elementsOf(tokens));
  return made;
}

function textElement(name: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function list({ ordered, start, items }: Tokens.List): HTMLElement {
  const made = element(ordered ? "ol" : "ul", items);
  if (made instanceof HTMLOListElement && typeof start === "number") made.start = start;
  return made;
}

function table({ header, rows, align }: Tokens.Table): HTMLElement {
  const made = document.createElement("table");
  const fill = (row: HTMLTableRowElement, cells: readonly Tokens.TableCell[], name: "th" | "td") => {
    for (const [place, { tokens }] of cells.entries()) {
      const cell = element(name, tokens) as HTMLTableCellElement;
      const side = align[place];
      if (side) cell.align = side;
      row.append(cell);
    }
  };
  fill(made.createTHead().insertRow(), header, "th");
  const body = made.createTBody();
  for (const cells of rows) fill(body.insertRow(), cells, "td");
  const frame = scrollable("div", "Table");
  frame.append(made);
  if (rows.length <= mostRows) return frame;
  const whole = document.createElement("div");
  whole.append(frame, unfoldButton(frame, rows.length));
  return whole;
}

/** A longer table scrolls in a frame until it is unfolded. */
const mostRows = 12;

function unfoldButton(frame: HTMLElement, rows: number): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Show all ${rows} rows`;
  button.addEventListener("click", () => {
    frame.classList.add("unfolded");
    button.remove();
  });
  return button;
}

/** A link that leads elsewhere than to the web or to a mailbox is shown as its text only. */
function link(href: string, words: DocumentFragment | string): Node | string {
  const target = withoutEntities(href);
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined || !/^(?:https?|mailto):$/.test(url.protocol)) return words;
  const made = document.createElement("a");
  made.href = url.href;
  made.target = "_blank";
  made.rel = "noopener noreferrer nofollow";
  made.append(words);
  return made;
}
