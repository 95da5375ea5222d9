/** What a request for a response asks of a session here: its parameters, checked against what this Worker offers. */
import type { Context } from "hono";
import type { Agent } from "../agent/agent.ts";
import type { TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { parseAnswerId } from "../dialects/answer-id.ts";
import type { CreateRequest } from "../dialects/openai-responses/create-request.ts";
import { type ReadInput, readInput } from "../dialects/openai-responses/read-input.ts";
import { metadataOf, optionsOf } from "../dialects/openai-responses/read-request.ts";
import { responsePrefix } from "../dialects/openai-responses/response-writer.ts";
import { parseBody } from "../http/parse-body.ts";
import type { Receipt } from "../session/store/inbox.ts";
import type { SessionChoices } from "../session/store/session-record.ts";
import type { RouteContext } from "./context.ts";
import { resolveReferences } from "./item-references.ts";
import { agentFor } from "./named-agent.ts";
import { defaultModel, hasLevels, namedModel } from "./named-model.ts";
import { mustOfferChosen } from "./offered-tools.ts";
import { madeBy } from "./read-response.ts";
import { receiptOf } from "./receipt-of.ts";
import { schemaRefusal } from "./response-format.ts";
import { responseTools } from "./response-tools.ts";
import { metadata, sessionName } from "./sessions.ts";

const daySeconds = 86_400;
const keptSeconds = 30 * daySeconds;
const unstoredSeconds = 3_600;

/** A request as sessions understand it. */
export interface Wanted extends ReadInput {
  options: TurnOptions;
  metadata: Record<string, string>;
  receipt: Receipt;
  /** The agent that the client named: a session that has another one refuses it. */
  agent?: string;
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
  const own = await agentFor(c, { session: sessionNamed(request) ?? (session === "" ? undefined : session) });
  const { agent: chosen, ...named } = request.model === undefined ? {} : namedModel(c, request.model, own);
  const agent = chosen === undefined ? own : c.var.app.agents.mustHave(chosen, "model");
  const tools = responseTools(agent, request);
  const input = readInput(items, tools);
  const options = optionsOf(request, {
    instructions: input.instructions,
    tools,
    ...named,
    hasLevels: hasLevels(c, agent, named.model),
  });
  mustBeOffered(agent, options);
  const stored = request.store !== false;
  return {
    ...input,
    options,
    metadata: metadataOf(request, parseBody(metadata, request.metadata ?? {}, "metadata")),
    receipt: await receiptOf(c, request),
    ...(chosen !== undefined && { agent: chosen }),
    choices: {
      ...(chosen !== undefined && { agent: chosen }),
      metadata: { made_by: madeBy, ...(!stored && { store: "false" }) },
      ttlSeconds: stored ? keptSeconds : unstoredSeconds,
    },
    model: options.model ?? defaultModel(c, agent),
    ...(session !== undefined && { referred: session }),
  };
}

/** The session that the request goes on in, as far as it names one. */
function sessionNamed(of: Pick<CreateRequest, "previous_response_id" | "conversation">): string | undefined {
  const { previous_response_id: previous, conversation } = of;
  if (previous !== undefined) return parseAnswerId(responsePrefix, previous)?.session;
  const name = typeof conversation === "object" ? conversation?.id : conversation;
  return name !== undefined && sessionName.safeParse(name).success ? name : undefined;
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
