/** Decides what the demo model answers, by simple rules over the request that it received. Pure: the same request gives the same answer. */
import { summaryQuestion } from "../../core/compact.ts";
import type { DemoAnswer } from "./frames.ts";
import { askedCalls, guessedCall } from "./guess-call.ts";
import { jsonAnswer, withoutForm } from "./json-answer.ts";
import { asksForReport, type Question, questionOf, type Want, wantsOf } from "./questions.ts";
import type { DemoMessage, DemoRequest } from "./request-rules.ts";
import { shorten } from "./shorten.ts";
import { reportOn } from "./summarize.ts";

const signature = "— Longline's built-in demo model. Set MODEL_API_KEY to let the real one answer.";

/** The answer to a request: calls first where a tool helps, then text from their results. */
export function decide(request: DemoRequest): DemoAnswer {
  const messages = request.messages ?? [];
  const at = messages.findLastIndex(({ role }) => role === "user");
  const newest = messages[at]?.content ?? "";
  if (newest === summaryQuestion) return { reasoning: "", text: summaryOf(messages.slice(0, at)), calls: [] };
  const form = request.response_format?.type;
  const json = form === "json_object" || form === "json_schema";
  const content = json ? withoutForm(newest) : newest;
  const since = messages.slice(at + 1);
  const results = resultsOf(since);
  const steps = since.filter(({ tool_calls }) => tool_calls?.length);
  const newestResults = results.slice(-(steps.at(-1)?.tool_calls?.length ?? 0));
  const asked = askedCalls(content, request, newestResults);
  const question = questionOf(json ? messages.with(at, { ...messages[at], content }) : messages, at);
  if (asked.length > 0) question.kind = "talk";
  const next = asked[steps.length];
  const wants = results.length > 0 && next === undefined ? [] : wantedCalls(question, request, next);
  const reasoning = request.thinking?.type === "disabled" ? "" : thoughtOf(question.ask, wants, results);
  if (wants.length > 0) {
    const calls = wants.map((want) => ({ name: want.tool, arguments: JSON.stringify(argumentsFor(want, request)) }));
    return { reasoning, text: "", calls };
  }
  const earlier = messages.slice(0, at).filter(({ role }) => role === "user" || role === "assistant").length;
  const text = `${textFor(question, results, earlier)}\n\n${signature}`;
  return { reasoning, text: stopped(json ? jsonAnswer(text, newest) : text, request.stop), calls: [] };
}

/** The text up to where it is to stop. */
function stopped(text: string, stop: DemoRequest["stop"]): string {
  const ends = [stop ?? []].flat().map((each) => text.indexOf(each));
  return text.slice(0, Math.min(text.length, ...ends.filter((end) => end >= 0)));
}

/** The messages of the person and the model, shortened: the summary of a conversation that has become too long. */
function summaryOf(messages: readonly DemoMessage[]): string {
  const lines = messages.flatMap(({ role, content }) => {
    if ((role !== "user" && role !== "assistant") || !content) return [];
    return [`${role === "user" ? "The person" : "I"}: ${shorten(content, 200)}`];
  });
  return lines.slice(-40).join("\n");
}

/** Calls that help; where a tool must be used, one of that; else perhaps one of a tool that the question names. */
function wantedCalls(question: Question, request: DemoRequest, asked?: Want[]): Want[] {
  const { tool_choice: choice } = request;
  const wants = asked ?? wantsOf(question, offeredIn(request));
  if (choice === "none") return [];
  const name = (choice as { function?: { name?: string } } | null | undefined)?.function?.name;
  const must = name !== undefined ? { name } : choice === "required" ? {} : undefined;
  const fitting = name === undefined ? wants : wants.filter(({ tool }) => tool === name);
  if (fitting.length > 0) return fitting;
  const guess = guessedCall(question.ask, request, must);
  return guess === undefined ? [] : [guess];
}

function offeredIn({ tools, tool_choice }: DemoRequest): string[] {
  return tool_choice === "none" ? [] : (tools ?? []).map((tool) => tool.function?.name ?? "");
}

/** Arguments as the offered schema wants them: a field that a strict schema requires and the question does not mention is null. */
function argumentsFor({ tool, args }: Want, request: DemoRequest): Record<string, unknown> {
  const schema = request.tools?.find((each) => each.function?.name === tool)?.function?.parameters as
    | { required?: string[] }
    | undefined;
  const required = (schema?.required ?? []).map((name) => [name, null]);
  return { ...Object.fromEntries(required), ...args };
}

interface DemoResult {
  tool: string;
  content: string;
}

function resultsOf(messages: readonly DemoMessage[]): DemoResult[] {
  const names = new Map(
    messages.flatMap(({ tool_calls }) => (tool_calls ?? []).map((call) => [call.id, call.function.name] as const)),
  );
  return messages
    .filter(({ role }) => role === "tool")
    .map(({ tool_call_id = "", content }) => ({ tool: names.get(tool_call_id) ?? "", content: content ?? "" }));
}

function thoughtOf(ask: string, wants: Want[], results: DemoResult[]): string {
  const tools = wants.map(({ tool }) => tool).join(" and ");
  return `I am asked: "${shorten(ask)}". ${tools === "" ? `Results: ${results.length}.` : `A tool helps: ${tools}.`}`;
}

function textFor(question: Question, results: DemoResult[], earlier: number): string {
  const { kind, ask } = question;
  if (kind === "report")
    return reportOn(
      question,
      results.map(dayIn).find((day) => day !== undefined),
    );
  if (results.length > 0) return results.map((result) => sentenceFrom(result, ask)).join("\n\n");
  const greeting = /^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening))\b/i.test(ask) ? "Hello! " : "";
  const before = earlier > 0 ? ` It follows ${earlier} earlier messages of this session.` : "";
  return `${greeting}You wrote: "${shorten(ask)}".${before} I work by simple rules. Ask for a summary with action items, the time in Tokyo, 17% of 2,450, or "ask X to …" for a tool X.`;
}

const clock =
  /"iso":"(?<day>\d{4}-\d\d-\d\d)T(?<time>\d\d:\d\d).*"weekday":"(?<weekday>\w+)","timezone":"(?<zone>[^"]+)"/;

function dayIn({ tool, content }: DemoResult): string | undefined {
  return tool === "current_time" ? clock.exec(content)?.groups?.day : undefined;
}

/** A result that does not have the form of a tool's success is an error text, and the answer reports it as an error. */
function sentenceFrom({ tool, content }: DemoResult, ask: string): string {
  const quoted = (most: number) => shorten(content, most).replace(/^/gm, "> ");
  const failed = `\`${tool}\` did not help, it says:\n${quoted(400)}`;
  switch (tool) {
    case "current_time": {
      const now = clock.exec(content)?.groups;
      return now === undefined ? failed : `It is ${now.time} on ${now.weekday}, ${now.day} (${now.zone}).`;
    }
    case "calculator":
      return /= -?[\d.]+(?:e[+-]?\d+)?$/.test(content) ? `The result: ${content}` : failed;
    case "fetch_url": {
      const page = /^Content of (\S+) [^\n]*\n\n([\s\S]*)$/.exec(content);
      if (page === null) return failed;
      const text = page[2] ?? "";
      return `From ${page[1]}:\n\n${asksForReport.test(ask) ? reportOn({ ask, material: text }) : shorten(text, 600).replace(/^/gm, "> ")}`;
    }
    default:
      return `\`${tool}\` returned:\n${quoted(600)}`;
  }
}
