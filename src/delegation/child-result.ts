/** What the model of the caller reads of a child's end: its answer, or why there is none. Pure. */
import type { ChildReport } from "../agent/delegation-feature.ts";

export type ChildEnd = NonNullable<ChildReport["ended"]>;

/** Most characters of an answer that are kept; the model is shown its beginning and can read on. */
const longestAnswer = 1_000_000;

/** `fault`: what is wrong with an answer that is whole, where its form was asked for. */
export function childResult(
  agent: string,
  { reason, answer, why }: Pick<ChildEnd, "reason" | "answer" | "why">,
  fault?: string,
): { content: string; isError: boolean } {
  const text = cut(answer.trim());
  const because = why === undefined ? "" : ` ${why}`;
  const failed = (what: string) => {
    const before = text === "" ? "" : `\n\nWhat it had written until then:\n${text}`;
    return { content: `The agent "${agent}" ${what}${before}`, isError: true };
  };
  const noted = (what: string) => ({ content: `${text}\n\n[The agent "${agent}" ${what}]`.trim(), isError: false });
  switch (reason) {
    case "completed":
      if (fault !== undefined) return failed(`gave an answer of another form than was asked for: ${fault}`);
      return { content: text === "" ? "(The agent had nothing to say.)" : text, isError: false };
    case "length":
      return noted("was cut off here: its answer became too long.");
    case "step_limit":
      return noted("stopped before it was done: it made as many model calls as it may.");
    case "failed":
      return failed(`failed.${because} Try another way, or say what is missing.`);
    case "budget_exhausted":
      return failed("stopped: its share of the budget is used up. Go on with what there is.");
    case "cancelled":
    case "interrupted":
      return failed("was stopped before it was done.");
    case "erased":
      return failed("did not answer: its session was erased.");
  }
}

function cut(text: string): string {
  if (text.length <= longestAnswer) return text;
  const kept = text.slice(0, longestAnswer).replace(/[\ud800-\udbff]$/, "");
  return `${kept}\n[cut: ${text.length - kept.length} more characters]`;
}
