/**
 * Decides what the calls of a reply are worth when the reply is recorded: which are the same call twice, and whom each
 * waits for. From then on only the log decides it. Pure; runs nothing.
 */

import type { ModelReply } from "./assemble.ts";
import type { AssistantEntry, ChildSession, WaitKind } from "./entry.ts";
import type { ToolCall } from "./message.ts";
import type { Rules } from "./next-step.ts";
import { parsed } from "./parsed.ts";

/**
 * The reply with its calls settled. A call found in leaked markup that equals another call of the reply is dropped; so is
 * one of an `unsafe` tool that the reply also calls properly. Of equal calls of an `unsafe` tool the first one is run,
 * the others are `copies`; they wait for no one. Tools that run at the client are left to the client.
 */
export function settleCalls(reply: ModelReply, rules: Rules): ModelReply {
  if (reply.type !== "assistant" || reply.toolCalls.length === 0) return reply;
  const { salvaged: found = [], ...rest } = reply;
  const sorted = firstOnly(sortOut(reply.toolCalls, new Set(found), rules), rules);
  const salvaged = found.filter((id) => sorted.calls.some((call) => call.id === id));
  const repairs = [...(reply.repairs ?? []), ...sorted.repairs];
  const waits = waitsOf(sorted, new Set(salvaged), rules);
  return {
    ...rest,
    toolCalls: sorted.calls,
    ...(salvaged.length > 0 && { salvaged }),
    ...(Object.keys(sorted.copies).length > 0 && { copies: sorted.copies }),
    ...(Object.keys(waits).length > 0 && { waits }),
    ...childrenOf({ ...rest, toolCalls: sorted.calls }, waits, rules),
    ...(repairs.length > 0 && { repairs }),
  };
}

/** Id of the first call among `calls` that is the same as `call`; its own when it is the first. */
export function firstEqual(calls: readonly ToolCall[], call: ToolCall): string {
  const form = canonical(call.arguments);
  const first = calls.find(({ name, arguments: text }) => name === call.name && canonical(text) === form);
  return first?.id ?? call.id;
}

interface Sorted {
  calls: ToolCall[];
  copies: Record<string, string>;
  repairs: string[];
}

function sortOut(all: readonly ToolCall[], found: ReadonlySet<string>, rules: Rules): Sorted {
  const sorted: Sorted = { calls: [], copies: Object.create(null), repairs: [] };
  const known = new Map<string, string>();
  const proper = new Set(all.filter(({ id }) => !found.has(id)).map(({ name }) => name));
  for (const call of all) {
    const forms = formsOf(call, rules);
    const twin = forms.map((form) => known.get(form)).find((id) => id !== undefined);
    for (const form of forms) if (!known.has(form)) known.set(form, twin ?? call.id);
    const isUnsafe = rules.effectOf(call.name) === "unsafe";
    if (found.has(call.id) && (twin !== undefined || (isUnsafe && proper.has(call.name)))) {
      sorted.repairs.push(`call of ${call.name} in leaked markup dropped: the reply has it as a call`);
      continue;
    }
    if (twin !== undefined && isUnsafe && rules.waitOf(call, false) !== "client") sorted.copies[call.id] = twin;
    sorted.calls.push(call);
  }
  return sorted;
}

/** Its sender wants one call at a time. The model requests the calls that are left out again, once it has the result of the first one. */
function firstOnly(sorted: Sorted, { oneCall }: Rules): Sorted {
  const [first, ...others] = sorted.calls;
  if (!oneCall || first === undefined || others.length === 0) return sorted;
  const repair = `${others.length} further calls left out: one call at a time was requested`;
  return { calls: [first], copies: {}, repairs: [...sorted.repairs, repair] };
}

function waitsOf({ calls, copies }: Sorted, salvaged: ReadonlySet<string>, rules: Rules): Record<string, WaitKind> {
  const waits = calls.flatMap((call): [string, WaitKind][] => {
    const kind = copies[call.id] === undefined ? rules.waitOf(call, salvaged.has(call.id)) : undefined;
    return kind === undefined ? [] : [[call.id, kind]];
  });
  return Object.fromEntries(waits);
}

/** Which child works at each call that waits for an agent. */
function childrenOf(
  reply: Pick<AssistantEntry, "turn" | "step" | "toolCalls">,
  waits: Readonly<Record<string, WaitKind>>,
  { childOf }: Rules,
): { children?: Record<string, ChildSession> } {
  const handed = childOf === undefined ? [] : reply.toolCalls.filter(({ id }) => waits[id] === "agent");
  if (childOf === undefined || handed.length === 0) return {};
  return { children: Object.fromEntries(handed.map((call) => [call.id, childOf(call, reply)])) };
}

/** Two calls are the same when one of these is: by their text, or by what the tool would get (defaults filled in). */
function formsOf(call: ToolCall, rules: Rules): string[] {
  const input = rules.inputOf?.(call);
  const written = `${call.name} says ${canonical(call.arguments)}`;
  const gets = input === undefined ? undefined : canonicalValue(input);
  return gets === undefined ? [written] : [written, `${call.name} gets ${gets}`];
}

/** The same text for arguments that differ in white space, order of keys, spelling of numbers, or in a type as text. */
function canonical(text: string): string {
  const value = parsed(text);
  return (value === undefined ? undefined : canonicalValue(value)) ?? text.trim();
}

/** `undefined` for what is nested deeper than the stack allows. */
function canonicalValue(value: unknown): string | undefined {
  try {
    return JSON.stringify(plain(value)) ?? "null";
  } catch {
    return undefined;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "string") return fromText(value.trim());
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  const fields = Object.entries(value).map(([key, field]) => [key, plain(field)] as const);
  const present = fields.filter(([, field]) => field !== undefined && field !== "");
  return present.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The value of a text as JSON: a number, `true`, a list. A number that JSON cannot hold exactly stays text: two long account numbers are two. */
function fromText(text: string): unknown {
  if (!/^(?:[{[]|-?\d|true$|false$|null$)/.test(text)) return text;
  const value = parsed(text);
  if (value === undefined || (typeof value === "number" && text.replace(/\D/g, "").length > 15)) return text;
  return plain(value);
}
