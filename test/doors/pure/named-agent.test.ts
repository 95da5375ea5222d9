import { expect, it } from "vitest";
import { resolveAgent } from "../../../src/agent/agent.ts";
import { Agents } from "../../../src/agent/app.ts";
import type { Caller } from "../../../src/doors/caller.ts";
import { agentShown } from "../../../src/doors/named-agent.ts";

const agent = (name: string) =>
  resolveAgent(name, { instructions: `You are the ${name}.`, models: [{ id: "m" }] } as never);
const SESSIONS = { getByName: () => ({ call: async () => ({ ok: true, value: "writer" }) }) };
const caller = (hidden: string[]) =>
  ({
    app: { agents: new Agents([agent("editor")], hidden.map(agent)) },
    bindings: { SESSIONS },
    account: "default",
  }) as unknown as Caller;

it("[DELEG-14] the session of an agent that only others call is shown as that agent's, also where the app lists one agent", async () => {
  expect((await agentShown(caller(["writer"]), { session: "agent_1" })).name).toBe("writer");
  expect((await agentShown(caller([]), { session: "agent_1" })).name).toBe("editor");
  expect((await agentShown(caller(["writer"]), {})).name).toBe("editor");
});
