/** WHAT changes from one version of an agent to another, in words, and what the change costs in lost prefix caches. Pure: the provider alone decides what it really has cached. */
import type { Prices } from "../core/cost.ts";
import { estimateTokens } from "../core/window.ts";
import type { OfferedTool } from "../tools/tool.ts";
import { canonicalJson, type VersionContent } from "./version.ts";

export interface VersionDiff {
  /** One sentence for each change; none when the versions are equal. */
  changes: string[];
  prefix: LostPrefix;
}

/** What providers have cached of requests with the version before, and do not find in requests with the one after. */
export interface LostPrefix {
  /** Tokens of tools and instructions, estimated. */
  headTokens: number;
  /** Those of them after the first change: the provider reads them anew. */
  lostTokens: number;
  /** What that costs, once for each cold cache, in micro-dollars; null where the price is not known. */
  lostMicros: number | null;
  /** What each further thousand tokens after the head (documents, and the transcript of a session that is under way) costs once more. */
  microsPerThousandTokens: number | null;
}

/** `prices`: of the first model of the version after; `undefined` where they are not known. */
export function versionDiff(before: VersionContent, after: VersionContent, prices: Prices | undefined): VersionDiff {
  const changes = [
    ...textChanges(before.instructions, after.instructions),
    ...toolChanges(before.tools, after.tools),
    ...modelChanges(before.models, after.models),
    ...fieldChanges("sampling", { ...before.sampling }, { ...after.sampling }),
    ...fieldChanges("limits", { ...before.limits }, { ...after.limits }),
  ];
  return { changes, prefix: lostPrefix(before, after, prices) };
}

function textChanges(before: string, after: string): string[] {
  if (before === after) return [];
  const [old, now] = [before.split("\n"), after.split("\n")];
  const most = Math.min(old.length, now.length);
  let start = 0;
  while (start < most && old[start] === now[start]) start++;
  let end = 0;
  while (end < most - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const [gone, come] = [old.length - start - end, now.length - start - end];
  const sizes = `${before.length} -> ${after.length} characters`;
  if (gone === 0) return [`instructions: ${counted(come, "line")} added at line ${start + 1} (${sizes})`];
  const lines = gone === 1 ? `line ${start + 1}` : `lines ${start + 1} to ${start + gone}`;
  if (come === 0) return [`instructions: ${lines} removed (${sizes})`];
  return [`instructions: ${lines} replaced by ${counted(come, "line")} (${sizes})`];
}

function toolChanges(before: readonly OfferedTool[], after: readonly OfferedTool[]): string[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].toSorted();
  return names.flatMap((name) => {
    const [old, now] = [before.find((tool) => tool.name === name), after.find((tool) => tool.name === name)];
    if (old === undefined) return [`tool ${name}: added`];
    if (now === undefined) return [`tool ${name}: removed`];
    const parts = ["description", "parameters", "strict"] as const;
    const changed = parts.filter((part) => canonicalJson(old[part] ?? null) !== canonicalJson(now[part] ?? null));
    const words = { description: "description", parameters: "schema", strict: "strict mode" };
    return changed.length === 0 ? [] : [`tool ${name}: ${changed.map((part) => words[part]).join(" and ")} changed`];
  });
}

function modelChanges(before: VersionContent["models"], after: VersionContent["models"]): string[] {
  const ids = (models: VersionContent["models"]) => models.map(({ id }) => id).join(", ");
  const order = ids(before) === ids(after) ? [] : [`models: ${ids(before)} -> ${ids(after)}`];
  const kept = after.flatMap((model) => {
    const old = before.find(({ id }) => id === model.id);
    return old === undefined ? [] : fieldChanges(`model ${model.id}`, { ...old }, { ...model });
  });
  return [...order, ...kept];
}

type FieldsByName = Readonly<Record<string, unknown>>;

function fieldChanges(where: string, before: FieldsByName, after: FieldsByName): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null))
    .map((name) => `${where}.${name}: ${shownValue(before[name])} -> ${shownValue(after[name])}`);
}

function shownValue(value: unknown): string {
  if (value === undefined) return "the default";
  const text = typeof value === "string" ? value : canonicalJson(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A request begins with tools, then instructions (`model/serialize.ts`), and a cache is one model's. */
function lostPrefix(before: VersionContent, after: VersionContent, prices: Prices | undefined): LostPrefix {
  const tools = after.tools.length === 0 ? 0 : estimateTokens(canonicalJson(after.tools));
  const headTokens = tools + estimateTokens(after.instructions);
  const isOther =
    before.models[0].id !== after.models[0].id || canonicalJson(before.tools) !== canonicalJson(after.tools);
  const kept = isOther ? 0 : tools + tokensInCommon(before.instructions, after.instructions);
  const lostTokens = Math.max(0, headTokens - kept);
  const extra = prices && Math.max(0, prices.miss - prices.hit);
  const priced = (tokens: number) => (extra === undefined ? null : Math.ceil((tokens * extra) / 1_000_000));
  return {
    headTokens,
    lostTokens,
    lostMicros: priced(lostTokens),
    microsPerThousandTokens: lostTokens === 0 ? priced(0) : priced(1_000),
  };
}

function tokensInCommon(before: string, after: string): number {
  if (before === after) return estimateTokens(after);
  let end = 0;
  while (end < before.length && before[end] === after[end]) end++;
  return end === 0 ? 0 : estimateTokens(after.slice(0, end));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
