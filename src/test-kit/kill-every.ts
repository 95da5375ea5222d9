/**
 * Loses the instance at every point of a turn, one run for each, and reports which tools would then do something twice. It sees
 * what tools send by `fetch`; what they do otherwise it cannot see.
 */
import type { AgentDefinition } from "../agent/agent.ts";
import { resolveAgent } from "../agent/agent.ts";
import { openCalls } from "../core/waits.ts";
import type { Tool, Toolbox } from "../tools/tool.ts";
import { BegunCalls, CrashPoints, crashingEffects, InstanceLost } from "./crash-points.ts";
import { type SeenEffect, Watch } from "./effect-watch.ts";
import type { MemorySession } from "./memory-session.ts";
import { passWaits } from "./pass-waits.ts";
import { recorded } from "./recorded.ts";
import { type RunAgentOptions, sessionOf } from "./run-agent.ts";

/**
 * What is wrong with a tool. `no_key`: it is `keyed`, and sends without its key. `wrong_effect`: it is `none`, and changes
 * something. `before_begin`: it changes something before its call is recorded as begun, in a schema or in `approval`.
 * `repeated`: one run of it sends the same twice.
 */
export type ToolFaultKind = "no_key" | "wrong_effect" | "before_begin" | "repeated";

export interface ToolFault {
  tool: string;
  kind: ToolFaultKind;
  /** Where the instance was lost when it was seen first, such as "refund: it has run, before its result is recorded". */
  point: string;
  /** What it means and what to do. */
  words: string;
}

export interface KillReport {
  /** All points, in their order. */
  points: string[];
  faults: ToolFault[];
}

/** What is run again and again. */
export interface KillSubject {
  tools: Toolbox;
  message: { content: string; speaker?: string };
  approve: boolean;
  model: typeof fetch;
  outside: typeof fetch;
  /** A session without a message yet. */
  session(of: { model: typeof fetch; wrap(tool: Tool): Tool }): MemorySession;
}

/**
 * Runs `message` once for each point at which an instance can be lost, and goes on from what was recorded, as a Worker does.
 *
 * @example
 * const { faults } = await killEvery(support, "Refund order 17", { model, fetch: shop, approve: true });
 * expect(faults).toEqual([]);
 */
export async function killEvery(
  agent: AgentDefinition,
  message: string,
  options: Omit<RunAgentOptions, "after">,
): Promise<KillReport> {
  const { tools } = resolveAgent("agent", agent);
  return killEveryPoint({
    tools,
    message: { content: message, ...(options.speaker !== undefined && { speaker: options.speaker }) },
    approve: options.approve !== undefined && options.approve !== false,
    model: options.model.fetch,
    outside: options.fetch ?? nothingOutside,
    session: ({ model, wrap }) =>
      sessionOf(agent, { ...options, model: { ...options.model, fetch: model } }, { progress: [], wrap }),
  });
}

const nothingOutside: typeof fetch = async () => new Response("ok");

export async function killEveryPoint(subject: KillSubject): Promise<KillReport> {
  // The same request gets the same answer, however often a crash repeats it.
  const tape = recorded(undefined, { mode: "replay", fetch: subject.model });
  const run = (lossAt: number) => oneRun({ ...subject, model: tape.model.fetch }, lossAt);
  const whole = await run(-1);
  const faults = new Map<string, ToolFault>();
  const note = (effects: readonly SeenEffect[], point: string) => {
    for (const fault of faultsIn(effects, { tools: subject.tools, point })) {
      const key = `${fault.tool} ${fault.kind}`;
      if (!faults.has(key)) faults.set(key, fault);
    }
  };
  note(whole.effects, "no instance was lost");
  for (const [at, point] of whole.points.entries()) {
    const { effects } = await run(at);
    note(effects, `point ${at + 1} of ${whole.points.length}, ${point}`);
  }
  return { points: whole.points, faults: [...faults.values()] };
}

