/** One session: its turns, what was sent and is not begun yet, and the field to write in. */
import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import type { AgentJson } from "../wire/shapes.ts";
import { callJson } from "./api.ts";
import { type Choices, Composer } from "./composer.tsx";
import { openFork, takeOpening } from "./forking.ts";
import { oncePerFrame } from "./once-per-frame.ts";
import { unclaimed } from "./pending.ts";
import { PendingMessage } from "./pending-message.tsx";
import { SessionBar } from "./session-bar.tsx";
import { SessionStore } from "./session-store.ts";
import { Suggestions } from "./suggestions.tsx";
import { TurnCard } from "./turn-card.tsx";
import { type TurnView, turnsOf, waitsForPerson } from "./turn-view.ts";
import { useFollowing } from "./use-following.ts";

export function ChatPage({ id }: { id: string }) {
  const store = useSession(id);
  const agents = useAgents();
  const [chosen, chooseAgent] = useState("");
  const before = useRef<TurnView[]>([]);
  const composer = useRef<HTMLTextAreaElement>(null);
  const turns = turnsOf(store.conversation, before.current ?? []);
  before.current = turns;
  const toEnd = useFollowing(turns.length > 0);
  const isNew = store.link === "new";
  const agent = store.session?.agent ?? (chosen === "" ? agents[0]?.id : chosen) ?? "";
  const send = (content: string, choices: Choices = {}) => {
    toEnd();
    void store.send(content, { ...choices, ...(isNew && chosen !== "" && { agent: chosen }) });
  };
  const fork = async (afterSeq: number, content: string) => {
    const forked = await store.fork(afterSeq);
    if (forked !== undefined) openFork(forked, content);
  };
  const { title } = store.session ?? {};
  useLayoutEffect(() => {
    document.title = title ? `${title} – Longline` : "Longline";
  }, [title]);
  const waiting = unclaimed(store.pending);
  const empty = turns.length === 0 && waiting.length === 0;
  return (
    <div class="chat-page">
      <SessionBar store={store} turn={turns.at(-1)} agent={agents.length > 1 ? agent : undefined} />
      <div class="turns">
        {store.hasEarlier && (
          <button type="button" class="earlier" onClick={() => void store.earlier()}>
            Show earlier turns
          </button>
        )}
        {turns.map((view) => (
          <TurnCard key={view.turn} view={view} session={id} store={store} fork={fork} />
        ))}
        {waiting.map((message) => (
          <PendingMessage key={message.key} message={message} store={store} />
        ))}
        {empty && (store.link === "new" || store.link === "live") && <Suggestions pick={send} />}
      </div>
      <p class="sr" role="status" aria-live="polite">
        {announcement(turns)}
      </p>
      <Composer
        field={composer}
        busy={store.busy}
        models={modelsOf(agents.find(({ id }) => id === agent))}
        agents={isNew ? agents.map(({ id }) => id) : []}
        agent={agent}
        chooseAgent={chooseAgent}
        send={send}
        stop={() => void store.cancel()}
      />
    </div>
  );
}

/** The session, drawn again after each change, once per frame at most. */
function useSession(id: string): SessionStore {
  const [, setVersion] = useState(0);
  const held = useRef<SessionStore>(null);
  held.current ??= new SessionStore(
    id,
    oncePerFrame(() => setVersion((version) => version + 1)),
  );
  const store = held.current;
  // Not useEffect: it waits for a frame, and a hidden page has none.
  useLayoutEffect(() => {
    void store.start();
    const opening = takeOpening(id);
    if (opening !== undefined) void store.send(opening);
    return () => store.stop();
  }, []);
  return store;
}

/** The app's agents, the default one first; none until they are known. */
function useAgents(): readonly AgentJson[] {
  const [agents, setAgents] = useState<readonly AgentJson[]>([]);
  useLayoutEffect(() => {
    callJson<{ agents: AgentJson[] }>("/v1/agents").then(
      ({ agents }) => setAgents(agents),
      () => {},
    );
  }, []);
  return agents;
}

/** Models that can be named: whichever is, the demo model answers where there is one. */
function modelsOf(agent: AgentJson | undefined): readonly string[] {
  return agent === undefined || agent.models.includes("demo") ? [] : agent.models;
}

/** What a screen reader says: not every word as it comes, but that something needs the person or is done. */
function announcement(turns: TurnView[]): string {
  const last = turns.at(-1);
  if (last === undefined) return "";
  if (last.end !== undefined)
    return last.end.reason === "completed" ? "The answer is complete." : "The turn has ended.";
  return waitsForPerson(last) ? "A tool call waits for your approval." : "The answer is being written.";
}
