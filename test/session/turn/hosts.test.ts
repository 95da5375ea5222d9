import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelChoice } from "../../../src/agent/version.ts";
import type { TurnOptions } from "../../../src/core/entry.ts";
import { parseSettings, type Settings } from "../../../src/env.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { type OpenSession, openSession } from "../../../src/session/open-session.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { Runner } from "../../../src/session/turn/runner.ts";
import { agent } from "../../app/agent.ts";
import { calls, createFakeProvider, frames, type Reply, text } from "../../support/fake-provider.ts";
import { deepseekV4, type Host, mistral, openai, smallHost } from "../../support/host-rules.ts";
import { bindings, SessionWorld } from "../../support/session-world.ts";

/** Hosts by their base address; everything a session asks goes to them. */
let reach: Record<string, ReturnType<typeof createFakeProvider>>;
beforeEach(() => {
  reach = {};
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const { origin } = new URL(new Request(input, init).url);
    const provider = reach[origin];
    if (provider === undefined) throw new TypeError(`nobody at ${origin}`);
    return provider.fetch(input, init);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const host = (origin: string, rules?: Host) => {
  const provider = createFakeProvider(rules === undefined ? {} : { host: rules });
  reach[origin] = provider;
  return provider;
};

interface Of {
  models: readonly [ModelChoice, ...ModelChoice[]];
  settings?: Partial<Settings>;
  account?: string;
}
type Ask = (content: string, options?: TurnOptions) => Promise<string>;

/** A session with these models in a fresh object. */
function withSession(
  { models, settings, account }: Of,
  use: (ask: Ask, parts: OpenSession) => Promise<void>,
): Promise<void> {
  const world = new SessionWorld();
  return runInDurableObject(world.stub, async (_, { storage }) => {
    const address = { ...world.address, ...(account !== undefined && { account }) };
    SessionRecord.create(storage.sql, address, {}, Date.now());
    const parts = openSession(storage);
    let work: Promise<void> = Promise.resolve();
    const setup = {
      agent: { ...agent, models },
      settings: { ...parseSettings(bindings), ...settings },
      bindings,
      secrets: {},
      onTurn: () => {},
      onIdle: () => {},
    };
    const runner = new Runner(parts, { ...setup, hold: (held) => (work = held) });
    await use(async (content, options = {}) => {
      const request = { message: { content, options }, receipt: {}, onBusy: "queue" } as const;
      storage.transactionSync(() => parts.turns.accept(request, Date.now()));
      runner.resume();
      await work;
      const entry = parts.log.read({ after: 0 }).findLast(({ type }) => type === "assistant" || type === "step_failed");
      return entry?.type === "assistant" ? entry.content : `failed: ${JSON.stringify(entry)}`;
    }, parts);
  });
}

/** An answer whose usage counts the request as its host does: four characters a token. */
const counted = (content: string): Reply => {
  return (request, signal) => {
    const usage = { prompt_tokens: Math.ceil(JSON.stringify(request.body.messages).length / 4), completion_tokens: 10 };
    const chunk = { choices: [{ index: 0, delta: { content }, finish_reason: "stop" }], usage };
    return frames(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)(request, signal);
  };
};
const sum = { name: "calculator", arguments: '{"expression":"1+1"}' };

describe("a session at a host", () => {
  it("[HOST-9] learns a parameter from one refusal, keeps it, and the next session of the isolate knows it", async () => {
    const model = { id: "o9", baseUrl: "https://gateway.test/v1" };
    const provider = host("https://gateway.test", openai);
    await withSession({ models: [model] }, async (ask, parts) => {
      provider.enqueue(text("One"), text("Two"));
      expect(await ask("1")).toBe("One");
      expect(provider.refusals).toHaveLength(1);
      expect(parts.record.learned).toEqual({ "generic o9": ["max_tokens_field:max_completion_tokens"] });
      const reply = parts.log.read({ after: 0 }).find((entry) => entry.type === "assistant");
      expect(reply?.type === "assistant" && reply.tries?.map(({ failure }) => failure.change)).toEqual([
        "max_tokens_field:max_completion_tokens",
      ]);
      expect(await ask("2")).toBe("Two");
    });
    await withSession({ models: [model] }, async (ask, parts) => {
      provider.enqueue(text("Three"));
      expect(await ask("3")).toBe("Three");
      expect(parts.record.learned).toEqual({});
    });
    expect(provider.refusals).toHaveLength(1);
  });

  it("[HOST-9] takes each change once in a step, then fails with the host's words", () =>
    withSession({ models: [{ id: "o10", baseUrl: "https://gateway.test/v1" }] }, async (ask) => {
      const stubborn = {
        name: "stubborn",
        refuse: () => ({ status: 400, body: { error: { message: "Unknown parameter: 'stream_options'." } } }),
      };
      const provider = host("https://gateway.test", stubborn);
      expect(await ask("1")).toContain("model_refused");
      expect(provider.refusals).toHaveLength(2);
      expect(await ask("2")).toContain("model_refused");
    }));

  it("[HOST-9] an entry of the agent says it beforehand", () =>
    withSession(
      {
        models: [
          { id: "o11", baseUrl: "https://gateway.test/v1", profile: { maxTokensField: "max_completion_tokens" } },
        ],
      },
      async (ask) => {
        const provider = host("https://gateway.test", openai);
        provider.enqueue(text("One"));
        expect(await ask("1")).toBe("One");
        expect(provider.refusals).toEqual([]);
      },
    ));

  it("[HOST-3] [HOST-6] goes on with Mistral after calls, also behind a gateway that does not say whose model it is", () =>
    withSession({ models: [{ id: "m9", baseUrl: "https://gateway.test/v1" }] }, async (ask) => {
      const provider = host("https://gateway.test", mistral);
      provider.enqueue(calls([sum]), text("Two"), text("Three"));
      expect(await ask("1")).toBe("Two");
      expect(await ask("2")).toBe("Three");
      expect(provider.refusals.length).toBeLessThanOrEqual(3);
    }));

  it.each([
    ["that the settings say", { contextTokens: 8_192 }, 0],
    ["that it says itself", {}, 1],
  ])("[HOST-7] answers in a window of 8192 tokens %s, as long as there is room", (_, settings, refusals) =>
    withSession(
      { models: [{ id: `w${refusals}`, baseUrl: "https://small.test/v1", profile: { maxTokens: 8_192 } }], settings },
      async (ask) => {
        const provider = host("https://small.test", smallHost(8_192));
        for (let n = 0; n < 12; n++) {
          provider.forget();
          provider.enqueue(counted("word ".repeat(400)), counted("And so."), counted("And so."));
          expect(await ask(`${n} ${"x ".repeat(1_500)}`)).toMatch(/^(word |And so)/);
        }
        const asked = provider.requests.map(({ body }) => body.max_tokens);
        expect(provider.refusals).toHaveLength(refusals);
        for (const most of asked.slice(refusals)) expect(most).toBeGreaterThan(255);
        expect(Math.max(...asked.slice(refusals))).toBeLessThanOrEqual(4_096);
      },
    ),
  );

  it("[HOST-8] goes on with V4 where V3.2-Exp has called tools without a word of reasoning, and with thinking on and off", () =>
    withSession(
      {
        models: [
          { id: "deepseek-v3.2-exp", baseUrl: "http://127.0.0.1:9/v1" },
          { id: "deepseek-flash", baseUrl: "https://api.deepseek.com" },
        ],
      },
      async (ask) => {
        const exp = host("http://127.0.0.1:9");
        const v4 = host("https://api.deepseek.com", deepseekV4);
        exp.enqueue(calls([sum]), text("Two"));
        expect(await ask("1")).toBe("Two");
        v4.enqueue(text("Three"), calls([sum]), text("Four"), text("Five"));
        expect(await ask("2")).toBe("Three");
        expect(await ask("3", { thinking: false })).toBe("Four");
        expect(await ask("4", { thinking: true })).toBe("Five");
        expect(v4.refusals).toEqual([]);
      },
    ));

  it("[HOST-8] follows a rule on reasoning that changes, once in a step and never for ever", () =>
    withSession({ models: [{ id: "deepseek-v3.2", baseUrl: "http://127.0.0.1:9/v1" }] }, async (ask) => {
      const provider = host("http://127.0.0.1:9");
      provider.enqueue(calls([sum]), text("Two"), text("Three"));
      // Behind this gateway is V3.2-Exp, which refuses what V3.2 wants.
      expect(await ask("1")).toBe("Two");
      expect(await ask("2")).toBe("Three");
      expect(provider.requests.filter(({ body }) => JSON.stringify(body).includes("reasoning_content"))).toHaveLength(
        1,
      );
      provider.allowReasoning();
      const rule = {
        error: { message: "The `reasoning_content` in the thinking mode must be passed back to the API." },
      };
      provider.enqueue(() => Response.json(rule, { status: 400 }), text("Four"));
      expect(await ask("3")).toBe("Four");
    }));
});

describe("whom a provider is told it works for", () => {
  const flash = { id: "deepseek-flash", baseUrl: "https://api.deepseek.com" };
  const sent = async (model: ModelChoice, account: string) => {
    const provider = host("https://api.deepseek.com", deepseekV4);
    let id: string | undefined;
    await withSession({ models: [model], account }, async (ask) => {
      provider.enqueue(text("One"));
      expect(await ask("1")).toBe("One");
      id = provider.requests[0]?.body.user_id;
    });
    return id;
  };

  it("[HOST-11] the account, by a digest of its name, unless it is the default one", async () => {
    const acme = await sent(flash, "acme corp");
    expect(acme).toMatch(/^[a-zA-Z0-9_-]{1,512}$/);
    expect(acme).not.toContain("acme");
    expect(await sent(flash, "acme corp")).toBe(acme);
    expect(await sent(flash, "other")).not.toBe(acme);
    expect(await sent(flash, "default")).toBeUndefined();
  });

  it("[HOST-11] or what the model's entry says, where the provider has the parameter", async () => {
    expect(await sent({ ...flash, userId: "none" }, "acme")).toBeUndefined();
    expect(await sent({ ...flash, userId: "account" }, "default")).toMatch(/^a-/);
    const session = await sent({ ...flash, userId: "session" }, "acme");
    expect(session).toMatch(/^s-/);
    expect(await sent({ ...flash, userId: "session" }, "acme")).not.toBe(session);
    host("https://gateway.test", openai).enqueue(text("One"));
    const other = { id: "u9", baseUrl: "https://gateway.test/v1", userId: "session" } as const;
    await withSession({ models: [other], account: "acme" }, async (ask) => {
      expect(await ask("1")).toBe("One");
      expect(reach["https://gateway.test"]?.requests.at(-1)?.body).not.toHaveProperty("user_id");
    });
  });

  it("[HOST-11] a change of it is why the next request misses the cache", () => {
    // What is learned of a model holds for all sessions of the isolate, those of other tests, too.
    const own = { ...flash, id: "deepseek-v4-pro" };
    return withSession({ models: [own], account: "acme" }, async (ask, parts) => {
      const provider = host("https://api.deepseek.com", deepseekV4);
      provider.enqueue(text("One"), text("Two"));
      await ask("1");
      parts.learned.learn(profileFor({ modelId: own.id, baseUrl: own.baseUrl, demo: false }), "drop:user_id");
      await ask("2");
      const replies = parts.log.read({ after: 0 }).filter((entry) => entry.type === "assistant");
      expect(replies.map((reply) => reply.type === "assistant" && reply.prefix?.because)).toEqual([
        "cold: first request",
        "parameter user_id changed",
      ]);
    });
  });
});

describe("levels of thinking", () => {
  it.each<[TurnOptions["thinking"], object]>([
    ["low", { thinking: { type: "enabled" }, reasoning_effort: "low" }],
    ["max", { thinking: { type: "enabled" }, reasoning_effort: "max" }],
    [true, { thinking: { type: "enabled" } }],
    [false, { thinking: { type: "disabled" } }],
  ])("[HOST-12] %j is sent to a model that has them", (thinking, parameters) =>
    withSession({ models: [{ id: "deepseek-flash", baseUrl: "https://api.deepseek.com" }] }, async (ask, parts) => {
      const provider = host("https://api.deepseek.com", deepseekV4);
      provider.enqueue(text("One"));
      expect(await ask("1", thinking === undefined ? {} : { thinking })).toBe("One");
      const { thinking: on, reasoning_effort } = provider.requests[0]?.body ?? {};
      expect({ thinking: on, ...(reasoning_effort && { reasoning_effort }) }).toEqual(parameters);
      expect(parts.log.read({ after: 0 })[0]).toMatchObject({ options: { thinking } });
    }),
  );

  it("[HOST-12] and means on at a model that has none", () =>
    withSession({ models: [{ id: "deepseek-v3.2", baseUrl: "http://127.0.0.1:9/v1" }] }, async (ask) => {
      const provider = host("http://127.0.0.1:9");
      provider.enqueue(text("One"));
      expect(await ask("1", { thinking: "max" })).toBe("One");
      expect(provider.requests[0]?.body).toMatchObject({ thinking: { type: "enabled" } });
      expect(provider.requests[0]?.body).not.toHaveProperty("reasoning_effort");
    }));
});