async function oneRun(subject: KillSubject, lossAt: number): Promise<{ points: string[]; effects: SeenEffect[] }> {
  const first = new CrashPoints(lossAt);
  const watch = new Watch(subject.outside, first);
  const session = subject.session({ model: subject.model, wrap: (tool) => watch.around(tool) });
  const begun = new BegunCalls();
  const effectsOf = (points: CrashPoints) =>
    crashingEffects({ session, points, begun, effectOf: (name) => subject.tools.effectOf(name) });
  const release = watch.watchGlobal();
  try {
    await untilLost(() => session.begin(subject.message, {}, effectsOf(first)));
    await untilLost(() => answered(session, subject.approve, effectsOf(first)));
    if (first.isLost) {
      session.restart();
      begun.restart();
      watch.points = new CrashPoints(-1);
      await session.goOn(effectsOf(watch.points));
      await answered(session, subject.approve, effectsOf(watch.points));
    }
  } finally {
    release();
  }
  return { points: first.passed, effects: watch.effects };
}

async function untilLost(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof InstanceLost)) throw error;
  }
}

/** Approves or denies each call that waits for a person; the sleeps of tools are over at once. */
async function answered(
  session: MemorySession,
  approve: boolean,
  effects: ReturnType<typeof crashingEffects>,
): Promise<void> {
  for (;;) {
    await passWaits(session, {}, () => session.goOn(effects));
    const { entries } = session;
    const turn = entries.slice(entries.findLastIndex(({ type }) => type === "user"));
    const reply = turn.findLast((entry) => entry.type === "assistant");
    const { waiting } = openCalls(turn);
    if (entries.at(-1)?.type === "turn_ended" || waiting.length === 0 || reply?.type !== "assistant") return;
    const of = { type: "approval", turn: reply.turn, step: reply.step, approve } as const;
    await effects.append(waiting.map(({ id, name }) => ({ ...of, callId: id, name, atMs: session.now() })));
    await session.goOn(effects);
  }
}

/** The same effect twice, and effects that nothing is recorded of. */
function faultsIn(effects: readonly SeenEffect[], { tools, point }: { tools: Toolbox; point: string }): ToolFault[] {
  const early = effects.filter(({ call }) => call === undefined);
  const groups = Map.groupBy(
    effects.filter(({ call }) => call !== undefined),
    ({ tool, call, what }) => JSON.stringify([tool, call, what]),
  );
  const twice = [...groups.values()].flatMap((same): ToolFault[] => {
    const [first] = same;
    if (first === undefined || same.length < 2 || same.every(({ hasKey }) => hasKey)) return [];
    const { tool, what } = first;
    const kind = kindOf(tools, tool, same);
    return [{ tool, kind, point, words: `${tool}: ${words[kind](what)} Seen at: ${point}.` }];
  });
  return [
    ...early.map(
      ({ tool, what }): ToolFault => ({
        tool,
        kind: "before_begin",
        point,
        words: `${tool}: ${words.before_begin(what)} Seen at: ${point}.`,
      }),
    ),
    ...twice,
  ];
}

function kindOf(tools: Toolbox, tool: string, same: readonly SeenEffect[]): ToolFaultKind {
  if (new Set(same.map(({ run }) => run)).size < same.length) return "repeated";
  return tools.effectOf(tool) === "none" ? "wrong_effect" : "no_key";
}

const words: Record<ToolFaultKind, (what: string) => string> = {
  no_key: (what) =>
    `it is keyed, and sends ${what} again without its key. Send context.idempotencyKey along, or make it unsafe.`,
  wrong_effect: (what) =>
    `its effect is none, and it sends ${what} again after a crash. Make it keyed, and send context.idempotencyKey along, or unsafe.`,
  before_begin: (what) =>
    `it sends ${what} before its call is recorded as begun, from its schema or its approval. Do it in run.`,
  repeated: (what) => `one run of it sends ${what} more than once without its key.`,
};
