import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { accountObject } from "../../src/account/account-object.ts";
import type { Bindings } from "../../src/env.ts";
import type { SessionSummary } from "../../src/wire/native.ts";

const noUse = {
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  steps: 0,
  costMicros: 0,
  rowsWritten: 0,
  kvReads: 0,
  kvWrites: 0,
};

function summary(id: string, createdAtMs: number, title: string | null = null): SessionSummary {
  return {
    id,
    title,
    metadata: {},
    model: "m",
    prefix: null,
    status: "idle",
    lastSeq: 0,
    usage: noUse,
    createdAtMs,
    expiresAtMs: null,
    forkedFrom: null,
  };
}

const freshAccount = () => accountObject(env as unknown as Bindings, crypto.randomUUID());

describe("the account's index of sessions", () => {
  it("[INDEX-1] lists newest first, page by page, each once", async () => {
    const account = freshAccount();
    for (let n = 0; n < 7; n++) await account.report(summary(`s${n}`, 1000 + Math.floor(n / 2)));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await account.listSessions({ limit: 3, cursor });
      expect(page.sessions.length).toBeLessThanOrEqual(3);
      seen.push(...page.sessions.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(["s6", "s5", "s4", "s3", "s2", "s1", "s0"]);
  });

  it("[INDEX-5] finds by a part of the id and by how the last turn ended, page by page", async () => {
    const account = freshAccount();
    const ending = (id: string, at: number, reason?: "failed" | "completed") =>
      account.report({ ...summary(id, at), ...(reason && { lastTurn: { turn: "turn_1", reason, endedAtMs: 1 } }) });
    for (let n = 0; n < 5; n++) await ending(`Order_${n}`, n, "failed");
    await ending("order_9", 9, "completed");
    await ending("other", 10);
    const ids = async (of: object) => (await account.listSessions({ limit: 9, ...of })).sessions.map(({ id }) => id);
    expect(await ids({ q: "ORDER_" })).toEqual(["order_9", "Order_4", "Order_3", "Order_2", "Order_1", "Order_0"]);
    expect(await ids({ q: "order_9" })).toEqual(["order_9"]);
    expect(await ids({ reason: "completed" })).toEqual(["order_9"]);
    expect(await ids({ reason: "failed", q: "_3" })).toEqual(["Order_3"]);
    expect(await ids({ reason: "failed", q: "order_9" })).toEqual([]);
    const first = await account.listSessions({ limit: 3, reason: "failed" });
    const rest = await account.listSessions({ limit: 3, reason: "failed", cursor: first.next });
    expect([...first.sessions, ...rest.sessions]).toHaveLength(5);
    // It goes by the newest report.
    await ending("Order_0", 0, "completed");
    expect(await ids({ reason: "failed" })).toHaveLength(4);
  });

  it("[INDEX-1] a second report replaces the first, and a removed session is gone", async () => {
    const account = freshAccount();
    await account.report(summary("a", 1));
    await account.report({ ...summary("a", 1, "Named"), lastSeq: 9 });
    expect((await account.listSessions({ limit: 9 })).sessions).toEqual([{ ...summary("a", 1, "Named"), lastSeq: 9 }]);
    await account.removeSession("a");
    expect((await account.listSessions({ limit: 9 })).sessions).toEqual([]);
  });

  it("[INDEX-1] a cursor that was never given out ends the list", async () => {
    const account = freshAccount();
    await account.report(summary("a", 1));
    expect((await account.listSessions({ limit: 9, cursor: "nonsense" })).sessions).toEqual([]);
  });

  const says = (...texts: string[]) => ({
    throughSeq: texts.length,
    steps: [],
    texts: texts.map((text, place) => ({ seq: place + 1, text })),
  });

  it("[INDEX-2] q finds titles in any case, and takes wildcards literally", async () => {
    const account = freshAccount();
    await account.report(summary("a", 1, "Budget 100%"));
    await account.report(summary("b", 2), says("about the BUDGET of März"));
    await account.report(summary("c", 3), says("lunch"));
    const found = async (q: string) => (await account.listSessions({ limit: 9, q })).sessions.map(({ id }) => id);
    expect(await found("budget")).toEqual(["b", "a"]);
    expect(await found("100%")).toEqual(["a"]);
    expect(await found("%")).toEqual(["a"]);
    expect(await found("märz")).toEqual(["b"]);
    expect(await found("")).toEqual(["c", "b", "a"]);
  });

  it("[INDEX-3] q finds the words of any message, also half typed, and Chinese ones inside a sentence", async () => {
    const account = freshAccount();
    await account.report(summary("a", 1), says("Hello", "The harbour cranes stand still", "东京现在几点？"));
    await account.report(summary("b", 2), says('A "quoted" OR NOT thing'));
    const found = async (q: string) => (await account.listSessions({ limit: 9, q })).sessions.map(({ id }) => id);
    expect(await found("cranes harb")).toEqual(["a"]);
    expect(await found("cranes quoted")).toEqual([]);
    expect(await found("现在")).toEqual(["a"]);
    expect(await found("在现")).toEqual([]);
    expect(await found('"quoted" NOT')).toEqual(["b"]);
  });

  it("[INDEX-3] q finds the words after a NUL, before half a character, and those of many messages at once", async () => {
    const account = freshAccount();
    const many = Array.from({ length: 120 }, (_, n) => `message number${n}`);
    await account.report(summary("a", 1), says("before\0 harbour", "cranes \ud83d", ...many));
    const found = async (q: string) => (await account.listSessions({ limit: 9, q })).sessions.map(({ id }) => id);
    for (const q of ["harbour", "cranes", "number0", "number119"]) expect(await found(q), q).toEqual(["a"]);
  });

  it("[INDEX-3] what is reported twice is kept once, and a removed session leaves no words", async () => {
    const account = freshAccount();
    expect(await account.report(summary("a", 1), says("harbour"))).toBe(1);
    expect(await account.report(summary("a", 1), says("harbour"))).toBe(1);
    expect(await account.report(summary("a", 1))).toBe(1);
    const words = () =>
      runInDurableObject(account, (_, { storage }) =>
        storage.sql.exec("SELECT (SELECT count(*) FROM texts) AS texts, (SELECT count(*) FROM words) AS words").one(),
      );
    expect(await words()).toEqual({ texts: 1, words: 1 });
    await account.removeSession("a");
    expect(await words()).toEqual({ texts: 0, words: 0 });
  });

  it("[INDEX-4] an erased name is remembered until the session is made again", async () => {
    const account = freshAccount();
    expect(await account.wasErased("a")).toBe(false);
    await account.report(summary("a", 1));
    await account.removeSession("a");
    expect(await account.wasErased("a")).toBe(true);
    await account.report(summary("a", 2));
    expect(await account.wasErased("a")).toBe(false);
  });
});
