/** A block of code with its language and a button that copies it. */

export function codeBlock(text: string, language: string): HTMLElement {
  const figure = document.createElement("figure");
  const bar = document.createElement("figcaption");
  const name = document.createElement("span");
  name.textContent = language;
  const pre = scrollable("pre", language === "" ? "Code" : `Code, ${language}`);
  const code = document.createElement("code");
  code.textContent = text;
  pre.append(code);
  bar.append(name, copyButton(code));
  figure.append(bar, pre);
  return figure;
}

/** Keyboards must be able to scroll what is wider than the page. */
export function scrollable(tag: string, label: string): HTMLElement {
  const element = document.createElement(tag);
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  element.className = "scroll";
  return element;
}

/** Where copying is not allowed, the code is marked for Ctrl+C. */
function copyButton(code: HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      button.textContent = "Copied";
    } catch {
      getSelection()?.selectAllChildren(code);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1_500);
  });
  return button;
}
