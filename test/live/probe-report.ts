/** Says what a probe found: as a report to read, as a row for the catalog, and as differences to the row it has. Pure: asks nobody. */
import { profileFor } from "../../src/model/catalog.ts";
import type { Profile, ThinkingSwitch } from "../../src/model/profile.ts";
import type { ErrorShape, ProbeFindings, Verdict } from "./probe-findings.ts";

/** One field of the profile that the provider answers otherwise. Values as they are written in TypeScript. */
export interface Difference {
  field: string;
  shipped: string;
  found: string;
}

/**
 * The profile as found; the only place where findings become fields. What was not asked, or cannot be asked (prices,
 * context, cache blocks), stays as shipped. `maxTokens` is what we send, so a cap only lowers it.
 */
export function foundProfile(findings: ProbeFindings, shipped: Profile = shippedFor(findings)): Profile {
  const { thinking, jsonModes, stream } = findings;
  const maxTokens = Math.min(shipped.maxTokens, findings.maxTokens ?? shipped.maxTokens);
  const switched = thinkingSwitch(findings, shipped);
  return {
    ...shipped,
    provider: shipped.known ? shipped.provider : new URL(findings.baseUrl).hostname,
    known: shipped.known || stream.works,
    strict: strictField(findings.strict, shipped),
    thinking: switched,
    thinkingDefault: thinkingDefault(switched, findings, shipped),
    thinksWithTools: isYes(thinking.withTools, shipped.thinksWithTools),
    forcedTool: forcedTool(findings, shipped),
    jsonModes: {
      object: isYes(jsonModes.object, shipped.jsonModes.object),
      schema: isYes(jsonModes.schema, shipped.jsonModes.schema),
    },
    continuation: isYes(findings.continuation, shipped.continuation),
    reasoningReplay: replay(findings, shipped),
    maxTokens,
    maxTokensThinking: switched.by === "nothing" ? maxTokens : shipped.maxTokensThinking,
    contextTokens: findings.contextTokens ?? shipped.contextTokens,
  };
}

function shippedFor({ modelId, baseUrl }: ProbeFindings): Profile {
  return profileFor({ modelId, baseUrl, demo: false });
}

function isYes(verdict: Verdict, shipped: boolean): boolean {
  return verdict === "unknown" ? shipped : verdict === "works";
}

function strictField(strict: ProbeFindings["strict"], shipped: Profile): Profile["strict"] {
  switch (strict) {
    case "beta":
    case "field":
      return strict;
    case "ignored":
    case "refused":
      return "none";
    case "unknown":
      return shipped.strict;
  }
}

/** That the parameter does nothing is no proof against another model id. */
function thinkingSwitch({ thinking }: ProbeFindings, shipped: Profile): ThinkingSwitch {
  if (thinking.parameter === "works") return { by: "parameter" };
  const disproved = thinking.parameter !== "unknown" && shipped.thinking.by === "parameter";
  return disproved ? { by: "nothing" } : shipped.thinking;
}

function thinkingDefault(switched: ThinkingSwitch, { thinking }: ProbeFindings, shipped: Profile): boolean | undefined {
  switch (switched.by) {
    case "parameter":
      return thinking.parameter === "works" ? thinking.byDefault : shipped.thinkingDefault;
    case "model_id":
      return shipped.thinkingDefault;
    case "nothing":
      return undefined;
  }
}

function forcedTool(findings: ProbeFindings, shipped: Profile): Profile["forcedTool"] {
  const { notThinking, thinking } = findings.forcedTool;
  if (notThinking === "unknown") return shipped.forcedTool;
  if (notThinking !== "works") return "never";
  if (thinking === "unknown" && mayThink(findings, shipped)) {
    return shipped.forcedTool === "never" ? "not_thinking" : shipped.forcedTool;
  }
  return thinking === "works" || thinking === "unknown" ? "always" : "not_thinking";
}

/** Under another id it may think, though this one was never seen to. */
function mayThink({ thinking }: ProbeFindings, shipped: Profile): boolean {
  return thinking.field !== "none" || shipped.thinking.by === "model_id";
}

