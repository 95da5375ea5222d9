/** Draws whole suites of conversations whose truth is known, and counts how often an interval and a claim are right. For tests of the statistics; asks no model. */

import { seededRandom } from "../../../src/cli/eval/statistics/clustered-mean.ts";
import { type PairedUnit, pairedDifference } from "../../../src/cli/eval/statistics/paired-difference.ts";
import { decisions } from "../../../src/cli/eval/statistics/verdict.ts";

/** `effect`: added to the chance that an answer passes. `turns` of a conversation share how hard it is. */
export interface World {
  suites: number;
  conversations: number;
  turns: number;
  effect: number;
  seed: number;
  margin?: number;
  /** Scores from 0 to 1 in place of passed or not. */
  isGraded?: boolean;
  /** Turns of each conversation, in place of `turns`. */
  sizes?: (conversation: number) => number;
  /** Each turn is taken for a conversation of its own. */
  ignoresClusters?: boolean;
}

/** Shares of the suites. */
export interface Found {
  covered: number;
  better: number;
  notWorse: number;
  worse: number;
}

export function simulate(world: World): Found {
  const { suites, margin = 0.05 } = world;
  const random = seededRandom(world.seed);
  const counts = { covered: 0, better: 0, notWorse: 0, worse: 0 };
  for (let suite = 0; suite < suites; suite++) {
    const found = pairedDifference(drawn(world, random), { margin, isScore: true });
    const [decision] = decisions([{ found, margin }]);
    if (found.interval[0] <= world.effect && world.effect <= found.interval[1]) counts.covered++;
    if (decision?.verdict === "better") counts.better++;
    if (decision?.verdict === "not_worse") counts.notWorse++;
    if (decision?.verdict === "worse") counts.worse++;
  }
  const share = (count: number) => count / suites;
  const { covered, better, notWorse, worse } = counts;
  return { covered: share(covered), better: share(better), notWorse: share(notWorse), worse: share(worse) };
}

/**
 * Both arms answer the same turns. Each conversation has a chance of its own to pass, and an effect of its own around the
 * true one, as prompts help some topics more than others: so differences within a conversation are alike.
 */
function drawn(
  { conversations, turns, sizes, effect, isGraded, ignoresClusters }: World,
  random: () => number,
): PairedUnit[] {
  const pairs: PairedUnit[] = [];
  for (let conversation = 0; conversation < conversations; conversation++) {
    const chance = 0.35 + 0.3 * random();
    const own = effect + 0.5 * (random() - 0.5);
    for (let turn = 0; turn < (sizes?.(conversation) ?? turns); turn++) {
      const difference = isGraded
        ? own + 0.2 * (random() - random())
        : Number(random() < chance + own) - Number(random() < chance);
      const cluster = ignoresClusters ? `c${conversation} ${turn}` : `c${conversation}`;
      pairs.push({ cluster, difference });
    }
  }
  return pairs;
}
