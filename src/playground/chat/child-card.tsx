/** The agent that works at a call, inside of the call's card: how far it is, what it asks of a person, what it cost, and what it did. */
import type { Child } from "hono/jsx";
import { useEffect } from "hono/jsx/dom";
import { shownCall } from "../../core/shown-call.ts";
import type { TurnJson } from "../../wire/shapes.ts";
import { chatHash } from "../route.ts";
import { callJson, holdsToken } from "../shell/api.ts";
import { Details } from "../shell/details.tsx";
import { money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { answerWords } from "./call-words.ts";
import { loaded, withSuspended } from "./conversation.ts";
import { endingWords } from "./ending-words.ts";
import type { AskView, CallView, ChildView, ReplyView } from "./item-view.ts";
import { readEntries } from "./read-entries.ts";
import type { SessionStore } from "./session-store.ts";
import { ToolWaits } from "./tool-waits.tsx";
import { turnsOf } from "./turn-view.ts";

interface ChildCardProps {
  child: ChildView;
  call: CallView;
  /** Absent where nothing can be answered. */
  store?: SessionStore;
  /** Draws a reply of the child, with the agents that it called in turn. */
  reply(view: ReplyView): Child;
}

export function ChildCard({ child, call, store, reply }: ChildCardProps) {
  const { session, agent, reason, costMicros, asks } = child;
  const suspended = useSuspended(session, call.state === "running" && reason === undefined && !holdsToken());
  const [dot, words] = standing(child, call, suspended.length > 0);
  return (
    <article class="child" aria-label={`Agent ${agent}`}>
      <p class="facts">
        <strong>{agent}</strong>
        <span class={`dot ${dot}`}>{words}</span>
        {costMicros !== undefined && <span title="With all agents that it called">{money(costMicros)}</span>}
        {!holdsToken() && <a href={chatHash(session)}>its session</a>}
      </p>
      <p class="hint" role="status">
        {call.state === "running" ? (call.progress ?? "") : reason === undefined ? "" : (endingWords(reason) ?? "")}
      </p>
      <div class="asks">
        {asks.map((ask) => (
          <Ask key={ask.id} ask={ask} isOpen={call.state === "running"} {...(store && { store })} />
        ))}
      </div>
      <div>
        {suspended.map(({ call_id, name, waits }) => (
          <article key={call_id} class="call suspended" aria-label={`Call of ${name}`}>
            <p class="head">
              <code class="name">{name}</code>
              <span class="state">waits</span>
            </p>
            <ToolWaits call={call_id} waits={waits} {...(store && { session })} />
          </article>
        ))}
      </div>
      {!holdsToken() && (
        <Details name="What it did">
          {() => <ChildWork session={session} isOver={reason !== undefined} suspended={suspended} reply={reply} />}
        </Details>
      )}
    </article>
  );
}

/** A class for the dot, and words. */
function standing({ reason, asks }: ChildView, { state }: CallView, isSuspended: boolean): [string, string] {
  if (reason === "completed") return ["idle", "done"];
  if (reason !== undefined) return ["failed", reason.replace("_", " ")];
  if (state !== "running") return ["stopped", "stopped"];
  if (asks.some(({ answer }) => answer === undefined)) return ["waiting", "waits for you"];
  return isSuspended ? ["waiting", "a tool waits"] : ["running", "works"];
}

type SuspendedCalls = NonNullable<TurnJson["suspended"]>;

/** How long a child that works is left alone before its turn is read again: nothing reports that a tool of it waits. */
const restMs = 5_000;

/** Its calls that wait for a time or a signal. An agent that is called works for one turn. */
function useSuspended(session: string, isOpen: boolean): SuspendedCalls {
  const path = `/v1/sessions/${session}/turns/turn_1`;
  const read = (signal: AbortSignal) => callJson<TurnJson>(path, { signal });
  const { data, again } = useLoad(`${path} ${isOpen}`, async (signal) => (isOpen ? read(signal) : undefined));
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => document.hidden || again(), restMs);
    return () => clearInterval(timer);
  }, [isOpen]);
  return (isOpen && data?.suspended) || none;
}

const none: SuspendedCalls = [];

function Ask({ ask, isOpen, store }: { ask: AskView; isOpen: boolean; store?: SessionStore }) {
  const { id, name, arguments: text, answer } = ask;
  if (answer !== undefined)
    return (
      <p class="hint">
        <code>{name}</code>: {answerWords(answer)}
      </p>
    );
  if (!isOpen || text === undefined) return <div />;
  const { deciding, whole } = shownCall(text);
  return (
    <article class="call approval" aria-label={`Call of ${name}`}>
      <p class="head">
        <code class="name">{name}</code>
        <span class="state">waits for you</span>
      </p>
      <div class="body">
        {deciding.length > 0 && <pre class="deciding">{deciding.join("\n")}</pre>}
        <pre>{whole}</pre>
      </div>
      {store && <ApprovalForm call={{ id, name, arguments: text }} store={store} />}
    </article>
  );
}

interface ChildWorkProps extends Pick<ChildCardProps, "reply"> {
  session: string;
  isOver: boolean;
  suspended: SuspendedCalls;
}

/** Read when it is unfolded, and again when the child has ended. */
function ChildWork({ session, isOver, suspended, reply }: ChildWorkProps) {
  const loading = useLoad(`${session} ${isOver}`, (signal) => readEntries(session, { after: 0, signal }));
  const replies = turnsOf(withSuspended(loaded(loading.data ?? []), suspended)).flatMap(({ items }) =>
    items.flatMap((item) => (item.kind === "reply" ? [item] : [])),
  );
  return (
    <div class="items read">
      <LoadState loading={loading} what="what it did" />
      {loading.data && replies.length === 0 && <p class="hint">It has not answered yet.</p>}
      {replies.map((each, place) => (
        <div key={String(place)}>{reply(each)}</div>
      ))}
      <div>
        {!isOver && (
          <button type="button" class="quiet" onClick={loading.again}>
            Read again
          </button>
        )}
      </div>
    </div>
  );
}
