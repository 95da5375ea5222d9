/** Runs one call of a tool, with the agent's hooks around it, and makes a result of whatever happens: wrong arguments, a throw, a hang, too much text. A call that can do nothing but wait has none yet. Never throws. */
import type { ToolCall, ToolResult } from "../core/message.ts";
import { withoutSecret } from "../core/secrets.ts";
import type { CallHooks, HookedCall } from "./call-hooks.ts";
import { notJson } from "./not-json.ts";
import { type BeginSteps, stepsNotListed, suspended, type ToolStep } from "./steps/step.ts";
import type { CallContext, Tool, Toolbox, ToolContext } from "./tool.ts";

/** Most characters of a result that are kept. The model is shown its beginning (`core/window.ts`) and can read on. */
const longestResult = 4_000_000;
const longestError = 100_000;
/** Characters of a name that are quoted. */
const longestName = 200;

/** What belongs to the run of a call, besides what its tool sees. */
export interface RunOptions {
  hooks?: CallHooks;
  /** A person has approved the call as it is. */
  approved?: boolean;
  /** Values that no result may hold, by name: those of every tool's secrets. */
  secrets?: Readonly<Record<string, string>>;
}

export interface DurableOptions extends RunOptions {
  /** Begins the steps of the run; absent where the app does not list `longTools()`, and no tool brings it. */
  steps?: BeginSteps | undefined;
  /** Hands the call to another agent in place of running it. Throws what the model reads where that cannot be. */
  open?: (input: unknown) => void;
  /** What the other agent answered, for the hook that sees it: nothing is run. `input`: what it was asked with. */
  answer?: { input: unknown; content: string; isError: boolean };
}

/** What a tool, or a hook, made of a call. */
interface Made {
  content: string;
  isError: boolean;
  /** There is no result: another agent works at it. */
  isOpened?: true;
}

/** The call's result. `context.signal` is the turn's; the tool gets one that also ends with its own time limit. It has no durable steps. */
export async function runTool(
  toolbox: Toolbox,
  call: ToolCall,
  context: CallContext,
  options: RunOptions = {},
): Promise<ToolResult> {
  const result = await runDurably(toolbox, call, context, options);
  return result ?? { callId: call.id, name: call.name, content: "", isError: true };
}

/** Of an app without durable steps. */
const noSteps: ToolStep = { do: notListed, sleep: notListed, waitFor: notListed, all: notListed };

function notListed(): never {
  throw new Error(stepsNotListed);
}

/** The same for a call that may have durable steps; `undefined` when it now waits, or was opened. */
export async function runDurably(
  toolbox: Toolbox,
  call: ToolCall,
  context: CallContext,
  options: DurableOptions,
): Promise<ToolResult | undefined> {
  const answer = ({ content, isError }: Made): ToolResult => ({
    callId: call.id,
    name: call.name,
    content: cut(withoutSecrets(content, options.secrets).toWellFormed(), isError ? longestError : longestResult),
    isError,
  });
  const tool = toolbox.get(call.name);
  if (tool === undefined) {
    const names = toolbox.declarations.map(({ name }) => name).join(", ");
    // Quoted as JSON: a model may name a tool with control characters, or with a whole answer.
    const name = JSON.stringify(call.name.slice(0, longestName).toWellFormed());
    return answer({ content: `There is no tool ${name}. The tools are: ${names || "none"}.`, isError: true });
  }
  if (tool.refusal !== undefined) return answer({ content: tool.refusal, isError: true });
  let fixed: { repairs?: string[] } = {};
  try {
    const parsed = tool.parse(call.arguments);
    if (!parsed.ok) return answer(refused(`its arguments are wrong.\n${parsed.detail}`));
    if (parsed.repairs.length > 0) fixed = { repairs: parsed.repairs };
    const made = await withinTime(tool, context, (inTime) =>
      stepped(tool, { ...call, input: parsed.input }, inTime, options),
    );
    return made === suspended || made.isOpened ? undefined : { ...answer(made), ...fixed };
  } catch (error) {
    return { ...answer({ content: reasonOf(error), isError: true }), ...fixed };
  }
}

/** Text without any of the secrets, each shown by its name. */
export function withoutSecrets(text: string, secrets: Readonly<Record<string, string>> = {}): string {
  return Object.entries(secrets).reduce((left, [name, value]) => withoutSecret(left, value, `[${name}]`), text);
}

function refused(why: string): Made {
  return { content: `The tool was not called, because ${why}`, isError: true };
}

