/** Which session this is, its state, and whether the page is connected to it. */

import { chatHash } from "../route.ts";
import { Details } from "../shell/details.tsx";
import { money } from "../shell/figures.ts";
import type { SessionStore } from "./session-store.ts";
import { TokenBar } from "./token-bar.tsx";
import { type ShownTurn, waitsForPerson } from "./turn-view.ts";

/** `agent`: who answers here, where there are several. */
export function SessionBar({
  store,
  turn,
  agent,
}: {
  store: SessionStore;
  turn: ShownTurn | undefined;
  agent: string | undefined;
}) {
  const { session, link, notice } = store;
  const [look, words] = standing(store, turn);
  const origin = session?.forked_from?.session;
  return (
    <div class="session-bar">
      <h1>{session?.title ?? (link === "new" ? "New chat" : store.id)}</h1>
      <p class="facts">
        <span class={`dot ${look}`}>{words}</span>
        {agent !== undefined && <span title="Who answers in this session">{agent}</span>}
        {session && <span>{session.model}</span>}
        {session && <span title="What this session has cost">{money(session.usage.cost_micros)}</span>}
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
            <button type="button" class="quiet" onClick={() => store.dismiss()}>
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
function standing({ link, busy }: SessionStore, turn: ShownTurn | undefined): [string, string] {
  switch (link) {
    case "live":
      if (turn !== undefined && waitsForPerson(turn)) return ["waiting", "waits for you"];
      return busy ? ["running", "answering"] : ["idle", "ready"];
    case "gone":
      return ["failed", "erased"];
    case "failed":
      return ["failed", "not connected"];
    default:
      return [link, link];
  }
}
