/** Which session this is, its state, and whether the page is connected to it. */
import { memo } from "hono/jsx/dom";
import { chatHash } from "../route.ts";
import { Details } from "../shell/details.tsx";
import { money } from "../shell/figures.ts";
import type { PageSession } from "../shell/shapes.ts";
import type { Link } from "./session-store.ts";
import { TokenBar } from "./token-bar.tsx";

interface SessionBarProps {
  id: string;
  session: PageSession | undefined;
  link: Link;
  /** A turn is open. */
  busy: boolean;
  /** For what the open turn waits, if it does nothing else. */
  waits: "person" | "step" | undefined;
  notice: string | undefined;
  /** Who answers here, where there are several. */
  agent: string | undefined;
  dismiss(): void;
}

/** Drawn when one of these changes, and not with each word of an answer. */
export const SessionBar = memo(DrawnBar);

function DrawnBar(props: SessionBarProps) {
  const { id, session, link, notice, agent, dismiss } = props;
  const [look, words] = standing(props);
  const origin = session?.forked_from?.session;
  return (
    <div class="session-bar">
      <h1>{session?.title ?? (link === "new" ? "New chat" : id)}</h1>
      <p class="facts">
        <span class={`dot ${look}`}>{words}</span>
        {agent !== undefined && <span title="Who answers in this session">{agent}</span>}
        {session && <span>{session.model}</span>}
        {session && <span title="What this session has cost">{money(session.usage.cost_micros)}</span>}
        {session?.children && (
          <span title="What the agents that were called have cost">
            + {money(session.children.cost_micros)} by agents that it called
          </span>
        )}
        {session?.parent && (
          <span>
            works for <a href={chatHash(session.parent.session)}>{session.parent.session}</a>
          </span>
        )}
        {origin !== undefined && (
          <span>
            fork of <a href={chatHash(origin)}>{origin}</a>
          </span>
        )}
      </p>
      {session && session.usage.steps > 0 && (
        <Details name="What this session has used">
          {() => <TokenBar usage={session.usage} costMicros={session.usage.cost_micros} />}
        </Details>
      )}
      <div class="alerts" role="alert">
        {notice !== undefined && (
          <p class="alert">
            {notice}{" "}
            <button type="button" class="quiet" onClick={dismiss}>
              Dismiss
            </button>
          </p>
        )}
        {link === "gone" && <p class="alert">This session was erased. Begin a new chat.</p>}
      </div>
    </div>
  );
}

/** A class for the dot, and words. */
function standing({ link, busy, waits }: SessionBarProps): [string, string] {
  switch (link) {
    case "live":
      if (waits === "person") return ["waiting", "waits for you"];
      if (waits === "step") return ["waiting", "a tool waits"];
      return busy ? ["running", "answering"] : ["idle", "ready"];
    case "gone":
      return ["failed", "erased"];
    case "failed":
      return ["failed", "not connected"];
    default:
      return [link, link];
  }
}
