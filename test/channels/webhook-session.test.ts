import { describe, expect, it } from "vitest";
import { formerWebhookSession, webhookSession } from "../../src/channels/webhook.ts";
import { randomOf } from "../support/random.ts";

const seed = Number(process.env.SEED ?? 20261125);
const hex = "0123456789abcdef0123456789abcdef01234567";

describe("the session of a webhook's message", () => {
  it.each([
    ["orders", "o-1", "hook_orders_o-1"],
    ["orders", "eu_1", "hook_orders_eu_1"],
    ["orders", "", "hook_orders"],
    ["orders_eu", "1", "hook-9-orders_eu_1"],
    ["orders_eu", "", "hook-9-orders_eu"],
    ["git-hub", "7", "hook_git-hub_7"],
    [hex, "", `hook-40-${hex}`],
  ])("[HOOK-5] of %s and %j is %s", async (name, key, id) => {
    expect(await webhookSession({ name, key })).toBe(id);
  });

  it(`[HOOK-5] no two webhooks and keys have the same (SEED=${seed})`, async () => {
    const next = randomOf(seed);
    const bits = ["orders", "eu", "_", "-", "1", "9", "x", "__", hex, "a b", "é", "hook", "y".repeat(40)];
    const text = (most: number) =>
      Array.from({ length: Math.floor(next() * most) }, () => bits[Math.floor(next() * bits.length)]).join("");
    const seen = new Map<string, string>();
    for (let round = 0; round < 3_000; round++) {
      const name = text(4).replace(/[^A-Za-z0-9_-]/g, "") || "_";
      const key = text(5);
      const id = await webhookSession({ name, key });
      expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      const place = JSON.stringify([name, key]);
      expect(seen.get(id) ?? place).toBe(place);
      seen.set(id, place);
    }
  });

  it("[HOOK-5] of an earlier version is continued where no other webhook could have made it", async () => {
    const former = (names: string[]) => formerWebhookSession({ name: "orders_eu", key: "1" }, names);
    expect(await former(["orders_eu", "orders_us", "order"])).toBe("hook_orders_eu_1");
    expect(await former(["orders_eu", "orders"])).toBeUndefined();
    expect(await former(["orders_eu", "orders_eu_1"])).toBeUndefined();
    expect(await formerWebhookSession({ name: "orders", key: "1" }, ["orders"])).toBeUndefined();
    const long = await formerWebhookSession({ name: "orders_eu", key: "k".repeat(80) }, ["orders"]);
    expect(long).toMatch(/^hook_[0-9a-f]{40}$/);
  });
});
