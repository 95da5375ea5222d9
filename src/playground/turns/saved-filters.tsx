/** Filters that the person has named: each is applied by a press, and they stay in this browser. */
import { useRef, useState } from "hono/jsx/dom";
import { useFocus } from "../shell/use-focus.ts";
import { filtersOf, queryOf, type SavedFilter, savedFilters, type TurnFilters, withSaved } from "./turn-filters.ts";

const keptAs = "longline-turn-filters";
const longestName = 60;

interface SavedFiltersProps {
  filters: TurnFilters;
  apply(filters: TurnFilters): void;
}

export function SavedFilters({ filters, apply }: SavedFiltersProps) {
  const [saved, setSaved] = useState<readonly SavedFilter[]>(() => savedFilters(localStorage.getItem(keptAs)));
  const [asks, setAsks] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const keep = (next: readonly SavedFilter[]) => {
    localStorage.setItem(keptAs, JSON.stringify(next));
    setSaved(next);
  };
  const leave = () => {
    setAsks(false);
    opener.current?.focus();
  };
  const current = queryOf(filters);
  return (
    <section class="actions" aria-label="Saved filters">
      {saved.map((each) => (
        <span key={each.name} class="saved-filter">
          <button
            type="button"
            aria-pressed={each.query === current ? "true" : "false"}
            onClick={() => apply(filtersOf(each.query))}
          >
            {each.name}
          </button>
          <button
            type="button"
            class="quiet"
            aria-label={`Remove the filter ${each.name}`}
            onClick={() => keep(saved.filter(({ name }) => name !== each.name))}
          >
            ×
          </button>
        </span>
      ))}
      <button type="button" class="quiet" ref={opener} onClick={() => setAsks(!asks)}>
        Save these filters
      </button>
      <span>
        {asks && (
          <NameForm
            save={(name) => {
              keep(withSaved(saved, { name, query: current }));
              leave();
            }}
            leave={leave}
          />
        )}
      </span>
    </section>
  );
}

function NameForm({ save, leave }: { save(name: string): void; leave(): void }) {
  const [name, setName] = useState("");
  const field = useFocus<HTMLInputElement>();
  const submit = (event: Event) => {
    event.preventDefault();
    if (name.trim() !== "") save(name.trim());
  };
  return (
    <form class="row" onSubmit={submit} onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && leave()}>
      <input
        aria-label="Name of the filters"
        maxLength={longestName}
        value={name}
        ref={field}
        onInput={(event: Event) => setName((event.target as HTMLInputElement).value)}
      />
      <button type="submit" disabled={name.trim() === ""}>
        Save
      </button>
    </form>
  );
}
