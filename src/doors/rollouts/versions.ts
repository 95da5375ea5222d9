/** `/v1/agents/:agent/versions`: versions of an agent that an account makes over the code's, without a deploy. A version never changes. */

import * as z from "zod/mini";
import type { Agent } from "../../agent/agent.ts";
import { contentOf, type VersionContent } from "../../agent/version.ts";
import { type VersionDiff, versionDiff } from "../../agent/version-diff.ts";
import { changedAgent, type KeptVersion, type VersionChanges } from "../../agent/version-override.ts";
import type { Prices } from "../../core/cost.ts";
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { profileFor } from "../../model/catalog.ts";
import { hasPrice } from "../../model/profile.ts";
import { iso } from "../../wire/native.ts";
import type { AgentVersionJson, VersionDifferenceJson, WholeVersionJson } from "../../wire/rollout-shapes.ts";
import type { Caller } from "../caller.ts";
import { Routes } from "../routes.ts";
import { RolloutDesk } from "./rollout-desk.ts";

export const versionCreation = lazySchema(() => {
  const positive = z.number().check(z.positive());
  const name = z.string().check(z.minLength(1), z.maxLength(200));
  const penalty = z.number().check(z.minimum(-2), z.maximum(2));
  const sampling = z.strictObject({
    temperature: z.optional(z.number().check(z.minimum(0), z.maximum(2))),
    top_p: z.optional(z.number().check(z.gt(0), z.maximum(1))),
    frequency_penalty: z.optional(penalty),
    presence_penalty: z.optional(penalty),
  });
  const limits = z.strictObject({
    max_steps: z.optional(z.int().check(z.minimum(1), z.maximum(1_000))),
    turn_seconds: z.optional(positive),
    wait_seconds: z.optional(positive),
  });
  return z.strictObject({
    instructions: z.optional(z.string().check(z.minLength(1), z.maxLength(400_000))),
    models: z.optional(z.array(name).check(z.minLength(1), z.maxLength(20))),
    sampling: z.optional(sampling),
    limits: z.optional(limits),
    tools: z.optional(z.array(name).check(z.maxLength(128))),
    note: z.optional(z.string().check(z.maxLength(2_000))),
  });
});

export const versionListing = lazySchema(() =>
  z.strictObject({ account: z.optional(z.string()), diff: z.optional(z.string()) }),
);

export const versionRoutes = new Routes()
  .post("/:agent/versions", "operate", async (c, caller) => {
    const agent = caller.app.agents.mustHave(c.req.param("agent"));
    const { note, ...sent } = parseBody(versionCreation, await readJson(c.req.raw, { empty: {} }));
    if (Object.keys(sent).length === 0)
      throw new AppError(
        "invalid_request",
        "The body changes nothing: send instructions, models, sampling, limits or tools.",
      );
    const made = changedAgent(agent, changesOf(sent));
    if (made.instructions.trim() === "")
      throw new AppError("invalid_request", "instructions: must say something.", { field: "instructions" });
    const diff = versionDiff(contentOf(agent), contentOf(made), pricesOf(caller, made));
    if (made.version === agent.version)
      throw new AppError("conflict", `This is the code's own version ${agent.version}: nothing differs from it.`);
    const version: KeptVersion = {
      ...{ id: made.version, agent: agent.name, createdAtMs: Date.now(), content: contentOf(made) },
      ...defined({ note }),
    };
    const isNew = await deskOf(caller).putVersion(version);
    return c.json({ version: made.version, diff: diffJson(diff) }, isNew ? 201 : 200);
  })
  .get("/:agent/versions", "operate", async (c, caller) => {
    const agent = caller.app.agents.mustHave(c.req.param("agent"));
    const { diff } = parseBody(versionListing, Object.fromEntries(new URL(c.req.url).searchParams));
    if (diff !== undefined) return c.json(await comparison(caller, agent, diff));
    const stored = await deskOf(caller).versions(agent.name);
    return c.json({ agent: agent.name, versions: [codeVersion(agent), ...stored.map(versionJson)] });
  })
  .get("/:agent/versions/:version", "operate", async (c, caller) => {
    const agent = caller.app.agents.mustHave(c.req.param("agent"));
    const id = c.req.param("version");
    const content = await mustHaveVersion(caller, agent, { id, field: "version" });
    const stored = id === agent.version ? null : await deskOf(caller).version(agent.name, id);
    const listed = stored === null ? codeVersion(agent) : versionJson(stored);
    return c.json({ agent: agent.name, ...listed, ...contentJson(content) } satisfies WholeVersionJson);
  });

