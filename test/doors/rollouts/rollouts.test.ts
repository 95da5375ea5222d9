import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { resolveAgent } from "../../../src/agent/agent.ts";
import { Agents } from "../../../src/agent/app.ts";
import { app } from "../../app/app.ts";
import { status, text } from "../../support/fake-provider.ts";
import {
  account,
  begin,
  call,
  first,
  guardrails,
  key,
  onBothArms,
  provider,
  say,
  support,
  version,
  withRollouts,
  worker,
} from "../../support/rollout-calls.ts";
import { skipTime } from "../../support/session-world.ts";

withRollouts();

describe("versions over the code", () => {
  it("[VERSION-4] are made without a deploy, with what they change and the price of the prefix, and are listed and compared", async () => {
    const made = await call("POST", "/v1/agents/support/versions", {
      instructions: "You help buyers. Be brief.",
      note: "shorter",
    });
    expect(made).toMatchObject({ status: 201, body: { version: expect.stringMatching(/^v_[0-9a-f]{16}$/) } });
    expect(made.body.diff.changes).toEqual(["instructions: line 1 replaced by 1 line (16 -> 26 characters)"]);
    expect(made.body.diff.prefix).toMatchObject({
      lost_tokens: expect.any(Number),
      micros_per_thousand_tokens_after: 252,
    });
    const again = await call("POST", "/v1/agents/support/versions", { instructions: "You help buyers. Be brief." });
    expect(again).toMatchObject({ status: 200, body: { version: made.body.version } });
    const other = await version({
      models: ["helper-2", "outside-model"],
      sampling: { temperature: 0.2 },
      limits: { max_steps: 3 },
      tools: ["calculator"],
    });
    const listed = await call("GET", "/v1/agents/support/versions");
    expect(listed.body.versions).toMatchObject([
      { version: support.version, source: "code" },
      { version: expect.any(String), source: "account" },
      { version: expect.any(String), source: "account" },
    ]);
    expect(new Set(listed.body.versions.map((each: { version: string }) => each.version))).toEqual(
      new Set([support.version, made.body.version, other]),
    );
    expect((await call("GET", `/v1/agents/support/versions/${other}`)).body).toEqual({
      ...{ agent: "support", version: other, source: "account", created_at: expect.any(String), note: null },
      ...{ instructions: "You help buyers.", models: ["helper-2", "outside-model"], sampling: { temperature: 0.2 } },
      limits: { max_steps: 3, turn_seconds: 1_800, wait_seconds: 86_400 },
      tools: ["calculator", "read_entry", "search_transcript"],
    });
    const own = (await call("GET", `/v1/agents/support/versions/${support.version}`)).body;
    expect(own).toMatchObject({ source: "code", models: ["helper-1", "helper-2"], sampling: {} });
    expect((await call("GET", "/v1/agents/support/versions/v_9")).status).toBe(404);
    const compared = await call("GET", `/v1/agents/support/versions?diff=${support.version}..${other}`);
    expect(compared.body.diff.changes).toEqual([
      "tool current_time: removed",
      "models: helper-1, helper-2 -> helper-2, outside-model",
      "sampling.temperature: the default -> 0.2",
      "limits.maxSteps: 12 -> 3",
    ]);
  });

  it.each<[string, object, number, string]>([
    ["nothing", {}, 400, "changes nothing"],
    ["a note alone", { note: "x" }, 400, "changes nothing"],
    ["what the code is", { instructions: "You help buyers." }, 409, "nothing differs"],
    ["no instructions", { instructions: "  " }, 400, "instructions"],
    [
      "a tool that the code lacks",
      { tools: ["refund"] },
      400,
      'tools: the code of the agent "support" has no tool "refund"',
    ],
    ["no model", { models: [] }, 400, "models"],
    ["a wrong temperature", { sampling: { temperature: 9 } }, 400, "sampling.temperature"],
    ["a limit that is none", { limits: { max_steps: 0 } }, 400, "limits.max_steps"],
    ["an unknown field", { prompt: "x" }, 400, "prompt"],
  ])("[VERSION-5] with %s are refused by name", async (_, body, code, words) => {
    const answer = await call("POST", "/v1/agents/support/versions", body);
    expect([answer.status, answer.body.detail]).toEqual([code, expect.stringContaining(words)]);
    expect((await call("GET", "/v1/agents/support/versions")).body.versions).toHaveLength(1);
  });

  it("[VERSION-5] of an agent that is not there, and a comparison with one that is not, are refused by name", async () => {
    expect(await call("POST", "/v1/agents/sales/versions", { instructions: "x" })).toMatchObject({
      status: 404,
      body: { code: "no_such_agent" },
    });
    const compared = await call("GET", `/v1/agents/support/versions?diff=${support.version}..v_0123456789abcdef`);
    expect(compared).toMatchObject({ status: 404, body: { detail: expect.stringContaining("v_0123456789abcdef") } });
    expect((await call("GET", "/v1/agents/support/versions?diff=x")).status).toBe(400);
  });
});

