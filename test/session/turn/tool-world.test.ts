import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { type AgentDefinition, resolveAgent } from "../../../src/agent/agent.ts";
import { start } from "../../../src/core/cursor.ts";
import type { Effect } from "../../../src/core/next-step.ts";
import { UiChunks } from "../../../src/doors/ai-sdk/chunks.ts";
import { parseSettings } from "../../../src/env.ts";
import { pullStream } from "../../../src/http/sse.ts";
import { type OpenSession, openSession } from "../../../src/session/open-session.ts";
import { eventStream } from "../../../src/session/read/event-stream.ts";
import { pastRequest } from "../../../src/session/read/past-request.ts";
import { ToolProgress } from "../../../src/session/read/tool-progress.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { Runner } from "../../../src/session/turn/runner.ts";
import { defineTool, type ToolContext } from "../../../src/tools/tool.ts";
import { nativeEncoder } from "../../../src/wire/native-events.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

const secrets = { SHOP_KEY: "canary-7c1e-never-seen" };
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

type Ask = (content: string) => Promise<void>;

/** A session whose agent has a tool `look` that does this. */
function withTool(
  run: (context: ToolContext<"SHOP_KEY">) => unknown,
  use: (ask: Ask, parts: OpenSession, setup: object) => Promise<void>,
  more: Partial<AgentDefinition> = {},
): Promise<void> {
  const world = new SessionWorld();
  return runInDurableObject(world.stub, async (_, { storage }) => {
    SessionRecord.create(storage.sql, world.address, { metadata: { plan: "gold" } }, Date.now());
    const look = defineTool({
      name: "look",
      description: "Looks.",
      input: z.object({}),
      effect: "none",
      secrets: ["SHOP_KEY"],
      run: (_, context) => run(context),
    });
    const agent = resolveAgent("shop", { instructions: "Sell.", tools: [look], ...more });
    const parts = openSession(storage);
    let work: Promise<void> = Promise.resolve();
    const setup = { agent, settings: parseSettings(bindings), bindings, secrets, onTurn: () => {}, onIdle: () => {} };
    const runner = new Runner(parts, { ...setup, hold: (held) => (work = held) });
    const ask = async (content: string) => {
      const message = { content, speaker: "Ann", options: {} };
      storage.transactionSync(() => parts.turns.accept({ message, receipt: {}, onBusy: "queue" }, Date.now()));
      runner.resume();
      await work;
    };
    await use(ask, parts, setup);
  });
}

describe("what a tool knows", () => {
  it("[WORLD-1] its secrets, the account, the agent, the session with its metadata, the turn, and who asks", () =>
    withTool(
      ({ secrets, account, agent, session, turn, speaker, callId }) => {
        const { id, metadata } = session;
        return { keys: Object.keys(secrets), account, agent, isNamed: id !== "", metadata, turn, speaker, callId };
      },
      async (ask, parts) => {
        provider.enqueue(calls([{ name: "look", arguments: "{}", id: "c1" }]), text("Seen."));
        await ask("Look.");
        const entry = parts.log.read({ after: 0 }).find(({ type }) => type === "tool");
        expect(JSON.parse(entry?.type === "tool" ? entry.content : "")).toEqual({
          keys: ["SHOP_KEY"],
          account: "test",
          agent: "shop",
          isNamed: true,
          metadata: { plan: "gold" },
          turn: "turn_1",
          speaker: "Ann",
          callId: "c1",
        });
      },
    ));
});

