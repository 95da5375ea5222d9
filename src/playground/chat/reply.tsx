/** One reply of the model: its reasoning, its text and its calls, growing or whole. */

import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import { GrowingMarkdown } from "../markdown/growing-markdown.ts";
import { duration } from "../shell/figures.ts";
import { OperatorDetail } from "../shell/operator-detail.tsx";
import type { ReplyView } from "./item-view.ts";
import type { SessionStore } from "./session-store.ts";
import { ToolCard } from "./tool-card.tsx";

interface ReplyProps {
  reply: ReplyView;
  /** Absent where nothing can be answered. */
  store?: SessionStore;
  /** What went wrong is shown elsewhere. */
  failsBelow?: boolean;
}

export function Reply({ reply, store, failsBelow = false }: ReplyProps) {
  const { reasoning, text, calls, growing, failure, replayed } = reply;
  const waits = growing && reasoning === "" && text === "" && calls.length === 0;
  return (
    <div class="reply" aria-busy={growing ? "true" : "false"}>
      <div class="remarks">
        {reply.attempt > 1 && <p class="hint">Attempt {reply.attempt}: an earlier one was cut off or failed.</p>}
        {replayed && <p class="hint">An earlier answer to the same request, for nothing.</p>}
        {reply.tries.length > 0 && <p class="hint">It was tried more than once.</p>}
        <OperatorDetail lines={triesOf(reply)} />
        {reply.repairs.map((repair) => (
          <p class="hint" key={repair}>
            Repaired: {repair}
          </p>
        ))}
      </div>
      {reasoning !== "" && (
        <Reasoning
          text={reasoning}
          growing={growing && text === "" && calls.length === 0}
          tokens={reply.reasoningTokens}
        />
      )}
      {waits && (
        <p class="waiting">
          <span />
          <span />
          <span />
        </p>
      )}
      {text !== "" && <Markdown text={text} growing={growing} />}
      <div class="calls">
        {calls.map((call) => (
          <ToolCard key={call.id} call={call} reply={(view) => <Reply reply={view} />} {...(store && { store })} />
        ))}
      </div>
      <div class="failure">
        {failure !== undefined && !failsBelow && <p class="alert">This try failed.</p>}
        <OperatorDetail lines={failure === undefined || failsBelow ? [] : [failure.detail]} />
      </div>
    </div>
  );
}

/** What went wrong before this try, for the operator. */
function triesOf({ tries, restartedBecause }: ReplyView): string[] {
  const failed = tries.map(({ model, detail }) => `An earlier try at ${model} failed: ${detail}`);
  return failed.length > 0 || restartedBecause === undefined ? failed : [restartedBecause];
}

/** What the model thought before it answered, folded; it counts the seconds while they pass. */
function Reasoning({ text, growing, tokens }: { text: string; growing: boolean; tokens: number }) {
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

/** A text in Markdown on the page, drawn at most once per change of its text. */
function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const host = useRef<HTMLElement>(null);
  const drawing = useRef<GrowingMarkdown>(null);
  useLayoutEffect(() => {
    if (host.current === null) return;
    drawing.current ??= new GrowingMarkdown(host.current);
    drawing.current.draw(text, !growing);
  }, [text, growing]);
  return <div class="prose" ref={host} />;
}
