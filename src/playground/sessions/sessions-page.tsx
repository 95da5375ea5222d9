/** All sessions of the account: find, open, rename, take along, erase. */
import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import { ApiError, callJson } from "../shell/api.ts";
import { LoadState } from "../shell/load-state.tsx";
import type { PageSession } from "../shell/shapes.ts";
import { forkTree } from "./fork-tree.ts";
import { outcomes } from "./outcome.ts";
import { SessionRow } from "./session-row.tsx";

interface Page {
  sessions: PageSession[];
  next_cursor: string | null;
}

export function SessionsPage() {
  const [query, setQuery] = useState("");
  const [reason, setReason] = useState("");
  const [sessions, setSessions] = useState<PageSession[] | undefined>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [notice, setNotice] = useState("");
  const [fault, setFault] = useState("");
  const requested = useRef(0);

  const load = async (q: string, from?: string) => {
    requested.current = (requested.current ?? 0) + 1;
    const mine = requested.current;
    const params = new URLSearchParams({
      limit: "30",
      ...(q !== "" && { q }),
      ...(reason !== "" && { reason }),
      ...(from !== undefined && { cursor: from }),
    });
    try {
      const page = await callJson<Page>(`/v1/sessions?${params}`);
      // A slower answer to an earlier question must not win.
      if (mine !== requested.current) return;
      setSessions((known) => (from === undefined ? page.sessions : [...(known ?? []), ...page.sessions]));
      setCursor(page.next_cursor);
      setFault("");
    } catch (error) {
      if (error instanceof ApiError) setFault(error.message);
    }
  };
  useLayoutEffect(() => {
    const timer = setTimeout(() => void load(query), query === "" ? 0 : 250);
    return () => clearTimeout(timer);
  }, [query, reason]);

  const changed = (id: string, session: PageSession | undefined) =>
    setSessions((known) => known?.flatMap((each) => (each.id !== id ? [each] : session ? [session] : [])));
  const rows = forkTree(sessions ?? []);
  const again = () => void load(query);
  const loading = { data: sessions, fault, status: 0, isLoading: sessions === undefined, again };
  return (
    <div class="sheet">
      <h1>Sessions</h1>
      <label class="search">
        <span>Search titles and messages, or an id</span>
        <input
          type="search"
          maxLength={200}
          value={query}
          onInput={(event: Event) => setQuery((event.target as HTMLInputElement).value)}
        />
      </label>
      <label class="search">
        <span>Last outcome</span>
        <select value={reason} onChange={(event: Event) => setReason((event.target as HTMLSelectElement).value)}>
          {outcomes.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <LoadState loading={loading} what="the sessions" />
      <p class="hint" role="status" aria-live="polite">
        {notice}
      </p>
      <ul class="sessions">
        {rows.map(({ session, depth }) => (
          <SessionRow key={session.id} session={session} depth={depth} changed={changed} notify={setNotice} />
        ))}
      </ul>
      <div class="after">
        {sessions !== undefined && rows.length === 0 && (
          <p class="notice">
            {query === "" && reason === "" ? "There are no sessions yet. Begin with a chat." : "Nothing was found."}
          </p>
        )}
        {cursor !== null && (
          <button type="button" onClick={() => void load(query, cursor)}>
            Show more
          </button>
        )}
      </div>
    </div>
  );
}
