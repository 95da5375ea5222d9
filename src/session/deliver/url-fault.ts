/** Decides whether an address that a caller named may be called back. */
import { isLoopbackHost } from "../../core/setting-lists.ts";
import { refusalOf } from "../../tools/public-address.ts";

/** Why not, in words; `undefined` when it may. On a developer's machine (`isDev`) loopback may, too. */
export function urlFault(text: string, isDev: boolean): string | undefined {
  if (!URL.canParse(text)) return `callback_url must be a URL; it was "${text.slice(0, 200)}".`;
  const url = new URL(text);
  if (isDev && isLoopbackHost(url.hostname) && url.username === "") return undefined;
  const refusal = refusalOf(url);
  return refusal === undefined ? undefined : `callback_url is not called: ${refusal}`;
}
