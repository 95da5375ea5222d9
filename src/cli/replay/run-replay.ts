/** Runs the recorded turns with the candidate, writes the report, and says the verdict. */

import { defined } from "../../core/defined.ts";
import { pricesAt } from "../../model/profile.ts";
import { caseSchema, type EvalCase } from "../eval/dataset/case.ts";
import type { Dataset } from "../eval/dataset/read-cases.ts";
import { type EvalSummary, summarize } from "../eval/report/summarize.ts";
import { dollars, summaryWords } from "../eval/report/words.ts";
import { writeReport } from "../eval/report/write-report.ts";
import { type EvalArm, localArms, reachedModels } from "../eval/run/arms.ts";
import { EvalFolder, type Plan, type Preference } from "../eval/run/folder.ts";
import type { CaseRunner } from "../eval/run/in-process.ts";
import { agentOf, loadApp, workerPath } from "../eval/run/load-app.ts";
import { preferencesOf } from "../eval/run/preferences.ts";
import { CannotRun, type CaseOutcome, type RunResult } from "../eval/run/result.ts";
import { faultsOf } from "../eval/score/expectations.ts";
import { createJudge, type Judge } from "../eval/score/judge.ts";
import { wilson } from "../eval/statistics/proportions.ts";
import { pastRequest } from "../exported-session.ts";
import { UsageError } from "../usage.ts";
import { type ChangeCost, changeCost, type FirstRequests, type LedgerDay } from "./change-cost.ts";
import { type RecordedTurn, recordedTurns } from "./recorded-turns.ts";
import { recordedOutcome, shadowTurn } from "./shadow-turn.ts";

/** What a replay is asked for. `sinceMs`: ms since 1970. */
export interface ReplayOptions {
  sinceMs: number;
  windowDays: number;
  limit: number;
  instructions: string | undefined;
  version: string | undefined;
  agent: string | undefined;
  model: string | undefined;
  judge: string | undefined;
  prefer: string;
  margin: number;
  /** Least share of the turns that must have been judged for "not worse". */
  leastJudged: number;
  worker: { url: string; key: string };
  module: string | undefined;
  out: string;
}

/** A turn that went another way. */
interface DivergedTurn {
  id: string;
  step: number;
  name: string;
  input: unknown;
}

interface Shadowed {
  results: RunResult[];
  diverged: DivergedTurn[];
  requests: FirstRequests[];
  left: number;
  why?: string;
}

/** Returns the exit code. */
export async function runReplay(options: ReplayOptions): Promise<0 | 1 | 2> {
  const loaded = await loadApp(workerPath(options.module));
  const agent = agentOf(loaded.app, options.agent);
  const [arm] = await localArms(
    loaded,
    {
      agents: [agent.name],
      models: list(options.model),
      versions: list(options.version),
      versionsFrom: options.worker,
      instructions: list(options.instructions),
    },
    { liveTools: false },
  );
  if (arm?.runner === undefined) throw new UsageError("There is no candidate.");
  const { runner } = arm;
  const judge = options.judge === undefined ? undefined : createJudge(reachedModels(loaded, agent, options.judge)[0]);
  const found = await recordedTurns({ ...options, agent: agent.name });
  if (found.turns.length === 0)
    throw new UsageError(
      `There is no turn of the agent ${agent.name} since ${new Date(options.sinceMs).toISOString()} that can be run again.`,
    );
  const shadowed = await shadowAll(found.turns, { arm, runner, options });
  const days = await ledgerDays(options);
  const summary = await reported(found.turns, shadowed, { arm, judge, options });
  const cost = changeCost({
    requests: shadowed.requests,
    days,
    windowDays: options.windowDays,
    sessions: found.sessions,
    prices: pricesAt(runner.models[0].profile, Date.now()),
    costChange: summary.comparisons[0]?.figures.find(({ figure }) => figure.startsWith("cost"))?.change ?? 0,
  });
  console.log(summaryWords(summary));
  console.log(`\n${shadowWords(found, shadowed)}\n${costWords(cost)}`);
  const judging = { turns: found.turns.length, judged: shadowed.results.length / 2, least: options.leastJudged };
  const { exitCode, words } = decided(summary.exitCode, judging);
  if (words !== undefined) console.log(words);
  return exitCode;
}

/** Turns that diverged say nothing of the answer: where most did, those that are left are no proof that nothing is worse. */
export function decided(
  exitCode: 0 | 1 | 2,
  { turns, judged, least }: { turns: number; judged: number; least: number },
): { exitCode: 0 | 1 | 2; words?: string } {
  if (exitCode !== 0 || judged >= turns * least) return { exitCode };
  const share = `${judged} of ${turns} turns could be judged, and ${Math.round(least * 100)} % are needed (--least-judged)`;
  return { exitCode: 2, words: `Not decided: ${share}.` };
}

