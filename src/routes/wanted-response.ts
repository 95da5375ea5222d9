/** What a request for a response asks of a session here: its parameters, checked against what this Worker offers. */
import type { Context } from "hono";
import type { Agent } from "../agent/agent.ts";
import type { TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import type { CreateRequest } from "../dialects/openai-responses/create-request.ts";
import { type ReadInput, readInput } from "../dialects/openai-responses/read-input.ts";
import { metadataOf, optionsOf } from "../dialects/openai-responses/read-request.ts";
import { parseBody } from "../http/parse-body.ts";
import type { Receipt } from "../session/inbox.ts";
import type { SessionChoices } from "../session/session-record.ts";
import type { RouteContext } from "./context.ts";
import { resolveReferences } from "./item-references.ts";
import { defaultModel, hasLevels, namedModel } from "./named-model.ts";
import { mustOfferChosen } from "./offered-tools.ts";
import { madeBy } from "./read-response.ts";
import { receiptOf } from "./receipt-of.ts";
import { schemaRefusal } from "./response-format.ts";
import { responseTools } from "./response-tools.ts";
import { metadata } from "./sessions.ts";

const daySeconds = 86_400;
const keptSeconds = 30 * daySeconds;
const unstoredSeconds = 3_600;

/** A request as sessions understand it. */
export interface Wanted extends ReadInput {
  options: TurnOptions;
  metadata: Record<string, string>;
  receipt: Receipt;
  /** What a session that is made for it is like. */
  choices: SessionChoices;
  /** The model that answers in `items` are said to come from. */
  model: string;
  /** Where the newest item is that the input refers to. */
  referred?: string;
}

/** Throws an AppError for what cannot be meant here. */
export async function wantedOf(c: Context<RouteContext>, request: CreateRequest): Promise<Wanted> {
  const { input: items, session } = await resolveReferences(c, request);
  const agent = c.var.app.agents.first;
  const tools = responseTools(agent, request);
  const input = readInput(items, tools);
  const named = request.model === undefined ? {} : namedModel(c, request.model);
  const options = optionsOf(request, {
    instructions: input.instructions,
    tools,
    ...named,
    hasLevels: hasLevels(c, named.model),
  });
  mustBeOffered(agent, options);
  const stored = request.store !== false;
  return {
    ...input,
    options,
    metadata: metadataOf(request, parseBody(metadata, request.metadata ?? {}, "metadata")),
    receipt: await receiptOf(c, request),
    choices: {
      metadata: { made_by: madeBy, ...(!stored && { store: "false" }) },
      ttlSeconds: stored ? keptSeconds : unstoredSeconds,
    },
    model: options.model ?? defaultModel(c),
    ...(session !== undefined && { referred: session }),
  };
}

/** A tool that is to be used must be there, and a form must be one that can be checked. */
function mustBeOffered(agent: Agent, options: TurnOptions): void {
  const { responseFormat } = options;
  mustOfferChosen(agent, options);
  const refusal = responseFormat?.type === "json_schema" ? schemaRefusal(responseFormat.schema) : undefined;
  if (refusal !== undefined) {
    const field = "text.format.schema";
    throw new AppError("invalid_request", `${field}: ${refusal}.`, { field });
  }
}

/** Throws what is wrong with the input. */
export function mustBe(fault: string | undefined): void {
  if (fault !== undefined) throw new AppError("invalid_request", fault, { field: "input" });
}
