/** The tools of one turn: the agent's own and those from elsewhere, as they are known. Whoever is dead or slow there delays a turn by `askMs` at most, and fails none. */
import type { Agent } from "../../agent/agent.ts";
import type { RemoteTools, TurnRemoteTools } from "../../agent/remote-tools.ts";
import type { Bindings } from "../../env.ts";
import type { KvCount } from "../../prefix-cache/kv-count.ts";
import { createToolbox, mostTools, type Toolbox } from "../../tools/tool.ts";
import { warnOnce } from "./warn-once.ts";

/** How long servers may take to list their tools, all together. */
const askMs = 3_000;

export interface TurnToolsSetup {
  agent: Agent;
  remoteTools?: RemoteTools | undefined;
  bindings: Bindings;
  count: KvCount;
  /** Called for each request to a server. */
  asked?: () => void;
}

export class TurnTools {
  readonly #agent: Agent;
  readonly #remote: TurnRemoteTools | undefined;

  constructor({ agent, remoteTools, bindings, count, asked }: TurnToolsSetup) {
    this.#agent = agent;
    this.#remote = remoteTools?.open({ cache: bindings.PREFIXES, count, asked });
  }

  /** All tools of the turn. `taken`: names of tools that run at the client; the agent's and the servers' of the same name are not offered beside them. */
  async toolbox(taken: readonly string[], signal: AbortSignal): Promise<Toolbox> {
    const agent = this.#agent;
    const own = agent.tools.all.filter(({ declaration }) => !taken.includes(declaration.name));
    if (this.#remote === undefined) return own.length === agent.tools.all.length ? agent.tools : createToolbox(own);
    const remote = await this.#remote.list(AbortSignal.any([signal, AbortSignal.timeout(askMs)]));
    const names = new Set([...own.map(({ declaration }) => declaration.name), ...taken]);
    const room = Math.max(0, mostTools - names.size);
    const free = remote.filter(({ declaration: { name } }) => !names.has(name) && names.add(name));
    if (free.length > room) warnOnce(`${free.length - room} tools of MCP servers are left out: providers take 128.`);
    return createToolbox([...own, ...free.slice(0, room)]);
  }

  /** Leaves the servers that were called. */
  async close(): Promise<void> {
    await this.#remote?.close();
  }
}
