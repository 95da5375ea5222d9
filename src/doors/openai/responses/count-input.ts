/** How many tokens the input of a response would have: by the estimate that windows are measured with, since providers count only what they answer. */

import * as z from "zod/mini";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { estimateTokens } from "../../../core/window.ts";
import type { Caller } from "../../caller.ts";
import { agentShown } from "../../named-agent.ts";
import { namedModel } from "../named-model.ts";
import { type CreateRequest, createRequest } from "./create-request.ts";
import { resolveReferences, storedItems } from "./item-references.ts";
import { readInput } from "./read-input.ts";
import { findResponse } from "./read-response.ts";

export const countRequest = lazySchema(() => z.partial(createRequest, { input: true }));

/** Instructions and tools of the agent are counted, as they are part of every request. */
export async function countInput(
  caller: Caller,
  request: Omit<CreateRequest, "input"> & { input?: CreateRequest["input"] | undefined },
): Promise<number> {
  const { previous_response_id: previous, conversation, tools = [], instructions } = request;
  const { input } = await resolveReferences(caller, { ...request, input: request.input ?? [] });
  const read = readInput(input);
  const named = typeof conversation === "object" ? conversation.id : conversation;
  const session = previous === undefined ? named : (await findResponse(caller, previous)).place.session;
  const before = session === undefined ? [] : ((await storedItems(caller, session)) ?? []);
  const own = await agentShown(caller, { session });
  const chosen = request.model === undefined ? undefined : namedModel(caller, request.model, own).agent;
  const agent = chosen === undefined ? own : caller.app.agents.mustHave(chosen, "model");
  const head = [agent.instructions, instructions, JSON.stringify([...agent.tools.declarations, ...tools])];
  const texts = [
    ...head,
    ...read.instructions,
    JSON.stringify(read.items),
    ...before.map(({ item }) => JSON.stringify(item)),
  ];
  return texts.reduce((sum, text) => sum + (text === undefined ? 0 : estimateTokens(text)), 0);
}
