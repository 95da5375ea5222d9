/** Schemas by zod's own functions, without its namespaces `z.coerce` and `z.iso`: a bundler cannot leave out a namespace's other members, which brought dates, durations and big integers into every Worker. */
import * as z from "zod/mini";
import { _coercedNumber, _isoDate, _isoDateTime } from "zod/v4/core";

/** `z.coerce.number()`: reads the text of a query parameter as a number. */
export const coercedNumber = (): z.ZodMiniNumber<unknown> =>
  _coercedNumber(z.ZodMiniNumber) as z.ZodMiniNumber<unknown>;

/** `z.iso.date()`. */
export const isoDate = (): z.ZodMiniISODate => _isoDate(z.ZodMiniISODate);

/** `z.iso.datetime()`. `offset`: another zone than `Z` may be named. */
export const isoDateTime = (params?: { offset: boolean }): z.ZodMiniISODateTime =>
  _isoDateTime(z.ZodMiniISODateTime, params);
