/** `/v1/rollouts`: a version for a growing share of keys, with guardrails. The account's object counts and decides; here requests are read and answers are written. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import type { Agent } from "../../agent/agent.ts";
import type { VersionContent } from "../../agent/version.ts";
import { versionDiff } from "../../agent/version-diff.ts";
import { agentOfVersion, missingTools, noSuchTool } from "../../agent/version-override.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import type { Action } from "../../rollout/decide.ts";
import { meanMetrics, planFault, rateMetrics, splitAlpha } from "../../rollout/plan.ts";
import { type RolloutRecord, reportJson, rolloutJson } from "../../rollout/report.ts";
import { reportMarkdown } from "../../rollout/report-markdown.ts";
import { modelIds, refusedModels, unpricedModels } from "../../session/turn/turn-model.ts";
import type { RolloutJson, RolloutReportJson } from "../../wire/rollout-shapes.ts";
import type { Caller } from "../caller.ts";
import { Routes } from "../routes.ts";
import type { NewRollout } from "./rollout-job.ts";
import { deskOf, mustHaveVersion, pricesOf } from "./versions.ts";

export const rolloutCreation = lazySchema(() => {
  const text = z.string().check(z.minLength(1), z.maxLength(500));
  const stage = z.strictObject({ share: z.number(), min_sessions: z.number(), hold_seconds: z.optional(z.number()) });
  const guardrail = z.strictObject({
    metric: z.enum([...rateMetrics, ...meanMetrics]),
    worse_by: z.number(),
    alpha: z.optional(z.number()),
  });
  return z.strictObject({
    agent: text,
    candidate: text,
    baseline: z.optional(text),
    key: z.optional(z.enum(["session", "speaker"])),
    stages: z.array(stage),
    guardrails: z.optional(z.array(guardrail)),
    holdback: z.optional(z.number()),
    /** Nothing begins: the answer is what would. */
    dry_run: z.optional(z.boolean()),
    /** A verdict from elsewhere that belongs into the report. */
    evaluation: z.optional(z.strictObject({ name: text, verdict: text, url: z.optional(text) })),
  });
});

export const reportForm = lazySchema(() =>
  z.strictObject({ account: z.optional(z.string()), format: z.optional(z.enum(["json", "markdown"])) }),
);

export const rolloutRoutes = new Routes()
  .post("/", "operate", async (c, caller) => {
    const sent = parseBody(rolloutCreation, await readJson(c.req.raw));
    const agent = caller.app.agents.mustHave(sent.agent);
    const rollout = await newRollout(caller, agent, sent);
    if (sent.dry_run) return c.json(reportJson(await deskOf(caller).preview(rollout)) satisfies RolloutReportJson);
    return c.json(shown(await deskOf(caller).create(rollout)), 201);
  })
  .get("/", "operate", async (c, caller) => {
    const rollouts = await deskOf(caller).rollouts();
    return c.json({ rollouts: rollouts.map((each) => shown({ ...each, decisions: [] })) });
  })
  .get("/:rollout", "operate", async (c, caller) => c.json(shown(await deskOf(caller).rollout(c.req.param("rollout")))))
  .get("/:rollout/report", "operate", async (c, caller) => {
    const { format } = parseBody(reportForm, Object.fromEntries(new URL(c.req.url).searchParams));
    const report = reportJson(await deskOf(caller).rollout(c.req.param("rollout")));
    const isText = format === "markdown" || (format === undefined && wantsMarkdown(c.req.raw));
    return isText
      ? c.body(reportMarkdown(report), 200, { "Content-Type": "text/markdown; charset=utf-8" })
      : c.json(report satisfies RolloutReportJson);
  })
  .post("/:rollout/pause", "operate", async (c, caller) => c.json(await acted(caller, c.req.param("rollout"), "pause")))
  .post("/:rollout/resume", "operate", async (c, caller) =>
    c.json(await acted(caller, c.req.param("rollout"), "resume")),
  )
  .post("/:rollout/promote", "operate", async (c, caller) =>
    c.json(await acted(caller, c.req.param("rollout"), "promote")),
  )
  .post("/:rollout/rollback", "operate", async (c, caller) =>
    c.json(await acted(caller, c.req.param("rollout"), "rollback")),
  );

