/** Checks an outcome against what its case expects, without a model. Pure. Each fault is a sentence that names what was expected and what came. */
import { judgeAnswer } from "../../../model/judge-by-schema.ts";
import { compiled, type Expectation, type WantedCall } from "../dataset/case.ts";
import type { CaseOutcome } from "../run/result.ts";
import { isMatch } from "../run/stubs.ts";

/** What does not hold; none when the outcome is as expected. */
export function faultsOf(outcome: CaseOutcome, expect: Expectation): string[] {
  return [
    ...statusFaults(outcome, expect),
    ...textFaults(outcome.answer, expect),
    ...formFaults(outcome.answer, expect),
    ...toolFaults(outcome, expect),
    ...figureFaults(outcome, expect),
    ...outcome.unmatched.map(({ name, input }) => `no stub answers ${name}(${shortJson(input)})`),
  ];
}

function statusFaults({ status, error }: CaseOutcome, { status: wanted = "completed" }: Expectation): string[] {
  if (status === wanted) return [];
  return [
    `the turn ended with ${status}${error === undefined ? "" : ` (${error.code}: ${error.detail})`}, not ${wanted}`,
  ];
}

function textFaults(answer: string, { exact, contains = [], not_contains = [], matches = [] }: Expectation): string[] {
  const has = (text: string) => answer.toLowerCase().includes(text.toLowerCase());
  return [
    ...(exact !== undefined && answer.trim() !== exact.trim()
      ? [`the answer is not exactly ${JSON.stringify(exact)}`]
      : []),
    ...contains.filter((text) => !has(text)).map((text) => `the answer does not contain ${JSON.stringify(text)}`),
    ...not_contains.filter(has).map((text) => `the answer contains ${JSON.stringify(text)}`),
    ...matches
      .filter((source) => !compiled(source)?.test(answer))
      .map((source) => `the answer does not match /${source}/`),
  ];
}

function formFaults(answer: string, { json, numbers = [] }: Expectation): string[] {
  const form = json && judgeAnswer(answer, { type: "json_schema", schema: json })?.failure?.detail;
  const found = numbers.length === 0 ? [] : numbersIn(answer);
  const missing = numbers
    .map((wanted) => (typeof wanted === "number" ? { value: wanted, tolerance: 0 } : wanted))
    .filter(({ value, tolerance }) => !found.some((number) => Math.abs(number - value) <= tolerance + 1e-9));
  return [
    ...(form === undefined ? [] : [form]),
    ...missing.map(
      ({ value, tolerance }) => `the answer has no number ${value}${tolerance === 0 ? "" : ` ± ${tolerance}`}`,
    ),
  ];
}

/** Numbers as people write them in English: 2,450 and 1 234.5 are one number each. */
export function numbersIn(text: string): number[] {
  const found =
    text.match(/(?<![\w.])[-−]?(?:\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[+-]?\d+)?/gi) ?? [];
  return found
    .map((number) => Number(number.replace("−", "-").replace(/[,\u00a0\u202f ]/g, "")))
    .filter(Number.isFinite);
}

type MadeCall = CaseOutcome["calls"][number];

function isCall({ name, input }: MadeCall, wanted: WantedCall): boolean {
  return typeof wanted === "string" ? name === wanted : name === wanted.name && isMatch(wanted.match, input);
}

function callWords(wanted: WantedCall): string {
  return typeof wanted === "string"
    ? wanted
    : `${wanted.name}(${wanted.match === undefined ? "" : shortJson(wanted.match)})`;
}

function toolFaults({ calls, steps }: CaseOutcome, { tools }: Expectation): string[] {
  if (tools === undefined) return [];
  const { called = [], not_called = [], sequence, exactly, max_steps, no_unsafe } = tools;
  const made = calls.map(({ name, input }) => `${name}(${shortJson(input)})`).join(", ") || "none";
  const unsafe = no_unsafe ? calls.filter(({ effect }) => effect === "unsafe") : [];
  return [
    ...called
      .filter((wanted) => !calls.some((call) => isCall(call, wanted)))
      .map((wanted) => `${callWords(wanted)} was not called; the calls were: ${made}`),
    ...not_called.filter((name) => calls.some((call) => call.name === name)).map((name) => `${name} was called`),
    ...(sequence !== undefined && !isInOrder(calls, sequence)
      ? [`the calls are not in the order ${sequence.map(callWords).join(", ")}; they were: ${made}`]
      : []),
    ...(exactly !== undefined && !(exactly.length === calls.length && isInOrder(calls, exactly))
      ? [`the calls are not exactly ${exactly.map(callWords).join(", ") || "none"}; they were: ${made}`]
      : []),
    ...(max_steps !== undefined && steps > max_steps
      ? [`it took ${steps} model calls; ${max_steps} are the most`]
      : []),
    ...unsafe.map(({ name }) => `${name} was called, whose effect is unsafe`),
  ];
}

/** Whether the wanted calls come in this order; others may be between them. */
function isInOrder(calls: readonly MadeCall[], wanted: readonly WantedCall[]): boolean {
  let at = 0;
  for (const call of calls) {
    const next = wanted[at];
    if (next !== undefined && isCall(call, next)) at++;
  }
  return at === wanted.length;
}

function figureFaults(outcome: CaseOutcome, expect: Expectation): string[] {
  const { costMicros, durationMs } = outcome;
  const { max_cost_micros: cost, max_latency_ms: latency, min_cached_share: share } = expect;
  const cached = cachedShare(outcome);
  return [
    ...(cost !== undefined && costMicros > cost ? [`it cost ${costMicros} micro-dollars; ${cost} are the most`] : []),
    ...(latency !== undefined && durationMs > latency ? [`it took ${durationMs} ms; ${latency} are the most`] : []),
    ...(share !== undefined && cached < share
      ? [`${Math.round(cached * 100)} % of its input was cached; ${Math.round(share * 100)} % are the least`]
      : []),
  ];
}

/** Share of the input that the provider had cached; 0 where there was none. */
export function cachedShare({ inputTokens, cachedTokens }: Pick<CaseOutcome, "inputTokens" | "cachedTokens">): number {
  const all = inputTokens + cachedTokens;
  return all === 0 ? 0 : cachedTokens / all;
}

const longestShown = 200;

function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}
