/** What the start of a Worker makes. Counted by a shim around zod, never timed. */
import { expect, it, vi } from "vitest";

const counted = vi.hoisted(() => ({ made: 0 }));

vi.mock("cloudflare:workers", () => ({ env: {}, DurableObject: class {}, RpcTarget: class {} }));
vi.mock("zod/mini", async (original) => {
  const real: Record<string, unknown> = await original();
  const counting = Object.entries(real).map(([name, value]) => {
    if (typeof value !== "function" || /^[A-Z$]/.test(name)) return [name, value];
    const call = (...rest: unknown[]) => {
      counted.made++;
      return (value as (...rest: unknown[]) => unknown)(...rest);
    };
    return [name, call];
  });
  return Object.fromEntries(counting);
});

it("[SPEED-9] the start of a Worker with every door and channel makes the schemas of its tools, and few others", async () => {
  const library = await import("../../src/index.ts");
  const { longline, defineAgent, openai, aiSdk, mcp, mcpServers, openapi, admin, prefixes, slack, discord } = library;
  const { copies, rollouts, demoModel, webhooks, callbacks } = library;
  longline({
    agents: { plain: defineAgent({ instructions: "Be brief.", models: [{ id: "deepseek-v3.2-exp" }] }) },
    doors: [openai(), aiSdk(), mcp(), openapi(), admin(), copies(), prefixes(), webhooks(), callbacks()],
    rollouts: rollouts(),
    demo: demoModel(),
    channels: [slack(), discord()],
    mcp: mcpServers(),
  });
  expect(counted.made).toBeGreaterThan(10);
  expect(counted.made).toBeLessThanOrEqual(80);
});
