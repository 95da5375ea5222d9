/**
 * `npm run soak -- --rollouts 1000 --objects --seed 22 [--kind alike] [--key speaker]`: simulated traffic through real sessions, turns and
 * accounts. workerd keeps three files open for each session until it ends, so the rollouts run in several processes, one after the
 * other. What they found is kept in .wrangler/: the same command goes on where it was stopped. A rollout of sessions takes a new
 * session for each key, which is most of its time: 1,000 of each kind take hours, those of speakers less.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type SimulatedRollouts, simulatedLine } from "../support/simulated-rollouts.ts";

type Kind = SimulatedRollouts["kind"];

/** Below 20,000 open files, which is the usual limit of a process. */
const keysOfProcess = 5_000;

const kinds: Record<Kind, { what: string; keys: number; promise: string; isKept(part: number): boolean }> = {
  alike: { what: "failures 4 % -> 4 %", keys: 250, promise: "at most 5 %", isKept: (part) => part <= 0.05 },
  fails: { what: "failures 2 % -> 10 %", keys: 500, promise: "at least 85 %", isKept: (part) => part >= 0.85 },
  costs: { what: "cost +30 %", keys: 228, promise: "at least 80 %", isKept: (part) => part >= 0.8 },
  better: { what: "failures 10 % -> 5 %", keys: 250, promise: "none", isKept: (part) => part === 0 },
};

/** @returns how many of the rollouts were rolled back. @throws when the run failed. */
function runChunk(chunk: SimulatedRollouts): number {
  const env = { ...process.env, SIMULATED_ROLLOUTS: JSON.stringify(chunk) };
  const run = ["vitest", "run", "--project", "worker", "test/doors/rollouts/simulated.test.ts"];
  const { stdout, stderr, status } = spawnSync("npx", run, { env, encoding: "utf8", maxBuffer: 2 ** 28 });
  const line = stdout.split("\n").find((each) => each.includes(simulatedLine));
  if (status !== 0 || line === undefined) throw new Error(`A run of simulated rollouts failed:\n${stdout}${stderr}`);
  return JSON.parse(line.slice(line.indexOf(simulatedLine) + simulatedLine.length)).back;
}

export interface Simulation {
  /** Rollouts of each kind. */
  count: number;
  seed: number;
  /** What a rollout assigns as one. For costs always a session: the first turn of a speaker in a session of others is no evidence of them. */
  key: SimulatedRollouts["key"];
  /** Only this kind. */
  kind?: string | undefined;
}

/** @returns whether all promises held. */
export function runRolloutsThroughObjects({ count, seed, key: given, kind: only }: Simulation): boolean {
  if (only !== undefined && !(only in kinds)) throw new Error(`--kind is one of: ${Object.keys(kinds).join(", ")}.`);
  mkdirSync(".wrangler", { recursive: true });
  const chosen = Object.entries(kinds).filter(([kind]) => only === undefined || kind === only);
  const held = chosen.map(([name, { what, keys, promise, isKept }]) => {
    const kind = name as Kind;
    const key = kind === "costs" ? "session" : given;
    const file = `.wrangler/rollouts-${kind}-${key}-${seed}.json`;
    const sum = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { runs: 0, back: 0 };
    while (sum.runs < count) {
      const runs = Math.min(count - sum.runs, Math.floor(keysOfProcess / keys));
      sum.back += runChunk({ kind, seed, from: sum.runs, runs, key, keys });
      sum.runs += runs;
      writeFileSync(file, JSON.stringify(sum));
    }
    const kept = isKept(sum.back / sum.runs);
    const found = `${what}, at most ${keys} ${key}s: ${sum.back} of ${sum.runs} rolled back (${promise})`;
    console.log(`${found}${kept ? "" : "  <- not kept"}`);
    return kept;
  });
  return held.every(Boolean);
}
