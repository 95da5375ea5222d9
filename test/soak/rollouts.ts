/** `npm run soak -- --rollouts 1000 --seed 7`: simulated traffic through the real rollout of an account, over SQLite: how often versions that are alike, worse or better are rolled back. */
import type { ReportedTurn } from "../../src/observe/telemetry.ts";
import type { Arm } from "../../src/rollout/plan.ts";
import { JobWorld, rolloutOf } from "../rollout/job-world.ts";
import { normal } from "../rollout/simulate.ts";
import { randomOf } from "../support/random.ts";

interface Case {
  what: string;
  /** Most sessions of a rollout. */
  sessions: number;
  metric: "failed_turns" | "cost_micros";
  worseBy: number;
  turn(arm: Arm, random: () => number): Partial<ReportedTurn>;
  /** What is promised of the part that is rolled back. */
  isKept(part: number): boolean;
  promise: string;
}

const fails =
  (baseline: number, candidate: number): Case["turn"] =>
  (arm, random) =>
    random() < (arm === "candidate" ? candidate : baseline) ? { reason: "failed" } : {};
const costs =
  (factor: number): Case["turn"] =>
  (arm, random) => ({
    costMicros: Math.round((arm === "candidate" ? factor : 1) * 1_000 * Math.exp(0.5 * normal(random))),
  });

const rate = { metric: "failed_turns", worseBy: 0.05 } as const;
const cost = { metric: "cost_micros", worseBy: 0.3 } as const;
const atMost = (most: number) => ({ promise: `at most ${most * 100} %`, isKept: (part: number) => part <= most });
const atLeast = (least: number) => ({ promise: `at least ${least * 100} %`, isKept: (part: number) => part >= least });

const cases: Case[] = [
  { what: "failures 4 % -> 4 %", sessions: 500, ...rate, turn: fails(0.04, 0.04), ...atMost(0.05) },
  { what: "costs alike", sessions: 500, ...cost, turn: costs(1), ...atMost(0.05) },
  { what: "failures 2 % -> 10 %", sessions: 500, ...rate, turn: fails(0.02, 0.1), ...atLeast(0.85) },
  { what: "cost +30 %", sessions: 228, ...cost, turn: costs(1.3), ...atLeast(0.8) },
  { what: "failures 10 % -> 5 %", sessions: 500, ...rate, turn: fails(0.1, 0.05), ...atMost(0) },
];

/** Whether all promises held. */
export function runRollouts(count: number, seed: number): boolean {
  const held = cases.map(({ what, sessions, metric, worseBy, turn, isKept, promise }) => {
    const random = randomOf(seed);
    let back = 0;
    for (let n = 0; n < count; n++) {
      const world = new JobWorld();
      const id = `ro_${seed}_${n}`;
      const stages = [{ share: 0.5, minSessions: Math.round(sessions / 2), holdSeconds: 0 }];
      world.ask("create", rolloutOf({ stages, guardrails: [{ metric, worseBy }] }, id));
      let isBack = false;
      for (let key = 0; key < sessions && !isBack; key++) {
        world.turn(`k${key}`, (arm) => turn(arm, random));
        isBack = world.record(id).progress.state === "rolled_back";
      }
      back += Number(isBack);
    }
    const part = back / count;
    console.log(
      `${what.padEnd(22)} ${back} of ${count} rolled back (${promise})${isKept(part) ? "" : "  <- not kept"}`,
    );
    return isKept(part);
  });
  return held.every(Boolean);
}
