/** Runs one call of a tool, with the agent's hooks around it, and makes a result of whatever happens: wrong arguments, a throw, a hang, too much text. Never throws. */
import type { ToolCall, ToolResult } from "../core/message.ts";
import { withoutSecret } from "../core/secrets.ts";
import type { CallHooks, HookedCall } from "./call-hooks.ts";
import type { Tool, Toolbox, ToolContext } from "./tool.ts";

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

/** The same for a call that may be one of another agent. */
export interface OpenOptions extends RunOptions {
  /** Hands the call to that agent in place of running it. Throws what the model reads where that cannot be. */
  open: ((input: unknown) => void) | undefined;
}

/** What a tool, or a hook, made of a call. */
interface Made {
  content: string;
  isError: boolean;
  /** There is no result: another agent works at it. */
  isOpened?: true;
}

/** The call's result; `undefined` for one that was opened. `context.signal` is the turn's; the tool gets one that also ends with its own time limit. */
export function runTool(
  toolbox: Toolbox,
  call: ToolCall,
  context: ToolContext,
  options: OpenOptions,
): Promise<ToolResult | undefined>;
export function runTool(
  toolbox: Toolbox,
  call: ToolCall,
  context: ToolContext,
  options?: RunOptions,
): Promise<ToolResult>;
export async function runTool(
  toolbox: Toolbox,
  call: ToolCall,
  context: ToolContext,
  options: RunOptions & Partial<OpenOptions> = {},
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
      hooked(tool, { name: call.name, input: parsed.input }, inTime, options),
    );
    return made.isOpened ? undefined : { ...answer(made), ...fixed };
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

/** The call between the agent's hooks. */
async function hooked(
  tool: Tool,
  { name, input }: { name: string; input: unknown },
  context: ToolContext,
  { hooks, approved = false, open }: RunOptions & Partial<OpenOptions>,
): Promise<Made> {
  const call: HookedCall = { name, input, effect: tool.effect, approved };
  const before = await beforeCall(tool, call, context, hooks);
  if ("refused" in before) return before.refused;
  const ran = { ...call, input: before.input };
  if (open !== undefined) return opened(before.input, open);
  const made = await run(tool, before.input, context);
  try {
    return { ...made, ...(await hooks?.after?.(ran, made, context)) };
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

/** Works until it settles, the tool's time is over or the turn is cancelled, whichever is first: a tool may ignore its signal. */
async function withinTime<T>(tool: Tool, context: ToolContext, work: (inTime: ToolContext) => Promise<T>): Promise<T> {
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
    return await Promise.race([work({ ...context, signal: own.signal }), over.promise]);
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

/** Values deeper in a result than this many are not looked at: what is wrong is near its top, and a result may be large. */
const mostValues = 1_000;

/** The first value that JSON would turn into `{}` without an error, so that the model would read an empty result, in words, such as "a Response"; `undefined` when there is none. */
function notJson(value: unknown): string | undefined {
  const queue: unknown[] = [value];
  for (let at = 0; at < queue.length && at < mostValues; at++) {
    const each = queue[at];
    const lost = lostKind(each);
    if (lost !== undefined) return lost;
    if (typeof each === "object" && each !== null && !("toJSON" in each)) {
      const room = mostValues - queue.length;
      if (Array.isArray(each)) queue.push(...each.slice(0, Math.max(0, room)));
      else queue.push(...ownValues(each, room));
    }
  }
  return undefined;
}

function lostKind(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || "toJSON" in value) return undefined;
  if (value instanceof Error) return `an Error (${value.message || value.name}). Throw it instead`;
  if (value instanceof Response) return "a Response. Return its text: await response.text()";
  if (value instanceof Promise) return "a Promise inside of it. Await that first";
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value) || hollow.has(kind)) return `a value of the type ${kind}. Return text, or plain data`;
  return undefined;
}

/** JSON writes each as `{}`. */
const hollow = new Set([
  ...["ArrayBuffer", "Map", "Set", "WeakMap", "WeakSet", "RegExp", "Request", "Headers", "FormData", "Blob", "File"],
  ...["ReadableStream", "WritableStream", "Generator", "AsyncGenerator", "Map Iterator", "Set Iterator"],
  ...["Array Iterator", "Iterator Helper", "AbortSignal", "WebSocket"],
]);

function ownValues(value: object, most: number): unknown[] {
  const values: unknown[] = [];
  for (const key in value) {
    if (values.length >= most) break;
    if (Object.hasOwn(value, key)) values.push((value as Record<string, unknown>)[key]);
  }
  return values;
}
