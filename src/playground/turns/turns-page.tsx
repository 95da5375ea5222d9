/** The turns that are open, and the ended ones of all sessions, newest first: what failed, was slow or dear, and the way into each. */
import { useLayoutEffect, useState } from "hono/jsx/dom";
import type { AgentJson } from "../../wire/account-shapes.ts";
import { chatHash } from "../route.ts";
import { ApiError, callJson } from "../shell/api.ts";
import { LoadState } from "../shell/load-state.tsx";
import type { PageSession } from "../shell/shapes.ts";
import { useLoad } from "../shell/use-load.ts";
import { FailureSpark } from "./failure-spark.tsx";
import { FilterForm } from "./filter-form.tsx";
import { SavedFilters } from "./saved-filters.tsx";
import { filtersOf, queryOf, type TurnFilters, turnParameters } from "./turn-filters.ts";
import type { ListedTurnJson, ListedTurns } from "./turn-json.ts";
import { TurnTable } from "./turn-table.tsx";

const pageTurns = "50";

export function TurnsPage({ query }: { query: string }) {
  const [filters, setFilters] = useState<TurnFilters>(() => filtersOf(query));
  const agents = useLoad("agents", () => callJson<{ agents: AgentJson[] }>("/v1/agents"));
  const change = (next: TurnFilters) => {
    setFilters(next);
    // The address can be kept and passed on.
    history.replaceState(null, "", `#/turns?${queryOf(next)}`);
  };
  const key = JSON.stringify(filters);
  return (
    <div class="sheet">
      <h1>Turns</h1>
      <FilterForm filters={filters} agents={agents.data?.agents ?? []} change={change} />
      <SavedFilters filters={filters} apply={change} />
      <div>{filters.status === "" && <OpenTurns agent={filters.agent} />}</div>
      <FailureSpark filters={filters} />
      <div class="listed">
        <TurnList key={key} filters={filters} narrow={(some) => change({ ...filters, ...some })} />
      </div>
    </div>
  );
}

interface TurnListProps {
  filters: TurnFilters;
  narrow(some: Partial<TurnFilters>): void;
}

function TurnList({ filters, narrow }: TurnListProps) {
  const read = (signal: AbortSignal, cursor?: string) => {
    const parameters = { ...turnParameters(filters, Date.now()), limit: pageTurns, ...(cursor && { cursor }) };
    return callJson<ListedTurns>(`/v1/turns?${new URLSearchParams(parameters)}`, { signal });
  };
  const first = useLoad(JSON.stringify(filters), (signal) => read(signal));
  const [more, setMore] = useState<{ turns: ListedTurnJson[]; cursor: string | null } | undefined>();
  const [fault, setFault] = useState("");
  useLayoutEffect(() => setMore(undefined), [first.data]);
  const turns = [...(first.data?.turns ?? []), ...(more?.turns ?? [])];
  const cursor = more === undefined ? first.data?.next_cursor : more.cursor;
  const readMore = async () => {
    try {
      const page = await read(new AbortController().signal, cursor ?? undefined);
      setMore({ turns: [...(more?.turns ?? []), ...page.turns], cursor: page.next_cursor });
      setFault("");
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
  };
  return (
    <div>
      <LoadState loading={first} what="the turns" />
      <div>
        {turns.length > 0 && <TurnTable turns={turns} narrow={narrow} />}
        {first.data && turns.length === 0 && cursor === null && (
          <p class="notice">No turn ended in this time with these filters.</p>
        )}
      </div>
      <p class="actions">
        {typeof cursor === "string" && (
          <button type="button" onClick={() => void readMore()}>
            Show more
          </button>
        )}
        <span role="alert">{fault}</span>
      </p>
    </div>
  );
}

const mostSessions = 100;

/** The turns that run or wait now. Read from the newest sessions, since an open turn is known by its session. `agent`: whose turns; any when empty. */
function OpenTurns({ agent }: { agent: string }) {
  const path = `/v1/sessions?${new URLSearchParams({ limit: String(mostSessions), ...(agent !== "" && { agent }) })}`;
  const { data } = useLoad(path, (signal) => callJson<{ sessions: PageSession[] }>(path, { signal }));
  // The list of ended turns says what is wrong, and that there is nothing.
  const open = (data?.sessions ?? []).filter(({ status, broken }) => status !== "idle" && broken === undefined);
  if (open.length === 0) return <div class="no-open-turns" />;
  return (
    <section class="open-turns" aria-label="Open turns">
      <h2>Open now</h2>
      <ul>
        {open.map(({ id, title, status, agent, model }) => (
          <li key={id} class="facts">
            <span class={`dot ${status}`}>{status}</span>
            <a href={chatHash(id)}>{title ?? id}</a>
            <span>{[agent, model].filter(Boolean).join(" · ")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
