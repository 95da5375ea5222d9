/** One call of a tool: closed to a line once it is done; open, with its arguments and its result, while it runs, waits or has failed. */
import type { Child } from "hono/jsx";
import { useState } from "hono/jsx/dom";
import { shownCall } from "../../core/shown-call.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { duration } from "../shell/figures.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { answerWords, callSummary, laidOutResult, stateWords } from "./call-words.ts";
import { ChildCard } from "./child-card.tsx";
import type { CallView, ReplyView } from "./item-view.ts";
import type { SessionStore } from "./session-store.ts";
import { ToolWaits } from "./tool-waits.tsx";

/** Most characters of a result that are shown. */
const longestResult = 20_000;

interface ToolCardProps {
  call: CallView;
  /** Absent where nothing can be answered. */
  store?: SessionStore;
  /** Draws a reply of an agent that works at the call. */
  reply(view: ReplyView): Child;
}

export function ToolCard({ call, store, reply }: ToolCardProps) {
  const { name, state, durationMs, answer } = call;
  const [chosen, choose] = useState<boolean | undefined>();
  const isOpen = chosen ?? state !== "done";
  return (
    <article class={`call ${state}`} aria-label={`Call of ${name}`}>
      <button type="button" class="head" aria-expanded={isOpen ? "true" : "false"} onClick={() => choose(!isOpen)}>
        <code class="name">{name}</code>
        <span class="about-call">{callSummary(call.arguments)}</span>
        <span class="state">
          {stateWords(state, answer?.approve)}
          {durationMs !== undefined && answer?.approve !== false && ` · ${duration(durationMs)}`}
        </span>
      </button>
      <div hidden={!isOpen}>
        <CallBody call={call} />
        {call.child && <ChildCard child={call.child} call={call} reply={reply} {...(store && { store })} />}
      </div>
      <div class="about">
        {state === "approval" && store && <ApprovalForm call={call} store={store} />}
        {state === "suspended" && call.waits && (
          <ToolWaits call={call.id} waits={call.waits} {...(store && { session: store.id })} />
        )}
      </div>
    </article>
  );
}

function CallBody({ call }: { call: CallView }) {
  const { name, state, result, repairs, answer, progress } = call;
  const { deciding, whole } = shownCall(call.arguments);
  return (
    <div class="body">
      {state === "approval" && deciding.length > 0 && <pre class="deciding">{deciding.join("\n")}</pre>}
      <div class="labelled">
        <span>Arguments</span>
        <CopyButton text={call.arguments} label={`arguments of ${name}`} />
      </div>
      <pre>{whole}</pre>
      <div class="about">
        {state === "running" && progress !== undefined && call.child === undefined && (
          <p class="hint" role="status">
            {progress}
          </p>
        )}
        {repairs.map((repair) => (
          <p class="hint" key={repair}>
            Arguments repaired: {repair}
          </p>
        ))}
        {answer !== undefined && <p class="hint">{answerWords(answer)}</p>}
        {state === "client" && (
          <p class="hint">The program that declared this tool runs it and sends the result to tool_results.</p>
        )}
      </div>
      <div class="outcome">{result !== undefined && <Result name={name} state={state} result={result} />}</div>
    </div>
  );
}

function Result({ name, state, result }: Pick<CallView, "name" | "state"> & { result: string }) {
  const shown = laidOutResult(result);
  return (
    <div>
      <div class="labelled">
        <span>{state === "failed" ? "Error" : "Result"}</span>
        <CopyButton text={result} label={`result of ${name}`} />
      </div>
      <pre class="tall">
        {shown.slice(0, longestResult)}
        {shown.length > longestResult && `\n… ${shown.length - longestResult} more characters`}
      </pre>
    </div>
  );
}
