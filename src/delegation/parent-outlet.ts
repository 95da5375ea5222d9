/** How a child reports to its parent: as a channel that is shown the child's answer while it grows. The outbox delivers, again after failures, and the parent takes each end once. */
import { unwrap } from "../account/outcome.ts";
import type { ChildReport, ChildUse } from "../agent/delegation-feature.ts";
import type { Address, Outlet, Posted, Reply } from "../channels/channel.ts";
import { fingerprint } from "../core/digest.ts";
import type { ChildOutcome } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { Bindings } from "../env.ts";
import { sessionObject } from "../session/session-object.ts";
import type { TurnJson } from "../wire/shapes.ts";
import { grownBy } from "./child-use.ts";
import type { ChildrenHost } from "./children-host.ts";

export const agentsChannel = "agents";

export interface ParentAddress extends Address {
  /** The session that waits, and its `birth`. */
  parent: string;
  birth: string | null;
}

/** `mark`: of what was reported last. */
interface LastReport {
  mark: string;
}

const minuteMs = 60_000;
/** Three days: longer than a parent waits. */
const retryMs = [1_000, 5_000, 15_000, minuteMs, ...Array.from({ length: 860 }, () => 5 * minuteMs)];

export function parentOutlet(bindings: Bindings, account: string): Outlet {
  const outlet: Outlet<ParentAddress, LastReport> = {
    live: true,
    // Each report is a call of the parent's object; a child says seldom something new, and its end is not waited for.
    paceMs: 200,
    retryMs,
    async post({ reply, address, shown }): Promise<Posted<LastReport>> {
      const report = reportOf(reply, address);
      const mark = fingerprint(JSON.stringify(report));
      if (shown?.mark === mark && report.ended === undefined) return { kind: "shown", shown };
      try {
        await send(bindings, { account, name: address.parent }, report);
        return { kind: "shown", shown: { mark } };
      } catch (error) {
        return { kind: "retry", shown, error: error instanceof Error ? error.message : String(error) };
      }
    },
  };
  return outlet as unknown as Outlet;
}

/** A child that is erased ends for its parent, too. `late`: what is to be counted apart, since the parent may have been sent some of it before. */
export async function reportGone(host: ChildrenHost, late: ChildUse): Promise<void> {
  const ended = { reason: "erased" as const, answer: "", ...grownBy(host.used(), late) };
  await report(host, { ended, late });
}

/** What sessions below used when no one waited for them any more. */
export function reportLate(host: ChildrenHost, late: ChildUse): Promise<void> {
  return report(host, { late });
}

async function report({ bindings, settings }: ChildrenHost, facts: Pick<ChildReport, "ended" | "late">): Promise<void> {
  const { account, name, parent } = settings();
  if (parent === null) return;
  const own = { child: name, birth: parent.birth, progress: "", asks: [] };
  await send(bindings, { account, name: parent.session }, { ...own, ...facts });
}

/** A parent that is gone waits for nothing. */
async function send(bindings: Bindings, parent: { account: string; name: string }, report: ChildReport): Promise<void> {
  try {
    unwrap(await sessionObject(bindings, parent).fromChild(report));
  } catch (error) {
    if (!(error instanceof AppError && error.code === "not_found")) throw error;
  }
}

function reportOf(reply: Reply, { birth }: ParentAddress): ChildReport {
  const asks = reply.approvals.map(({ ref, name, arguments: text, state }) => ({ ref, name, arguments: text, state }));
  const { ended } = reply;
  const progress = ended === undefined ? progressOf(reply) : "";
  return {
    child: reply.session,
    birth,
    progress,
    asks,
    ...(ended && { ended: endOf(ended.data as TurnJson, reply.text) }),
  };
}

/** The tool that runs, with how far it is. Not the text: it would be reported piece by piece, and its session streams it. */
function progressOf({ tools, text, state }: Reply): string {
  const running = tools.findLast((tool) => tool.state === "running" || tool.state === "waiting");
  if (running?.state === "waiting" || (running === undefined && state === "waiting")) return "waits for a person";
  if (running !== undefined) return running.progress ? `${running.name}: ${running.progress}` : running.name;
  return text === "" ? "thinks" : "writes";
}

/** `text`: of all its replies. A model that ends with nothing has often written its answer beside its last call. */
function endOf(turn: TurnJson, text: string): NonNullable<ChildReport["ended"]> {
  const { status, message, usage, cost_micros, children, error } = turn;
  const last = message?.content ?? "";
  const own = [usage, children].filter((each) => each !== undefined);
  const sum = (of: "input_tokens" | "cached_tokens" | "output_tokens" | "reasoning_tokens" | "steps") =>
    own.reduce((all, each) => all + each[of], 0);
  return {
    reason: status as ChildOutcome["reason"],
    answer: last.trim() === "" ? text : last,
    ...(error && { why: error.message }),
    usage: {
      inputTokens: sum("input_tokens"),
      cachedTokens: sum("cached_tokens"),
      outputTokens: sum("output_tokens"),
      reasoningTokens: sum("reasoning_tokens"),
    },
    costMicros: (cost_micros ?? 0) + (children?.cost_micros ?? 0),
    steps: sum("steps"),
  };
}
