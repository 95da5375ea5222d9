/** What the model thought before it answered, folded; it counts the seconds while they pass. */
import { useLayoutEffect, useState } from "hono/jsx/dom";
import { duration } from "../shell/figures.ts";

export function Reasoning({ text, growing, tokens }: { text: string; growing: boolean; tokens: number }) {
  const [sinceMs] = useState(growing ? Date.now() : undefined);
  const [tookMs, setTookMs] = useState(0);
  useLayoutEffect(() => {
    if (!growing || sinceMs === undefined) return;
    const timer = setInterval(() => setTookMs(Date.now() - sinceMs), 100);
    return () => {
      clearInterval(timer);
      setTookMs(Date.now() - sinceMs);
    };
  }, [growing]);
  const time = sinceMs === undefined ? "" : ` for ${duration(tookMs)}`;
  return (
    <details class="reasoning">
      <summary>
        {growing ? "Thinking" : "Thought"}
        {time}
        {tokens > 0 && ` · ${tokens} tokens`}
      </summary>
      <p class="plain">{text}</p>
    </details>
  );
}
