import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Agent } from "../../../src/agent/agent.ts";
import type { ModelChoice } from "../../../src/agent/version.ts";
import { Draft } from "../../../src/core/assemble.ts";
import { parseSettings } from "../../../src/env.ts";
import { type OpenSession, openSession } from "../../../src/session/open-session.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { Runner } from "../../../src/session/turn/runner.ts";
import { agent } from "../../app/agent.ts";
import { type createFakeProvider, frames, refused, status, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

const loopback = "http://127.0.0.1:9/v1";
const first: ModelChoice = { id: "deepseek-v3.2-exp", baseUrl: loopback };
const second: ModelChoice = { id: "deepseek-flash", baseUrl: "http://127.0.0.1:8" };
const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

let provider: ReturnType<typeof createFakeProvider>;
beforeEach(() => {
  provider = startProvider();
  provider.allowReasoning();
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A session whose agent has these models, run in a fresh object. */
function withModels(
  models: Agent["models"],
  use: (ask: (content: string) => Promise<string>, parts: OpenSession) => Promise<void>,
): Promise<void> {
  const world = new SessionWorld();
  return runInDurableObject(world.stub, async (_, { storage }) => {
    SessionRecord.create(storage.sql, world.address, {}, Date.now());
    const parts = openSession(storage);
    let work: Promise<void> = Promise.resolve();
    const setup = {
      agent: { ...agent, models },
      settings: parseSettings(bindings),
      bindings,
      secrets: {},
      onTurn: () => {},
      onIdle: () => {},
    };
    const runner = new Runner(parts, { ...setup, hold: (held) => (work = held) });
    await use(async (content) => {
      const request = { message: { content, options: {} }, receipt: {}, onBusy: "queue" } as const;
      storage.transactionSync(() => parts.turns.accept(request, Date.now()));
      runner.resume();
      await work;
      const entry = parts.log.read({ after: 0 }).findLast(({ type }) => type === "assistant" || type === "step_failed");
      return entry?.type === "assistant" ? `${entry.model}: ${entry.content}` : "failed";
    }, parts);
  });
}

describe("a session with two models", () => {
  it("[RETRY-3] [RETRY-8] asks the second when the first will not do, and stays with it", () =>
    withModels([first, second], async (ask, parts) => {
      provider.enqueue(status(401, { error: { message: "no" } }), text("One"), text("Two"));
      expect(await ask("1")).toBe("deepseek-flash: One");
      expect(await ask("2")).toBe("deepseek-flash: Two");
      expect(provider.requests.map(({ url }) => url)).toEqual([
        "http://127.0.0.1:9/v1/chat/completions",
        "http://127.0.0.1:8/beta/chat/completions",
        "http://127.0.0.1:8/beta/chat/completions",
      ]);
      expect(parts.record.read().stickyModel).toBe("deepseek-flash");
      expect(parts.log.read({ after: 1 })[0]).toMatchObject({
        tries: [{ model: "deepseek-v3.2-exp", failure: { code: "model_auth" } }],
      });
    }));

  it("[RETRY-3] gives up when none will", () =>
    withModels([first, second], async (ask) => {
      provider.enqueue(...Array.from({ length: 4 }, () => refused));
      expect(await ask("1")).toBe("failed");
      expect(provider.requests).toHaveLength(4);
    }));

  it("[RETRY-4] goes on behind the half answer where the profile can", () =>
    withModels([second], async (ask, parts) => {
      provider.enqueue(frames(delta("one, two, ")), text("three"));
      const seen: string[] = [];
      const show = parts.feed.show.bind(parts.feed);
      parts.feed.show = (draft) => {
        seen.push(String(draft.text));
        show(draft);
      };
      expect(await ask("Count")).toBe("deepseek-flash: one, two, three");
      expect(provider.requests[1]?.body.messages.at(-1)).toEqual({
        role: "assistant",
        content: "one, two, ",
        prefix: true,
      });
      expect(seen.filter((text) => text !== "" && !text.startsWith("one, two, "))).toEqual([]);
      expect(parts.log.read({ after: 1 })[0]).toMatchObject({ attempt: 1, tries: [{ textChars: 10 }] });
    }));

  it("[RETRY-4] and begins again with another model", () =>
    withModels([first, second], async (ask, parts) => {
      provider.enqueue(frames(delta("half")), frames(delta("half")), text("whole"));
      expect(await ask("Count")).toBe("deepseek-flash: whole");
      expect(parts.log.read({ after: 1 })[0]).toMatchObject({ attempt: 3 });
    }));
});

describe("an answer that a crash cut off", () => {
  it("[RESUME-4] is gone on with where the model can continue, instead of being paid for again", () =>
    withModels([second], async (ask, parts) => {
      const { turns, checkpoint, storage } = parts;
      const request = { message: { content: "Hello", options: {} }, receipt: {}, onBusy: "queue" } as const;
      storage.transactionSync(() => turns.accept(request, Date.now()));
      checkpoint.begin(2, { atMs: 0, again: false });
      const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
      draft.add({ type: "reasoning", text: "Hm." });
      draft.add({ type: "text", text: "half an " });
      checkpoint.save(draft, Date.now());
      provider.enqueue(text("answer"), text("second"));
      await ask("And then?");
      expect(provider.requests[0]?.body.messages.at(-1)).toEqual({
        role: "assistant",
        content: "half an ",
        prefix: true,
      });
      const reply = parts.log.read({ after: 1, limit: 1 })[0];
      expect(reply).toMatchObject({ content: "half an answer", reasoning: "Hm.", attempt: 2 });
    }));

  it("[RESUME-4] is asked for anew where it cannot", () =>
    withModels([first], async (ask, parts) => {
      const { turns, checkpoint, storage } = parts;
      const request = { message: { content: "Hello", options: {} }, receipt: {}, onBusy: "queue" } as const;
      storage.transactionSync(() => turns.accept(request, Date.now()));
      checkpoint.begin(2, { atMs: 0, again: false });
      const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
      draft.add({ type: "text", text: "half an " });
      checkpoint.save(draft, Date.now());
      provider.enqueue(text("whole answer"), text("second"));
      await ask("And then?");
      expect(parts.log.read({ after: 1, limit: 1 })[0]).toMatchObject({ content: "whole answer", attempt: 2 });
    }));
});
