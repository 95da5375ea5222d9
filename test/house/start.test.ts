/** What the start of a Worker makes. Counted by shims, never timed. */
import { expect, it, vi } from "vitest";

const counted = vi.hoisted(() => ({ made: 0, digests: 0 }));

vi.mock("cloudflare:workers", () => ({ env: {}, DurableObject: class {}, RpcTarget: class {} }));
vi.mock("../../src/core/sha256.ts", async (original) => {
  const { sha256 } = await original<typeof import("../../src/core/sha256.ts")>();
  const counting = (text: string) => {
    counted.digests++;
    return sha256(text);
  };
  return { sha256: counting };
});
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

/** The whole app, as a start makes it. */
async function start(): Promise<void> {
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
}

type Constructor = new (...rest: unknown[]) => object;

/** What is made of these classes while `work` runs, each with its first argument. */
async function madeOf(classes: readonly [owner: object, name: string][], work: () => Promise<void>): Promise<string[]> {
  const made: string[] = [];
  const originals = classes.map(([owner, name]) => [owner, name, Reflect.get(owner, name) as Constructor] as const);
  for (const [owner, name, type] of originals) {
    const construct = (target: Constructor, rest: unknown[], by: unknown): object => {
      made.push(`${name} ${String(rest[0])}`);
      return Reflect.construct(target, rest, by as Constructor) as object;
    };
    const apply = (target: Constructor, _: unknown, rest: unknown[]) => construct(target, rest, target);
    Reflect.set(owner, name, new Proxy(type, { construct, apply }));
  }
  await work().finally(() => originals.forEach(([owner, name, type]) => void Reflect.set(owner, name, type)));
  return made;
}

it("[SPEED-14] the start of a Worker makes no object of Intl and no pattern of scripts, and digests each agent once", async () => {
  vi.resetModules();
  counted.digests = 0;
  const intl = Object.getOwnPropertyNames(Intl).filter((name) => /^[A-Z]/.test(name));
  const made = await madeOf([...intl.map((name) => [Intl, name] as [object, string]), [globalThis, "RegExp"]], start);
  expect(made.filter((what) => !what.startsWith("RegExp") || /(?:Script|sc)=/.test(what))).toEqual([]);
  expect(counted.digests).toBe(1);
});

it("[SPEED-9] the start of a Worker with every door and channel makes the schemas of its tools, and few others", async () => {
  vi.resetModules();
  counted.made = 0;
  await start();
  expect(counted.made).toBeGreaterThan(10);
  expect(counted.made).toBeLessThanOrEqual(80);
});
