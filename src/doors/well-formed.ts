/** Text that can be stored and sent as it is. */
import * as z from "zod";

/** Half a surrogate pair cannot be stored as it is. */
export function wellFormed(most: number) {
  return z
    .string()
    .max(most)
    .refine((value) => value.isWellFormed(), "must not hold half of a surrogate pair");
}
