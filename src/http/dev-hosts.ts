/** Keeps web pages away from a development server, whose key everyone knows: a page can have its own name resolved to this machine (DNS rebinding), and then reads as if it were served from here. Pure. */
import { AppError } from "../core/errors.ts";
import { isListedHost, isLoopbackHost } from "../core/setting-lists.ts";

export interface HostRules {
  /** Only there hosts are checked. */
  isDev: boolean;
  allowedHosts: readonly string[] | undefined;
  allowedOrigins: readonly string[];
}

/** Throws `misdirected` for a host name, and `forbidden` for an origin, that a development server does not answer to. */
export function mustBeOurHost(request: Request, { isDev, allowedHosts = [], allowedOrigins }: HostRules): void {
  if (!isDev) return;
  const isOurs = (hostname: string) => isLoopbackHost(hostname) || isListedHost(hostname, allowedHosts);
  const url = new URL(request.url);
  // Messengers reach a development server by a tunnel; what they send is signed, and pages cannot sign.
  if (url.pathname.startsWith("/channels/")) return;
  for (const host of [url.host, request.headers.get("Host") ?? url.host]) {
    const hostname = hostnameOf(host);
    if (hostname !== undefined && isOurs(hostname)) continue;
    const shown = (hostname ?? host).slice(0, 100);
    const detail = `This development server answers to localhost only, and the request was for "${shown}". To use it by another name or a tunnel, start it with --var ALLOWED_HOSTS:${shown}`;
    throw new AppError("misdirected", detail, { field: "Host" });
  }
  const origin = request.headers.get("Origin");
  if (origin === null || allowedOrigins.includes(origin)) return;
  if (URL.canParse(origin) && isOurs(new URL(origin).hostname)) return;
  const detail = `Pages of ${origin.slice(0, 100)} may not call this development server. Add the origin to ALLOWED_ORIGINS.`;
  throw new AppError("forbidden", detail, { field: "Origin" });
}

function hostnameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}
