/** Runs a case on a Worker that runs, by its public HTTP API: a session of its own for each, which is erased afterwards. */

import { type Client, client } from "../../../client/client.ts";
import { LonglineError } from "../../../client/longline-error.ts";
import { defined } from "../../../core/defined.ts";
import type { Entry } from "../../../core/entry.ts";
import type { Effect } from "../../../core/next-step.ts";
import { entryLine, headerLine } from "../../../doors/copies/transcript-text.ts";
import { exportedEntries } from "../../exported-session.ts";
import { UsageError } from "../../usage.ts";
import { type EvalCase, messagesOf } from "../dataset/case.ts";
import type { EvalArm } from "./arms.ts";
import { historyEntries, splitMessages } from "./in-process.ts";
import { outcomeOf } from "./outcome-of.ts";
import { CannotRun, type CaseOutcome } from "./result.ts";

export interface RemoteWorker {
  url: string;
  key: string;
}

interface RemoteAgent {
  id: string;
  default: boolean;
  version: string;
  models: string[];
  tools: { name: string; effect: Effect }[];
}

/** Each named agent with each named model. Throws a `UsageError` for one that the Worker does not have. */
export async function remoteArms(
  worker: RemoteWorker,
  of: { agents: readonly string[]; models: readonly string[] },
): Promise<EvalArm[]> {
  const { agents } = (await getJson(worker, "/v1/agents")) as { agents: RemoteAgent[] };
  const named = of.agents.length === 0 ? agents.filter((agent) => agent.default).map(({ id }) => id) : of.agents;
  return named.flatMap((name) => {
    const agent = agents.find(({ id }) => id === name);
    if (agent === undefined)
      throw new UsageError(`There is no agent "${name}". The agents are: ${agents.map(({ id }) => id).join(", ")}.`);
    const models = of.models.length === 0 ? [undefined] : of.models;
    return models.map((model) => armOf(worker, agent, { model, isNamed: of.agents.length > 1 }));
  });
}

function armOf(
  worker: RemoteWorker,
  agent: RemoteAgent,
  { model, isNamed }: { model: string | undefined; isNamed: boolean },
): EvalArm {
  const name = [isNamed ? agent.id : undefined, model].filter((part) => part !== undefined).join(" ");
  return {
    name: name || agent.id,
    agent: agent.id,
    version: agent.version,
    model: model ?? agent.models[0] ?? "",
    tools: agent.tools.map((tool) => tool.name),
    run: (each) => runRemote(each, { worker, agent, model }),
  };
}

interface RemotePlace {
  worker: RemoteWorker;
  agent: RemoteAgent;
  model: string | undefined;
}

async function runRemote(each: EvalCase, { worker, agent, model }: RemotePlace): Promise<CaseOutcome> {
  const longline = client(worker);
  const id = `eval-${crypto.randomUUID()}`;
  try {
    const { history, asked } = splitMessages(messagesOf(each));
    const past = numbered(historyEntries(history, Date.now()));
    await makeSession(worker, { id, agent: agent.id, model, past, instructions: each.instructions });
    for (const { content, speaker } of asked) {
      const format = each.response_format;
      const message = {
        content,
        ...defined({ speaker }),
        ...(format && { response_format: formatJson(format) }),
      };
      await finished(longline, id, (await longline.send(id, message, { waitSeconds: 300 })).turn, each.approve);
    }
    const entries = (await exportedEntries(worker, id)).slice(past.length);
    const effects = new Map(agent.tools.map((tool) => [tool.name, tool.effect]));
    const tools = { get: () => undefined, effectOf: (name: string) => effects.get(name) ?? "unsafe" };
    return outcomeOf(entries, { tools, stubs: { unmatched: [], unused: [] } });
  } catch (error) {
    throw error instanceof LonglineError || error instanceof TypeError
      ? new CannotRun(`${worker.url}: ${error.message}`)
      : error;
  } finally {
    await longline.sessions.erase(id).catch(() => undefined);
  }
}

/** As OpenAI writes it, and as the native door takes it. */
function formatJson(format: NonNullable<EvalCase["response_format"]>) {
  return format.type === "json_object" ? format : { type: format.type, json_schema: { schema: format.schema } };
}

/** As a session names and counts them: another name is not taken in. */
function numbered(entries: ReturnType<typeof historyEntries>): Entry[] {
  return entries.map((entry, at) => ({ ...entry, turn: entry.turn.replace(/^past_/, "turn_"), seq: at + 1 }) as Entry);
}

interface NewRemoteSession {
  id: string;
  agent: string;
  model: string | undefined;
  past: readonly Entry[];
  instructions: string | undefined;
}

/** With the earlier conversation: a session can be taken in with its transcript. */
async function makeSession(
  { url, key }: RemoteWorker,
  { id, agent, model, past, instructions }: NewRemoteSession,
): Promise<void> {
  const choices = { instructions: instructions ?? null, model: model ?? null, prefix: null, title: null, metadata: {} };
  const body = [headerLine({ id, agent, createdAtMs: Date.now(), ...choices }), ...past.map(entryLine)].join("\n");
  const answer = await fetch(`${url.replace(/\/+$/, "")}/v1/sessions/import`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/x-ndjson" },
    body: `${body}\n`,
  });
  if (!answer.ok) throw await LonglineError.of(answer);
  await answer.body?.cancel();
}

/** A wait of the server ends after 300 s at most: it is asked again until the turn is over. */
async function finished(longline: Client, session: string, turn: string, approve: boolean): Promise<void> {
  for (;;) {
    const state = await longline.turn(session, turn);
    if (state.status === "waiting") {
      for (const { call_id, kind } of state.waiting_for ?? []) {
        if (kind !== "approval") return;
        await longline.approve(session, call_id, { approve });
      }
    } else if (state.status !== "running" && state.status !== "queued") return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function getJson({ url, key }: RemoteWorker, path: string): Promise<unknown> {
  const answer = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
    headers: { Authorization: `Bearer ${key}` },
  }).catch((error: Error) => {
    throw new CannotRun(`${url} cannot be reached: ${error.message}`);
  });
  if (!answer.ok)
    throw new CannotRun(`${url}${path} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
  return answer.json();
}
