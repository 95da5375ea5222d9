/** The agent that works at a call, inside of the call's card: how far it is, what it asks of a person, what it cost, and what it did. */
import type { Child } from "hono/jsx";
import { shownCall } from "../../core/shown-call.ts";
import { chatHash } from "../route.ts";
import { holdsToken } from "../shell/api.ts";
import { Details } from "../shell/details.tsx";
import { money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { ApprovalForm } from "./approval-form.tsx";
import { answerWords } from "./call-words.ts";
import { loaded } from "./conversation.ts";
import { endingWords } from "./ending-words.ts";
import type { AskView, CallView, ChildView, ReplyView } from "./item-view.ts";
import { readEntries } from "./read-entries.ts";
import type { SessionStore } from "./session-store.ts";
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
  const [dot, words] = standing(child, call);
  return (
    <section class="child" aria-label={`Agent ${agent}`}>
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
      {!holdsToken() && (
        <Details name="What it did">
          {() => <ChildWork session={session} isOver={reason !== undefined} reply={reply} />}
        </Details>
      )}
    </section>
  );
}

/** A class for the dot, and words. */
function standing({ reason, asks }: ChildView, { state }: CallView): [string, string] {
  if (reason === "completed") return ["idle", "done"];
  if (reason !== undefined) return ["failed", reason.replace("_", " ")];
  if (state !== "running") return ["stopped", "stopped"];
  return asks.some(({ answer }) => answer === undefined) ? ["waiting", "waits for you"] : ["running", "works"];
}

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
    <section class="call approval" aria-label={`Call of ${name}`}>
      <p class="head">
        <code class="name">{name}</code>
        <span class="state">waits for you</span>
      </p>
      <div class="body">
        {deciding.length > 0 && <pre class="deciding">{deciding.join("\n")}</pre>}
        <pre>{whole}</pre>
      </div>
      {store && <ApprovalForm call={{ id, name, arguments: text }} store={store} />}
    </section>
  );
}

interface ChildWorkProps extends Pick<ChildCardProps, "reply"> {
  session: string;
  isOver: boolean;
}

/** Read when it is unfolded, and again when the child has ended. */
function ChildWork({ session, isOver, reply }: ChildWorkProps) {
  const loading = useLoad(`${session} ${isOver}`, (signal) => readEntries(session, { after: 0, signal }));
  const replies = turnsOf(loaded(loading.data ?? [])).flatMap(({ items }) =>
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
