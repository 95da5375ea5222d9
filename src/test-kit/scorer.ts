/** WHAT a scoring function of a project is: `scorers.ts` beside its cases exports them by name. Types alone. */

/** What a scorer is given. Money in micro-dollars, times in ms. */
export interface ScorerInput {
  /** The case as its file has it. */
  case: { id: string; tags: readonly string[]; expect: Readonly<Record<string, unknown>> };
  question: string;
  answer: string;
  /** How the turn ended; `completed` when all is well. */
  status: string;
  calls: readonly { name: string; input: unknown; result: string; isError: boolean }[];
  costMicros: number;
  durationMs: number;
}

/** From 0 to 1, or whether it passes; `undefined` or null: it cannot be scored, which does not count as 0. */
export type ScorerResult = number | boolean | null | undefined | { score: number | null; reason?: string };

/**
 * Scores an answer. A throw counts as "cannot be scored".
 *
 * @example
 * // evals/scorers.ts
 * export const short: Scorer = ({ answer }) => answer.length <= 400;
 */
export type Scorer = (input: ScorerInput) => ScorerResult | Promise<ScorerResult>;
