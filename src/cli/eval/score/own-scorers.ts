/** The project's own scoring functions, from `scorers.ts` beside its cases. A function that throws or gives nonsense scores nothing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Scorer, ScorerInput } from "../../../test-kit/scorer.ts";
import { loadModule } from "../../load-module.ts";
import { UsageError } from "../../usage.ts";
import type { Dataset } from "../dataset/read-cases.ts";

export type OwnScorers = Readonly<Record<string, Scorer>>;

/** Throws a `UsageError` when a case names a function that is not there. */
export async function ownScorers({ folder, cases }: Pick<Dataset, "folder" | "cases">): Promise<OwnScorers> {
  const named = new Set(cases.flatMap(({ expect }) => expect.own ?? []));
  if (named.size === 0) return {};
  const path = ["scorers.ts", "scorers.js", "scorers.mjs"]
    .map((name) => join(folder, name))
    .find((each) => existsSync(each));
  const [first] = named;
  if (path === undefined)
    throw new UsageError(`There is no ${join(folder, "scorers.ts")}, and cases name "${first}" in expect.own.`);
  const module = await loadModule(path);
  const missing = [...named].filter((name) => typeof module[name] !== "function");
  if (missing.length > 0)
    throw new UsageError(`${path} exports no function ${missing.join(", ")}, which cases name in expect.own.`);
  return Object.fromEntries([...named].map((name) => [name, module[name] as Scorer]));
}

/** `score` null: it could not be scored, and `reason` says why. */
export async function ownScore(scorer: Scorer, input: ScorerInput): Promise<{ score: number | null; reason: string }> {
  try {
    const given = await scorer(input);
    const { score, reason = "" } = typeof given === "object" && given !== null ? given : { score: given };
    if (score === null || score === undefined) return { score: null, reason: reason || "it gave no score" };
    const value = Number(score);
    if (!(value >= 0 && value <= 1))
      return { score: null, reason: `it gave ${String(score)}, which is not from 0 to 1` };
    return { score: value, reason };
  } catch (error) {
    return { score: null, reason: `it threw: ${error instanceof Error ? error.message : String(error)}` };
  }
}
