/** The newest sessions, beside a chat. A list that cannot be read is not shown: the chat says what is wrong. */
import { useLayoutEffect, useState } from "hono/jsx/dom";
import { chatHash } from "../route.ts";
import { callJson, holdsToken } from "../shell/api.ts";
import type { PageSession } from "../shell/shapes.ts";
import { outcomeOf } from "./outcome.ts";

/** Sent to the window when a session has begun, does something else or has another title. */
export const sessionsChanged = "longline-sessions-changed";

export function RecentSessions({ current, keys }: { current: string; keys: number }) {
  const [sessions, setSessions] = useState<readonly PageSession[]>([]);
  useLayoutEffect(() => {
    const load = () => {
      if (holdsToken()) return;
      callJson<{ sessions: PageSession[] }>("/v1/sessions?limit=25").then(
        (page) => setSessions(page.sessions),
        () => {},
      );
    };
    load();
    addEventListener(sessionsChanged, load);
    return () => removeEventListener(sessionsChanged, load);
  }, [keys]);
  return (
    <nav aria-label="Newest sessions">
      {sessions.map((session) => {
        const { dot, words } = outcomeOf(session);
        return (
          <a
            key={session.id}
            href={chatHash(session.id)}
            title={words}
            {...(session.id === current && { "aria-current": "page" })}
          >
            <span class={`dot ${dot}`}>
              <span class="sr">{words}: </span>
            </span>
            {session.title ?? session.id}
          </a>
        );
      })}
    </nav>
  );
}
