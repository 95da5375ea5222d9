import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { summaryQuestion } from "../../../src/core/compact.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { SqliteTranscriptLog } from "../../../src/session/store/transcript-log.ts";
import { asking, assistant, ended, result, user } from "../../support/entries.ts";
import { calls, frames, status, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** An answer for which the provider counts so many tokens. */
const costing = (content: string, prompt_tokens: number) => {
  const usage = {
    prompt_tokens,
    completion_tokens: 10,
    prompt_cache_hit_tokens: 0,
    prompt_cache_miss_tokens: prompt_tokens,
  };
  const chunk = { choices: [{ index: 0, delta: { content }, finish_reason: "stop" }], usage };
  return frames(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
};
const tooLong = () => {
  const message = "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens.";
  return status(400, { error: { message, type: "invalid_request_error", param: null, code: "invalid_request_error" } });
};
const sent = (at: number) => provider.requests.at(at)?.body.messages.map(({ content }: { content: string }) => content);

/** Puts these entries into the session, as an import would. */
async function load(entries: ReturnType<typeof user>[] | unknown[]): Promise<void> {
  const token = "t";
  const plan = { address: world.address, choices: {}, from: { kind: "import", createdAtMs: 1 } } as const;
  unwrap(await world.stub.copy({ type: "begin", token, plan }));
  const placed = entries.map((entry, place) => ({ line: place + 2, entry: { ...(entry as Entry), seq: place + 1 } }));
  for (let at = 0; at < placed.length; at += 500) {
    unwrap(await world.stub.copy({ type: "load", token, lines: placed.slice(at, at + 500) }));
  }
  unwrap(await world.stub.copy({ type: "finish", token }));
}

describe("a conversation that outgrows the window", () => {
  it("[COMPACT-1] is put into a summary before it does, by the provider's own count, asked behind the same bytes", async () => {
    provider.enqueue(text("Hello Ada."), costing("Blue it is.", 110_000));
    await world.ask("My name is Ada.");
    await world.ask("I choose blue.");
    provider.enqueue(costing("Ada chose blue.", 110_100), text("Yes."));
    await world.ask("Right?");
    const asked = provider.requests.at(-2);
    expect(asked?.body.messages.at(-1).content).toBe(summaryQuestion);
    // The warm prefix: what the request before was sent, byte for byte, up to the tail.
    const before = provider.requests.at(-3)?.text ?? "";
    const head = before.slice(0, before.indexOf("I choose blue."));
    expect(asked?.text.startsWith(head)).toBe(true);
    expect(sent(-1)?.[1]).toContain("Ada chose blue.");
    expect(sent(-1)?.slice(2)).not.toContain("My name is Ada.");
    expect(sent(-1)?.at(-1)).toBe("Right?");
    const compaction = (await world.entries()).find(({ type }) => type === "compaction");
    expect(compaction).toMatchObject({ summary: "Ada chose blue.", throughSeq: expect.any(Number) });
    const last = (await world.entries()).at(-1);
    expect(last).toMatchObject({ type: "turn_ended", usage: { inputTokens: 110_136 }, steps: 1 });
  });

  it("[COMPACT-2] is put into a summary when the provider says that it is too long, also after a restart", async () => {
    provider.enqueue(text("one"), text("two"));
    await world.ask("first");
    await world.ask("second");
    provider.enqueue(tooLong(), text("They counted."), text("three"));
    expect((await world.ask("third")).reply?.content).toBe("three");
    const summary = "Summary of the conversation so far";
    expect(sent(-1)?.slice(1)).toEqual([expect.stringContaining(summary), "second", "two", "third"]);
    await abortAllDurableObjects();
    provider.enqueue(text("four"));
    await world.ask("fourth");
    expect(sent(-1)?.slice(1)).toEqual([expect.stringContaining(summary), "second", "two", "third", "three", "fourth"]);
  });

  it("[COMPACT-4] what left the window is still found, read, and shown to readers", async () => {
    provider.enqueue(text("The password is swordfish."), text("two"));
    await world.ask("first");
    await world.ask("second");
    provider.enqueue(
      tooLong(),
      text("Some talk."),
      calls([{ name: "search_transcript", arguments: '{"query":"swordfish","limit":null}' }]),
      text("swordfish"),
    );
    await world.ask("What was the password?");
    expect(sent(-1)?.at(-1)).toMatch(/entry 2, assistant, .* swordfish/);
    const told = await world.told();
    expect(told.filter(({ event }) => event === "turn.ended")).toHaveLength(3);
  });
});

describe("texts that are longer than a row or than the model should see", () => {
  it("[LONG-1] a result of 3 MB is kept whole over rows, shown cut with a handle, and read on by it", async () => {
    const page = `${"x".repeat(1_999_990)}needle${"y".repeat(1_000_000)}`;
    provider.outside.mockImplementation(async () => new Response("unused"));
    await load([
      user(),
      asking(["lookup"]),
      result("c0", { name: "lookup", content: page }),
      assistant({ step: 2, content: "Long." }),
      ended(),
    ]);
    const rows = await world.inside((storage) =>
      storage.sql.exec<{ n: number }>("SELECT max(octet_length(data)) AS n FROM entry_parts").one(),
    );
    expect(rows.n).toBeLessThan(1_900_000);
    const [, , whole] = await world.entries();
    expect(whole?.type === "tool" && whole.content === page).toBe(true);
    provider.enqueue(calls([{ name: "read_entry", arguments: '{"seq":3,"offset":1999985}' }]), text("needle"));
    await world.ask("Read on");
    const shown = sent(0)?.find((content: string) => content.includes("[cut:"));
    expect(shown.length).toBeLessThan(31_000);
    expect(shown).toMatch(/read_entry with seq 3, offset 30000\]$/);
    expect(sent(-1)?.at(-1)).toMatch(/characters 1999985 to \d+ of 2999996[^\n]*\n.{5}needle/);
  });

  it("[LONG-3] a long conversation that was never summarised is sent as far as the model takes it, and summarised so", async () => {
    const line = "All work and no play makes a long transcript. ".repeat(88);
    const turns = Array.from({ length: 500 }, (_, n) => {
      const of = { turn: `turn_${n + 1}` };
      const unpaid = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
      return [
        user({ ...of, content: `Question ${n}` }),
        assistant({ ...of, content: line + n, usage: unpaid }),
        ended(of),
      ];
    });
    await load(turns.flat());
    provider.enqueue(text("Much was asked."), text("Short."));
    await world.ask("And now?");
    const [summary, answer] = provider.requests;
    expect(summary?.text.length).toBeLessThan(450_000);
    expect(summary?.body.messages[1].content).toMatch(/^\[Entries 1 to \d+ of this conversation are left out/);
    expect(summary?.body.messages.at(-1).content).toBe(summaryQuestion);
    expect(answer?.body.messages[1].content).toContain("Much was asked.");
    expect(answer?.text).not.toContain("are left out");
    expect(answer?.text.length).toBeLessThan(150_000);
    expect(unwrap(await world.stub.search("Question 3", 5))[0]).toMatchObject({ role: "user" });
  });

  it("[LONG-2] a turn behind 10,000 entries and 20 MB reads a window, never the log", async () => {
    const line = "All work and no play makes a long transcript. ".repeat(88);
    const turns = Array.from({ length: 3_333 }, (_, n) => {
      const of = { turn: `turn_${n + 1}` };
      return [user({ ...of, content: `Question ${n}` }), assistant({ ...of, content: line + n }), ended(of)];
    });
    const compaction = {
      type: "compaction",
      turn: "turn_3334",
      atMs: 0,
      throughSeq: 9_900,
      summary: "So far.",
      durationMs: 0,
    };
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const last = { turn: "turn_3334" };
    await load([...turns.flat(), user(last), { ...compaction, usage, costMicros: 0 }, assistant(last), ended(last)]);
    expect(unwrap(await world.stub.describe()).lastSeq).toBe(10_003);
    await abortAllDurableObjects();
    const read = vi.spyOn(SqliteTranscriptLog.prototype, "read");
    provider.enqueue(text("Short."));
    await world.ask("And now?");
    const entriesRead = read.mock.results.reduce((sum, { value }) => sum + (value as Entry[]).length, 0);
    expect(entriesRead).toBeLessThan(800);
    expect(Math.max(...read.mock.results.map(({ value }) => (value as Entry[]).length))).toBeLessThanOrEqual(200);
    expect(provider.requests[0]?.text.length).toBeLessThan(300_000);
    expect(sent(0)?.[1]).toContain("So far.");
  });
});
