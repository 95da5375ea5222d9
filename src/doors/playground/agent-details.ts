/** `/v1/agents/:agent` for those who operate the app: the whole definition of an agent, and a try of a tool that changes nothing. */
import * as z from "zod/mini";
import type { Agent } from "../../agent/agent.ts";
import type { ModelChoice } from "../../agent/version.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { profileFor } from "../../model/catalog.ts";
import { hasPrice } from "../../model/profile.ts";
import { runTool } from "../../tools/run-tool.ts";
import type { CallContext, Tool } from "../../tools/tool.ts";
import type { AgentDetailsJson } from "../../wire/agent-shapes.ts";
import type { Caller } from "../caller.ts";
import { Routes } from "../routes.ts";

export const toolTry = lazySchema(() => z.strictObject({ arguments: z.record(z.string(), z.unknown()) }));

export const agentDetails = new Routes()
  .get("/:agent", "operate", (c, caller) => {
    return c.json(detailsJson(caller, caller.app.agents.mustHave(c.req.param("agent"))));
  })
  .post("/:agent/tools/:tool/run", "operate", async (c, caller) => {
    const agent = caller.app.agents.mustHave(c.req.param("agent"));
    const tool = harmlessTool(agent, c.req.param("tool"));
    const input = parseBody(toolTry, await readJson(c.req.raw)).arguments;
    const call = { id: "try", name: tool.declaration.name, arguments: JSON.stringify(input) };
    const beganMs = Date.now();
    const { secrets } = caller.app;
    // The caller is the person who would approve it.
    const options = { hooks: agent.hooks, approved: true, secrets };
    const { content, isError } = await runTool(agent.tools, call, contextOf(caller, agent, tool), options);
    return c.json({ content, is_error: isError, duration_ms: Date.now() - beganMs });
  });

/** Throws for a tool that there is not, and for one that changes something. */
function harmlessTool({ name: agent, tools }: Agent, name: string): Tool {
  const tool = tools.get(name);
  if (tool === undefined) throw new AppError("not_found", `The agent "${agent}" has no tool of that name.`);
  if (tool.effect === "none") return tool;
  const detail = `${name} changes something (its effect is ${tool.effect}), so it runs only in a turn.`;
  throw new AppError("conflict", detail);
}

/** As in a session in which nothing was sent yet. */
function contextOf({ account, app, request }: Caller, agent: Agent, { secrets }: Tool): CallContext {
  return {
    secrets: Object.fromEntries(secrets.map((secret) => [secret, app.secrets[secret] ?? ""])),
    account,
    agent: agent.name,
    session: { id: "try", metadata: {} },
    turn: "try",
    callId: "try",
    speaker: undefined,
    idempotencyKey: "try",
    signal: request.signal,
    now: () => Date.now(),
    fetch: (...of) => fetch(...of),
    progress: () => {},
    transcript: { search: async () => [], read: async () => undefined },
  };
}

function detailsJson({ app }: Caller, agent: Agent): AgentDetailsJson {
  const { name, version, instructions, models, tools, limits } = agent;
  return {
    id: name,
    version,
    instructions,
    models: models.map((choice) => ({
      id: choice.id,
      weight: choice.weight ?? null,
      base_url: choice.baseUrl ?? null,
      prices: pricesJson(app.settings, choice),
    })),
    tools: tools.declarations.map(({ name, description, parameters }) => {
      const { effect, approval } = tools.get(name) as Tool;
      return { name, description, effect, approval, parameters };
    }),
    limits: { max_steps: limits.maxSteps, turn_seconds: limits.turnSeconds, wait_seconds: limits.waitSeconds },
    channels: [...app.channels.values()].map(({ name, works, needs }) => {
      return { name, configured: works !== undefined, needs };
    }),
  };
}

/** In micro-dollars for a million tokens; null where they are not known. */
function pricesJson({ model }: Caller["app"]["settings"], { id, baseUrl, prices }: ModelChoice) {
  const profile = profileFor({
    modelId: id,
    baseUrl: baseUrl ?? (model.kind === "provider" ? model.baseUrl : ""),
    demo: false,
  });
  const known = prices ?? (hasPrice(profile) ? profile.prices : undefined);
  return known === undefined ? null : { input: known.miss, cached: known.hit, output: known.output };
}
