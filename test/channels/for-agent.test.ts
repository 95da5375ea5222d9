import { expect, it } from "vitest";
import { makeApp } from "../../src/agent/app.ts";
import type { Inbound } from "../../src/channels/channel.ts";
import { discord } from "../../src/channels/discord/discord-channel.ts";
import type { DiscordRules } from "../../src/channels/discord/rules.ts";
import { agentsIn, forAgent } from "../../src/channels/for-agent.ts";
import type { Bindings } from "../../src/env.ts";

const message = (more: object = {}): Inbound => ({
  kind: "message",
  received: { session: "s", content: "Hi", claims: ["c"], ...more },
  answer: () => new Response(),
});
const agentOf = (inbound: Inbound) => (inbound.kind === "message" ? inbound.received.agent : inbound.kind);

it("[AGENT-19] a message is for the agent of its place, else for the channel's, else for the default one", () => {
  expect(agentOf(forAgent(message(), "support"))).toBe("support");
  expect(agentOf(forAgent(message({ agent: "sales" }), "support"))).toBe("sales");
  expect(agentOf(forAgent(message(), undefined))).toBeUndefined();
  const stop: Inbound = { kind: "stop", session: "s", response: new Response() };
  expect(forAgent(stop, "support")).toBe(stop);
});

it("[AGENT-19] an agent that is not there stops the start, wherever the rules name it", () => {
  const places = [{ channel: "C1", agent: "sales" }, { channel: "C2" }];
  expect(agentsIn({ agent: "support", places, approvers: "asker" })).toEqual(["support", "sales"]);
  const start = (rules: DiscordRules) =>
    makeApp({ agents: { support: { instructions: "Answer." } } }, { channels: [discord(rules)], doors: [] }, {
      DEV: "true",
    } as Bindings);
  expect([...start({ agent: "support" }).channels.keys()]).toEqual(["discord"]);
  const named = { agent: "support", places: [{ channel: "C1", agent: "sales" }] };
  expect(() => start(named)).toThrow(/channel discord names the agent "sales"/);
});
