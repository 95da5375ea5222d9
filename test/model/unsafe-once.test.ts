import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/core/next-step.ts";
import { profileFor } from "../../src/model/catalog.ts";
import type { Profile } from "../../src/model/profile.ts";
import { MemorySession } from "../../src/test-kit/memory-session.ts";
import { parseArguments } from "../../src/tools/parse-arguments.ts";
import { createToolbox, type Tool } from "../../src/tools/tool.ts";
import { createFakeProvider, frames, type Reply, text } from "../support/fake-provider.ts";
import { leaks } from "../support/leaks.ts";
import { randomOf } from "../support/random.ts";

const comet = "https://api.cometapi.com/v1";
const comets = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: comet, demo: false });

type Call = { name: string; args: unknown };

/** What the provider is shown; it checks the form of a declaration, and does not know the calls. */
const strict = {
  type: "object",
  properties: { x: { type: "string" } },
  required: ["x"],
  additionalProperties: false,
};

/** Tools of every name in the corpus that take what the calls bring, and note each effect they have. */
function toolsOf(effect: Effect, calls: readonly Call[], effects: string[]) {
  const keys = calls.flatMap(({ args }) => Object.keys(args as object));
  const rules = {
    schema: { type: "object", properties: Object.fromEntries(keys.map((key) => [key, {}])) },
    check: (input: object) => ({ ok: true, input }) as const,
    mayRepair: effect !== "unsafe",
  };
  const toolOf = (name: string): Tool => ({
    effect,
    secrets: [],
    timeoutMs: 1_000,
    declaration: { name, description: "d", parameters: strict },
    approval: null,
    needsApproval: () => false,
    parse: (raw) => parseArguments(raw, rules),
    run(input) {
      effects.push(`${name} ${JSON.stringify(input)}`);
      return "done";
    },
  });
  return createToolbox([...new Set(calls.map(({ name }) => name))].map(toolOf));
}

const sse = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const said = (content: string) => sse({ content });
const called = (
  calls: readonly Call[],
  spell: (args: unknown) => string,
  more: { ids?: string; index?: number } = {},
) =>
  calls
    .map(({ name, args }, n) =>
      sse({
        tool_calls: [
          {
            index: n + (more.index ?? 0),
            ...(more.ids !== undefined && { id: `${more.ids}${n}` }),
            function: { name, arguments: spell(args) },
          },
        ],
      }),
    )
    .join("");
const ended = (finish: string) => `${sse({}, finish)}data: [DONE]\n\n`;
const json = (args: unknown) => JSON.stringify(args);

/** The same arguments in other words: order of keys, white space, numbers as text. */
function respelled(args: unknown): string {
  const entries = Object.entries(args as object).toReversed();
  return `{ ${entries.map(([key, value]) => `${json(key)} : ${json(typeof value === "number" ? String(value) : value)}`).join(" ,\n")} }`;
}

/** How a reply may bring a call more than once: the bodies of the attempts that it takes. */
const forms: Record<string, (leak: string, calls: Call[]) => string[]> = {
  "leaked alone": (leak) => [said(leak) + ended("stop")],
  "leaked and structured": (leak, calls) => [said(leak) + called(calls, json, { ids: "c" }) + ended("tool_calls")],
  "structured, then leaked": (leak, calls) => [called(calls, json, { ids: "c" }) + said(leak) + ended("tool_calls")],
  "leaked and structured in other words": (leak, calls) => [
    said(leak) + called(calls, respelled, { ids: "c" }) + ended("tool_calls"),
  ],
  "structured twice under other ids": (_, calls) => [
    called(calls, json, { ids: "c" }) +
      called(calls, respelled, { ids: "d", index: calls.length }) +
      ended("tool_calls"),
  ],
  "structured twice under the same ids": (_, calls) => [
    called(calls, json, { ids: "c" }) + called(calls, json, { ids: "c", index: calls.length }) + ended("tool_calls"),
  ],
  "structured twice without ids": (_, calls) => [
    called(calls, json) + called(calls, json, { index: calls.length }) + ended("tool_calls"),
  ],
  "leaked twice": (leak) => [said(`${leak}\n${leak}`) + ended("stop")],
  "leaked twice and structured": (leak, calls) => [
    said(`${leak}\n${leak}`) + called(calls, json, { ids: "c" }) + ended("tool_calls"),
  ],
  "the whole message after its deltas": (_, calls) => [
    called(calls, json, { ids: "c" }) +
      `data: ${JSON.stringify({ choices: [{ index: 0, message: { content: null, tool_calls: calls.map(({ name, args }, n) => ({ id: `c${n}`, index: n, type: "function", function: { name, arguments: json(args) } })) }, finish_reason: "tool_calls" }] })}\n\ndata: [DONE]\n\n`,
  ],
  "cut after the leak, then structured": (leak, calls) => [
    said("Let me see. ") + said(leak),
    called(calls, json, { ids: "c" }) + ended("tool_calls"),
  ],
  "cut after the calls, then both": (leak, calls) => [
    called(calls, json, { ids: "c" }),
    said(leak) + called(calls, json, { ids: "d" }) + ended("tool_calls"),
  ],
};

