/** Defines a tool: a name, a zod input, what running it twice would do, and a function. Wrong definitions stop the Worker at start. */
import type * as z from "zod/mini";
import type { ToolDeclaration } from "../core/message.ts";
import type { Effect } from "../core/next-step.ts";
import { inputSchema } from "./input-schema.ts";
import { type ArgumentRules, checkedBy, type ParsedArguments, parseArguments } from "./parse-arguments.ts";
import type { StepsFeature } from "./steps/feature.ts";
import type { ToolStep } from "./steps/step.ts";
import { strictInput } from "./strict-schema.ts";

/** An earlier entry of the session that matched a search. `at`: ISO 8601. */
export interface TranscriptHit {
  seq: number;
  role: "user" | "assistant" | "tool";
  snippet: string;
  at: string;
}

/** A piece of one entry's text. */
export interface EntryPiece {
  role: string;
  text: string;
  totalChars: number;
}

/** What a tool may know and use while it runs. `Secret`: names of the secrets that it declared. */
export interface ToolContext<Secret extends string = string> {
  /** Values of the secrets that the tool declares, by name. They never reach the model, the log, events or past requests. */
  secrets: Readonly<Record<Secret, string>>;
  /** Id of the account. */
  account: string;
  /** Name of the agent. */
  agent: string;
  session: { id: string; metadata: Readonly<Record<string, string>> };
  turn: string;
  callId: string;
  /** Where the turn is answered by a channel, such as a thread of Slack: JSON of that channel. Absent: its sender reads the answer itself. */
  replyTo?: { readonly channel: string };
  /** Who sent the message that began the turn, as the channel or the caller named them; `undefined` when they named no one. */
  speaker: string | undefined;
  /** The same for this call whenever it is run; pass it on where the other side can use it. */
  idempotencyKey: string;
  /** Aborted when the tool's time is over or the turn is cancelled. */
  signal: AbortSignal;
  /** Steps that are recorded: for a tool that waits, or must not do anything twice. The app lists `longTools()`. */
  step: ToolStep;
  /** Milliseconds since 1970. */
  now(): number;
  /** Sends the W3C headers `traceparent` and `tracestate` of this call along, where the request has no `traceparent` of its own. */
  fetch: typeof fetch;
  /** The same headers, for clients that make their requests themselves. */
  traceparent?: string;
  tracestate?: string;
  /** Shows how far the call is, in up to 500 characters: to readers of the session's events, on the page and in channels. It is not kept. */
  progress(text: string): void;
  transcript: {
    search(query: string, limit: number): Promise<TranscriptHit[]>;
    /** The text of entry `seq` from character `offset` on, as far as the model can be shown it; `undefined` when there is no such entry. */
    read(seq: number, offset: number): Promise<EntryPiece | undefined>;
  };
}

/** What a call is given from where it runs. */
export type CallContext = Omit<ToolContext, "step">;

/**
 * What an app declares of a tool.
 *
 * @example
 * export const findOrder = defineTool({
 *   name: "find_order",
 *   description: "Finds an order by its number.",
 *   input: z.object({ number: z.string() }),
 *   effect: "none",
 *   secrets: ["SHOP_KEY"],
 *   async run({ number }, { secrets, fetch }) {
 *     const headers = { authorization: `Bearer ${secrets.SHOP_KEY}` };
 *     return (await fetch(`https://shop.example/orders/${number}`, { headers })).text();
 *   },
 * });
 */
export interface ToolDefinition<
  Input extends z.core.$ZodObject,
  Secret extends string = never,
  Name extends string = string,
> {
  /** 1 to 64 letters, digits, `_` or `-`. */
  name: Name;
  /** Explains to the model when and how to use it. */
  description: string;
  input: Input;
  /** What running it twice would do: `none`: nothing; `keyed`: nothing, given the same idempotency key; `unsafe`: harm. */
  effect: Effect;
  /** Whether a person must approve it before it is run: always, or for some inputs. The turn waits for the answer. */
  approval?: "always" | ((input: z.infer<Input>) => boolean);
  /** How long it may run, in ms; 20 s. Each of its steps has so long. */
  timeoutMs?: number;
  /** Names of the secrets that it needs (`npx wrangler secret put SHOP_KEY`). One that is missing stops the Worker at start. */
  secrets?: readonly Secret[];
  /** Returns text, or anything that JSON can express. A throw becomes an error the model reads. */
  run(input: z.infer<Input>, context: ToolContext<Secret>): unknown;
}

/** `strict`: false where the schema is not one that strict mode accepts. */
export type OfferedTool = ToolDeclaration & { strict?: false };

