/** Plants each bug in a soak of its own, one after the other, and prints which were caught, by which rule, and after how many kills. */
import { bugs, caught } from "./bugs.ts";
import { runSoak } from "./run-soak.ts";

/** `kills`: most of each soak, which ends at its first violation. Returns whether every bug was caught. */
export async function arePlantedCaught({ kills, seed }: { kills: number; seed: number }): Promise<boolean> {
  console.log(`${bugs.length} planted bugs, at most ${kills} kills each, with seed ${seed}`);
  const missed: string[] = [];
  for (const bug of bugs) {
    const { violations, ...report } = await runSoak({ kills, seed, bug });
    const first = caught(bug, violations);
    const after = `after ${report.kills} kills and ${report.seconds} s`;
    if (first === undefined) missed.push(bug.name);
    console.log(`${bug.name.padEnd(18)} ${first === undefined ? "NOT CAUGHT" : "caught"} ${after}`);
    if (first !== undefined) console.log(`  ${first.session}: ${first.rule}: ${first.detail}`);
  }
  console.log(missed.length === 0 ? "every planted bug was caught" : `not caught: ${missed.join(", ")}`);
  return missed.length === 0;
}
