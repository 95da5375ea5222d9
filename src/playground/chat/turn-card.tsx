/** One turn: its messages, what the model did and answered, how it ended, and what it took. */
import { memo } from "hono/jsx/dom";
import { traceHash } from "../route.ts";
import { holdsToken } from "../shell/api.ts";
import { CopyButton } from "../shell/copy-button.tsx";
import { Details } from "../shell/details.tsx";
import { money } from "../shell/figures.ts";
import { OperatorDetail } from "../shell/operator-detail.tsx";
import { RequestView } from "../trace/request-view.tsx";
import { endingWords, operatorWords } from "./ending-words.ts";
import type { ItemView } from "./item-view.ts";
import { PrefixChain } from "./prefix-chain.tsx";
import { Reply } from "./reply.tsx";
import type { SessionStore } from "./session-store.ts";
import { TokenBar } from "./token-bar.tsx";
import { TurnTimeline } from "./turn-timeline.tsx";
import { answerOf, type ShownTurn } from "./turn-view.ts";
import { UserMessage } from "./user-message.tsx";
import { Votes } from "./votes.tsx";

export interface TurnCardProps {
  view: ShownTurn;
  session: string;
  store: SessionStore;
  /** Goes on in a fork: after entry `afterSeq`, with this message. */
  fork(afterSeq: number, content: string): Promise<void>;
}

export const TurnCard = memo(
  function TurnCard({ view, session, store, fork }: TurnCardProps) {
    const { items, end } = view;
    return (
      <section class="turn" id={view.turn} tabIndex={-1} aria-label={view.turn.replace("_", " ")}>
        <h2 class="sr">{view.turn.replace("_", " ")}</h2>
        <div class="items">
          {items.map((item) => (
            <Item
              key={keyOf(item)}
              item={item}
              store={store}
              fork={fork}
              failsBelow={end?.reason === "failed" && item === items.at(-1)}
            />
          ))}
        </div>
        <div class="ending">{end && <Ending view={view} session={session} fork={fork} />}</div>
      </section>
    );
  },
  (before, now) => before.view === now.view,
);

interface ItemProps extends Pick<TurnCardProps, "store" | "fork"> {
  item: ItemView;
  /** What went wrong in it is shown with the end of the turn. */
  failsBelow: boolean;
}

/** A turn that grows has many items, of which one changes. */
const Item = memo(
  DrawnItem,
  (before: ItemProps, now: ItemProps) => before.item === now.item && before.failsBelow === now.failsBelow,
);

function DrawnItem({ item, store, fork, failsBelow }: ItemProps) {
  switch (item.kind) {
    case "user":
      return <UserMessage item={item} fork={fork} />;
    case "reply":
      return <Reply reply={item} store={store} failsBelow={failsBelow} />;
    case "summary":
      return (
        <Details name="The earlier conversation was put into a summary">
          {() => <p class="plain">{item.text}</p>}
        </Details>
      );
    case "note":
      return <p class="hint plain">Longline to the model: {item.text}</p>;
  }
}

function Ending({ view, session, fork }: Pick<TurnCardProps, "view" | "session" | "fork">) {
  const { end, items, firstEventMs, durationMs } = view;
  if (end === undefined) return <div />;
  const words = endingWords(end.reason, end.error);
  const first = items[0];
  const content = first?.kind === "user" && !first.joined ? first.content : undefined;
  return (
    <div>
      {words !== undefined && <p class={end.reason === "failed" ? "alert" : "notice"}>{words}</p>}
      <OperatorDetail lines={[...new Set([...operatorWords(end.reason, end.error), ...lastFailure(view)])]} />
      <AnswerLine view={view} session={session} />
      <TokenBar usage={end.usage} costMicros={end.costMicros} firstEventMs={firstEventMs} durationMs={durationMs} />
      <p class="hint">{end.children && childrenWords(end.children)}</p>
      <div class="folds">
        {first?.kind === "user" && content !== undefined && (
          <button type="button" class="quiet" onClick={() => void fork(first.seq - 1, content)}>
            Retry in a fork
          </button>
        )}
        <Details name="How it was made">{() => <Making view={view} session={session} />}</Details>
      </div>
    </div>
  );
}

/** What the agents that were called cost is no part of the turn's own figures. */
function childrenWords({ count, costMicros }: NonNullable<NonNullable<ShownTurn["end"]>["children"]>): string {
  return `${count} ${count === 1 ? "agent was" : "agents were"} called, for ${money(costMicros)} more.`;
}

/** Who answered, and what can be done with the answer. */
function AnswerLine({ view, session }: Pick<TurnCardProps, "view" | "session">) {
  const { model, text } = answerOf(view);
  const by = [view.agent, model, view.version].filter((name) => name !== undefined && name !== "");
  return (
    <div class="answer-line">
      <span class="by" title="The agent, the model and the version that answered">
        {by.join(" · ")}
      </span>
      <span class="copy">{text !== "" && <CopyButton text={text} label="the answer" />}</span>
      <Votes session={session} turn={view.turn} />
      <span class="to-trace">{!holdsToken() && <a href={traceHash(session, view.turn)}>Trace</a>}</span>
    </div>
  );
}

/** What the turn took and why, each part folded. */
function Making({ view, session }: Pick<TurnCardProps, "view" | "session">) {
  const reply = view.entries.findLast(({ type }) => type === "assistant" || type === "step_failed");
  return (
    <div class="folds">
      <Details name="Timeline">{() => <TurnTimeline entries={[...view.entries]} />}</Details>
      <Details name="Prefix cache">{() => <PrefixChain session={session} />}</Details>
      {reply && (
        <Details name="Request">{() => <RequestView session={session} seq={reply.seq} usage={reply.usage} />}</Details>
      )}
    </div>
  );
}

/** Why the last try failed: it is shown once, with the end of the turn. */
function lastFailure({ items, end }: ShownTurn): string[] {
  const last = items.findLast((item) => item.kind === "reply");
  return end?.reason === "failed" && last?.failure ? [last.failure.detail] : [];
}

/** Replies keep their place by their step, from the first word to the record. */
function keyOf(item: ItemView): string {
  switch (item.kind) {
    case "reply":
      return `step ${item.step}`;
    case "user":
      return `user ${item.seq}`;
    case "summary":
    case "note":
      return `${item.kind} ${item.text.length} ${item.text.slice(0, 40)}`;
  }
}
