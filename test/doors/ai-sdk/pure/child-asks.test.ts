import {
  lastAssistantMessageIsCompleteWithApprovalResponses,
  readUIMessageStream,
  type UIMessage,
  type UIMessageChunk,
} from "ai";
import { expect, it } from "vitest";
import type { PlacedEvent, SessionEvent } from "../../../../src/core/event.ts";
import type { WaitingCall } from "../../../../src/core/waits.ts";
import { UiChunks } from "../../../../src/doors/ai-sdk/chunks.ts";
import { newsOf, type UiMessage } from "../../../../src/doors/ai-sdk/request.ts";
import type { Frame } from "../../../../src/wire/encoder.ts";

const child = { session: "agent_1", agent: "writer" };
const ask = (id: string): WaitingCall => ({
  ...{ id, name: "publish", arguments: `{"text":"${id}"}`, kind: "approval", sinceMs: 0 },
  child: { ...child, of: "c1" },
});
const place = (events: SessionEvent[]): PlacedEvent[] =>
  events.map((event, at) => ({ event, cursor: { done: at } }) as PlacedEvent);
const begun: SessionEvent[] = [
  { type: "turn.started", turn: "turn_1", seq: 1 },
  { type: "step.started", step: 1, attempt: 1, model: "m" } as SessionEvent,
  { type: "tool.called", id: "c1", name: "delegate", arguments: '{"agent":"writer"}' },
  { type: "agent.started", callId: "c1", ...child },
];
const answered = (id: string, approve: boolean): SessionEvent => {
  const { name, arguments: text } = ask(id);
  return { type: "tool.approval_answered", id, approve, childCall: { id, name, arguments: text } };
};
const usage = { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
const over: SessionEvent[] = [
  { type: "tool.finished", callId: "c1", name: "delegate", content: "Published.", isError: false },
  { type: "turn.ended", turn: "turn_1", reason: "cancelled", usage, costMicros: 0, steps: 1 } as SessionEvent,
];

/** What the AI SDK makes of a message's frames, going on from what its client has. */
async function read(frames: readonly Frame[], message?: UIMessage): Promise<UIMessage> {
  const chunks = frames.flatMap(({ data }) => (data === undefined ? [] : [data as UIMessageChunk]));
  let last: UIMessage | undefined = message;
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  for await (const each of readUIMessageStream({ stream, ...(message && { message }), terminateOnError: true }))
    last = each;
  if (last === undefined) throw new Error("there is no message");
  return last;
}
const tools = ({ parts }: UIMessage) =>
  parts.flatMap((part) => ("toolCallId" in part ? [`${part.toolCallId} ${part.state}`] : []));
const chunks = () => new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" });

it("[DELEG-20] two asks of children are two parts of useChat's message, answered at once, and closed in the next", async () => {
  const first = chunks();
  const waiting = await read([...first.events(place(begun)), ...first.waits([ask("a"), ask("b")])]);
  expect(tools(waiting)).toEqual(["c1 input-available", "a approval-requested", "b approval-requested"]);
  const complete = () => lastAssistantMessageIsCompleteWithApprovalResponses({ messages: [waiting] });
  const respond = (id: string, approved: boolean) => {
    const part = waiting.parts.find((each) => "toolCallId" in each && each.toolCallId === id);
    Object.assign(part as object, { state: "approval-responded", approval: { id, approved } });
  };
  respond("a", true);
  expect(complete()).toBe(false);
  respond("b", false);
  expect(complete()).toBe(true);
  expect(newsOf([waiting as unknown as UiMessage])).toEqual({
    ...{ kind: "answers", results: [] },
    approvals: [
      { callId: "a", approve: true },
      { callId: "b", approve: false },
    ],
  });
  // The message is sent from its start: over what the client has, and to one that has nothing.
  const second = chunks();
  const frames = second.events(place([...begun, answered("a", true), answered("b", false), ...over]));
  for (const has of [waiting, undefined]) {
    const message = await read(frames, has);
    expect(tools(message).slice(-3)).toEqual(["c1 output-available", "a output-available", "b output-denied"]);
    // Else useChat would send the message again and again.
    expect(lastAssistantMessageIsCompleteWithApprovalResponses({ messages: [message] })).toBe(false);
  }
});

it.each([
  ["before", true],
  ["after", false],
])(
  "[DELEG-20] what the session itself asks %s the call of the agent is in the step of what the agent asks",
  async (_, isFirst) => {
    const own = { id: "o1", name: "publish", arguments: '{"text":"own"}' };
    const asksOwn: SessionEvent[] = [
      { type: "tool.called", ...own },
      { type: "tool.approval_required", ...own },
    ];
    const [started, step, ...called] = begun as [SessionEvent, SessionEvent, ...SessionEvent[]];
    const message = { role: "assistant", content: "", reasoning: "", toolCalls: [] };
    const completed = { type: "message.completed", seq: 2, message, finishReason: "tool_calls", usage } as SessionEvent;
    const reply = isFirst ? [...asksOwn, ...called] : [...called, ...asksOwn];
    const writer = chunks();
    const frames = writer.events(place([started, step, ...reply, completed]));
    const waiting = await read([...frames, ...writer.waits([{ ...own, kind: "approval", sinceMs: 0 }, ask("a")])]);
    expect(tools(waiting)).toEqual(["c1 input-available", "o1 approval-requested", "a approval-requested"]);
    expect(waiting.parts.slice(-2).map(({ type }) => type)).toEqual(["dynamic-tool", "dynamic-tool"]);
    // The stream that goes on after the answers changes these parts, and adds none.
    const more: SessionEvent[] = [
      { type: "tool.approval_answered", id: "o1", approve: false, reason: "No" },
      answered("a", true),
      { type: "tool.finished", callId: "o1", name: "publish", content: "Denied.", isError: true },
      ...over,
    ];
    const ended = await read(chunks().events(place(more)), waiting);
    expect(tools(ended)).toEqual(["c1 output-available", "o1 output-denied", "a output-available"]);
  },
);