describe("who may do it", () => {
  it("[ROLLOUT-22] ADMIN_KEY for any account, the Worker's own key, and keys with the right operate; no other key, and no token", async () => {
    const plain = (await call("POST", `/v1/admin/accounts/${account}/keys`, undefined, "test-admin-key-16")).body.key;
    expect(await call("GET", "/v1/rollouts", undefined, plain)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('"operate"') },
    });
    expect((await call("GET", "/v1/rollouts", undefined, "wrong")).status).toBe(401);
    expect((await call("GET", "/v1/rollouts", undefined, "test-key")).status).toBe(200);
    const candidate = await version({ instructions: "Be brief." });
    await begin(candidate);
    expect(
      (await call("GET", `/v1/rollouts?account=${account}`, undefined, "test-admin-key-16")).body.rollouts,
    ).toHaveLength(1);
    expect((await call("GET", "/v1/rollouts?account=A%20b", undefined, "test-admin-key-16")).status).toBe(400);
    const keys = (await call("GET", `/v1/admin/accounts/${account}/keys`, undefined, "test-admin-key-16")).body.keys;
    expect(keys).toMatchObject([{ rights: ["operate"] }, {}]);
    await say("tok");
    const token = (await call("POST", "/v1/sessions/tok/tokens", { rights: ["read"], ttl_seconds: 60 })).body.token;
    expect((await call("GET", "/v1/rollouts", undefined, token)).status).toBe(403);
  });
});

