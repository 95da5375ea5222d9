/** WHAT a person says of an answer, at every door that takes it. */
import * as z from "zod";
import type { Feedback } from "../session/store/feedback.ts";

/** A score of -1 (bad) to 1 (good); `label` and `comment` are free text. */
export const rating = {
  score: z.number().min(-1).max(1),
  label: z.string().min(1).max(64).optional(),
  comment: z.string().min(1).max(4_000).optional(),
};

interface GivenRating {
  score: number;
  label?: string | undefined;
  comment?: string | undefined;
}

/** As the session keeps it, now. */
export function givenFeedback({ score, label, comment }: GivenRating): Feedback {
  return {
    score,
    ...(label !== undefined && { label }),
    ...(comment !== undefined && { comment }),
    atMs: Date.now(),
  };
}
