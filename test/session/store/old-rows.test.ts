/** Sessions whose rows an earlier Longline wrote: what it did not know is null in them. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import * as z from "zod";
import { accountObject } from "../../../src/account/account-object.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import { signToken } from "../../../src/account/session-token.ts";
import { resolveAgent } from "../../../src/agent/agent.ts";
import { Agents } from "../../../src/agent/app.ts";
import { sha256Hex } from "../../../src/core/digest.ts";
import { sessionLadder } from "../../../src/session/store/schema.ts";
import { defineTool } from "../../../src/tools/tool.ts";
import { agent } from "../../app/agent.ts";
import { app } from "../../app/app.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

it("[ONCE-14] an open call of a session without a birth keeps the key that it had", async () => {
  const order = { method: "POST", url: "https://shop.example.com/orders", body: '{"item":17}' };
  provider.enqueue(calls([{ id: "call_pay", name: "send_request", arguments: JSON.stringify(order) }]));
  const { turn } = await world.send("Order number 17");
  expect(unwrap(await world.stub.wait(turn, 30_000)).status).toBe("waiting");
  await world.rewrite(({ sql }) => sql.exec("UPDATE session SET birth = NULL"));
  provider.enqueue(text("Ordered."));
  await world.approve("call_pay", { approve: true });
  await vi.waitFor(() => expect(provider.outside).toHaveBeenCalledTimes(1));
  const { account, name } = world.address;
  const key = await sha256Hex(`${account}:${name} turn_1 1 call_pay`);
  expect(provider.outside.mock.calls[0]?.[0].headers.get("idempotency-key")).toBe(key);
  // An instance with work left over keeps the runtime from ending.
  await world.ended(turn);
});

it("[REACH-3] a token that was made for a session without a birth is valid until it is withdrawn", async () => {
  Object.assign(world.address, { account: "default" });
  const { account, name } = world.address;
  unwrap(await world.stub.create(world.address, {}));
  await world.rewrite(({ sql }) => sql.exec("UPDATE session SET birth = NULL"));
  const secret = await accountObject(bindings, account).tokenSecret(account);
  const expiresAtMs = Date.now() + 60_000;
  const token = await signToken(account, { session: name, rights: ["read"], expiresAtMs }, secret);
  const read = async () => {
    const headers = { Authorization: `Bearer ${token}` };
    return (await worker.fetch(`https://longline.test/v1/sessions/${name}`, { headers })).status;
  };
  expect(await read()).toBe(200);
  unwrap(await world.stub.withdrawTokens());
  expect(await read()).toBe(401);
});

it("[AGENT-5] a session of before agents had names has the default one, and keeps it from its next turn on", async () => {
  const refund = defineTool({
    ...{ name: "refund", description: "Pays back.", input: z.object({ order: z.string() }), effect: "unsafe" },
    ...{ approval: "always", run: () => "paid back" },
  });
  const support = resolveAgent("support", { instructions: "You help buyers.", tools: [refund] });
  const { agents } = app;
  const agentOf = async () => unwrap(await world.stub.describe()).agent;
  try {
    provider.enqueue(text("Hello."), text("Hello."));
    await world.ask("x");
    await world.inside(({ sql }) => void sql.exec("UPDATE session SET agent = NULL"));
    app.agents = new Agents([support, agent]);
    await world.rewrite(() => {});
    expect(await agentOf()).toBe("support");
    await world.ask("y");
    app.agents = new Agents([agent, support]);
    await world.rewrite(() => {});
    expect(await agentOf()).toBe("support");
  } finally {
    app.agents = agents;
  }
});

it("[KEEP-4] a session that knew only when it ends lives as long after its last use as it did after it was made", async () => {
  await world.rewrite(({ sql }) => {
    sql.exec(sessionLadder.rungs[0]?.sql ?? "");
    sql.exec(
      `INSERT INTO session (id, schema_version, account, name, metadata, created_at, expires_at, usage)
       VALUES (1, 1, 'test', ?, '{}', ?, ?, ?)`,
      ...[world.address.name, Date.now(), Date.now() + 3_600_000],
      '{"inputTokens":0,"cachedTokens":0,"outputTokens":0,"reasoningTokens":0,"steps":0,"costMicros":0}',
    );
  });
  skipTime(3_000_000);
  provider.enqueue(text("Yes."));
  await world.ask("Still there?");
  const { expiresAtMs } = unwrap(await world.stub.describe());
  expect((expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
});
