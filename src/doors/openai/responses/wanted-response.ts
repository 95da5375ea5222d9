/** What a request for a response asks of a session here: its parameters, checked against what this Worker offers. */
import type { Agent } from "../../../agent/agent.ts";
import { defined } from "../../../core/defined.ts";
import type { TurnOptions } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import { parseBody } from "../../../http/parse-body.ts";
import type { Receipt } from "../../../session/store/inbox.ts";
import type { SessionChoices } from "../../../session/store/session-record.ts";
import { parseAnswerId } from "../../../wire/answer-id.ts";
import type { Caller } from "../../caller.ts";
import { agentFor } from "../../named-agent.ts";
import { receiptOf } from "../../receipt-of.ts";
import { schemaRefusal } from "../../response-format.ts";
import { metadata, sessionName } from "../../session-fields.ts";
import { defaultModel, hasLevels, namedModel } from "../named-model.ts";
import { mustOfferChosen } from "../offered-tools.ts";
import type { CreateRequest } from "./create-request.ts";
import { resolveReferences } from "./item-references.ts";
import { type ReadInput, readInput } from "./read-input.ts";
import { metadataOf, optionsOf } from "./read-request.ts";
import { madeBy } from "./read-response.ts";
import { responseTools } from "./response-tools.ts";
import { responsePrefix } from "./response-writer.ts";

const daySeconds = 86_400;
const keptSeconds = 30 * daySeconds;
const unstoredSeconds = 3_600;

/** A request as sessions understand it. */
export interface WantedResponse extends ReadInput {
  options: TurnOptions;
  metadata: Record<string, string>;
  receipt: Receipt;
  /** The agent that the client named: a session that has another one refuses it. */
  agent?: string;
  /** What a session that is made for it has. */
  choices: SessionChoices;
  /** The model that answers in `items` are recorded with. */
  model: string;
  /** Where the newest item is that the input refers to. */
  referred?: string;
}

/** Throws an AppError for what this Worker cannot do. */
export async function wantedOf(caller: Caller, request: CreateRequest): Promise<WantedResponse> {
  const { input: items, session } = await resolveReferences(caller, request);
  const own = await agentFor(caller, { session: sessionNamed(request) ?? (session === "" ? undefined : session) });
  const { agent: chosen, ...named } = request.model === undefined ? {} : namedModel(caller, request.model, own);
  const agent = chosen === undefined ? own : caller.app.agents.mustHave(chosen, "model");
  const tools = responseTools(agent, request);
  const input = readInput(items, tools);
  const options = optionsOf(request, {
    instructions: input.instructions,
    tools,
    ...named,
    hasLevels: hasLevels(caller, agent, named.model),
  });
  mustBeOffered(agent, options);
  const stored = request.store !== false;
  return {
    ...input,
    options,
    metadata: metadataOf(request, parseBody(metadata, request.metadata ?? {}, "metadata")),
    receipt: await receiptOf(caller, request),
    ...defined({ agent: chosen }),
    choices: {
      ...defined({ agent: chosen }),
      metadata: { made_by: madeBy, ...(!stored && { store: "false" }) },
      ttlSeconds: stored ? keptSeconds : unstoredSeconds,
    },
    model: options.model ?? defaultModel(caller, agent),
    ...defined({ referred: session }),
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
