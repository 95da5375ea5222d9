import { expect, it } from "vitest";
import { accountList, accountObject } from "../../src/account/account-object.ts";
import { sessionEvents, sessionObject } from "../../src/session/session-object.ts";
import { bindings } from "../support/session-world.ts";

/** A namespace that notes where its objects are looked for. */
function namespace(found: string[], place = "anywhere"): DurableObjectNamespace {
  return {
    jurisdiction: (name: string) => namespace(found, name),
    getByName: (name: string) => {
      found.push(`${place} ${name}`);
      return { fetch: async () => new Response() };
    },
  } as unknown as DurableObjectNamespace;
}

it.each([
  [{ JURISDICTION: "eu" }, "eu"],
  [{ JURISDICTION: "fedramp" }, "fedramp"],
  [{}, "anywhere"],
  [{ JURISDICTION: "eu", DEV: "true" }, "anywhere"],
])("[JURISDICTION-1] with %j every object is looked for in: %s", async (set, place) => {
  const found: string[] = [];
  const all = namespace(found);
  const given = { ...bindings, DEV: undefined, ...set, SESSIONS: all, ACCOUNTS: all } as unknown as typeof bindings;
  const address = { account: "shop", name: "s1" };
  accountObject(given, "shop");
  accountList(given);
  sessionObject(given, address);
  await sessionEvents(given, address, { query: "", signal: new AbortController().signal });
  expect(found).toEqual(["shop", "~accounts", "shop:s1", "shop:s1"].map((name) => `${place} ${name}`));
});
