/** WHAT a person thinks of an answer, at every door that takes feedback. */
import * as z from "zod/mini";
import { defined } from "../core/defined.ts";
import type { Feedback } from "../session/store/feedback.ts";

/** A score of -1 (bad) to 1 (good); `label` and `comment` are free text. */
export const rating = () => ({
  score: z.number().check(z.minimum(-1), z.maximum(1)),
  label: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
  comment: z.optional(z.string().check(z.minLength(1), z.maxLength(4_000))),
});

interface GivenRating {
  score: number;
  label?: string | undefined;
  comment?: string | undefined;
}

/** As the session keeps it, now. */
export function givenFeedback({ score, label, comment }: GivenRating): Feedback {
  return {
    score,
    ...defined({ label, comment }),
    atMs: Date.now(),
  };
}
