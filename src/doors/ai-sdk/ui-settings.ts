/** What clients of the UI door send beside the conversation: tools as a list or by name, and the settings of assistant-ui's `AssistantChatTransport` (`system`, `callSettings`, `config`). Hints are ignored; what would change the answer and cannot be honoured is refused by its name. */
import * as z from "zod/mini";
import type { Agent } from "../../agent/agent.ts";
import { defined } from "../../core/defined.ts";
import type { ClientTool, Sampling, TurnOptions } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { mostTools } from "../../tools/tool.ts";
import type { Caller } from "../caller.ts";
import { clientTools, clientToolsOf, mostClientTools } from "../client-tools.ts";
import { functionFields, toolName } from "../function-tool.ts";
import { knownModel } from "../session-fields.ts";

/** As `toToolsJSONSchema` of assistant-ui writes tools; the AI SDK names the schema `inputSchema`. Members of their own clients are left alone. */
const namedTool = lazySchema(() =>
  z.looseObject({
    description: functionFields.shape.description,
    parameters: functionFields.shape.parameters,
    inputSchema: functionFields.shape.parameters,
  }),
);
const namedTools = lazySchema(() =>
  z
    .record(toolName, namedTool)
    .check(z.refine((tools) => Object.keys(tools).length <= mostTools, `must be at most ${mostTools} tools`)),
);

/** `LanguageModelV1CallSettings` of assistant-ui: `seed`, `headers` and members that are not known are hints. */
const callSettings = lazySchema(() =>
  z.looseObject({
    maxTokens: z.nullish(z.int().check(z.minimum(1))),
    temperature: z.nullish(z.number().check(z.minimum(0), z.maximum(2))),
    topP: z.nullish(z.number().check(z.minimum(0), z.maximum(1))),
    presencePenalty: z.nullish(z.number().check(z.minimum(-2), z.maximum(2))),
    frequencyPenalty: z.nullish(z.number().check(z.minimum(-2), z.maximum(2))),
  }),
);

const config = lazySchema(() => z.looseObject({ modelName: z.nullish(z.string()) }));

const notTaken = "is not taken here";
/** Members by which other servers let a client change the answer. */
const refusedFields = () =>
  Object.fromEntries(
    [
      ...["toolChoice", "tool_choice", "responseFormat", "response_format", "instructions", "stopSequences", "stop"],
      ...["attachments", "experimental_attachments"],
    ].map((name) => [name, z.optional(z.null(notTaken))]),
  );
const inCallSettings = "is not taken here: send it in callSettings";
const movedFields = () =>
  Object.fromEntries(
    ["temperature", "topP", "maxTokens", "maxOutputTokens"].map((name) => [name, z.optional(z.null(inCallSettings))]),
  );

export const uiSettings = lazySchema(() =>
  z.object({
    ...refusedFields(),
    ...movedFields(),
    tools: z.nullish(z.union([clientTools, namedTools])),
    system: z.nullish(z.string().check(z.maxLength(100_000))),
    callSettings: z.nullish(callSettings),
    config: z.nullish(config),
  }),
);

export interface UiSettings {
  tools?: z.infer<typeof clientTools> | z.infer<typeof namedTools> | null | undefined;
  system?: string | null | undefined;
  callSettings?: z.infer<typeof callSettings> | null | undefined;
  config?: z.infer<typeof config> | null | undefined;
  model?: string | null | undefined;
}

/** How the turn is to be done, as far as the client says it. Throws an AppError that names what cannot be honoured. */
export function uiOptions(caller: Caller, of: UiSettings, agent: Agent): TurnOptions {
  const model = modelOf(caller, of, agent);
  const tools = toolsOf(agent, of.tools ?? []);
  const sampling = samplingOf(of.callSettings ?? {});
  const instructions = instructionsOf(caller, of.system);
  return {
    ...defined({ instructions, model }),
    ...(tools.length > 0 && { tools }),
    ...(Object.keys(sampling).length > 0 && { sampling }),
  };
}

/** The server alone decides where the model is called, and with whose key. */
function modelOf(caller: Caller, { model, config }: UiSettings, agent: Agent): string | undefined {
  for (const field of ["apiKey", "baseUrl"]) {
    if (config?.[field] == null || config[field] === "") continue;
    throw refused(`config.${field}`, "is not taken here: models are called with this server's own settings");
  }
  if (model) return knownModel(caller, model, agent);
  if (!config?.modelName) return undefined;
  return inField("config.modelName", "model", () => knownModel(caller, config.modelName ?? "", agent));
}

/** A caller with a session's token is a visitor, who may not change the agent's instructions. */
function instructionsOf(caller: Caller, system: string | null | undefined): string | undefined {
  if (!system) return undefined;
  if (caller.token === undefined) return system;
  throw refused("system", "is not taken with a session token: give the session its instructions when it is made");
}

function samplingOf(of: z.infer<typeof callSettings>): Sampling {
  const { maxTokens, temperature, topP, presencePenalty, frequencyPenalty } = of;
  return {
    ...(maxTokens != null && { maxTokens }),
    ...(temperature != null && { temperature }),
    ...(topP != null && { topP }),
    ...(presencePenalty != null && { presencePenalty }),
    ...(frequencyPenalty != null && { frequencyPenalty }),
  };
}

function toolsOf(agent: Agent, tools: NonNullable<UiSettings["tools"]>): ClientTool[] {
  if (Array.isArray(tools)) return clientToolsOf(agent, tools);
  const most = mostClientTools(agent);
  if (Object.keys(tools).length > most)
    throw refused("tools", `must be at most ${most}, since the agent has tools of its own`);
  return Object.entries(tools).flatMap(([name, { description, parameters, inputSchema }]) => {
    const one = { type: "function" as const, function: { name, description, parameters: parameters ?? inputSchema } };
    return inField(`tools.${name}`, "tools.0.function.name", () => clientToolsOf(agent, [one]));
  });
}

/** Names the field as the client wrote it. */
function inField<T>(field: string, inner: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError) || error.field !== inner) throw error;
    throw new AppError(error.code, error.message.replace(`${inner}:`, `${field}:`), { field });
  }
}

function refused(field: string, detail: string): AppError {
  return new AppError("invalid_request", `${field}: ${detail}.`, { field });
}