/** Taken under a name that the provider itself does not use, it proves nothing. */
function replay({ reasoningReplay, thinking }: ProbeFindings, shipped: Profile): Profile["reasoningReplay"] {
  if (reasoningReplay === "refused") return "strip";
  return reasoningReplay === "works" && thinking.field === "reasoning_content" ? "replay" : shipped.reasoningReplay;
}

/** Where the provider answers otherwise than the profile says, in the profile's order; who it is does not count. */
export function differences(findings: ProbeFindings, shipped: Profile): Difference[] {
  const found = foundProfile(findings, shipped);
  const { provider, id, wireId, known, ...compared } = found;
  return Object.keys(compared).flatMap((field) => {
    const [before, now] = [literal(shipped[field as keyof Profile]), literal(found[field as keyof Profile])];
    return before === now ? [] : [{ field, shipped: before, found: now }];
  });
}

/** The row of `src/model/catalog.ts` for this model, as TypeScript to paste. */
export function profileLiteral(findings: ProbeFindings): string {
  const { id, wireId, known, ...abilities } = foundProfile(findings);
  const fields = Object.entries(abilities).map(([name, value]) => `    ${name}: ${literal(value)},`);
  const host = new URL(findings.baseUrl).hostname;
  return [
    "{",
    `  ids: [${literal(id)}],`,
    `  hosts: [${literal(host)}],`,
    "  abilities: {",
    ...fields,
    "  },",
    "},",
  ].join("\n");
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, each]) => `${name}: ${literal(each)}`)
      .join(", ")} }`;
  }
  if (typeof value !== "number") return value === undefined ? "undefined" : JSON.stringify(value);
  return value < 10_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, "_");
}

/** Everything found, to read. */
export function probeReport(findings: ProbeFindings): string {
  const { modelId, baseUrl, requests, silent } = findings;
  const head = `${modelId} at ${baseUrl}, ${requests} requests`;
  if (silent !== undefined)
    return [head, ...lines([["listed", findings.listed]]), "", `No answer: ${silent}`].join("\n");
  const shipped = shippedFor(findings);
  const other = differences(findings, shipped).map((each) => `${each.field}: ${each.shipped} -> ${each.found}`);
  return [
    head,
    ...lines(rowsOf(findings)),
    "",
    `Against the ${shipped.known ? "shipped profile" : "profile of an unknown model"}:`,
    ...(other.length > 0 ? other : ["no difference"]).map((line) => `  ${line}`),
    "",
    "For src/model/catalog.ts (prices, context and cache blocks were not asked):",
    profileLiteral(findings),
  ].join("\n");
}

function lines(rows: [what: string, found: string][]): string[] {
  return rows.map(([what, found]) => `  ${what.padEnd(24)}${found}`);
}

function rowsOf(findings: ProbeFindings): [string, string][] {
  const { stream, cache, thinking, forcedTool: forced, jsonModes, errors } = findings;
  return [
    ["listed", findings.listed],
    ["stream", stream.works ? "works" : "no_effect"],
    ["usage", stream.usage],
    ["[DONE]", stream.done ? "sent" : "missing"],
    ["comments", stream.comments ? "sent" : "none"],
    ["cache", `${cache.field}, at most ${cache.tokens} tokens read`],
    ["reasoning", `${thinking.field}, ${thinking.byDefault ? "on" : "off"} by default`],
    ["thinking parameter", thinking.parameter],
    ["thinking with tools", thinking.withTools],
    ["reasoning replay", findings.reasoningReplay],
    ["tools", findings.tools],
    ["parallel calls", findings.parallelCalls],
    ["forced tool", `${forced.notThinking}; while thinking: ${forced.thinking}`],
    ["strict", findings.strict],
    ["/beta", findings.betaBase ? "exists" : "none"],
    ["continuation", findings.continuation],
    ["json_object", jsonModes.object],
    ["json_schema", jsonModes.schema],
    ["max_tokens, at most", String(findings.maxTokens ?? "not said")],
    ["context, at most", String(findings.contextTokens ?? "not said")],
    ["wrong model", shapeText(errors.wrongModel)],
    ["wrong key", shapeText(errors.wrongKey)],
  ];
}

function shapeText(shape: ErrorShape | undefined): string {
  if (shape === undefined) return "not asked";
  return `${shape.status} ${shape.envelope}${shape.takenFor === undefined ? "" : `, taken for ${shape.takenFor}`}`;
}