describe("rollouts", () => {
  it.each<[string, (candidate: string) => object, number, string]>([
    ["a candidate that does not exist", () => ({ candidate: "v_0123456789abcdef" }), 404, "candidate"],
    ["the baseline as its candidate", () => ({ candidate: support.version }), 400, "candidate"],
    [
      "stages that shrink",
      () => ({
        stages: [
          { share: 0.5, min_sessions: 1 },
          { share: 0.1, min_sessions: 1 },
        ],
      }),
      400,
      "stages[1].share",
    ],
    ["a share above 1", () => ({ stages: [{ share: 2, min_sessions: 1 }] }), 400, "stages[0].share"],
    ["an unknown metric", () => ({ guardrails: [{ metric: "vibes", worse_by: 1 }] }), 400, "guardrails.0.metric"],
    [
      "a metric without data",
      () => ({ guardrails: [...guardrails, { metric: "negative_feedback", worse_by: 0.1 }] }),
      400,
      "guardrails[1].metric",
    ],
  ])("[ROLLOUT-23] with %s are refused by the field, and nothing begins", async (_, wrong, code, field) => {
    const candidate = await version({ instructions: "Be brief." });
    const answer = await begin(candidate, wrong(candidate));
    expect([answer.status, answer.body.detail]).toEqual([code, expect.stringContaining(field)]);
    expect((await call("GET", "/v1/rollouts")).body.rollouts).toEqual([]);
  });

  it("[ROLLOUT-35] with dry_run are shown as they would begin, and refused as they would be, and nothing begins", async () => {
    const candidate = await version({ instructions: "Be brief." });
    const shown = await begin(candidate, { dry_run: true });
    expect(shown.status).toBe(200);
    expect((await call("GET", "/v1/rollouts")).body.rollouts).toEqual([]);
    const { id, created_at, ...begun } = (await begin(candidate)).body;
    expect(shown.body).toMatchObject({ ...begun, diff: [expect.stringContaining("instructions")] });
    expect(shown.body.stages[0].smallest_harm.length).toBeGreaterThan(0);
    expect(await begin(candidate, { dry_run: true })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining(id) },
    });
    expect((await call("GET", "/v1/rollouts")).body.rollouts).toMatchObject([{ id, created_at }]);
  });

  it("[ROLLOUT-23] while another one of the agent is not over is refused, by the other's name", async () => {
    const { id } = (await begin(await version({ instructions: "Be brief." }))).body;
    const second = await begin(await version({ instructions: "Be long." }));
    expect(second).toMatchObject({ status: 409, body: { detail: expect.stringContaining(id) } });
    expect((await call("GET", "/v1/rollouts")).body.rollouts).toHaveLength(1);
  });

  it.each<[string, object, object, string]>([
    ["models that the account may not use", { models: ["helper-1"] }, { models: ["helper-2"] }, "may use helper-1"],
    [
      "a model without a price, under a budget",
      { budget_micros: 1_000_000 },
      { models: ["outside-model"] },
      "outside-model",
    ],
  ])(
    "[ROLLOUT-23] of a version with %s is refused: it would fail for no fault of its own",
    async (_, limits, changes, words) => {
      await call("PATCH", `/v1/admin/accounts/${account}`, limits, "test-admin-key-16");
      const answer = await begin(await version(changes));
      expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining(words) } });
      expect(answer.body.detail).toMatch(/^candidate: /);
    },
  );

  it("[ROLLOUT-23] of a version whose tool the code does not have any more, or whose costs are not known, are refused", async () => {
    const candidate = await version({ tools: ["calculator"] });
    const unpriced = await version({ models: ["outside-model"] });
    const costs = { guardrails: [{ metric: "cost_micros", worse_by: 0.3 }] };
    expect(await begin(unpriced, costs)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("the price of outside-model is not known") },
    });
    const { tools: _, ...others } = support;
    app.agents = new Agents([
      resolveAgent("support", { ...others, instructions: support.instructions, models: support.models }),
    ]);
    expect(await begin(candidate)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('no tool "calculator"') },
    });
  });

  it("[ROLLOUT-24] give each session one arm, recorded in its first entry, by whose version it is answered from then on", async () => {
    const candidate = await version({
      instructions: "Be brief.",
      models: ["helper-2"],
      sampling: { temperature: 0.1 },
    });
    expect(await begin(candidate)).toMatchObject({
      status: 201,
      body: { state: "running", baseline: support.version, share: 0.5 },
    });
    const found = await onBothArms(2);
    expect(Object.keys(found).toSorted()).toEqual([candidate, support.version].toSorted());
    const isCandidate = provider.requests.map(({ body }) => [body.messages[0].content, body.model, body.temperature]);
    expect(isCandidate).toContainEqual(["Be brief.", "helper-2", 0.1]);
    expect(isCandidate).toContainEqual(["You help buyers.", "helper-1", undefined]);
    const [name = ""] = found[candidate] ?? [];
    provider.enqueue(text("Again."));
    await say(name, "Again");
    expect(provider.requests.at(-1)?.body.messages[0].content).toBe("Be brief.");
    const sessions = found[candidate]?.length ?? 0;
    // The account is told of a turn after its answer.
    await expect
      .poll(async () => (await call("GET", "/v1/rollouts")).body.rollouts[0].stages[0].candidate)
      .toMatchObject({ turns: sessions + 1, sessions });
  });

  async function keepsByImport(name: string, own: string): Promise<void> {
    const lines = (await call("GET", `/v1/sessions/${name}/export`)).body;
    const id = `import-${name}`;
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/x-ndjson" };
    const path = `https://longline.test/v1/sessions/import?id=${id}`;
    expect((await worker.fetch(path, { method: "POST", headers, body: lines })).status).toBe(201);
    provider.enqueue(text("Hello."));
    await say(id);
    const { entries } = (await call("GET", `/v1/sessions/${id}/entries`)).body;
    const [begun] = entries.filter(({ type }: { type: string }) => type === "user").slice(-1);
    expect(begun).toMatchObject({ agent_version: own, rollout: { arm: expect.any(String), stage: 0 } });
  }

  it("[ROLLOUT-24] a fork and an import keep the arm of what they were made from", async () => {
    const candidate = await version({ instructions: "Be brief." });
    await begin(candidate);
    const found = await onBothArms(1);
    for (const [own, names] of Object.entries(found))
      for (let n = 0; n < 5; n++) {
        const fork = (await call("POST", `/v1/sessions/${names[0]}/fork`, { id: `f${n}-${names[0]}` })).body;
        if (n === 0) await keepsByImport(names[0] ?? "", own);
        provider.enqueue(text("Hello."));
        await say(fork.id);
        const entries = (await call("GET", `/v1/sessions/${fork.id}/entries`)).body.entries;
        expect(entries.findLast((each: { type: string }) => each.type === "user").agent_version).toBe(own);
      }
  });

  it("[ROLLOUT-25] a decision holds for the next turn a second later, a running turn ends on its version, and the candidate can be promoted", async () => {
    const candidate = await version({ instructions: "Be brief." });
    const { id } = (await begin(candidate)).body;
    const found = await onBothArms(1);
    const [mine = ""] = found[candidate] ?? [];
    await call("POST", `/v1/rollouts/${id}/rollback`);
    skipTime(1_000);
    provider.enqueue(text("Hello."));
    await say(mine);
    expect(provider.requests.at(-1)?.body.messages[0].content).toBe("You help buyers.");
    const next = (await begin(candidate, { holdback: 0.1 })).body;
    await call("POST", `/v1/rollouts/${next.id}/promote`);
    skipTime(1_000);
    const versions = new Set<string>();
    for (let n = 0; n < 6; n++) {
      provider.enqueue(text("Hello."));
      await say(`p${n}-${account}`);
      versions.add((await first(`p${n}-${account}`)).agent_version);
    }
    expect(versions).toContain(candidate);
    expect(await call("POST", `/v1/rollouts/${next.id}/pause`)).toMatchObject({ status: 409 });
    expect((await call("POST", "/v1/rollouts/ro_9/pause")).status).toBe(404);
  });

  it("[ROLLOUT-26] a bad candidate is rolled back by itself, and the report says why, in JSON and Markdown", async () => {
    const candidate = await version({ models: ["broken-model"] });
    const { id } = (await begin(candidate)).body;
    for (let n = 0; n < 60; n++) {
      provider.enqueue((request, signal) => {
        const reply =
          request.body.model === "broken-model" ? status(400, { error: { message: "no" } }) : text("Hello.");
        return reply(request, signal);
      });
      await say(`b${n}-${account}`);
      if ((await call("GET", `/v1/rollouts/${id}`)).body.state !== "running") break;
    }
    const report = (await call("GET", `/v1/rollouts/${id}/report`)).body;
    expect(report).toMatchObject({ state: "rolled_back", decisions: [{ decision: "roll_back" }] });
    expect(report.stages[0].candidate.metrics.failed_turns).toBeGreaterThanOrEqual(3);
    const markdown = await call("GET", `/v1/rollouts/${id}/report`, undefined, key, { Accept: "text/markdown" });
    expect(markdown.headers.get("Content-Type")).toBe("text/markdown; charset=utf-8");
    expect(markdown.body).toContain(`# Rollout ${id}: support`);
    expect(markdown.body).toContain("roll_back");
  });

  it("[ROLLOUT-27] assigns as before after every object was ended", async () => {
    const candidate = await version({ instructions: "Be brief." });
    await begin(candidate);
    const found = await onBothArms(1);
    await abortAllDurableObjects();
    for (const [own, [name = ""]] of Object.entries(found)) {
      provider.enqueue(text("Again."));
      await say(name);
      expect(provider.requests.at(-1)?.body.messages[0].content).toBe(
        own === candidate ? "Be brief." : "You help buyers.",
      );
    }
  });
});
