/** One turn: its messages, what the model did and answered, how it ended, and what it took. */
import { memo } from "hono/jsx/dom";
import { Details } from "./details.tsx";
import { endingWords, operatorWords } from "./ending-words.ts";
import { OperatorDetail } from "./operator-detail.tsx";
import { PrefixChain } from "./prefix-chain.tsx";
import { Reply } from "./reply.tsx";
import { RequestView } from "./request-view.tsx";
import type { SessionStore } from "./session-store.ts";
import { TokenBar } from "./token-bar.tsx";
import { TurnTimeline } from "./turn-timeline.tsx";
import type { ItemView, ShownTurn } from "./turn-view.ts";
import { UserMessage } from "./user-message.tsx";

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
      <section class="turn" aria-label={view.turn.replace("_", " ")}>
        <h2 class="sr">{view.turn.replace("_", " ")}</h2>
        <div class="items">
          {items.map((item) => (
            <Item key={keyOf(item)} item={item} store={store} fork={fork} />
          ))}
        </div>
        <div class="ending">{end && <Ending view={view} session={session} fork={fork} />}</div>
      </section>
    );
  },
  (before, now) => before.view === now.view,
);

function Item({ item, store, fork }: { item: ItemView } & Pick<TurnCardProps, "store" | "fork">) {
  switch (item.kind) {
    case "user":
      return <UserMessage item={item} fork={fork} />;
    case "reply":
      return <Reply reply={item} store={store} />;
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
  const { end, items, entries, firstEventMs, durationMs } = view;
  if (end === undefined) return <div />;
  const words = endingWords(end.reason, end.error);
  const first = items[0];
  const content = first?.kind === "user" && !first.joined ? first.content : undefined;
  const seq = items.findLast((item) => item.kind === "reply")?.seq;
  return (
    <div>
      {words !== undefined && <p class={end.reason === "failed" ? "alert" : "notice"}>{words}</p>}
      <OperatorDetail lines={operatorWords(end.reason, end.error)} />
      <TokenBar usage={end.usage} costMicros={end.costMicros} firstEventMs={firstEventMs} durationMs={durationMs} />
      <div class="folds">
        {first?.kind === "user" && content !== undefined && (
          <button type="button" class="quiet" onClick={() => void fork(first.seq - 1, content)}>
            Retry in a fork
          </button>
        )}
        <Details name="Timeline">{() => <TurnTimeline entries={[...entries]} />}</Details>
        <Details name="Prefix cache">{() => <PrefixChain session={session} />}</Details>
        {seq !== undefined && <Details name="Request">{() => <RequestView session={session} seq={seq} />}</Details>}
      </div>
    </div>
  );
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
