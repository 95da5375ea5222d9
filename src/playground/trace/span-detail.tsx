/** What is known of one span: what it used and cost, what was waited for, its request or its arguments, and its attributes. */
import { TokenBar } from "../chat/token-bar.tsx";
import { traceHash } from "../route.ts";
import { Details } from "../shell/details.tsx";
import { duration, money } from "../shell/figures.ts";
import type { PageEntry } from "../shell/shapes.ts";
import { RequestView } from "./request-view.tsx";
import type { TraceRow } from "./spans.ts";

interface SpanDetailProps {
  row: TraceRow;
  /** Those of the turn. */
  entries: readonly PageEntry[];
  session: string;
}

const waitedFor: Readonly<Record<string, string>> = { approval: "a person", agent: "an agent" };

export function SpanDetail({ row, entries, session }: SpanDetailProps) {
  const { fault, failed, firstMs, waits, steps, costMicros, attributes } = row;
  // The entries of an agent that was called are in its own session.
  const isOwn = row.session === undefined || row.session === session;
  return (
    <div class="card">
      <div>{fault !== undefined && <p class={failed ? "alert" : "notice"}>{fault}</p>}</div>
      <p class="facts">
        <span>after {duration(row.fromMs)}</span>
        <span>took {duration(row.durationMs)}</span>
        {firstMs !== undefined && <span>first event after {duration(firstMs)}</span>}
        {costMicros !== undefined && <span>{money(costMicros)}</span>}
        {row.kind === "agent" && row.session !== undefined && row.turn !== undefined && (
          <a href={traceHash(row.session, row.turn)}>its own trace</a>
        )}
        {waits.map(({ fromMs, toMs, kind, outcome }) => (
          <span key={String(fromMs)}>
            waited {duration(toMs - fromMs)} for {waitedFor[kind] ?? "the client"}: {outcome}
          </span>
        ))}
        {steps.map(({ atMs, name, kind, outcome }) => (
          <span key={`step ${name}`}>
            {kind === "do" ? "step" : kind} {name}: {outcome}, after {duration(atMs - row.fromMs)}
          </span>
        ))}
      </p>
      <div>{row.tokens && <Tokens tokens={row.tokens} costMicros={costMicros ?? 0} />}</div>
      <div>{row.kind === "model" && isOwn && <Requested row={row} entries={entries} session={session} />}</div>
      <Details name="Attributes">
        {() => (
          <dl class="pairs">
            {attributes.flatMap(([name, value]) => [
              <dt key={`dt ${name}`}>{name}</dt>,
              <dd key={`dd ${name}`}>{value}</dd>,
            ])}
          </dl>
        )}
      </Details>
    </div>
  );
}

function Tokens({ tokens, costMicros }: { tokens: NonNullable<TraceRow["tokens"]>; costMicros: number }) {
  const { cached, fresh, reasoning, output } = tokens;
  const usage = {
    input_tokens: fresh,
    cached_tokens: cached,
    output_tokens: output + reasoning,
    reasoning_tokens: reasoning,
    steps: 1,
  };
  return <TokenBar usage={usage} costMicros={costMicros} />;
}

/** The request of a step is that of its last try: the log has no other. */
function Requested({ row, entries, session }: SpanDetailProps) {
  const reply = entries.find(({ type, step }) => (type === "assistant" || type === "step_failed") && step === row.step);
  if (reply === undefined) return <div />;
  const { seq, usage } = reply;
  return <Details name="Request">{() => <RequestView session={session} seq={seq} usage={usage} />}</Details>;
}