export function deskOf({ bindings, account }: Caller): RolloutDesk {
  return new RolloutDesk(bindings, account);
}

/** What a version is made of: the code's own, or one of the account's. Throws `not_found`, which names the field. */
export async function mustHaveVersion(
  caller: Caller,
  agent: Agent,
  { id, field }: { id: string; field: string },
): Promise<VersionContent> {
  if (id === agent.version) return contentOf(agent);
  const stored = await deskOf(caller).version(agent.name, id);
  if (stored !== null) return stored.content;
  const detail = `${field}: the agent "${agent.name}" has no version "${id.slice(0, 100)}". GET /v1/agents/${agent.name}/versions lists them.`;
  throw new AppError("not_found", detail, { field });
}

/** Of the version's first model, where they are known. */
export function pricesOf(
  { app }: Caller,
  { models: [named], namesModels }: Pick<VersionContent, "models" | "namesModels">,
): Prices | undefined {
  const { model } = app.settings;
  const setting = model.kind === "provider" && !namesModels ? model.modelId : undefined;
  const first = setting === undefined ? named : { ...named, id: setting };
  if (first.prices !== undefined) return first.prices;
  const baseUrl = first.baseUrl ?? (model.kind === "provider" ? model.baseUrl : "https://demo.invalid/v1");
  const profile = profileFor({ modelId: first.id, baseUrl, demo: model.kind === "demo" });
  return hasPrice(profile) ? profile.prices : undefined;
}

async function comparison(caller: Caller, agent: Agent, text: string) {
  const [, one, other] = /^(v_[0-9a-f]{1,64})\.\.(v_[0-9a-f]{1,64})$/.exec(text) ?? [];
  if (one === undefined || other === undefined)
    throw new AppError("invalid_request", "diff: must be two versions, such as v_a..v_b.", { field: "diff" });
  const before = await mustHaveVersion(caller, agent, { id: one, field: "diff" });
  const after = await mustHaveVersion(caller, agent, { id: other, field: "diff" });
  return {
    agent: agent.name,
    from: one,
    to: other,
    diff: diffJson(versionDiff(before, after, pricesOf(caller, after))),
  };
}

function changesOf(sent: Omit<z.infer<typeof versionCreation>, "note">): VersionChanges {
  const { instructions, models, sampling, limits, tools } = sent;
  const [first, ...others] = models ?? [];
  return {
    instructions,
    tools,
    ...(first !== undefined && { models: [first, ...others] }),
    ...(sampling && {
      sampling: given({
        temperature: sampling.temperature,
        topP: sampling.top_p,
        frequencyPenalty: sampling.frequency_penalty,
        presencePenalty: sampling.presence_penalty,
      }),
    }),
    ...(limits && {
      limits: given({ maxSteps: limits.max_steps, turnSeconds: limits.turn_seconds, waitSeconds: limits.wait_seconds }),
    }),
  };
}

function given(fields: Record<string, number | undefined>): Record<string, number> {
  const all = Object.entries(fields).filter((each): each is [string, number] => each[1] !== undefined);
  return Object.fromEntries(all);
}

function diffJson({ changes, prefix }: VersionDiff): VersionDifferenceJson {
  const { headTokens, lostTokens, lostMicros, microsPerThousandTokens } = prefix;
  const price = { lost_micros: lostMicros, micros_per_thousand_tokens_after: microsPerThousandTokens };
  return { changes, prefix: { head_tokens: headTokens, lost_tokens: lostTokens, ...price } };
}

function versionJson({ id, createdAtMs, note }: KeptVersion): AgentVersionJson {
  return { version: id, source: "account", created_at: iso(createdAtMs), note: note ?? null };
}

function codeVersion({ version }: Agent): AgentVersionJson {
  return { version, source: "code", created_at: null, note: null };
}

function contentJson({ instructions, models, sampling = {}, limits, tools }: VersionContent) {
  const { temperature, topP: top_p, frequencyPenalty: frequency_penalty, presencePenalty: presence_penalty } = sampling;
  const drawn = { temperature, top_p, frequency_penalty, presence_penalty };
  return {
    instructions,
    models: models.map(({ id }) => id),
    sampling: Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)),
    limits: { max_steps: limits.maxSteps, turn_seconds: limits.turnSeconds, wait_seconds: limits.waitSeconds },
    tools: tools.map(({ name }) => name),
  };
}
