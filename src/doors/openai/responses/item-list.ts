/** Items as OpenAI lists them: a page after an id, newest first unless requested otherwise. Pure. */
import * as z from "zod/mini";
import { AppError } from "../../../core/errors.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { coercedNumber } from "../../../wire/zod-parts.ts";
import type { PlacedItem } from "./transcript-items.ts";

export const itemReading = lazySchema(() =>
  z.looseObject({
    after: z.optional(z.string()),
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(100)), 20),
    order: z._default(z.enum(["asc", "desc"]), "desc"),
  }),
);

export function itemList(
  placed: readonly PlacedItem[],
  { after, limit, order }: { after?: string | undefined; limit: number; order: "asc" | "desc" },
) {
  const all = placed.map(({ item }) => item);
  const ordered = order === "asc" ? all : all.toReversed();
  const at = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after);
  if (after !== undefined && at < 0) {
    throw new AppError("invalid_request", `after: there is no item '${after.slice(0, 200)}' here.`, { field: "after" });
  }
  const data = ordered.slice(at + 1, at + 1 + limit);
  const hasMore = ordered.length > at + 1 + limit;
  // Both ids are strings in OpenAI's document, also of an empty page.
  return { object: "list", data, first_id: data[0]?.id ?? "", last_id: data.at(-1)?.id ?? "", has_more: hasMore };
}
