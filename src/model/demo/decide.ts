/** What the demo model answers, by simple rules over what it was really sent. Pure: the same request gives the same answer. */
import type { DemoAnswer } from "./frames.ts";
import { type Question, questionOf, type Want, wantsOf } from "./questions.ts";
import type { DemoMessage, DemoRequest } from "./request-rules.ts";
import { shorten } from "./shorten.ts";
import { reportOn } from "./summarize.ts";

const signature = "— Longline's built-in demo model. Set MODEL_API_KEY to let the real one answer.";

/** The answer to a request: calls first where a tool helps, then text from their results. */
export function decide(request: DemoRequest): DemoAnswer {
  const messages = request.messages ?? [];
  const at = messages.findLastIndex(({ role }) => role === "user");
  const question = questionOf(messages, at);
  const results = resultsOf(messages.slice(at + 1));
  const offered = (request.tools ?? []).map((tool) => tool.function?.name ?? "");
  const wants = results.length > 0 ? [] : wantsOf(question, offered);
  const thinks = request.thinking?.type !== "disabled";
  if (wants.length > 0) {
    const calls = wants.map((want) => ({ name: want.tool, arguments: JSON.stringify(argumentsFor(want, request)) }));
    return { reasoning: thinks ? planOf(question, wants) : "", text: "", calls };
  }
  const text = `${textFor(question, results, at)}\n\n${signature}`;
  const reasoning = thinks ? thoughtOf(question, results) : "";
  return { reasoning, text, calls: [] };
}

/** Arguments as the offered schema wants them: what a strict schema requires and nobody asked for is null. */
function argumentsFor({ tool, args }: Want, request: DemoRequest): Record<string, unknown> {
  const schema = request.tools?.find((each) => each.function?.name === tool)?.function?.parameters as
    | { required?: string[] }
    | undefined;
  return Object.fromEntries((schema?.required ?? Object.keys(args)).map((name) => [name, args[name] ?? null]));
}

export interface DemoResult {
  tool: string;
  content: string;
}

function resultsOf(messages: readonly DemoMessage[]): DemoResult[] {
  const names = new Map(
    messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => [call.id, call.function.name] as const)),
  );
  return messages
    .filter(({ role }) => role === "tool")
    .map(({ tool_call_id = "", content }) => ({ tool: names.get(tool_call_id) ?? "", content: content ?? "" }));
}

function planOf({ kind, ask }: Question, wants: Want[]): string {
  const tools = wants.map(({ tool }) => tool).join(" and ");
  if (kind === "report") {
    return `I am asked: "${shorten(ask)}". The text is here. Some due dates in it are relative, such as "by Friday", so I need to know what day it is: ${tools}.`;
  }
  return `I am asked: "${shorten(ask)}". I should not guess, there is a tool for it: ${tools}.`;
}

function thoughtOf({ kind, ask, material }: Question, results: DemoResult[]): string {
  if (kind === "report")
    return `I read ${material.split("\n").length} lines, weigh them by decisions, dates and frequent words, and look for who promised what.`;
  if (results.length > 0)
    return `I have ${results.length} result${results.length > 1 ? "s" : ""} and answer from ${results.length > 1 ? "them" : "it"}.`;
  return `I am told: "${shorten(ask)}". No tool is needed.`;
}

function textFor(question: Question, results: DemoResult[], earlier: number): string {
  if (question.kind === "report") return reportOn(question, results);
  if (results.length > 0) return results.map(sentenceFrom).join("\n\n");
  const before =
    earlier > 1 ? ` It follows ${earlier - 1} earlier messages of this session, which I was sent as well.` : "";
  return `You wrote: "${shorten(question.ask)}".${before} I work by simple rules. Try one of these:

- paste a long text and ask me to summarize it in 3 bullet points and list the action items
- ask what time it is in Tokyo, or what 17% of 2,450 is, or both at once
- give me an https address to read
- ask what we said earlier about something`;
}

function sentenceFrom({ tool, content }: DemoResult): string {
  switch (tool) {
    case "current_time": {
      const time = /"iso":"(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*"weekday":"(\w+)","timezone":"([^"]+)"/.exec(content);
      return time === null ? `The clock says: ${content}` : `It is ${time[2]} on ${time[3]}, ${time[1]} (${time[4]}).`;
    }
    case "calculator":
      return `The result: ${content}`;
    case "search_transcript":
      return `From earlier in this session:\n${content.replace(/^/gm, "> ")}`;
    default:
      return `${tool} returned:\n${shorten(content, 600).replace(/^/gm, "> ")}`;
  }
}
