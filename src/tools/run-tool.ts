/** Runs one call of a tool and makes a result of whatever happens: wrong arguments, a throw, a hang, too much text. Never throws. */
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { Tool, Toolbox, ToolContext } from "./tool.ts";

/** Most characters of a result that are kept. The model is shown its beginning (`core/window.ts`) and can read on. */
const longestResult = 4_000_000;
const longestError = 100_000;
/** Characters of a name that are quoted. */
const longestName = 200;

/** The call's result. `context.signal` is the turn's; the tool gets one that also ends with its own time limit. */
export async function runTool(toolbox: Toolbox, call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const answer = (content: string, isError: boolean): ToolResult => ({
    callId: call.id,
    name: call.name,
    content: cut(content.toWellFormed(), isError ? longestError : longestResult),
    isError,
  });
  const tool = toolbox.get(call.name);
  if (tool === undefined) {
    const names = toolbox.declarations.map(({ name }) => name).join(", ");
    // Quoted as JSON: a model may name a tool with control characters, or with a whole answer.
    const name = JSON.stringify(call.name.slice(0, longestName).toWellFormed());
    return answer(`There is no tool ${name}. The tools are: ${names || "none"}.`, true);
  }
  if (tool.refusal !== undefined) return answer(tool.refusal, true);
  let mended: { repairs?: string[] } = {};
  try {
    const parsed = tool.parse(call.arguments);
    if (!parsed.ok) return answer(`The tool was not called, because its arguments are wrong.\n${parsed.detail}`, true);
    if (parsed.repairs.length > 0) mended = { repairs: parsed.repairs };
    return { ...answer(textOf(await withinTime(tool, parsed.input, context)), false), ...mended };
  } catch (error) {
    return { ...answer(reasonOf(error), true), ...mended };
  }
}

/** Runs the tool until it settles, its time is over or the turn is cancelled, whichever is first: a tool may ignore its signal. */
async function withinTime(tool: Tool, input: unknown, context: ToolContext): Promise<unknown> {
  if (context.signal.aborted) throw new Error("Stopped before it was run.");
  const own = new AbortController();
  const over = Promise.withResolvers<never>();
  const stop = (why: string) => {
    over.reject(new Error(why));
    own.abort(new Error(why));
  };
  const cancel = () => stop("Stopped while it was running. It may have taken effect all the same.");
  context.signal.addEventListener("abort", cancel, { once: true });
  const timer = setTimeout(
    () => stop(`Timed out after ${tool.timeoutMs} ms. It may have taken effect all the same.`),
    tool.timeoutMs,
  );
  try {
    const running = (async () => tool.run(input, { ...context, signal: own.signal }))();
    return await Promise.race([running, over.promise]);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", cancel);
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "(no output)";
  try {
    return JSON.stringify(value) ?? "(no output)";
  } catch (error) {
    throw new Error(`The tool returned something that is not JSON: ${(error as Error).message}`);
  }
}

/** What was thrown, in words. Anything can be thrown, also what `String()` throws at. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  try {
    return (typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown)) ?? "";
  } catch {
    return "The tool failed and did not say why.";
  }
}

function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const kept = text.slice(0, longest).replace(/[\ud800-\udbff]$/, "");
  return `${kept}\n[cut: ${text.length - kept.length} more characters]`;
}
