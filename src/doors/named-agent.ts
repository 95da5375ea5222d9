/** Which agent a request means: the one of its session, the one that it names, or the default one, in this order. */
import { unwrap } from "../account/outcome.ts";
import type { Agent } from "../agent/agent.ts";
import { AppError } from "../core/errors.ts";
import { type Caller, sessionOf } from "./caller.ts";

/** As a submission has it: a new session is made with it, and one that has another agent refuses it. */
export interface NamedAgent {
  agent?: string;
  create: { agent?: string };
}

/** Throws `no_such_agent`, which lists what there is. */
export function namedAgent(caller: Caller, name: string | null | undefined): NamedAgent {
  if (name === undefined || name === null) return { create: {} };
  const { name: agent } = caller.app.agents.mustHave(name);
  return { agent, create: { agent } };
}

/** The agent that answers in that session, or in a new one; throws `no_such_agent` where it is gone. */
export async function agentFor(
  caller: Caller,
  of: { session?: string | undefined; named?: string | undefined },
): Promise<Agent> {
  const agent = await agentShown(caller, of);
  caller.app.agents.mustBeThere(agent);
  return agent;
}

/** The same for what is only read: an agent that is gone `isMissing`. An app with one agent, which calls no others, need not ask the session. */
export async function agentShown(
  caller: Caller,
  { session, named }: { session?: string | undefined; named?: string | undefined },
): Promise<Agent> {
  const { agents } = caller.app;
  const chosen = named === undefined ? agents.first : agents.mustHave(named);
  if (session === undefined || agents.all.length + agents.hidden.length === 1) return chosen;
  const own = await sessionOf(caller, session).agent();
  if (!own.ok && own.code === "not_found") return chosen;
  return agents.of(unwrap(own));
}

/** Throws a conflict when the session has another agent than the client named by `model`. */
export function mustKeepAgent(own: string | undefined, named: string | undefined): void {
  if (named !== undefined && own !== undefined && named !== own) throw otherAgent(own, named);
}

/** The refusal of another agent than the session's own, for clients that name agents by `model`. */
export function otherAgent(own: string, named: string): AppError {
  const detail = `model: this conversation has the agent "${own}", and keeps it. Name that agent or one of its models, or begin another conversation for "${named}".`;
  return new AppError("conflict", detail, { field: "model" });
}