/** Distinct calls of a reply; a number as text is the number. */
const distinct = (calls: readonly Call[]) =>
  new Set(calls.map(({ name, args }) => `${name} ${json(args).replace(/"(-?\d+)"/g, "$1")}`));

interface Case {
  effect: Effect;
  bodies: string[];
  calls: Call[];
  profile?: Profile;
}

/** Runs one reply; a person then approves what waits, so that it is known what a yes would let through. */
async function effectsOf({ effect, bodies, calls, profile = comets }: Case) {
  const effects: string[] = [];
  const provider = createFakeProvider();
  const tools = toolsOf(effect, calls, effects);
  const session = new MemorySession({ profile, baseUrl: comet, fetch: provider.fetch, tools, instructions: "" });
  session.pause = async () => {};
  provider.enqueue(...bodies.map((body): Reply => frames(body)), text("Done."));
  await session.ask("Hello");
  const alone = [...effects];
  const reply = session.entries.find((entry) => entry.type === "assistant");
  const waits = Object.keys((reply?.type === "assistant" && reply.waits) || {});
  for (const callId of waits) {
    const { turn, step } = reply as { turn: string; step: number };
    session.log.append([{ type: "approval", turn, step, callId, name: "", approve: true, atMs: Date.now() }]);
  }
  if (waits.length > 0) await session.goOn();
  return { alone, effects, waits, entries: session.entries };
}

const whole = leaks.filter(([, , calls]) => calls.length > 0);
const effects: Effect[] = ["none", "keyed", "unsafe"];

