import { describe, expect, it } from "vitest";
import * as z from "zod";
import { accountStore } from "../../src/account/account-store.ts";
import type { AgentDefinition } from "../../src/agent/agent.ts";
import { agentsOf } from "../../src/agent/delegation-feature.ts";
import { childName } from "../../src/delegation/agent-calls.ts";
import { hiddenAgents } from "../../src/delegation/agent-circle.ts";
import { asTool, delegate, handoff } from "../../src/delegation/delegate.ts";
import { Shares } from "../../src/delegation/shares.ts";
import { contentsOf, nodeStorage } from "../support/node-storage.ts";
import { randomOf } from "../support/random.ts";

const leaf = { instructions: "You know one thing." };

describe("the agents of an app that call one another", () => {
  it("[DELEG-14] those that only others call are found, also below others", () => {
    const middle = { instructions: "You ask.", tools: [delegate({ leaf })] };
    expect(Object.keys(hiddenAgents({ top: { instructions: "You lead.", tools: [delegate({ middle })] } }))).toEqual([
      "middle",
      "leaf",
    ]);
    expect(
      hiddenAgents({ leaf, top: { instructions: "x", tools: [asTool(leaf, { name: "leaf", description: "x" })] } }),
    ).toEqual({});
  });

  const named = (...names: string[]) => delegate(Object.fromEntries(names.map((name) => [name, name])));
  const agent = (...tools: NonNullable<AgentDefinition["tools"]>[number][]): AgentDefinition => ({
    instructions: "x",
    tools,
  });
  it.each<[why: string, agents: Record<string, AgentDefinition>, says: RegExp]>([
    ["a circle of two", { a: agent(named("b")), b: agent(named("a")) }, /in a circle: a → b → a\./],
    ["an agent that calls itself", { a: agent(named("a")) }, /in a circle: a → a\./],
    [
      "a circle below the first",
      { top: agent(named("a")), a: agent(named("b")), b: agent(named("c")), c: agent(named("a")) },
      /circle: a → b → c → a\./,
    ],
    [
      "a name that is not listed",
      { a: agent(named("b")) },
      /the tool delegate of the agent "a" names the agent "b", which the app does not list/,
    ],
    [
      "another name than it is listed by",
      { a: agent(delegate({ other: leaf })), leaf },
      /calls "other" the agent that the app lists as "leaf"/,
    ],
    [
      "two agents of one name",
      { a: agent(delegate({ leaf })), leaf: { instructions: "y" } },
      /calls "leaf" another agent/,
    ],
  ])("[DELEG-14] %s is refused at the start", (_, agents, says) => {
    expect(() => hiddenAgents(agents)).toThrow(says);
  });

  it("[DELEG-14] agents may hand a session back and forth", () => {
    expect(hiddenAgents({ a: agent(handoff({ to: ["b"] })), b: agent(handoff({ to: ["a"] })) })).toEqual({});
  });

  it("[DELEG-14] wrong limits and no agents are refused where the tool is made", () => {
    expect(() => delegate({})).toThrow("delegate needs at least one agent");
    expect(() => delegate({ leaf }, { budgetMicros: 0.5 })).toThrow(
      'Tool "delegate": budgetMicros must be a whole number above 0.',
    );
    expect(() => asTool(leaf, { name: "leaf", description: "x", timeoutSeconds: -1 })).toThrow(
      "timeoutSeconds must be",
    );
    expect(() => handoff({ to: [] })).toThrow("handoff needs at least one agent");
  });

  it("[DELEG-1] a child's name is the same for the same call, and another for any other", () => {
    const of = { account: "a", name: "s", birth: "b" };
    const call = { id: "c1", name: "delegate", arguments: '{"agent":"leaf","task":"x"}' };
    const reply = { turn: "turn_1", step: 1, toolCalls: [call] };
    const name = childName(of, call, reply);
    expect(name).toMatch(/^agent_[0-9a-f]{40}$/);
    expect(childName(of, call, reply)).toBe(name);
    const equal = { ...call, id: "c2", arguments: '{ "task": "x", "agent": "leaf" }' };
    expect(childName(of, equal, { ...reply, toolCalls: [call, equal] })).toBe(name);
    const others = [
      childName({ ...of, birth: "b2" }, call, reply),
      childName({ ...of, account: "a2" }, call, reply),
      childName({ ...of, name: "s2" }, call, reply),
      childName(of, call, { ...reply, step: 2 }),
      childName(of, call, { ...reply, turn: "turn_2" }),
      childName(of, { ...call, id: "c9" }, { ...reply, toolCalls: [{ ...call, id: "c9" }] }),
    ];
    expect(new Set([name, ...others]).size).toBe(7);
  });
});

