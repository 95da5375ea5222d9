/**
 * The toolbox of a turn that may use only some of its tools. All of them are offered, so that the request begins with the
 * same bytes as before; a call of another one gets a result that explains the refusal. No approval is requested for such
 * a call, and it is neither run nor passed to the client.
 */
import { allowedWords, isAllowed } from "../core/allowed-tools.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { Tool, Toolbox } from "./tool.ts";

/** `toolbox` itself where every tool may be used. */
export function onlyAllowed(toolbox: Toolbox, options: TurnOptions): Toolbox {
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