describe("an unsafe call takes effect once", () => {
  it.each(Object.entries(forms))("[ONCE-1] %s: over all leaked shapes and effects", async (form, bodiesOf) => {
    // Two leaks with words or the end of a turn between them do not end the reply together.
    const joins = ([what, , , words]: (typeof whole)[number]) => words === undefined && !what.includes("end of a turn");
    const fitting = form.includes("leaked twice") ? whole.filter(joins) : whole;
    for (const [n, [what, leak, found]] of fitting.entries()) {
      const calls = found.map(([name, args]) => ({ name, args }));
      for (const effect of ["unsafe", ...(n % 4 === 0 ? (["none", "keyed"] as const) : [])] as const) {
        const bodies = bodiesOf(leak, calls);
        const { alone, effects: all, waits, entries } = await effectsOf({ effect, bodies, calls });
        const label = `${what}, ${effect}`;
        expect(entries.at(-1), label).toMatchObject({ type: "turn_ended", reason: "completed" });
        const results = entries.filter(({ type }) => type === "tool").length;
        const asked = entries.flatMap((entry) => (entry.type === "assistant" ? entry.toolCalls : [])).length;
        expect(results, label).toBe(asked);
        if (effect !== "unsafe") {
          expect(all.length, label).toBeGreaterThanOrEqual(distinct(calls).size);
          expect(waits, label).toEqual([]);
          continue;
        }
        expect(all.length, label).toBe(distinct(calls).size);
        const isSalvageAlone = !form.includes("structured") && !form.includes("calls") && !form.includes("message");
        expect(alone.length, label).toBe(isSalvageAlone ? 0 : distinct(calls).size);
        expect(waits.length, label).toBe(isSalvageAlone ? distinct(calls).size : 0);
      }
    }
  });

  it("[ONCE-1] random replies of structured and leaked calls, equal or not", async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`unsafe-once: seed ${seed}`);
    const random = randomOf(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    for (let n = 0; n < 150; n++) {
      const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(whole));
      const structured = parts.filter(() => random() < 0.6);
      const callsOf = (of: typeof parts) => of.flatMap(([, , found]) => found.map(([name, args]) => ({ name, args })));
      const leaked = parts.filter((part) => !structured.includes(part) || random() < 0.5);
      const doubled = random() < 0.3 ? [...structured, ...structured] : structured;
      const body = [
        ...leaked.map(([, leak]) => said(`${leak}\n`)),
        ...(doubled.length > 0 ? [called(callsOf(doubled), pick([json, respelled]), { ids: "c" })] : []),
        ended(pick(["stop", "tool_calls"])),
      ].join("");
      if (leaked.length + doubled.length === 0) continue;
      const calls = callsOf(parts);
      const { alone, effects: all } = await effectsOf({ effect: "unsafe", bodies: [body], calls });
      const once = (list: string[]) => new Set(list).size === list.length;
      expect([once(all), once(alone)], `seed ${seed}, case ${n}`).toEqual([true, true]);
      const proper = distinct(callsOf(structured));
      expect(alone.length, `seed ${seed}, case ${n}`).toBe(proper.size);
    }
  });

  const pay = { name: "pay", args: { to: "Bob", amount: 100 } };

  it("[ONCE-2] the second of two equal calls is answered as a copy, and the log says of which", async () => {
    const bodies = [called([pay, pay], json, { ids: "c" }) + ended("tool_calls")];
    const { effects: all, entries } = await effectsOf({ effect: "unsafe", bodies, calls: [pay] });
    expect(all).toEqual(['pay {"to":"Bob","amount":100}']);
    expect(entries[1]).toMatchObject({ copies: { c1: "c0" }, toolCalls: [{ id: "c0" }, { id: "c1" }] });
    expect(entries.find((entry) => entry.type === "tool" && entry.callId === "c1")).toMatchObject({
      isError: true,
      content: expect.stringContaining("the same call as c0"),
    });
  });

  it.each([
    [
      { to: "Bob", amount: 100 },
      { to: "Bob", amount: 101 },
    ],
    [{ to: "12345678901234567890" }, { to: "12345678901234567891" }],
    [{ to: "007" }, { to: "7" }],
    [{ to: "Bob" }, { to: "bob" }],
    [{ list: [1, 2] }, { list: [2, 1] }],
  ])("[ONCE-2] %j and %j are two calls", async (one, other) => {
    const calls = [one, other].map((args) => ({ name: "pay", args }));
    const bodies = [called(calls, json, { ids: "c" }) + ended("tool_calls")];
    expect((await effectsOf({ effect: "unsafe", bodies, calls })).effects).toHaveLength(2);
  });

  it("[ONCE-2] the same call in the next reply is another one", async () => {
    const body = (ids: string) => called([pay], json, { ids }) + ended("tool_calls");
    const { effects: all } = await effectsOf({ effect: "unsafe", bodies: [body("c"), body("d")], calls: [pay] });
    expect(all).toHaveLength(2);
  });

  it("[ONCE-3] a leaked call of an unsafe tool that the reply also calls with other arguments is dropped", async () => {
    const leak =
      '<｜DSML｜invoke name="pay"><｜DSML｜parameter name="to" string="true">Eve</｜DSML｜parameter></｜DSML｜invoke>';
    const bodies = [said(leak) + called([pay], json, { ids: "c" }) + ended("tool_calls")];
    const { effects: all, entries } = await effectsOf({ effect: "unsafe", bodies, calls: [pay] });
    expect(all).toEqual(['pay {"to":"Bob","amount":100}']);
    expect(entries[1]).toMatchObject({ repairs: expect.arrayContaining([expect.stringContaining("dropped")]) });
  });
});

describe("what is worth no call", () => {
  const [, leak = ""] = whole[0] ?? [];
  const calls = [{ name: "weather", args: { city: "Paris" } }];
  const bystanders: [string, string, Profile?][] = [
    ["in a fence", `See:\n\`\`\`xml\n${leak}\n\`\`\``],
    ["in a long fence", `See:\n\`\`\`\`\`\n${leak}\n\`\`\`\`\``],
    ["in a fence of tildes", `See:\n~~~\n${leak}\n~~~`],
    ["in a fence that is not closed", `See:\n\`\`\`\n${leak}`],
    ["inline", `See \`${leak}\``],
    ["inline after 4,500 characters of one line", `${"word ".repeat(900)}\`${leak.replaceAll("\n", "")}\``],
    ["inline by two backticks", `See \`\`a\`${leak}\`\``],
    ["indented", `See:\n\n    ${leak.replaceAll("\n", "\n    ")}`],
    ["in a block quote", `> ${leak.replaceAll("\n", "\n> ")}`],
    ["in the middle of prose", `Before. ${leak} After.`],
    ["by a model of another family", leak, profileFor({ modelId: "gpt-5", baseUrl: "https://x.test/v1", demo: false })],
  ];
  it.each(bystanders)(
    "[SALVAGE-3] [SALVAGE-10] markup %s runs nothing, and the turn completes",
    async (_, said, profile) => {
      for (const effect of effects) {
        const bodies = [sse({ content: said }) + ended("stop")];
        const {
          effects: all,
          waits,
          entries,
        } = await effectsOf({ effect, bodies, calls, ...(profile && { profile }) });
        expect([all, waits]).toEqual([[], []]);
        expect(entries.at(-1)).toMatchObject({ reason: "completed", steps: 1 });
      }
    },
  );
});