/** What a person decides. An `Idempotency-Key` names the call, so that it decides once. */
async function acted(caller: Caller, id: string, action: Action): Promise<RolloutJson> {
  const call = caller.request.headers.get("Idempotency-Key") ?? crypto.randomUUID();
  const record = await deskOf(caller).act(id, action, { name: "a person", call: `${action} ${call}` });
  return shown(record);
}

function shown(record: RolloutRecord): RolloutJson {
  return rolloutJson(record);
}

function wantsMarkdown({ headers }: Request): boolean {
  return (headers.get("Accept") ?? "").includes("text/markdown");
}

/** Throws for what cannot be carried out, by the field. */
async function newRollout(caller: Caller, agent: Agent, sent: z.infer<typeof rolloutCreation>): Promise<NewRollout> {
  const { stages, guardrails = [], holdback = 0, key = "session", candidate } = sent;
  const baseline = sent.baseline ?? (await currentVersion(caller, agent));
  const plan: NewRollout["plan"] = {
    ...{ agent: agent.name, candidate, baseline, key, holdback },
    stages: stages.map(({ share, min_sessions, hold_seconds = 0 }) => ({
      share,
      minSessions: min_sessions,
      holdSeconds: hold_seconds,
    })),
    guardrails: guardrails.map(({ metric, worse_by, alpha }) => ({ metric, worseBy: worse_by, alpha })),
  };
  const after = await mustHaveVersion(caller, agent, { id: candidate, field: "candidate" });
  const fault = planFault({ ...plan, guardrails: splitAlpha(plan.guardrails) });
  if (fault !== undefined)
    throw new AppError("invalid_request", `${fault.field}: ${fault.detail}`, { field: fault.field });
  const before = await mustHaveVersion(caller, agent, { id: baseline, field: "baseline" });
  const [missing] = missingTools(agent, after);
  if (missing !== undefined) throw noSuchTool(agent, missing, "candidate");
  mustHavePrices(caller, plan, [before, after]);
  await mustBeCallable(caller, agentOfVersion(agent, after));
  const { changes, prefix } = versionDiff(before, after, pricesOf(caller, after));
  const { lostTokens, lostMicros } = prefix;
  const verdict = sent.evaluation;
  const id = `ro_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  return { id, plan, diff: changes, lostTokens, lostMicros, ...(verdict && { verdict }) };
}

/** Costs of a model without a price count as 0: no comparison of them would see anything. */
function mustHavePrices(caller: Caller, { guardrails }: NewRollout["plan"], versions: readonly VersionContent[]): void {
  const place = guardrails.findIndex(({ metric }) => metric === "cost_micros");
  const unpriced = versions.find((version) => pricesOf(caller, version) === undefined);
  if (place < 0 || unpriced === undefined) return;
  const field = `guardrails[${place}].metric`;
  const detail = `${field}: there is no data on cost_micros: the price of ${unpriced.models[0].id} is not known. Add \`prices\` to its entry in the agent's models.`;
  throw new AppError("invalid_request", detail, { field });
}

/** Throws for a candidate whose models the account may not call: all of its turns would fail, and that says nothing of it. */
async function mustBeCallable({ app, bindings, account }: Caller, agent: Agent): Promise<void> {
  const { settings } = app;
  const { limits } = await accountObject(bindings, account).access();
  const situation = { agent, settings, bindings, sessionModel: null, options: {} };
  if (refusedModels(situation, limits.models) !== undefined)
    throw new AppError(
      "invalid_request",
      `candidate: its models are ${modelIds(settings, agent).join(", ")}, and this account may use ${limits.models?.join(", ")}.`,
      { field: "candidate" },
    );
  const unpriced = limits.budgetMicros === undefined ? [] : unpricedModels(settings, agent);
  if (unpriced.length > 0)
    throw new AppError(
      "invalid_request",
      `candidate: the price of ${unpriced.join(", ")} is not known, and this account has a budget: it would not be called. Add \`prices\` to its entry in the agent's models.`,
      { field: "candidate" },
    );
}

/** What runs now: what the newest rollout left, or else the code's version. */
async function currentVersion(caller: Caller, agent: Agent): Promise<string> {
  const { rollout } = await deskOf(caller).assignment(agent.name);
  if (rollout === undefined) return agent.version;
  return rollout.isOver && rollout.share > 0 ? rollout.candidate : rollout.baseline;
}
