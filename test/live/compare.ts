/** `npm run compare -- --models a,b [--cases test/fixtures/cases] [--base-url URL]`: runs the same cases against several models and prints what each made of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import type { Entry, ResponseFormat } from "../../src/core/entry.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { createDemoFetch } from "../../src/model/demo/demo-fetch.ts";
import { MemorySession } from "../../src/test-kit/memory-session.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { currentTime } from "../../src/tools/current-time.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { agent } from "../app/agent.ts";

const caseFile = z.strictObject({
  /** Sent one after the other in one session; `@file` reads `content` from a JSON file beside the case. */
  messages: z.array(z.string()).min(1),
  response_format: z
    .union([
      z.strictObject({ type: z.literal("json_object") }),
      z.strictObject({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) }),
    ])
    .optional(),
  /** Checks of the last answer: expressions that must match, tools that must have been called, bullets, a cache hit. */
  expect: z.strictObject({
    matches: z.array(z.string()).default([]),
    tools: z.array(z.string()).default([]),
    bullets: z.int().optional(),
    cached: z.boolean().default(false),
  }),
});

export interface Case {
  name: string;
  messages: string[];
  format: ResponseFormat | undefined;
  expect: z.infer<typeof caseFile>["expect"];
}

/** What a model made of a case. Times in ms, money in micro-dollars. */
export interface Outcome {
  case: string;
  model: string;
  /** Checks that failed, in words; none when the answer is right. */
  faults: string[];
  firstEventMs: number;
  durationMs: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  costMicros: number;
  toolErrors: number;
  repairs: number;
}

/** The cases of a folder, by name. Throws with the file's name for one that is not written right. */
export function readCases(folder: string): Case[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .toSorted();
  if (files.length === 0) throw new Error(`There are no cases (*.json) in ${folder}.`);
  return files.map((file) => {
    const parsed = caseFile.safeParse(JSON.parse(readFileSync(join(folder, file), "utf8")));
    if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
    const { messages, response_format, expect } = parsed.data;
    const texts = messages.map((text) => (text.startsWith("@") ? contentOf(join(folder, text.slice(1))) : text));
    return { name: file.replace(/\.json$/, ""), messages: texts, format: response_format, expect };
  });
}

function contentOf(file: string): string {
  return z.object({ content: z.string() }).parse(JSON.parse(readFileSync(file, "utf8"))).content;
}

export interface Provider {
  baseUrl: string;
  apiKey: string | undefined;
  fetch: typeof fetch;
}

/** Runs one case in a session of its own. The model `demo` is the built-in one. */
export async function runCase(of: Case, modelId: string, provider: Provider): Promise<Outcome> {
  const demo = modelId === "demo";
  const profile = profileFor({ modelId, baseUrl: provider.baseUrl, demo });
  const fetch = demo ? createDemoFetch({ paceMs: 0 }) : provider.fetch;
  const session = new MemorySession({
    ...provider,
    fetch,
    profile,
    tools: createToolbox([calculator, currentTime]),
    instructions: agent.instructions,
  });
  const options = of.format === undefined ? {} : { responseFormat: of.format };
  for (const message of of.messages) await session.ask(message, options);
  return { case: of.name, model: modelId, ...judged(of, session.entries), ...measured(session.entries) };
}

function judged({ expect }: Case, entries: readonly Entry[]): { faults: string[] } {
  const end = entries.at(-1);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const answer = reply?.type === "assistant" ? reply.content : "";
  const called = entries.flatMap((entry) => (entry.type === "tool" ? [entry.name] : []));
  const cached = reply?.type === "assistant" ? reply.usage.cachedTokens : 0;
  const bullets = answer.match(/^\s*[-*•] /gm)?.length ?? 0;
  const ended =
    end?.type === "turn_ended" && end.reason !== "completed" ? [`turn ${end.reason}: ${end.failure?.code ?? ""}`] : [];
  return {
    faults: [
      ...ended,
      ...expect.matches.filter((pattern) => !new RegExp(pattern, "i").test(answer)).map((pattern) => `no ${pattern}`),
      ...expect.tools.filter((tool) => !called.includes(tool)).map((tool) => `${tool} not called`),
      ...(expect.bullets !== undefined && bullets < expect.bullets ? [`${bullets} bullets`] : []),
      ...(expect.cached && cached === 0 ? ["nothing cached"] : []),
    ],
  };
}

function measured(entries: readonly Entry[]): Omit<Outcome, "case" | "model" | "faults"> {
  const steps = entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed");
  const sum = (figure: (step: (typeof steps)[number]) => number) =>
    steps.reduce((total, step) => total + figure(step), 0);
  const tools = entries.filter((entry) => entry.type === "tool");
  return {
    firstEventMs: steps[0]?.firstEventMs ?? 0,
    durationMs: sum(({ durationMs = 0 }) => durationMs),
    inputTokens: sum(({ usage }) => usage.inputTokens),
    cachedTokens: sum(({ usage }) => usage.cachedTokens),
    outputTokens: sum(({ usage }) => usage.outputTokens),
    costMicros: sum(({ costMicros }) => costMicros),
    toolErrors: tools.filter(({ isError }) => isError).length,
    repairs:
      tools.reduce((total, { repairs = [] }) => total + repairs.length, 0) +
      sum((step) => (step.type === "assistant" ? (step.repairs?.length ?? 0) : 0)),
  };
}

/** A table to read: a line a case and model, then a line of sums a model. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const head = [
    "case",
    "model",
    "answer",
    "first ms",
    "all ms",
    "input",
    "cached",
    "output",
    "cost µ$",
    "tool errors",
    "repairs",
  ];
  const line = (o: Outcome, verdict: string) => [
    o.case,
    o.model,
    verdict,
    ...[
      o.firstEventMs,
      o.durationMs,
      o.inputTokens,
      o.cachedTokens,
      o.outputTokens,
      o.costMicros,
      o.toolErrors,
      o.repairs,
    ].map(String),
  ];
  const rows = outcomes.map((outcome) => line(outcome, outcome.faults.length === 0 ? "ok" : outcome.faults.join("; ")));
  const sums = [...new Set(outcomes.map(({ model }) => model))].map((model) => {
    const own = outcomes.filter((outcome) => outcome.model === model);
    const total = own.reduce((sum, one) => added(sum, one));
    return line(
      { ...total, case: "(all)" },
      `${own.filter(({ faults }) => faults.length === 0).length} of ${own.length} ok`,
    );
  });
  return aligned([head, ...rows, ...sums]);
}

function added(a: Outcome, b: Outcome): Outcome {
  const figures = Object.entries(b).map(([name, value]) => [
    name,
    typeof value === "number" ? value + Number(a[name as keyof Outcome]) : value,
  ]);
  return { ...a, ...Object.fromEntries(figures) };
}

function aligned(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column > 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      models: { type: "string", default: "demo" },
      cases: { type: "string", default: "test/fixtures/cases" },
      "base-url": { type: "string", default: process.env.MODEL_BASE_URL ?? "https://api.cometapi.com/v1" },
    },
  });
  const provider = {
    baseUrl: values["base-url"],
    apiKey: process.env.MODEL_API_KEY ?? process.env.COMETAPI_KEY,
    fetch,
  };
  const outcomes: Outcome[] = [];
  for (const of of readCases(values.cases)) {
    for (const model of values.models.split(",")) outcomes.push(await runCase(of, model.trim(), provider));
  }
  console.log(tableOf(outcomes));
}

if (import.meta.main) await main();
