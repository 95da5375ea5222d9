/** A turn as a channel shows it now: the text of all its steps, what its tools do, what waits for a person. Read off the log and the reply that is still arriving. */

import type { SessionChildren } from "../../agent/delegation-feature.ts";
import type { Approval, Reply, ShownTool } from "../../channels/channel.ts";
import { defined } from "../../core/defined.ts";
import type { AssistantEntry, Entry, TurnEndedEntry } from "../../core/entry.ts";
import type { ToolCall } from "../../core/message.ts";
import { userWords } from "../../core/user-words.ts";
import { refOf } from "../../core/waits.ts";
import type { Feed } from "../read/feed.ts";
import { sessionTag } from "../read/session-tag.ts";
import type { ToolProgress } from "../read/tool-progress.ts";
import { turnJson } from "../read/turn-json.ts";
import type { Owed } from "../store/outbox.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { Turns } from "../turn/turns.ts";

/** What an answer is read from as it is now. */
export interface ReplySources {
  turns: Turns;
  feed: Feed;
  record: SessionRecord;
  children?: Pick<SessionChildren, "asked">;
}

/** `undefined` while the turn has not begun. Only what is safe on disk, or is shown to readers anyway, is in it. */
export function replyOf({ turns, feed, record, children }: ReplySources, { id, turn }: Owed): Reply | undefined {
  const state = turns.state(turn);
  if (state === undefined || state.status === "queued") return undefined;
  const entries = turns.entries(state.firstSeq).filter(({ seq }) => seq <= feed.confirmed);
  const replies = entries.filter((entry) => entry.type === "assistant");
  const end = entries.at(-1);
  const isOver = end?.type === "turn_ended";
  const { draft } = feed;
  const arriving = !isOver && draft !== undefined && isOfTurn(entries, draft.of.turn) ? draft.text.toString() : "";
  const texts = [...replies.map(({ content }) => content), arriving].map((text) => text.trim());
  const settings = record.read();
  const { name: session, birth } = settings;
  const text = texts.filter((each) => each !== "").join("\n\n");
  return {
    id,
    session,
    tag: sessionTag(settings),
    text,
    tools: replies.flatMap((reply) =>
      reply.toolCalls.map((call) => toolOf(call, reply, { entries, progress: feed.progress })),
    ),
    approvals: [
      ...replies.flatMap((reply) => approvalsOf(reply, entries, { isOver, birth })),
      ...(children?.asked(turn) ?? []).map(({ ref, step, ...ask }) => {
        return { ...ask, ref: refOf({ birth, turn, step, callId: ref }), ...(isOver && ask.state === "open" && over) };
      }),
    ],
    state: isOver ? "ended" : state.status === "waiting" ? "waiting" : "working",
    ...(isOver && { ended: endOf(end, { text, data: turnJson(session, end.turn, state) }) }),
  };
}

const over = { state: "void" as const };

function isOfTurn(entries: readonly Entry[], turn: string): boolean {
  return entries[0]?.turn === turn;
}

function toolOf(
  { id, name }: ToolCall,
  { step, waits }: AssistantEntry,
  { entries, progress }: { entries: readonly Entry[]; progress: ToolProgress },
): ShownTool {
  const result = entries.find((entry) => entry.type === "tool" && entry.step === step && entry.callId === id);
  const key = `${step}-${id}`;
  if (result?.type === "tool") return { id: key, name, state: result.isError ? "failed" : "done" };
  const wait = waits?.[id];
  const isWaiting = wait !== undefined && wait !== "agent" && decisionOn(id, step, entries) === undefined;
  const far = progress.textOf(id);
  return { id: key, name, state: isWaiting ? "waiting" : "running", ...(far && { progress: far }) };
}

function approvalsOf(
  reply: AssistantEntry,
  entries: readonly Entry[],
  { isOver, birth }: { isOver: boolean; birth: string | null },
): Approval[] {
  const { turn, step, waits = {} } = reply;
  return reply.toolCalls
    .filter(({ id }) => waits[id] === "approval")
    .map(({ id, name, arguments: text }) => {
      const by = decisionOn(id, step, entries);
      const answered = by === undefined ? undefined : by.approve ? ("approved" as const) : ("denied" as const);
      const named = by?.by === undefined ? {} : { by: by.by };
      const ref = refOf({ birth, turn, step, callId: id });
      return { ref, name, arguments: text, state: answered ?? (isOver ? "void" : "open"), ...named };
    });
}

function decisionOn(callId: string, step: number, entries: readonly Entry[]) {
  const found = entries.find((entry) => entry.type === "approval" && entry.step === step && entry.callId === callId);
  return found?.type === "approval" ? found : undefined;
}

function endOf(
  end: TurnEndedEntry,
  { text, data }: { text: string; data: Record<string, unknown> },
): NonNullable<Reply["ended"]> {
  const note = noteOf(end, text);
  return { reason: end.reason, atMs: end.atMs, data, ...defined({ note }) };
}

/** What a person reads beside the answer. The operator finds the failure in the transcript and the log. */
function noteOf({ reason, failure }: TurnEndedEntry, text: string): string | undefined {
  switch (reason) {
    case "completed":
      return text === "" ? "There is nothing to say to that." : undefined;
    case "length":
      return "The answer is cut off here: it became too long.";
    case "step_limit":
      return "The assistant stopped before it was done; please send a message to go on.";
    case "cancelled":
      return "Stopped.";
    case "interrupted":
      return "Interrupted by a newer message.";
    case "budget_exhausted":
      return userWords({ code: "budget_exhausted" });
    case "failed":
      return userWords(failure);
  }
}