function list(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

const recordedArm = "recorded";

/** One after the other: a provider's cache is warm as it was then. */
async function shadowAll(
  turns: readonly RecordedTurn[],
  { arm, runner, options }: { arm: EvalArm; runner: CaseRunner; options: ReplayOptions },
): Promise<Shadowed> {
  const all: Shadowed = { results: [], diverged: [], requests: [], left: 0 };
  const seen = new Set<string>();
  for (const [at, turn] of turns.entries()) {
    const id = idOf(turn);
    try {
      const { outcome, diverged, firstBody } = await shadowTurn(turn, runner);
      if (diverged === undefined)
        all.results.push(
          resultOf(id, recordedArm, recordedOutcome(turn, runner.agent.tools)),
          resultOf(id, arm.name, outcome),
        );
      else all.diverged.push({ id, ...diverged });
      if (seen.has(turn.session)) continue;
      seen.add(turn.session);
      const { body } = await pastRequest(options.worker, turn.session, turn.firstSeq);
      all.requests.push({ before: body, now: firstBody, cachedTokens: firstCached(turn) });
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      return { ...all, left: turns.length - at, why: error.message };
    }
  }
  return all;
}

function idOf({ session, turn }: RecordedTurn): string {
  return `${session}/${turn}`.slice(0, 200);
}

function firstCached({ own }: RecordedTurn): number {
  const reply = own.find((entry) => entry.type === "assistant");
  return reply?.type === "assistant" ? reply.usage.cachedTokens : 0;
}

function resultOf(id: string, arm: string, outcome: CaseOutcome): RunResult {
  const faults = faultsOf(outcome, {});
  const scored = { scores: { passed: faults.length === 0 ? 1 : 0 }, faults, missing: [], judgeCostMicros: 0 };
  return { case: id, arm, trial: 1, ...outcome, ...scored, at: new Date().toISOString() };
}

interface Reporting {
  arm: EvalArm;
  judge: Judge | undefined;
  options: ReplayOptions;
}

async function reported(
  turns: readonly RecordedTurn[],
  { results, left, why }: Shadowed,
  { arm, judge, options }: Reporting,
): Promise<EvalSummary> {
  const cases = turns.map((turn) => caseOf(turn, judge && options.prefer));
  const digest = `turns since ${new Date(options.sinceMs).toISOString()}`;
  const dataset: Dataset = { path: options.worker.url, folder: ".", cases, digest };
  const plan = planOf(dataset, arm);
  const folder = EvalFolder.begin(options.out, plan);
  for (const result of results) folder.add(result);
  const preferences: Preference[] = [];
  if (judge !== undefined) {
    const of = (wanted: string) => results.filter((result) => result.arm === wanted);
    const pairing = { cases, judge, candidate: arm.name, baseline: of(recordedArm), answers: of(arm.name), done: [] };
    for await (const each of preferencesOf(pairing)) {
      folder.addPreference(each);
      preferences.push(each);
    }
  }
  const ended = { left, ...defined({ why }) };
  const margins = { "": options.margin };
  const summary = summarize({ dataset, plan, results, preferences, baseline: undefined, margins, ended, warnings: [] });
  writeReport(folder, summary, { dataset, results, at: plan.startedAt });
  return summary;
}

function planOf({ path, digest }: Dataset, { name, agent, version, model }: EvalArm): Plan {
  const recorded = { name: recordedArm, agent, version: "as recorded", model: "as recorded" };
  const startedAt = new Date().toISOString();
  return { cases: path, digest, trials: 1, arms: [recorded, { name, agent, version, model }], startedAt };
}

function caseOf({ session, turn, asked }: RecordedTurn, prefer: string | undefined): EvalCase {
  const expect = prefer === undefined ? {} : { prefer };
  return caseSchema.parse({
    id: `${session}/${turn}`.slice(0, 200),
    input: asked.content || " ",
    conversation: session,
    expect,
  });
}

async function ledgerDays({ worker, sinceMs }: ReplayOptions): Promise<LedgerDay[]> {
  const url = `${worker.url.replace(/\/+$/, "")}/v1/usage?group_by=day&from=${new Date(sinceMs).toISOString()}`;
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${worker.key}` } });
  if (!answer.ok) return [];
  return ((await answer.json()) as { usage: LedgerDay[] }).usage;
}

function shadowWords(
  { turns, leftOut }: { turns: readonly RecordedTurn[]; leftOut: ReadonlyMap<string, number> },
  { diverged, left }: Shadowed,
): string {
  const ran = turns.length - left;
  const [low, high] = wilson(diverged.length, ran);
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const [first] = diverged;
  const sessions = new Set(turns.map(({ session }) => session)).size;
  return [
    `${ran} turns of ${sessions} sessions were replayed; ${diverged.length} diverged (95 % interval ${percent(low)} to ${percent(high)}).`,
    ...(first === undefined
      ? []
      : [
          `  ${first.id} diverged at step ${first.step}: ${first.name}(${JSON.stringify(first.input)}) was not called then.`,
        ]),
    ...[...leftOut].map(([why, count]) => `  ${count} left out: ${why}.`),
  ].join("\n");
}

function costWords({
  segment,
  voidedTokens,
  onceMicros,
  sessionsPerDay,
  perDayMicros,
  morePerDayMicros,
}: ChangeCost): string {
  const voided =
    segment === undefined
      ? "The change voids nothing of the cached prefix."
      : `The change voids the cached prefix (${segment}): ${voidedTokens} tokens a session, ${dollars(onceMicros)} once for the ${sessionsPerDay.toFixed(1)} sessions of a day.`;
  const sign = morePerDayMicros < 0 ? "-" : "+";
  return `${voided}\nBy the ledger a day costs ${dollars(perDayMicros)}; with the candidate ${sign}${dollars(Math.abs(morePerDayMicros))}.`;
}