describe("a secret of a tool", () => {
  it("[WORLD-3] is in no entry, event, request, past request or log line, wherever the tool puts it", async () => {
    const lines: unknown[] = [];
    for (const level of ["log", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation((...said) => void lines.push(...said.map(String)));
    let times = 0;
    await withTool(
      ({ secrets, progress }) => {
        progress(`with ${secrets.SHOP_KEY}`);
        if (++times === 2) throw new Error(`401: ${secrets.SHOP_KEY}`);
        return { header: `Bearer ${secrets.SHOP_KEY}`, basic: btoa(`me:${secrets.SHOP_KEY}`) };
      },
      async (ask, parts, setup) => {
        const look = calls([{ name: "look", arguments: "{}" }]);
        provider.enqueue(look, look, text("Seen."));
        const reader = { from: start, encoder: nativeEncoder("t"), live: true, turn: "turn_1" };
        const reading = new Response(pullStream(eventStream(parts, reader))).text();
        await ask("Look.");
        const frames = await reading;
        const entries = parts.log.read({ after: 0 });
        const replies = entries.filter(({ type }) => type === "assistant");
        const past = await Promise.all(replies.map(({ seq }) => pastRequest(parts, setup as never, seq)));
        const all = JSON.stringify({ entries, frames, past, asked: provider.requests, lines });
        expect(times).toBe(2);
        expect(all).toContain("[SHOP_KEY]");
        expect(all).not.toContain(secrets.SHOP_KEY);
        expect(all).not.toContain(btoa(`me:${secrets.SHOP_KEY}`).slice(4, -4));
      },
    );
  });
});

describe("a call and the disk", () => {
  /** Its tool does this, and says how far it is. */
  const working = (effect: Effect, run: () => void) =>
    defineTool({
      name: "work",
      description: "Works.",
      input: z.object({}),
      effect,
      run: (_, { progress }) => {
        progress("half");
        run();
        return "done";
      },
    });

  it.each([
    ["none", 1],
    ["keyed", 0],
    ["unsafe", 0],
  ] as const)(
    "[SPEED-10] one with the effect %s is run %i times before its reply is on disk, and readers see none of it",
    (effect, times) => {
      const run = vi.fn();
      const disk = Promise.withResolvers<void>();
      const look = async (ask: Ask, parts: OpenSession) => {
        const { storage, log } = parts;
        provider.enqueue((...asked) => {
          vi.spyOn(storage, "sync").mockReturnValue(disk.promise);
          return calls([{ name: "work", arguments: "{}", id: "c1" }])(...asked);
        }, text("Done."));
        const asking = ask("Work.");
        const written = effect === "none" ? "tool" : "assistant";
        await vi.waitFor(() => expect(log.last?.type).toBe(written));
        expect([run.mock.calls.length, provider.requests.length]).toEqual([times, 1]);
        const reader = { from: start, encoder: nativeEncoder("t"), live: false };
        expect(readAll(eventStream(parts, reader))).not.toMatch(/tool\./);
        disk.resolve();
        await asking;
        expect([run.mock.calls.length, log.last?.type]).toEqual([1, "turn_ended"]);
        expect(readAll(eventStream(parts, reader))).toContain("event: tool.finished");
      };
      return withTool(() => {}, look, { tools: [working(effect, run)] });
    },
  );
});

/** What a stream that is not live has. */
function readAll(stream: ReturnType<typeof eventStream>): string {
  let all = "";
  for (let text = stream.next(() => {}); typeof text === "string"; text = stream.next(() => {})) all += text;
  return all;
}

describe("how far a call is", () => {
  it("[WORLD-4] readers see it while the call runs, whoever comes later sees the newest, and the log does not have it", () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    return withTool(
      async ({ progress }) => {
        progress("1 of 2 pages");
        progress("2 of 2 pages");
        begun.resolve();
        await gate.promise;
        return "read";
      },
      async (ask, parts) => {
        provider.enqueue(calls([{ name: "look", arguments: "{}", id: "c1" }]), text("Seen."));
        const asking = ask("Look.");
        await begun.promise;
        const late = pullStream(
          eventStream(parts, { from: start, encoder: nativeEncoder("t"), live: true }),
        ).getReader();
        let seen = "";
        while (!seen.includes("tool.progress")) seen += new TextDecoder().decode((await late.read()).value);
        expect(seen).toContain('data: {"type":"tool.progress","call_id":"c1","name":"look","text":"2 of 2 pages"}');
        expect(seen).not.toContain("1 of 2 pages");
        gate.resolve();
        await asking;
        expect(JSON.stringify(parts.log.read({ after: 0 }))).not.toContain("of 2 pages");
        const after = pullStream(eventStream(parts, { from: start, encoder: nativeEncoder("t"), live: false }));
        expect(await new Response(after).text()).not.toContain("tool.progress");
        await late.cancel();
      },
    );
  });

  it("[WORLD-4] is a transient part of the AI SDK's stream, and bounded", () => {
    let woken = 0;
    const progress = new ToolProgress(() => woken++);
    for (let n = 0; n < 1_000; n++) progress.report({ callId: "c1", name: "look" }, `${n} ${"x".repeat(600)}`);
    expect(woken).toBe(1);
    const [note] = progress.since(0);
    expect(note?.text).toHaveLength(500);
    expect(progress.since(note?.version ?? 0)).toEqual([]);
    const chunks = new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" });
    expect(chunks.progress({ callId: "c1", name: "look", text: "half" }).at(-1)?.data).toEqual({
      type: "data-tool-progress",
      id: "c1",
      transient: true,
      data: { call_id: "c1", name: "look", text: "half" },
    });
    progress.end("c1");
    expect([progress.textOf("c1"), progress.since(0)]).toEqual([undefined, []]);
  });
});
