/** The tools of one turn: the agent's own, those of MCP servers as they are known, and what its message says of them. A server that is dead or slow delays a turn by `askMs` at most, and fails none. */
import type { Agent } from "../../agent/agent.ts";
import type { RemoteTools, TurnRemoteTools } from "../../agent/remote-tools.ts";
import type { TurnSchemas } from "../../agent/turn-schemas.ts";
import { allowedWords, isAllowed } from "../../core/allowed-tools.ts";
import type { TurnOptions } from "../../core/entry.ts";
import type { Bindings } from "../../env.ts";
import type { KvCount } from "../../prefix-cache/kv-count.ts";
import { createToolbox, mostTools, type Tool, type Toolbox } from "../../tools/tool.ts";
import { warnOnce } from "./warn-once.ts";

/** How long servers may take to list their tools, all together. */
const askMs = 3_000;

export interface TurnToolsSetup {
  agent: Agent;
  remoteTools?: RemoteTools | undefined;
  bindings: Bindings;
  count: KvCount;
  /** Of an app whose messages bring tools with JSON schemas. */
  schemas?: TurnSchemas | undefined;
  /** Called for each request to a server. */
  asked?: () => void;
}

export class TurnTools {
  readonly #agent: Agent;
  readonly #remote: TurnRemoteTools | undefined;
  readonly #schemas: TurnSchemas | undefined;

  constructor({ agent, remoteTools, bindings, count, schemas, asked }: TurnToolsSetup) {
    this.#agent = agent;
    this.#schemas = schemas;
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

  /** The same as a message changes it: the arguments of its strict tools are checked here, and only those that it allows are run. */
  async forMessage(options: TurnOptions, signal: AbortSignal): Promise<Toolbox> {
    const { tools = [] } = options;
    const schemas = this.#schemas;
    const toolbox = await this.toolbox(
      tools.map(({ name }) => name),
      signal,
    );
    const strict = new Map(
      tools.flatMap((tool): [string, Tool][] => (tool.strict && schemas ? [[tool.name, schemas.strict(tool)]] : [])),
    );
    if (strict.size === 0) return onlyAllowed(toolbox, options);
    const get = (name: string) => strict.get(name) ?? toolbox.get(name);
    const effectOf = (name: string) => (strict.has(name) ? "none" : toolbox.effectOf(name));
    return onlyAllowed({ ...toolbox, get, effectOf }, options);
  }

  /** Leaves the servers that were called. */
  async close(): Promise<void> {
    await this.#remote?.close();
  }
}

/**
 * `toolbox` itself where every tool may be used. Else all of them are offered, so that the request begins with the same bytes as before; a call
 * of another one gets a result that explains the refusal. No approval is requested for such a call, and it is neither run nor passed to
 * the client.
 */
function onlyAllowed(toolbox: Toolbox, options: TurnOptions): Toolbox {
  if (options.allowedTools === undefined) return toolbox;
  const clientTools = new Set(options.tools?.map(({ name }) => name));
  const isRefused = (name: string) =>
    !isAllowed(name, options) && (clientTools.has(name) || toolbox.get(name) !== undefined);
  return {
    ...toolbox,
    get: (name) => (isRefused(name) ? refusedTool(name, options) : toolbox.get(name)),
    effectOf: (name) => (isRefused(name) ? "none" : toolbox.effectOf(name)),
  };
}

function refusedTool(name: string, options: TurnOptions): Tool {
  const refusal = `Not run: this message does not allow the tool "${name}". Allowed: ${allowedWords(options)}.`;
  return {
    effect: "none",
    secrets: [],
    approval: null,
    timeoutMs: 1_000,
    declaration: { name, description: "", parameters: {} },
    refusal,
    needsApproval: () => false,
    parse: () => ({ ok: false, detail: refusal }),
    run() {
      throw new Error(refusal);
    },
  };
}
