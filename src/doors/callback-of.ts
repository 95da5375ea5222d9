/** A URL to which a caller wants an answer sent, as the address to which it is owed. */
import type { CallbackAddress } from "../channels/callback.ts";
import { AppError } from "../core/errors.ts";
import { urlFault } from "../session/deliver/url-fault.ts";
import type { Caller } from "./caller.ts";

/** Nothing where there is no URL. Throws `invalid_request` for one that must not be called. */
export function callbackOf(caller: Pick<Caller, "app">, url: string | undefined): { replyTo?: CallbackAddress } {
  if (url === undefined) return {};
  const fault = urlFault(url, caller.app.settings.isDev);
  if (fault !== undefined) throw new AppError("invalid_request", fault, { field: "callback_url" });
  return { replyTo: { channel: "callback", url } };
}
