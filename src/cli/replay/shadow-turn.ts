/**
 * Runs a recorded turn with a candidate: the model is asked, and tools give what they gave then. A call that was not made then
 * ends it, since no one knows what it would give. No tool runs: only their schemas are used.
 */
import { canonicalJson } from "../../agent/version.ts";
import { defined } from "../../core/defined.ts";
import type { Entry } from "../../core/entry.ts";
import { effectsOf } from "../../test-kit/crash-points.ts";
import type { Tool, Toolbox } from "../../tools/tool.ts";
import { caseSchema } from "../eval/dataset/case.ts";
import { withoutNulls } from "../eval/dataset/case-of-session.ts";
import { type CaseRunner, isOutside, sessionFor } from "../eval/run/in-process.ts";
import { outcomeOf, readJson } from "../eval/run/outcome-of.ts";
import { CannotRun, type CaseOutcome } from "../eval/run/result.ts";
import type { RecordedTurn } from "./recorded-turns.ts";

/** `diverged`: the model call, from 1, that made a call which was not made then. `firstBody`: what the candidate was asked first. */
export interface ShadowTurn {
  outcome: CaseOutcome;
  diverged: { step: number; name: string; input: unknown } | undefined;
  firstBody: string;
}

/** What was recorded, as an outcome. */
export function recordedOutcome({ own }: RecordedTurn, tools: Toolbox): CaseOutcome {
  return outcomeOf(own, { tools, stubs: { unmatched: [], unused: [] } });
}

/** Throws `CannotRun` when the provider could not be asked. */
export async function shadowTurn(recorded: RecordedTurn, runner: CaseRunner): Promise<ShadowTurn> {
  const results = new RecordedResults(recorded.own, runner.agent.tools);
  let firstBody = "";
  const seen =
    (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
    async (input, init) => {
      const request = new Request(input, init);
      if (firstBody === "") firstBody = await request.clone().text();
      return fetch(request);
    };
  const [first, ...others] = runner.models;
  const session = sessionFor(caseOf(recorded), {
    ...runner,
    models: [{ ...first, fetch: seen(first.fetch) }, ...others],
    wrap: (tool) => results.inPlaceOf(tool),
  });
  await session.append(
    recorded.before.map(({ seq: _, ...entry }) => ({ ...entry, turn: `past_${entry.turn}` }) as never),
  );
  const begunAt = session.log.lastSeq;
  const { content, speaker, options } = recorded.asked;
  const effects = effectsOf(session);
  // Checked before each further step: what the model would say of a result that no one knows is worth nothing.
  Object.defineProperty(effects, "isSpent", { get: () => results.diverged !== undefined });
  await session.begin({ content, ...defined({ speaker }) }, withoutModel(options), effects);
  const outcome = outcomeOf(session.entries.slice(begunAt), {
    tools: runner.agent.tools,
    stubs: { unmatched: [], unused: [] },
  });
  if (outcome.error !== undefined && isOutside(outcome.error.code))
    throw new CannotRun(`${outcome.error.code}: ${outcome.error.detail}`);
  const diverged = results.diverged && { step: outcome.steps, ...results.diverged };
  return { outcome, diverged, firstBody };
}

/** The candidate has its own. */
function withoutModel({ model: _, ...options }: RecordedTurn["asked"]["options"]) {
  return options;
}

function caseOf({ session, turn, instructions }: RecordedTurn) {
  return caseSchema.parse({
    id: `${session}/${turn}`.slice(0, 200),
    input: "recorded",
    ...(instructions !== null && { instructions }),
  });
}

/** Results of the turn's calls, each given once, by tool and input. */
class RecordedResults {
  diverged: { name: string; input: unknown } | undefined;
  readonly #left: { name: string; input: string; content: string; isError: boolean }[];

  constructor(own: readonly Entry[], tools: Toolbox) {
    const calls = own.flatMap((entry) =>
      entry.type === "assistant" ? entry.toolCalls.map((call) => ({ step: entry.step, ...call })) : [],
    );
    this.#left = own.flatMap((entry) => {
      if (entry.type !== "tool") return [];
      const call = calls.find(({ id, step }) => id === entry.callId && step === entry.step);
      const parsed = tools.get(entry.name)?.parse(call?.arguments ?? "");
      const input = parsed?.ok ? parsed.input : readJson(call?.arguments ?? "{}");
      return [{ name: entry.name, input: keyOf(input), content: entry.content, isError: entry.isError }];
    });
  }

  /** With the tool's schema, and nothing of what it does. */
  inPlaceOf({ declaration, timeoutMs, effect, parse }: Tool): Tool {
    return {
      declaration,
      timeoutMs,
      effect,
      approval: null,
      secrets: [],
      needsApproval: () => false,
      parse,
      run: (input) => this.#give(declaration.name, input),
    };
  }

  #give(name: string, input: unknown): string {
    const at = this.#left.findIndex((one) => one.name === name && one.input === keyOf(input));
    const [found] = at < 0 ? [] : this.#left.splice(at, 1);
    if (found === undefined) {
      this.diverged ??= { name, input };
      return "";
    }
    if (found.isError) throw new Error(found.content);
    return found.content;
  }
}

function keyOf(input: unknown): string {
  return canonicalJson(withoutNulls(input));
}
