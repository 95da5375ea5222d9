import { expect, it } from "vitest";
import type { ChildAsk } from "../../src/agent/delegation-feature.ts";
import type { Approval } from "../../src/channels/channel.ts";
import { approvalMessage } from "../../src/channels/discord/buttons.ts";
import { approvalBlocks, approvalText } from "../../src/channels/slack/pressed.ts";
import type { Entry } from "../../src/core/entry.ts";
import { refOf } from "../../src/core/waits.ts";
import { type ReplySources, replyOf } from "../../src/session/deliver/reply.ts";

const ask = (ref: string, state: ChildAsk["state"]) => ({
  ref,
  name: "publish",
  arguments: "{}",
  state,
  step: 1,
  agent: "writer",
});
const asks = [ask("a", "open"), ask("b", "approved"), ask("c", "denied")];
const started = { seq: 1, type: "user", turn: "turn_1", content: "Go" };
const reply = {
  ...{ seq: 2, type: "assistant", turn: "turn_1", step: 1, content: "I ask the writer.", waits: { c1: "agent" } },
  toolCalls: [{ id: "c1", name: "delegate", arguments: "{}" }],
};

/** What a channel shows of a turn in which a child asks. */
function shown(more: object[] = []) {
  const entries = [started, reply, ...more] as unknown as Entry[];
  const isOver = more.length > 0;
  const sources = {
    turns: {
      state: () => ({ status: isOver ? "ended" : "waiting", firstSeq: 1, reply, ended: more[0], waitingFor: [] }),
      entries: () => entries,
    },
    feed: { confirmed: 9, progress: { textOf: () => "waits for a person" } },
    record: { read: () => ({ account: "default", name: "s", birth: "b" }) },
    children: { asked: () => asks },
  } as unknown as ReplySources;
  return replyOf(sources, { id: "d1", turn: "turn_1" } as Parameters<typeof replyOf>[1]);
}

it("[DELEG-10] a channel shows what a child asks beside its call, under the name by which its button is answered", () => {
  const { approvals, tools, state } = shown() ?? {};
  const ref = (callId: string) => refOf({ birth: "b", turn: "turn_1", step: 1, callId });
  expect(approvals).toEqual([
    { ref: ref("a"), name: "publish", agent: "writer", arguments: "{}", state: "open" },
    { ref: ref("b"), name: "publish", agent: "writer", arguments: "{}", state: "approved" },
    { ref: ref("c"), name: "publish", agent: "writer", arguments: "{}", state: "denied" },
  ]);
  expect([state, tools]).toEqual([
    "waiting",
    [{ id: "1-c1", name: "delegate", state: "running", progress: "waits for a person" }],
  ]);
});

it("[DELEG-10] once the turn is over its open asks have no buttons any more", () => {
  const usage = { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
  const ended = {
    seq: 3,
    type: "turn_ended",
    turn: "turn_1",
    reason: "cancelled",
    steps: 1,
    usage,
    costMicros: 0,
    atMs: 0,
  };
  expect(shown([ended])?.approvals.map(({ state }) => state)).toEqual(["void", "approved", "denied"]);
});

it("[DELEG-10] Slack and Discord name the agent that asks, and none where the session's own agent does", () => {
  const of = { ref: "r", name: "publish", arguments: "{}", state: "open" as const };
  const texts = (approval: Approval) => [
    approvalText(approval),
    JSON.stringify(approvalBlocks(approval, { session: "s", asker: "U1" })),
    approvalMessage(approval, "U1").content,
  ];
  for (const text of texts({ ...of, agent: "writer" })) expect(text).toContain("of the agent writer");
  for (const text of texts(of)) expect(text).not.toContain("of the agent");
});
