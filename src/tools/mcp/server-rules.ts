/** The app's settings of a remote MCP server, and whether requests may be sent to it at all. Sends no request. */
import type { Effect } from "../../core/next-step.ts";
import { isLoopbackHost } from "../../core/setting-lists.ts";
import { refusalOf } from "../public-address.ts";

export interface McpServerRules {
  /** Its Streamable HTTP endpoint; https. */
  url: string;
  /** Name of the secret that is sent as bearer; nothing is sent when absent. */
  secret?: string;
  /** The only tools that are offered, by the server's own names; all of them when absent. */
  tools?: readonly string[];
  /**
   * What running a tool twice would do; `unsafe`. What the server states about its own tools is ignored here. `keyed`
   * only for a server that knows a call by `_meta["longline/idempotency-key"]`.
   */
  effect?: Effect;
  /** A person must approve each call before any of its tools is run. */
  approval?: "always";
  /** How long a call may take; 30 s. */
  timeoutMs?: number;
}

/** A server as requests are sent to it. */
export interface McpServer extends McpServerRules {
  name: string;
  bearer?: string;
}

/** Why no request may be sent to this server, in words; `undefined` when it may. On a developer's machine (`isDev`) loopback may be reached by http. */
export function serverFault({ name, url }: McpServer, isDev: boolean): string | undefined {
  // The server's name has no `__`, so a tool's name shows where the server's name ends.
  if (!/^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$/.test(name) || name.length > 32)
    return "its name must be 1 to 32 letters, digits, and single _ or - between them";
  if (!URL.canParse(url)) return `its url must be a URL; it was "${url}"`;
  const address = new URL(url);
  if (isDev && isLoopbackHost(address.hostname) && address.username === "") return undefined;
  // The owner who configures a server chooses its port, too.
  address.port = "";
  const refusal = refusalOf(address);
  return refusal === undefined ? undefined : `its url is not asked: ${refusal}`;
}
