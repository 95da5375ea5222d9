import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { CallHooks } from "../../src/tools/call-hooks.ts";
import { type RunOptions, runTool } from "../../src/tools/run-tool.ts";
import { createToolbox, defineTool } from "../../src/tools/tool.ts";
import { toolContext } from "../support/tool-context.ts";

/** Runs `refund {amount}` with these hooks, and says what the tool got. */
async function refund(options: RunOptions, args = '{"amount":5}', context = toolContext()) {
  const got: unknown[] = [];
  const tool = defineTool({
    name: "refund",
    description: "Pays back.",
    input: z.object({ amount: z.number().max(100) }),
    effect: "unsafe",
    timeoutMs: 50,
    run(input) {
      got.push(input);
      return `paid ${input.amount}`;
    },
  });
  const { content, isError } = await runTool(
    createToolbox([tool]),
    { id: "c1", name: "refund", arguments: args },
    context,
    options,
  );
  return { got, content, isError };
}
const asking = (hook: NonNullable<CallHooks["before"]>): RunOptions => ({ hooks: { before: hook } });
const answering = (hook: NonNullable<CallHooks["after"]>): RunOptions => ({ hooks: { after: hook } });

describe("hooks of an agent around its calls", () => {
  it("[WORLD-5] see the call with its checked input and its context, before it runs and after", async () => {
    const seen: unknown[] = [];
    const hooks: CallHooks = {
      before: (call, { turn }) => void seen.push({ ...call, turn }),
      after: (call, result) => void seen.push([call.name, result]),
    };
    expect(await refund({ hooks })).toEqual({ got: [{ amount: 5 }], content: "paid 5", isError: false });
    expect(seen).toEqual([
      { name: "refund", input: { amount: 5 }, effect: "unsafe", approved: false, turn: "t_1" },
      ["refund", { content: "paid 5", isError: false }],
    ]);
  });

  const refusals: [what: string, hook: NonNullable<CallHooks["before"]>, says: string][] = [
    ["a refusal", () => ({ refuse: "only on Mondays" }), "it was refused: only on Mondays"],
    ["a throw", () => Promise.reject(new Error("no connection")), "it was refused: no connection"],
    ["a change that does not fit the schema", () => ({ input: { amount: 1_000 } }), "the changed input is wrong"],
  ];
  it.each(refusals)("[WORLD-5] %s keeps the call from running, and the model reads why", async (_, hook, says) => {
    const { got, content, isError } = await refund(asking(hook));
    expect([got, isError]).toEqual([[], true]);
    expect(content).toContain(says);
  });

  it("[WORLD-5] a change of the input is what the tool gets, and what `after` is shown", async () => {
    const shown: unknown[] = [];
    const hooks: CallHooks = { before: () => ({ input: { amount: 3 } }), after: ({ input }) => void shown.push(input) };
    expect(await refund({ hooks })).toEqual({ got: [{ amount: 3 }], content: "paid 3", isError: false });
    expect(shown).toEqual([{ amount: 3 }]);
  });

  it("[WORLD-6] an input that a person approved is not changed any more: the call does not run", async () => {
    const { got, content } = await refund({ ...asking(() => ({ input: { amount: 99 } })), approved: true });
    expect(got).toEqual([]);
    expect(content).toContain("changed after a person had approved it");
    expect((await refund({ ...asking(() => undefined), approved: true })).got).toEqual([{ amount: 5 }]);
  });

  it("[WORLD-5] a result is changed in what is given; a throw withholds it and says that the tool has run", async () => {
    expect(await refund(answering(() => ({ content: "done" })))).toMatchObject({ content: "done", isError: false });
    expect(await refund(answering(() => ({ isError: true })))).toMatchObject({ content: "paid 5", isError: true });
    const thrown = await refund(answering(() => Promise.reject(new Error("not allowed"))));
    expect(thrown).toMatchObject({ got: [{ amount: 5 }], isError: true });
    expect(thrown.content).toBe("The tool has run, and its result was withheld: not allowed");
  });

  it("[WORLD-5] are not called for arguments that are wrong", async () => {
    let calls = 0;
    const hooks: CallHooks = { before: () => void calls++, after: () => void calls++ };
    expect((await refund({ hooks }, '{"amount":"much"}')).isError).toBe(true);
    expect(calls).toBe(0);
  });

  it("[WORLD-5] a hook that hangs ends with the tool's time", async () => {
    const { got, content } = await refund(asking(() => new Promise(() => {})));
    expect([got, content]).toEqual([[], "Timed out after 50 ms. It may have taken effect all the same."]);
  });
});

describe("secrets of tools", () => {
  const secrets = { SHOP_KEY: "canary-Zk81/+q=?x" };
  const saying = (text: string) => answering(() => ({ content: text }));

  const forms: [form: string, text: string][] = [
    ["as it is", `key ${secrets.SHOP_KEY}!`],
    ["in a URL", `https://shop.example/?key=${encodeURIComponent(secrets.SHOP_KEY)}`],
    ["in base64", `Basic ${btoa(`user:${secrets.SHOP_KEY}`)}`],
    ["in JSON", JSON.stringify({ key: secrets.SHOP_KEY })],
  ];
  it.each(forms)("[WORLD-3] do not get into a result %s", async (_, text) => {
    const { content } = await refund({ ...saying(text), secrets });
    expect(content).toContain("[SHOP_KEY]");
    expect(content).not.toContain(secrets.SHOP_KEY);
  });

  it("[WORLD-3] nor into an error", async () => {
    const thrown = await refund({ ...asking(() => Promise.reject(new Error(`403 for ${secrets.SHOP_KEY}`))), secrets });
    expect(thrown.content).toBe("The tool was not called, because it was refused: 403 for [SHOP_KEY]");
  });
});
