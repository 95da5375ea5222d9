/** One turn: its messages first, then when what of it happened, what each part used, and the requests that were sent. */
import { useEffect, useState } from "hono/jsx/dom";
import type { TurnJson } from "../../wire/shapes.ts";
import { loaded, withSuspended } from "../chat/conversation.ts";
import { endingWords, operatorWords } from "../chat/ending-words.ts";
import { answerOf, type ShownTurn, turnsOf } from "../chat/turn-view.ts";
import { outcomeOf } from "../sessions/outcome.ts";
import { callJson } from "../shell/api.ts";
import { duration, money } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import type { PageEntry } from "../shell/shapes.ts";
import { type Loading, useLoad } from "../shell/use-load.ts";
import { readTurn } from "./read-turn.ts";
import { SpanDetail } from "./span-detail.tsx";
import { childSessions, type OtlpTrace, traceView } from "./spans.ts";
import { TurnActions } from "./turn-actions.tsx";
import { TurnMessages } from "./turn-messages.tsx";
import { WaterfallChart } from "./waterfall-chart.tsx";

/** How long a turn that runs is left alone before it is read again. */
const restMs = 2_000;
/** Traces of called agents that are read; more would make no picture. */
const mostTraces = 60;

export function TracePage({ session, turn }: { session: string; turn: string }) {
  const path = `/v1/sessions/${session}/turns/${turn}`;
  const about = useLoad(path, (signal) => callJson<TurnJson>(path, { signal }));
  const entries = useLoad(`entries ${path}`, (signal) => readTurn(session, turn, signal));
  const trace = useLoad(`trace ${path}`, (signal) => readTrace(path, signal));
  const isOpen = ["queued", "running", "waiting"].includes(about.data?.status ?? "");
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => {
      for (const each of [about, entries, trace]) each.again();
    }, restMs);
    return () => clearInterval(timer);
  }, [isOpen]);
  const suspended = about.data?.suspended ?? [];
  const [view] = turnsOf(withSuspended(loaded(entries.data ?? []), suspended));
  return (
    <div class="sheet trace">
      <div>
        <h1>
          {turn.replace("_", " ")} of {session}
        </h1>
        <TurnFacts about={about.data} view={view} />
        <TurnActions session={session} turn={turn} view={view} />
      </div>
      <section aria-label="Messages">
        <h2>Messages</h2>
        <LoadState loading={entries} what="the messages" />
        <div>{view && <TurnMessages view={view} />}</div>
      </section>
      <section aria-label="Timeline">
        <h2>Timeline</h2>
        <Timeline trace={trace} entries={entries.data ?? []} session={session} />
      </section>
    </div>
  );
}

function TurnFacts({ about, view }: { about: TurnJson | undefined; view: ShownTurn | undefined }) {
  if (about === undefined) return <div class="facts" />;
  const { status, cost_micros = 0, error, suspended = [] } = about;
  const isOpen = status === "queued" || status === "running" || status === "waiting";
  const { dot, words } = isOpen
    ? { dot: status, words: status }
    : outcomeOf({ status: "idle", last_turn: { turn: "", reason: status, ended_at: "" } });
  const by = view && [view.agent, answerOf(view).model, view.version].filter(Boolean).join(" · ");
  const lines = isOpen ? [] : operatorWords(status, error);
  return (
    <div>
      <p class="facts">
        <span class={`dot ${dot}`}>{status === "completed" ? "completed" : words}</span>
        {by && <span>{by}</span>}
        {view?.durationMs !== undefined && <span>{duration(view.durationMs)}</span>}
        <span>{money(cost_micros)}</span>
        {suspended.map(({ call_id, name }) => (
          <span key={call_id}>{name} waits</span>
        ))}
      </p>
      <div>
        {!isOpen && status !== "completed" && (
          <p class={status === "failed" ? "alert" : "notice"}>{[endingWords(status, error), ...lines].join(" ")}</p>
        )}
      </div>
    </div>
  );
}

interface TimelineProps {
  trace: Loading<OtlpTrace>;
  entries: readonly PageEntry[];
  session: string;
}

function Timeline({ trace, entries, session }: TimelineProps) {
  const [open, choose] = useState<string | undefined>();
  const view = trace.data && traceView(trace.data);
  return (
    <div>
      <LoadState loading={trace} what="the trace" />
      <div>
        {view !== undefined && view.rows.length === 0 && <p class="notice">Nothing of this turn has ended yet.</p>}
        {view !== undefined && view.rows.length > 0 && (
          <WaterfallChart
            trace={view}
            open={open}
            choose={choose}
            detail={(row) => <SpanDetail row={row} entries={entries} session={session} />}
          />
        )}
      </div>
    </div>
  );
}

/** The trace of a turn with those of the agents that it called, and of those that they called. One that was erased is left out. */
async function readTrace(path: string, signal: AbortSignal): Promise<OtlpTrace> {
  const own = await callJson<OtlpTrace>(`${path}/trace`, { signal });
  const found = [own];
  const seen = new Set<string>();
  for (let open = childSessions(own); open.length > 0; ) {
    const next = open.filter((session) => !seen.has(session)).slice(0, mostTraces - seen.size);
    for (const session of next) seen.add(session);
    const read = await Promise.all(
      next.map((session) =>
        // An agent that is called works for one turn.
        callJson<OtlpTrace>(`/v1/sessions/${session}/turns/turn_1/trace`, { signal }).catch((): OtlpTrace => ({})),
      ),
    );
    found.push(...read);
    open = read.flatMap(childSessions);
  }
  return { resourceSpans: found.flatMap(({ resourceSpans = [] }) => resourceSpans) };
}
