/** One call of a tool: its arguments, its state, its result; and the question to the person where one is needed. */
import { shownCall } from "../core/shown-call.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { duration } from "./figures.ts";
import type { SessionStore } from "./session-store.ts";
import type { CallState, CallView } from "./turn-view.ts";

/** Most characters of a result that are shown at once. */
const longestResult = 20_000;

export function ToolCard({ call, store }: { call: CallView; store: SessionStore }) {
  const { name, state, result, durationMs, repairs, answer, progress } = call;
  const { deciding, whole } = shownCall(call.arguments);
  return (
    <section class={`call ${state}`} aria-label={`Call of ${name}`}>
      <header>
        <code class="name">{name}</code>
        <span class="state">
          {stateWords(state, answer?.approve)}
          {durationMs !== undefined && answer?.approve !== false && ` · ${duration(durationMs)}`}
        </span>
      </header>
      {state === "approval" && deciding.length > 0 && <pre class="deciding">{deciding.join("\n")}</pre>}
      <pre>{whole}</pre>
      <div class="about">
        {state === "running" && progress !== undefined && (
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
        {state === "approval" && <ApprovalForm call={call} store={store} />}
        {state === "client" && (
          <p class="hint">The program that declared this tool runs it and sends the result to tool_results.</p>
        )}
      </div>
      {result !== undefined && (
        <details open={result.length < 400}>
          <summary>{state === "failed" ? "Error" : "Result"}</summary>
          <pre>
            {result.slice(0, longestResult)}
            {result.length > longestResult && `\n… ${result.length - longestResult} more characters`}
          </pre>
        </details>
      )}
    </section>
  );
}

function stateWords(state: CallState, approved: boolean | undefined): string {
  switch (state) {
    case "running":
      return "running";
    case "approval":
      return "waits for you";
    case "client":
      return "waits for the client";
    case "done":
      return "done";
    case "failed":
      return approved === false ? "denied" : "error";
    case "open":
      return "no result";
  }
}

function answerWords({ approve, reason, by }: NonNullable<CallView["answer"]>): string {
  const who = by === undefined ? "" : ` by ${by}`;
  return `${approve ? "Approved" : "Denied"}${who}${reason === undefined ? "" : `: ${reason}`}`;
}
