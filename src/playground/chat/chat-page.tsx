/** One session: its turns, what was sent and is not begun yet, and the field to write in. */
import { useLayoutEffect, useRef, useState } from "hono/jsx/dom";
import type { AgentJson } from "../../wire/account-shapes.ts";
import { chatHash } from "../route.ts";
import { callJson } from "../shell/api.ts";
import { oncePerFrame } from "../shell/once-per-frame.ts";
import { splitAttachments } from "./attachment.ts";
import { type Choices, Composer } from "./composer.tsx";
import { type Pending, unclaimed } from "./pending.ts";
import { SessionBar } from "./session-bar.tsx";
import { SessionStore } from "./session-store.ts";
import { Suggestions } from "./suggestions.tsx";
import { TurnCard } from "./turn-card.tsx";
import { type ShownTurn, turnsOf, waitsForPerson, waitsForStep } from "./turn-view.ts";
import { useFollowing } from "./use-following.ts";

/** `turn`: the one to be shown first; the newest when absent. */
export function ChatPage({ id, turn: wanted }: { id: string; turn?: string }) {
  const store = useSession(id);
  const agents = useAgents();
  const [chosen, chooseAgent] = useState("");
  const before = useRef<ShownTurn[]>([]);
  const composer = useRef<HTMLTextAreaElement>(null);
  const turns = turnsOf(store.conversation, before.current ?? []);
  before.current = turns;
  const toEnd = useFollowing(turns.length > 0 && wanted === undefined);
  useWanted(store, turns, wanted);
  const { session, link, notice } = store;
  const isNew = link === "new";
  const agent = session?.agent ?? (chosen === "" ? agents[0]?.id : chosen) ?? "";
  const actions = useActions(store, (content, choices) => {
    toEnd();
    void store.send(content, { ...choices, ...(isNew && chosen !== "" && { agent: chosen }) });
  });
  // Where there is no keyboard on the screen, which would cover the page.
  useLayoutEffect(() => {
    if (wanted === undefined && matchMedia("(hover: hover)").matches) composer.current?.focus();
  }, []);
  const { title } = session ?? {};
  useLayoutEffect(() => {
    document.title = title ? `${title} – Longline` : "Longline";
  }, [title]);
  const last = turns.at(-1);
  const bar = { id, session, link, notice, busy: store.busy, waits: last && waitOf(last) };
  return (
    <div class="chat-page">
      <SessionBar {...bar} agent={agents.length > 1 ? agent : undefined} dismiss={actions.dismiss} />
      <Turns turns={turns} store={store} actions={actions} agent={agents.find((each) => each.id === agent)} />
      <p class="sr" role="status" aria-live="polite">
        {announcement(last)}
      </p>
      <Composer
        field={composer}
        busy={store.busy}
        models={modelsOf(agents.find(({ id }) => id === agent))}
        agents={isNew ? agents : none}
        agent={agent}
        chooseAgent={chooseAgent}
        send={actions.send}
        stop={actions.stop}
      />
    </div>
  );
}

const none: readonly never[] = [];

interface ChatActions {
  send(content: string, choices?: Choices): void;
  fork(afterSeq: number, content: string): Promise<void>;
  stop(): void;
  dismiss(): void;
}

/** The same functions at each drawing, so that who gets them is not drawn for their sake. */
function useActions(store: SessionStore, send: (content: string, choices: Choices) => void): ChatActions {
  const latest = useRef(send);
  latest.current = send;
  const [actions] = useState<ChatActions>(() => ({
    send: (content, choices = {}) => latest.current?.(content, choices),
    stop: () => void store.cancel(),
    dismiss: () => store.dismiss(),
    fork: async (afterSeq, content) => {
      const forked = await store.fork(afterSeq);
      if (forked !== undefined) openFork(forked, content);
    },
  }));
  return actions;
}

