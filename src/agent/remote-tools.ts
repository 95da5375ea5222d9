/** WHAT tools from elsewhere are to a turn: known only when it begins, and left when it ends. Knows no protocol. */
import type { SettingDeclarations } from "../core/settings.ts";
import type { KvCount } from "../prefix-cache/kv-count.ts";
import type { Tool } from "../tools/tool.ts";

/** What an app lists, such as `mcpServers({ … })`. */
export interface RemoteToolsSource {
  readonly settings: SettingDeclarations;
  /** `undefined` where there is nothing to ask. Throws an Error, which stops the Worker, that names what cannot be asked. */
  configure(values: Readonly<Record<string, unknown>>, deployment: RemoteDeployment): RemoteTools | undefined;
}

export interface RemoteDeployment {
  /** Where it finds its secrets. */
  bindings: Readonly<Record<string, unknown>>;
  /** On a developer's machine loopback may be asked. */
  isDev: boolean;
}

export interface RemoteTools {
  open(turn: RemoteTurn): TurnRemoteTools;
}

export interface RemoteTurn {
  /** Where lists of tools are remembered. */
  cache: KVNamespace;
  count: KvCount;
  /** Called for each request. */
  asked?: (() => void) | undefined;
}

export interface TurnRemoteTools {
  /** What is known in time; it never fails. */
  list(signal: AbortSignal): Promise<Tool[]>;
  close(): Promise<void>;
}
