/** Two turns side by side: their figures, and what was written and done in each. The second one is chosen from the newest, such as that of a fork or of another version. */
import { useState } from "hono/jsx/dom";
import { VersionDifference } from "../agents/versions.tsx";
import { loaded } from "../chat/conversation.ts";
import { type ShownTurn, turnsOf } from "../chat/turn-view.ts";
import { compareHash, type TurnAddress, traceHash, turnPlaceOf } from "../route.ts";
import { outcomeOf } from "../sessions/outcome.ts";
import { callJson } from "../shell/api.ts";
import { type Column, DataTable } from "../shell/data-table.tsx";
import { Details } from "../shell/details.tsx";
import { ago } from "../shell/figures.ts";
import { LoadState } from "../shell/load-state.tsx";
import { useLoad } from "../shell/use-load.ts";
import { readTurn } from "../trace/read-turn.ts";
import { TurnMessages } from "../trace/turn-messages.tsx";
import type { ListedTurnJson, ListedTurns } from "../turns/turn-json.ts";
import { type ComparedFigure, comparedFigures } from "./compared-figures.ts";

const mostListed = 100;

export function ComparePage({ query }: { query: string }) {
  const given = new URLSearchParams(query);
  const a = turnPlaceOf(given.get("a"));
  const [b, choose] = useState(() => turnPlaceOf(given.get("b")));
  if (a === undefined)
    return (
      <div class="sheet">
        <h1>Compare two turns</h1>
        <p class="notice">
          Choose a turn in the <a href="#/turns">list of turns</a>, open its trace, and press Compare.
        </p>
      </div>
    );
  const show = (place: TurnAddress) => {
    choose(place);
    history.replaceState(null, "", compareHash(a, place));
  };
  return (
    <div class="sheet">
      <h1>Compare two turns</h1>
      <SecondTurn a={a} b={b} choose={show} />
      <Sides key={b && wordsOf(b)} a={a} b={b} />
    </div>
  );
}

interface SecondTurnProps {
  a: TurnAddress;
  b: TurnAddress | undefined;
  choose(place: TurnAddress): void;
}

function SecondTurn({ a, b, choose }: SecondTurnProps) {
  const path = `/v1/turns?limit=${mostListed}`;
  const loading = useLoad(path, (signal) => callJson<ListedTurns>(path, { signal }));
  const listed = (loading.data?.turns ?? []).filter((turn) => wordsOf(turn) !== wordsOf(a));
  const value = b === undefined ? "" : wordsOf(b);
  const chosen = (event: Event) => {
    const place = turnPlaceOf((event.target as HTMLSelectElement).value);
    if (place !== undefined) choose(place);
  };
  return (
    <div>
      <LoadState loading={loading} what="the newest turns" />
      <form class="filters compared" onSubmit={(event: Event) => event.preventDefault()}>
        <label>
          With
          <select value={value} onChange={chosen}>
            <option value="">choose a turn …</option>
            {b !== undefined && !listed.some((turn) => wordsOf(turn) === value) && (
              <option value={value} selected>
                {value}
              </option>
            )}
            {listed.map((turn) => (
              <option key={wordsOf(turn)} value={wordsOf(turn)} selected={wordsOf(turn) === value}>
                {optionWords(turn)}
              </option>
            ))}
          </select>
        </label>
      </form>
    </div>
  );
}

function wordsOf({ session, turn }: TurnAddress): string {
  return `${session}/${turn}`;
}

function optionWords({ session, turn, reason, version, ended_at }: ListedTurnJson): string {
  const { words } = outcomeOf({ status: "idle", last_turn: { turn, reason, ended_at } });
  const outcome = reason === "completed" ? reason : words;
  return [`${session}, ${turn.replace("_", " ")}`, outcome, version, ago(ended_at, Date.now())]
    .filter(Boolean)
    .join(" · ");
}

function Sides({ a, b }: { a: TurnAddress; b: TurnAddress | undefined }) {
  const places = b === undefined ? [a] : [a, b];
  const loading = useLoad(places.map(wordsOf).join(" "), (signal) =>
    Promise.all(places.map(({ session, turn }) => readTurn(session, turn, signal))),
  );
  const views = (loading.data ?? []).map((entries) => turnsOf(loaded(entries))[0]);
  const [one, other] = views;
  return (
    <div class="sheet">
      <LoadState loading={loading} what="the turns" />
      <div>{one && other && <Figures rows={comparedFigures(one, other)} places={[a, b ?? a]} />}</div>
      <div>{one && other && <Versions one={one} other={other} />}</div>
      <div class="sides">
        {places.map((place, at) => (
          <section key={String(at)} aria-label={at === 0 ? "The first turn" : "The second turn"}>
            <h2>
              <a href={traceHash(place.session, place.turn)}>
                {place.session}, {place.turn.replace("_", " ")}
              </a>
            </h2>
            <Side view={views[at]} isRead={loading.data !== undefined} />
          </section>
        ))}
      </div>
    </div>
  );
}

/** What differs where two versions of one agent answered. */
function Versions({ one, other }: { one: ShownTurn; other: ShownTurn }) {
  const { agent, version: from } = one;
  const { version: to } = other;
  if (agent === undefined || agent !== other.agent || !from || !to || from === to) return <div />;
  return (
    <Details name="What differs between the versions">
      {() => <VersionDifference agent={agent} from={from} to={to} />}
    </Details>
  );
}

function Side({ view, isRead }: { view: ShownTurn | undefined; isRead: boolean }) {
  if (view !== undefined) return <TurnMessages view={view} />;
  return <div>{isRead && <p class="notice">There is no such turn.</p>}</div>;
}

function Figures({ rows, places }: { rows: readonly ComparedFigure[]; places: readonly [TurnAddress, TurnAddress] }) {
  const [a, b] = places.map(({ session, turn }) => `${session}, ${turn.replace("_", " ")}`);
  const columns: Column<ComparedFigure>[] = [
    { name: "Figure", cell: ({ name }) => name },
    { name: a ?? "", cell: (row) => row.a },
    // Two columns of one name would be one.
    { name: a === b ? `${b} again` : (b ?? ""), cell: (row) => row.b },
    { name: "Difference", isNumber: true, cell: ({ difference }) => difference },
  ];
  return <DataTable label="Figures of both turns" columns={columns} rows={rows} keyOf={({ name }) => name} />;
}
