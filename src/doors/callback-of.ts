/** A URL to which a caller wants an answer sent, as the address to which it is owed. */
import type { CallbackAddress } from "../channels/callback.ts";
import { AppError } from "../core/errors.ts";
import { addressFault } from "../session/deliver/outlets.ts";
import type { Caller } from "./caller.ts";

/** Nothing where there is no URL. Throws `invalid_request` for one that must not be called, and in an app without `callbacks()`. */
export function callbackOf({ app }: Pick<Caller, "app">, url: string | undefined): { replyTo?: CallbackAddress } {
  if (url === undefined) return {};
  const replyTo = { channel: "callback" as const, url };
  const fault = addressFault(app, replyTo);
  if (fault !== undefined) throw new AppError("invalid_request", fault.detail, { field: "callback_url" });
  return { replyTo };
}
