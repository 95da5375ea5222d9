import { describe, expect, it, onTestFinished } from "vitest";
import { changedAgent } from "../../src/agent/version-override.ts";
import { readOptions } from "../../src/cli/eval/options.ts";
import { localArms } from "../../src/cli/eval/run/arms.ts";
import { agentOf, loadApp } from "../../src/cli/eval/run/load-app.ts";
import type { WholeVersionJson } from "../../src/wire/rollout-shapes.ts";
import { serveFetch } from "../support/serve-fetch.ts";

const loaded = await loadApp("test/cli/eval/shop/worker.ts");
const support = agentOf(loaded.app, undefined);
const brief = changedAgent(support, {
  instructions: "Be brief.",
  models: ["m9"],
  sampling: { temperature: 0.1, topP: 0.9 },
  limits: { maxSteps: 3 },
});
const kept: WholeVersionJson = {
  ...{
    agent: "support",
    version: brief.version,
    source: "account",
    created_at: "2026-11-26T00:00:00.000Z",
    note: null,
  },
  ...{ instructions: "Be brief.", models: ["m9"], sampling: { temperature: 0.1, top_p: 0.9 } },
  limits: { max_steps: 3, turn_seconds: brief.limits.turnSeconds, wait_seconds: brief.limits.waitSeconds },
  tools: brief.tools.declarations.map(({ name }) => name),
};

/** The Worker's rule: one version by its name, to a key that may read it. */
async function workerWith(version: WholeVersionJson) {
  const server = await serveFetch(async (input, init) => {
    const request = new Request(input, init);
    if (request.headers.get("Authorization") !== "Bearer k")
      return Response.json({ detail: "A valid key is needed." }, { status: 401 });
    if (new URL(request.url).pathname === `/v1/agents/support/versions/${brief.version}`) return Response.json(version);
    return Response.json({ detail: 'version: the agent "support" has no version of that name.' }, { status: 404 });
  });
  onTestFinished(() => server.close());
  return server.url;
}

const arms = (versions: string[], url: string, key = "k") =>
  localArms(
    loaded,
    { agents: ["support"], models: [], versions, versionsFrom: { url, key }, instructions: [] },
    { liveTools: false },
  );

describe("a version that a Worker keeps", () => {
  it("[EVAL-25] is an arm beside the code's, with its instructions, models, sampling and limits", async () => {
    const url = await workerWith(kept);
    const [code, other] = await arms([support.version, brief.version], url);
    expect([code?.name, other?.name]).toEqual([support.version, brief.version]);
    expect(other?.version).toBe(brief.version);
    expect(other?.runner?.agent).toMatchObject({
      models: [{ id: "m9" }],
      instructions: "Be brief.",
      sampling: { temperature: 0.1, topP: 0.9 },
      limits: { maxSteps: 3 },
    });
  });

  it("[EVAL-25] that is not there, or that the code here makes another of, is refused by name", async () => {
    const url = await workerWith(kept);
    await expect(arms(["v_0123456789abcdef"], url)).rejects.toThrow("has no version of that name");
    await expect(arms([brief.version], url, "wrong")).rejects.toThrow("A valid key is needed");
    const drifted = await workerWith({ ...kept, tools: [...kept.tools, "gone"], instructions: "Be long." });
    await expect(arms([brief.version], drifted)).rejects.toThrow(`keeps as ${brief.version}`);
    await expect(arms([brief.version], "http://127.0.0.1:9")).rejects.toThrow("does not answer");
  });

  it("[EVAL-25] is named with the Worker that keeps it, and the key", () => {
    const given = ["--version", "v_a,v_b", "--versions-from", "https://x.example", "--key", "k"];
    expect(readOptions(given)).toMatchObject({
      versions: ["v_a", "v_b"],
      versionsFrom: { url: "https://x.example", key: "k" },
    });
    expect(() => readOptions(["--versions-from", "x", "--key", "k"])).toThrow('"x" is no address');
  });
});
