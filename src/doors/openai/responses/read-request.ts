/** What a request for a response means to a session: the choices of its turn, and what is noted beside the message. Pure. */

import { defined } from "../../../core/defined.ts";
import type { ClientTool, ResponseFormat, TurnOptions } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import { thinkingByEffort } from "../../../core/thinking.ts";
import type { CreateRequest } from "./create-request.ts";
import { chosenName } from "./namespaces.ts";
import { notePrefix, writeNotes } from "./notes.ts";

/** Throws an AppError for parameters that exclude each other. */
export function mustAgree(request: CreateRequest): void {
  const { previous_response_id: previous, conversation, background, store, stream, stream_options } = request;
  const not = (field: string, detail: string) => new AppError("invalid_request", `${field}: ${detail}`, { field });
  if (previous !== undefined && conversation !== undefined) {
    throw not("previous_response_id", "cannot be used together with conversation. Send one of them.");
  }
  if (store === false && background)
    throw not("background", "needs store, since a background response is asked for later.");
  if (store === false && conversation !== undefined) throw not("store", "a conversation keeps its items.");
  if (stream_options !== undefined && !stream) throw not("stream_options", "is for streams; send stream, too.");
  const taken = Object.keys(request.metadata ?? {}).find((name) => name.startsWith(notePrefix));
  if (taken !== undefined) throw not(`metadata.${taken}`, `names that begin with "${notePrefix}" are taken.`);
}

/** What of the turn's choices was looked up elsewhere. */
export interface LookedUp {
  instructions: readonly string[];
  tools: ClientTool[];
  model?: string;
  /** By the name of the model. */
  thinking?: boolean;
  /** Whether the model has levels of thinking. */
  hasLevels?: boolean;
}

export function optionsOf(request: CreateRequest, of: LookedUp): TurnOptions {
  const { instructions, tools, model, thinking, hasLevels = false } = of;
  const lead = [...(request.instructions === undefined ? [] : [request.instructions]), ...instructions];
  const { max_output_tokens: maxTokens, temperature, top_p: topP, reasoning, tool_choice: choice } = request;
  const sampling = {
    ...defined({ maxTokens, temperature, topP }),
  };
  const effort = reasoning?.effort;
  const thinks = effort === undefined ? thinking : thinkingByEffort(effort, hasLevels);
  const form = formatOf(request);
  return {
    via: "openai",
    ...(lead.length > 0 && { instructions: lead.join("\n\n") }),
    ...(Object.keys(sampling).length > 0 && { sampling }),
    ...(request.parallel_tool_calls === false && { oneCall: true }),
    ...(choice !== undefined && choice !== "auto" && choiceOf(choice, tools)),
    ...defined({ model, thinking: thinks }),
    ...(form && { responseFormat: form }),
    ...(tools.length > 0 && { tools }),
  };
}

type Choice = Exclude<CreateRequest["tool_choice"], undefined | "auto">;

function choiceOf(choice: Choice, tools: readonly ClientTool[]): Pick<TurnOptions, "toolChoice" | "allowedTools"> {
  if (typeof choice === "string") return { toolChoice: choice };
  if (choice.type === "function") return { toolChoice: { name: chosenName(choice.name, tools) } };
  const { mode, tools: allowed } = choice;
  const names = allowed.flatMap((tool) => (tool.type === "function" ? [chosenName(tool.name, tools)] : []));
  const own = allowed.some(({ type }) => type === "mcp") && { own: true as const };
  return { allowedTools: { names: [...new Set(names)], ...own }, ...(mode === "required" && { toolChoice: mode }) };
}

function formatOf({ text }: CreateRequest): ResponseFormat | undefined {
  const format = text?.format;
  if (format === undefined || format.type === "text") return undefined;
  if (format.type === "json_object") return format;
  const about = format.description === undefined ? {} : { description: format.description };
  return { type: "json_schema", schema: { ...about, ...format.schema } };
}

/** The metadata of the message: the client's own, and what the Response repeats. */
export function metadataOf(request: CreateRequest, own: Record<string, string>): Record<string, string> {
  const { user, safety_identifier, prompt_cache_key, previous_response_id, truncation, reasoning, text } = request;
  const summary = reasoning?.summary ?? reasoning?.generate_summary;
  const noted = { user, safety_identifier, prompt_cache_key, previous_response_id, truncation };
  return writeNotes(own, {
    ...Object.fromEntries(Object.entries(noted).filter(([, note]) => note !== undefined)),
    ...(request.conversation !== undefined && { conversation: "true" }),
    ...(request.background && { background: "true" }),
    ...(request.store === false && { store: "false" }),
    ...(request.tools?.some(({ type }) => type === "mcp") && { own_tools: "true" }),
    ...(text?.verbosity !== undefined && { verbosity: text.verbosity }),
    ...(reasoning?.effort !== undefined && { reasoning_effort: reasoning.effort }),
    ...defined({ reasoning_summary: summary }),
    ...(text?.format?.type === "json_schema" && { format_name: text.format.name }),
  });
}
