/** When which processes of a run are stopped, and for how long: the same decisions for the same seed. Which process a decision hits depends on what runs at that moment. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { type Chance, pause } from "./chance.ts";
import { type Member, membersOf, signal } from "./process-tree.ts";

/** Most stops are as short as those of a busy machine. A few are as long as those of a machine that is out of memory. */
const stops = [
  { upTo: 0.7, leastMs: 5, mostMs: 80 },
  { upTo: 0.97, leastMs: 80, mostMs: 400 },
  { upTo: 1, leastMs: 500, mostMs: 2_000 },
] as const;
/** How long all run between two stops. */
const between = { leastMs: 30, mostMs: 500 };
/** After so many stops the number of cores may change. */
const stopsOfCores = 20;

/** Stops and continues the processes with this mark until `signal` is aborted; then all of them run. */
export async function stutter(mark: string, chance: Chance, ended: AbortSignal): Promise<{ stops: number }> {
  for (let count = 0; ; count++) {
    if (ended.aborted) return { stops: count };
    if (count % stopsOfCores === 0)
      await limitCores(membersOf(mark), chance.pick([1, availableParallelism(), availableParallelism()]));
    const picked = pickedOf(membersOf(mark), chance);
    signal(picked, "SIGSTOP");
    await pause(lengthOf(chance));
    signal(picked, "SIGCONT");
    await pause(chance.whole(between.leastMs, between.mostMs));
  }
}

/** One of them, half of them or all. */
function pickedOf(members: readonly Member[], chance: Chance): Member[] {
  const kind = chance.next();
  const place = chance.next();
  if (kind < 0.6) return members.slice(Math.floor(place * members.length)).slice(0, 1);
  return kind < 0.85 ? members.filter(() => chance.happens(0.5)) : [...members];
}

function lengthOf(chance: Chance): number {
  const kind = chance.next();
  const { leastMs, mostMs } = stops.find(({ upTo }) => kind < upTo) ?? stops[0];
  return chance.whole(leastMs, mostMs);
}

/** Threads that are there; those that they start later follow them. Where there is no taskset, all cores are used. */
async function limitCores(members: readonly Member[], count: number): Promise<void> {
  const cores = `0-${Math.min(count, availableParallelism()) - 1}`;
  const set = ({ pid }: Member) => promisify(execFile)("taskset", ["-acp", cores, String(pid)]).catch(() => {});
  await Promise.all(members.map(set));
}
