/** The turns that run or wait now: the list below has those that have ended. Read from the newest sessions, since an open turn is known by its session. */
import { chatHash } from "../route.ts";
import { callJson } from "../shell/api.ts";
import type { PageSession } from "../shell/shapes.ts";
import { useLoad } from "../shell/use-load.ts";

const mostSessions = 100;

/** `agent`: whose turns; any when empty. */
export function OpenTurns({ agent }: { agent: string }) {
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