interface TurnsProps {
  turns: readonly ShownTurn[];
  store: SessionStore;
  actions: ChatActions;
  /** Who would answer a first message. */
  agent: AgentJson | undefined;
}

function Turns({ turns, store, actions: { fork, send }, agent }: TurnsProps) {
  const waiting = unclaimed(store.pending);
  const empty = turns.length === 0 && waiting.length === 0;
  return (
    <div class="turns">
      {store.hasEarlier && (
        <button type="button" class="earlier" onClick={() => void store.earlier()}>
          Show earlier turns
        </button>
      )}
      {turns.map((view) => (
        <TurnCard key={view.turn} view={view} session={store.id} store={store} fork={fork} />
      ))}
      {waiting.map((message) => (
        <PendingMessage key={message.key} message={message} store={store} />
      ))}
      {empty && (store.link === "new" || store.link === "live") && <Suggestions agent={agent} pick={send} />}
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

/** Brings a turn of the past into view, once; reads as far back as it takes. */
function useWanted(store: SessionStore, turns: readonly ShownTurn[], wanted: string | undefined): void {
  const [sought] = useState<{ current: string | undefined }>({ current: wanted });
  useLayoutEffect(() => {
    const turn = sought.current;
    if (!turn || turns.length === 0) return;
    if (turns.some((each) => each.turn === turn && each.entries[0]?.type === "user")) {
      sought.current = undefined;
      const place = document.getElementById(turn);
      place?.focus();
      place?.scrollIntoView();
    } else if (store.hasEarlier) void store.earlier();
    else sought.current = undefined;
  }, [turns.length, turns[0]?.turn, turns[0]?.entries.length]);
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

/** The models that can be chosen; none where there is a demo model, which answers in any case. */
function modelsOf(agent: AgentJson | undefined): readonly string[] {
  return agent === undefined || agent.models.includes("demo") ? none : agent.models;
}

function waitOf(turn: ShownTurn): "person" | "step" | undefined {
  if (waitsForPerson(turn)) return "person";
  return waitsForStep(turn) ? "step" : undefined;
}

/** What a screen reader reads out: not every word as it comes, but that something needs the person or is done. */
function announcement(last: ShownTurn | undefined): string {
  if (last === undefined) return "";
  if (last.end !== undefined)
    return last.end.reason === "completed" ? "The answer is complete." : "The turn has ended.";
  switch (waitOf(last)) {
    case "person":
      return "A tool call waits for your approval.";
    case "step":
      return "A tool waits for a time or a signal.";
    default:
      return "The answer is being written.";
  }
}

const openings = new Map<string, string>();

/** Opens a fork, and passes the message it begins with to the page that shows it. */
function openFork(session: string, content: string): void {
  openings.set(session, content);
  location.hash = chatHash(session);
}

/** The message to begin with; once. */
function takeOpening(session: string): string | undefined {
  const content = openings.get(session);
  openings.delete(session);
  return content;
}

/** A message that was sent and is not part of the transcript yet. */
function PendingMessage({ message, store }: { message: Pending; store: SessionStore }) {
  const { key, content, state, detail } = message;
  return (
    <article class="from-person pending" aria-label="Your message, not begun yet">
      <div class="bubble">{splitAttachments(content).text || content}</div>
      <p class={state === "refused" ? "alert" : "hint"}>{words(message)}</p>
      {state === "refused" && (
        <p class="actions">
          <button type="button" onClick={() => void store.send(content, {}, key)}>
            Send again
          </button>
          <button type="button" class="quiet" onClick={() => store.forget(key)}>
            Remove
          </button>
        </p>
      )}
      {state === "sending" && detail !== undefined && <p class="hint">{detail}</p>}
    </article>
  );
}

function words({ state, detail }: Pending): string {
  switch (state) {
    case "sending":
      return "Sending …";
    case "waiting":
      return "Accepted; its turn comes.";
    case "refused":
      return `Not taken: ${detail ?? "the server refused it."}`;
  }
}