it("[DELEG-4] a tool of an agent asks in its own form, and wants its own form back", () => {
  const output = z.object({ good: z.boolean() });
  const tool = asTool(leaf, { name: "leaf", description: "Knows.", input: z.object({ text: z.string() }), output });
  const calls = agentsOf(tool);
  if (calls?.kind !== "call") throw new Error("it calls no agent");
  expect(calls.request({ text: "Snow" })).toEqual({
    ...{ agent: "leaf", content: '{"text":"Snow"}' },
    responseFormat: { type: "json_schema", schema: expect.objectContaining({ type: "object" }) },
  });
  expect(calls.fault?.('{"good":true}')).toBeUndefined();
  expect(calls.fault?.('{"good":"yes"}')).toMatch(/good/);
  expect(calls.fault?.("yes")).toBe("it is not JSON.");
  const plain = agentsOf(asTool("leaf", { name: "leaf", description: "Knows." }));
  expect(plain?.kind === "call" && plain.request({ task: "How high?" })).toEqual({
    agent: "leaf",
    content: "How high?",
  });
});

describe("shares of a budget", () => {
  const step = (seq: number, costMicros: number) => ({
    ...{ seq, atMs: 0, model: "m", failed: false, retries: 0, repairs: 0, costMicros },
    ...{ inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    ...{ firstEventMs: null, durationMs: null, rowsWritten: 0, kvReads: 0, kvWrites: 0 },
  });

  it("[DELEG-11] a share is out of the budget until it is closed, and is never passed", () => {
    const { budget } = accountStore(nodeStorage(), (sql) => new Shares(sql));
    expect(budget.share({ session: "c", parent: "p", micros: 600 }, { budgetMicros: 1_000 }, 0)).toBe(true);
    expect(budget.share({ session: "d", parent: "p", micros: 401 }, { budgetMicros: 1_000 }, 0)).toBe(false);
    expect(budget.reservedMicros).toBe(600);
    expect(budget.reserve({ session: "p", seq: 1, micros: 401 }, { budgetMicros: 1_000 }, 0)).toBe(false);
    expect(budget.reserve({ session: "c", seq: 1, micros: 601 }, { budgetMicros: 1_000 }, 0)).toBe(false);
    expect(budget.reserve({ session: "c", seq: 1, micros: 500 }, { budgetMicros: 1_000 }, 0)).toBe(true);
    expect(budget.reservedMicros).toBe(600);
    // What is below a child comes out of its share, with a share of its own or without.
    expect(budget.share({ session: "g", parent: "c", micros: 101 }, { budgetMicros: 1_000 }, 0)).toBe(false);
    expect(budget.share({ session: "g", parent: "c" }, { budgetMicros: 1_000 }, 0)).toBe(true);
    expect(budget.reserve({ session: "g", seq: 1, micros: 101 }, { budgetMicros: 1_000 }, 0)).toBe(false);
    expect(budget.reserve({ session: "g", seq: 1, micros: 100 }, { budgetMicros: 1_000 }, 0)).toBe(true);
    budget.settle("c", [step(1, 30)]);
    budget.settle("g", [step(1, 7)]);
    expect(budget.reservedMicros).toBe(563);
    budget.share({ over: "c" }, { budgetMicros: 1_000 }, 0);
    expect(budget.reservedMicros).toBe(0);
    expect(budget.reserve({ session: "p", seq: 1, micros: 963 }, { budgetMicros: 1_000 }, 0)).toBe(true);
  });

  it("[DELEG-25] a share that is over leaves no row once no open one counts it, and one that is opened late stays closed", () => {
    const storage = nodeStorage();
    const { budget } = accountStore(storage, (sql) => new Shares(sql));
    const rows = () => contentsOf(storage).shares?.length ?? 0;
    const limits = { budgetMicros: 1_000_000 };
    let nowMs = 0;
    const open = (session: string, parent: string) => budget.share({ session, parent, micros: 100 }, limits, nowMs);
    const over = (session: string) => budget.share({ over: session }, limits, nowMs);
    open("c", "p");
    for (let n = 0; n < 60; n++) {
      nowMs += 240_000;
      for (const [session, parent] of [
        [`a${n}`, "p"],
        [`b${n}`, `a${n}`],
        [`c${n}`, "c"],
      ] as const)
        open(session, parent);
      budget.settle(`c${n}`, [step(n, 0)]);
      // The parent first, the child first, and one that is told twice.
      for (const session of n % 2 === 0 ? [`a${n}`, `b${n}`] : [`b${n}`, `a${n}`, `a${n}`]) over(session);
      over(`c${n}`);
      // One whose money was refused is closed, too.
      over(`d${n}`);
      expect(open(`d${n}`, "p")).toBe(true);
      expect(budget.reservedMicros).toBe(100);
    }
    // Those below the open share, and of the last hour: a, b and d.
    expect(rows()).toBeLessThanOrEqual(1 + 60 + 3 * 17);
    over("c");
    nowMs += 3_600_001;
    over("e");
    nowMs += 3_600_001;
    over("f");
    expect(rows()).toBe(1);
    expect(budget.reservedMicros).toBe(0);
  });

  it("[DELEG-11] whatever is opened, reserved, spent and closed in any order, no sum passes its limit", () => {
    const seed = Date.now() % 1_000_000;
    const chance = randomOf(seed);
    const next = (below: number) => Math.floor(chance() * below);
    for (let round = 0; round < 40; round++) {
      const { budget, ledger } = accountStore(nodeStorage(), (sql) => new Shares(sql));
      const limit = 1_000 + next(1_000);
      const sessions = [{ name: "root", limit: Number.POSITIVE_INFINITY, above: [] as string[] }];
      const spent = new Map<string, number>();
      const reserved = new Map<string, number>();
      for (let move = 0; move < 60; move++) {
        const one = sessions[next(sessions.length)];
        if (one === undefined) continue;
        const micros = 1 + next(400);
        const key = `${one.name} ${move}`;
        const nowMs = move * 1_000_000;
        switch (next(4)) {
          case 0: {
            const name = `s${move}`;
            const own = next(2) === 0 ? undefined : micros;
            const share = { session: name, parent: one.name, ...(own !== undefined && { micros: own }) };
            if (budget.share(share, { budgetMicros: limit }, nowMs))
              sessions.push({ name, limit: own ?? Number.POSITIVE_INFINITY, above: [one.name, ...one.above] });
            break;
          }
          case 1:
            if (budget.reserve({ session: one.name, seq: move, micros }, { budgetMicros: limit }, 0))
              reserved.set(key, micros);
            break;
          case 2: {
            const [held, most] = [...reserved][next(Math.max(1, reserved.size))] ?? [];
            if (held === undefined || most === undefined) break;
            const [name = "", seq] = held.split(" ");
            const cost = next(most + 1);
            budget.settle(name, [step(Number(seq), cost)]);
            reserved.delete(held);
            spent.set(name, (spent.get(name) ?? 0) + cost);
            break;
          }
          default:
            if (next(4) > 0 || one.name === "root") break;
            budget.share({ over: one.name }, { budgetMicros: limit }, nowMs);
            // Its session has ended; what a person makes of it later is the account's.
            one.limit = Number.POSITIVE_INFINITY;
        }
        const below = (name: string) => sessions.filter((each) => each.name === name || each.above.includes(name));
        for (const each of sessions) {
          const sum = below(each.name).reduce((all, { name }) => all + (spent.get(name) ?? 0), 0);
          expect(sum, `seed ${seed}, round ${round}, move ${move}: ${each.name}`).toBeLessThanOrEqual(each.limit);
        }
        expect(ledger.spentMicros + budget.reservedMicros, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(limit);
      }
    }
  });
});
