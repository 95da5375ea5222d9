/** Everything that calling other agents adds to an app, its sessions and its accounts; the tools carry it with them. */
import type { DelegationFeature } from "../agent/delegation-feature.ts";
import { firstEqual } from "../core/settle-calls.ts";
import { sha256 } from "../core/sha256.ts";
import { hiddenAgents } from "./agent-circle.ts";
import { Children } from "./children.ts";
import { parentOutlet } from "./parent-outlet.ts";
import { Shares } from "./shares.ts";

export const delegation: DelegationFeature = {
  hiddenAgents,
  childOf: ({ account, name, birth }, call, { turn, step, toolCalls }) =>
    `agent_${sha256(`${account}:${name}:${birth ?? ""} ${turn} ${step} ${firstEqual(toolCalls, call)}`).slice(0, 40)}`,
  session: (host) => new Children(host),
  shares: (sql) => new Shares(sql),
  outlet: parentOutlet,
};