/** The call as far as it goes: to its end, or to where it can do nothing but wait. */
async function stepped(
  tool: Tool,
  call: { name: string; input: unknown },
  { context, signal, restart }: InTime,
  options: DurableOptions,
): Promise<Made | typeof suspended> {
  if (options.steps === undefined) return hooked(tool, call, { ...context, signal, step: noSteps }, options);
  const steps = options.steps({ effect: tool.effect, signal, now: context.now, onProgress: restart });
  signal.addEventListener("abort", () => steps.close(), { once: true });
  try {
    const made = await Promise.race([hooked(tool, call, { ...context, signal, step: steps }, options), steps.over]);
    if (made !== suspended && !made.isError && !made.isOpened) steps.finish();
    return made;
  } finally {
    steps.close();
  }
}

/** The call between the agent's hooks. */
async function hooked(
  tool: Tool,
  { name, input }: { name: string; input: unknown },
  context: ToolContext,
  { hooks, approved = false, open, answer }: RunOptions & Pick<DurableOptions, "open" | "answer">,
): Promise<Made> {
  const call: HookedCall = { name, input, effect: tool.effect, approved };
  if (answer !== undefined) {
    const { content, isError } = answer;
    return seen({ ...call, input: answer.input ?? input }, { content, isError }, context, hooks);
  }
  const before = await beforeCall(tool, call, context, hooks);
  if ("refused" in before) return before.refused;
  if (open !== undefined) return opened(before.input, open);
  return seen({ ...call, input: before.input }, await run(tool, before.input, context), context, hooks);
}

/** What the agent's hook makes of a result. */
async function seen(call: HookedCall, made: Made, context: ToolContext, hooks: CallHooks | undefined): Promise<Made> {
  try {
    return { ...made, ...(await hooks?.after?.(call, made, context)) };
  } catch (error) {
    return { content: `The tool has run, and its result was withheld: ${reasonOf(error)}`, isError: true };
  }
}

function opened(input: unknown, open: (input: unknown) => void): Made {
  try {
    open(input);
    return { content: "", isError: false, isOpened: true };
  } catch (error) {
    return { content: reasonOf(error), isError: true };
  }
}

/** What the agent's hook decides about a call: with which input it runs, or why it does not. */
async function beforeCall(
  tool: Tool,
  call: HookedCall,
  context: ToolContext,
  hooks: CallHooks | undefined,
): Promise<{ input: unknown } | { refused: Made }> {
  try {
    const decided = await hooks?.before?.(call, context);
    if (decided === undefined) return { input: call.input };
    if ("refuse" in decided) return { refused: refused(`it was refused: ${decided.refuse}`) };
    if (call.approved) return { refused: refused("its input was changed after a person had approved it.") };
    const parsed = tool.parse(JSON.stringify(decided.input));
    if (!parsed.ok) return { refused: refused(`the changed input is wrong.\n${parsed.detail}`) };
    return { input: parsed.input };
  } catch (error) {
    return { refused: refused(`it was refused: ${reasonOf(error)}`) };
  }
}

async function run(tool: Tool, input: unknown, context: ToolContext): Promise<Made> {
  try {
    return { content: textOf(await tool.run(input, context)), isError: false };
  } catch (error) {
    return { content: reasonOf(error), isError: true };
  }
}

interface InTime {
  context: CallContext;
  signal: AbortSignal;
  /** The time begins anew. */
  restart(): void;
}

/** Works until it settles, the tool's time is over or the turn is cancelled, whichever is first: a tool may ignore its signal. */
async function withinTime<T>(tool: Tool, context: CallContext, work: (of: InTime) => Promise<T>): Promise<T> {
  if (context.signal.aborted) throw new Error("Stopped before it was run.");
  const own = new AbortController();
  const over = Promise.withResolvers<never>();
  const stop = (why: string) => {
    over.reject(new Error(why));
    own.abort(new Error(why));
  };
  const cancel = () => stop("Stopped while it was running. It may have taken effect all the same.");
  context.signal.addEventListener("abort", cancel, { once: true });
  const timedOut = () => stop(`Timed out after ${tool.timeoutMs} ms. It may have taken effect all the same.`);
  let timer = setTimeout(timedOut, tool.timeoutMs);
  const restart = () => {
    clearTimeout(timer);
    if (!own.signal.aborted) timer = setTimeout(timedOut, tool.timeoutMs);
  };
  try {
    return await Promise.race([work({ context, signal: own.signal, restart }), over.promise]);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener("abort", cancel);
  }
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "(no output)";
  const lost = notJson(value);
  if (lost !== undefined) throw new Error(`The tool has run, and its result is not JSON: it returned ${lost}.`);
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