/** `Name` and `Input`: what its calls are for the hooks of an agent. */
export interface Tool<Name extends string = string, Input = unknown> {
  readonly effect: Effect;
  readonly timeoutMs: number;
  /** What it needs to wait: the app has it without a line of its own. */
  readonly steps?: StepsFeature;
  /** Whether a person must approve a call: each, some, or none. */
  readonly approval: "always" | "some" | null;
  /** Names of the secrets that it needs. */
  readonly secrets: readonly string[];
  readonly declaration: OfferedTool & { readonly name: Name };
  /** Why it is not run in this turn, whatever the arguments: the result of each call. */
  readonly refusal?: string;
  /** Whether a person must approve this call. Arguments that will be refused anyway need no approval. */
  needsApproval(rawArguments: string): boolean;
  /** Checks the model's raw argument text. */
  parse(rawArguments: string): ParsedArguments<Input>;
  /** `input` must come from `parse`. */
  run(input: unknown, context: ToolContext): unknown;
}

/** Makes a tool. Throws when the name, the schema or a secret's name cannot be used; the message explains what to change. */
export function defineTool<
  Input extends z.core.$ZodObject,
  const Secret extends string = never,
  const Name extends string = string,
>(definition: ToolDefinition<Input, Secret, Name>): Tool<Name, z.infer<Input>> {
  const { name, description, input, effect, approval, timeoutMs = 20_000, secrets = [], run } = definition;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new Error(`Tool "${name}": a tool's name has 1 to 64 letters, digits, _ or -. Rename it.`);
  }
  for (const secret of secrets) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(secret))
      throw new Error(
        `Tool "${name}": "${secret}" is no name of a secret. Use letters, digits and _, such as SHOP_KEY.`,
      );
  }
  // A tool that does harm is never run on a guess.
  const schema = inputSchema(input);
  const rules: ArgumentRules = { schema, check: checkedBy(input), mayRepair: effect !== "unsafe" };
  const parse = (rawArguments: string) => parseArguments(rawArguments, rules) as ParsedArguments<z.infer<Input>>;
  return {
    effect,
    timeoutMs,
    approval: approval === undefined ? null : approval === "always" ? "always" : "some",
    secrets,
    declaration: { name, description, parameters: strictInput(schema, name) },
    needsApproval(rawArguments) {
      if (approval === undefined) return false;
      const parsed = parse(rawArguments);
      return parsed.ok && (approval === "always" || needsApproval(approval, parsed.input));
    },
    parse,
    run: (value, context) => run(value as z.infer<Input>, context as ToolContext<Secret>),
  };
}

/** A question that cannot be answered is put to the person. */
function needsApproval<Input>(approval: (input: Input) => boolean, input: Input): boolean {
  try {
    return approval(input) !== false;
  } catch {
    return true;
  }
}

/**
 * Whether a person must approve a call before it is run. `isSalvaged`: it was found in the text of a reply alone; the
 * model may have quoted it, so a tool that does harm is not run on it unseen.
 */
export function waitsForPerson(tool: Tool | undefined, rawArguments: string, isSalvaged: boolean): boolean {
  if (tool === undefined) return false;
  if (isSalvaged && tool.effect === "unsafe") return tool.parse(rawArguments).ok;
  return tool.needsApproval(rawArguments);
}

/** What a tool would get of these arguments; `undefined` when they are wrong, or there is no tool. */
export function inputOf(tool: Tool | undefined, rawArguments: string): unknown {
  const parsed = tool?.parse(rawArguments);
  return parsed?.ok ? parsed.input : undefined;
}

/** The agent's tools, by name. */
export interface Toolbox {
  /** Sorted by name, so that their order in the agent does not change what the provider caches. */
  readonly declarations: readonly OfferedTool[];
  readonly all: readonly Tool[];
  get(name: string): Tool | undefined;
  /** A tool that is gone since the call was made may have done anything. */
  effectOf(name: string): Effect;
}

/** Providers take at most 128 tools (api-docs.deepseek.com, create-chat-completion). */
export const mostTools = 128;

/** Throws when two tools have one name, or when there are too many. */
export function createToolbox(tools: readonly Tool[]): Toolbox {
  if (tools.length > mostTools)
    throw new Error(`${tools.length} tools are too many: providers take ${mostTools}. Remove some from the agent.`);
  const byName = new Map<string, Tool>();
  for (const tool of tools) {
    const { name } = tool.declaration;
    if (byName.has(name)) throw new Error(`Two tools are named "${name}". Rename or remove one in the agent.`);
    byName.set(name, tool);
  }
  const declarations = [...byName.values()].map((tool) => tool.declaration);
  return {
    declarations: declarations.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    all: [...tools],
    get: (name) => byName.get(name),
    effectOf: (name) => byName.get(name)?.effect ?? "unsafe",
  };
}
