/** The turns as a table: a row leads into the chat at that turn, and to its trace. */
import { chatHash, traceHash } from "../route.ts";
import { outcomeOf } from "../sessions/outcome.ts";
import { type Column, DataTable } from "../shell/data-table.tsx";
import { ago, duration, money } from "../shell/figures.ts";
import type { TurnFilters } from "./turn-filters.ts";
import { cachedShare, type ListedTurnJson } from "./turn-json.ts";

interface TurnTableProps {
  turns: readonly ListedTurnJson[];
  narrow(some: Partial<TurnFilters>): void;
}

export function TurnTable({ turns, narrow }: TurnTableProps) {
  return (
    <DataTable
      label="Turns, newest first"
      columns={columnsOf(narrow)}
      rows={turns}
      keyOf={({ session, turn }) => `${session} ${turn}`}
    />
  );
}

function columnsOf(narrow: TurnTableProps["narrow"]): Column<ListedTurnJson>[] {
  return [
    {
      name: "Turn",
      cell: ({ session, turn, ended_at }) => (
        <span>
          <a href={chatHash(session, turn)}>{session}</a>
          <br />
          <small title={ended_at}>
            {turn.replace("_", " ")}, {ago(ended_at, Date.now())}
          </small>
        </span>
      ),
    },
    { name: "Outcome", cell: (turn) => <Outcome turn={turn} /> },
    {
      name: "By",
      cell: ({ agent, version, model }) => (
        <span>
          {agent} · {model ?? "no model"}
          <br />
          {version !== null && (
            <button type="button" class="link" title="Only this version" onClick={() => narrow({ version })}>
              {version}
            </button>
          )}
        </span>
      ),
    },
    { name: "Time", isNumber: true, cell: ({ ms }) => duration(ms) },
    {
      name: "First event",
      isNumber: true,
      cell: ({ first_event_ms }) => (first_event_ms === null ? "–" : duration(first_event_ms)),
    },
    {
      name: "Tokens in / out",
      isNumber: true,
      cell: ({ usage }) =>
        `${(usage.input_tokens + usage.cached_tokens).toLocaleString("en")} / ${usage.output_tokens.toLocaleString("en")}`,
    },
    { name: "Cached", isNumber: true, cell: ({ usage }) => cachedShare(usage) },
    { name: "Cost", isNumber: true, cell: ({ cost_micros }) => money(cost_micros) },
    {
      name: "Trace",
      cell: ({ session, turn }) => (
        <a href={traceHash(session, turn)} aria-label={`Trace of ${turn} of ${session}`}>
          Trace
        </a>
      ),
    },
  ];
}

function Outcome({ turn }: { turn: ListedTurnJson }) {
  const { reason, error } = turn;
  const { dot, words } = outcomeOf({ status: "idle", last_turn: { turn: "", reason, ended_at: "" } });
  return (
    <span>
      <span class={`dot ${dot}`}>{reason === "completed" ? "completed" : words}</span>
      {error && (
        <small title={error.detail}>
          <br />
          {error.code}
        </small>
      )}
    </span>
  );
}
