/** Text that can be stored and sent as it is. */
import * as z from "zod/mini";

/** Half a surrogate pair cannot be stored as it is. */
export function wellFormed(most: number) {
  return z.string().check(
    z.maxLength(most),
    z.refine((value) => value.isWellFormed(), "must not hold half of a surrogate pair"),
  );
}
