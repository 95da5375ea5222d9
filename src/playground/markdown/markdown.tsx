/** A text in Markdown on the page, drawn at most once per change of its text. */
import { useLayoutEffect, useRef } from "hono/jsx/dom";
import { GrowingMarkdown } from "./growing-markdown.ts";

export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const host = useRef<HTMLElement>(null);
  const drawing = useRef<GrowingMarkdown>(null);
  useLayoutEffect(() => {
    if (host.current === null) return;
    drawing.current ??= new GrowingMarkdown(host.current);
    drawing.current.draw(text, !growing);
  }, [text, growing]);
  return <div class="prose" ref={host} />;
}
