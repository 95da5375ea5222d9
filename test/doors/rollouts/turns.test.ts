import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Account } from "../../../src/account/account.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { app } from "../../app/app.ts";
import { Account as TestsAccount } from "../../app/worker.ts";
import { calls, gated, status, text } from "../../support/fake-provider.ts";
import { holdAnswers } from "../../support/hold-calls.ts";
import {
  account,
  begin,
  call,
  first,
  onBothArms,
  provider,
  say,
  support,
  version,
  withRollouts,
} from "../../support/rollout-calls.ts";
import { bindings, skipTime } from "../../support/session-world.ts";

withRollouts();

const { settings } = app;
const lookUp = { name: "look_up", description: "Looks it up.", parameters: { type: "object", properties: {} } };
const tools = [{ type: "function", function: lookUp }];
afterEach(() => {
  app.settings = settings;
});

describe("a turn of a version", () => {
  it("[HOLD-5] begins with what is decided now, though an answer from before comes late", async () => {
    const candidate = await version({ instructions: "Be brief." });
    const { id } = (await begin(candidate)).body;
    const found = await onBothArms(1);
    const [mine = ""] = found[candidate] ?? [];
    provider.enqueue(text("Hello."), text("Hello again."));
    skipTime(1_000);
    let isFirst = true;
    const asking = holdAnswers(TestsAccount, ({ method, args }) => {
      const isHeld = isFirst && method === "ask" && args[1] === "assignment";
      if (isHeld) isFirst = false;
      return isHeld;
    });
    const late = say(mine, "Who are you?");
    await asking.reached();
    await call("POST", `/v1/rollouts/${id}/rollback`);
    skipTime(1_000);
    expect((await say(`other-${account}`, "Who are you?")).status).toBe(200);
    asking.release();
    expect((await late).status).toBe(200);
    const sent = provider.requests.slice(-2).map(({ body }) => body.messages[0].content);
    expect(sent).toEqual(["You help buyers.", "You help buyers."]);
  });

  it("[ROLLOUT-25] that is held open while its version is rolled back goes on with that version to its end", async () => {
    const candidate = await version({ instructions: "Be brief." });
    const { id } = (await begin(candidate)).body;
    const found = await onBothArms(1);
    const [mine = ""] = found[candidate] ?? [];
    const held = gated("Half an answer ", "and the rest.");
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), held.reply, text("Hello."));
    const before = provider.requests.length;
    const running = say(mine, "What is 1+1?");
    await expect.poll(() => provider.requests.length).toBe(before + 2);
    await call("POST", `/v1/rollouts/${id}/rollback`);
    skipTime(1_000);
    held.release();
    expect((await running).status).toBe(200);
    const sent = provider.requests.slice(before).map(({ body }) => body.messages[0].content);
    expect(sent).toEqual(["Be brief.", "Be brief."]);
    await say(mine, "And now?");
    expect(provider.requests.at(-1)?.body.messages[0].content).toBe("You help buyers.");
  });

  it("[ROLLOUT-25] that waits for its client while its version is rolled back goes on with that version", async () => {
    const candidate = await version({ instructions: "Be brief." });
    const { id } = (await begin(candidate)).body;
    const found = await onBothArms(1);
    const [mine = ""] = found[candidate] ?? [];
    provider.enqueue(calls([{ name: "look_up", arguments: "{}" }]), text("Done."));
    const asked = await say(mine, "Look it up.", { tools });
    const [waiting] = asked.body.waiting_for;
    await call("POST", `/v1/rollouts/${id}/rollback`);
    skipTime(1_000);
    const results = { results: [{ call_id: waiting.call_id, content: "found" }] };
    expect((await call("POST", `/v1/sessions/${mine}/tool_results`, results)).status).toBeLessThan(300);
    await expect.poll(() => provider.requests.at(-1)?.body.messages.at(-1)?.content).toBe("found");
    expect(provider.requests.at(-1)?.body.messages[0].content).toBe("Be brief.");
    const turn = `/v1/sessions/${mine}/turns/${asked.body.turn}`;
    await expect.poll(async () => (await call("GET", turn)).body.status).toBe("completed");
  });

  it("[ROLLOUT-31] whose first model always fails, and another one answers, is blamed: the rollout of it is rolled back, and the other arm has no failure", async () => {
    const candidate = await version({ models: ["broken-model", "helper-1"] });
    const { id } = (await begin(candidate)).body;
    let state = "running";
    for (let n = 0; n < 60 && state === "running"; n++) {
      const answer: Parameters<typeof provider.enqueue>[0] = (request, signal) =>
        (request.body.model === "broken-model" ? status(400, { error: { message: "no" } }) : text("Hello."))(
          request,
          signal,
        );
      provider.enqueue(answer, answer);
      const sent = await say(`u${n}-${account}`);
      expect(sent.body.message.content).toBe("Hello.");
      provider.forget();
      state = (await call("GET", `/v1/rollouts/${id}`)).body.state;
    }
    const report = (await call("GET", `/v1/rollouts/${id}/report`)).body;
    expect(report.state).toBe("rolled_back");
    const [{ baseline, candidate: blamed }] = report.stages;
    expect(blamed.metrics.failed_turns).toBe(blamed.turns);
    expect(baseline.metrics.failed_turns).toBe(0);
  });

  it("[ROLLOUT-32] with models of its own is not answered by the setting MODEL; one without has the same model as its baseline", async () => {
    if (settings.model.kind !== "provider") throw new Error("the tests have a provider");
    app.settings = { ...settings, model: { ...settings.model, modelId: "set-model" } };
    const own = await version({ models: ["helper-2"] });
    const { id } = (await begin(own)).body;
    const modelOf = async (version: string) => {
      const [name = ""] = (await onBothArms(1))[version] ?? [];
      const { entries } = (await call("GET", `/v1/sessions/${name}/entries`)).body;
      return entries.find(({ type }: { type: string }) => type === "assistant").model;
    };
    expect(await modelOf(own)).toBe("helper-2");
    expect(await modelOf(support.version)).toBe("set-model");
    await call("POST", `/v1/rollouts/${id}/rollback`);
    const brief = await version({ instructions: "Be brief." });
    await begin(brief);
    skipTime(1_000);
    expect((await first(`s0-${account}`)).agent_version).toBeDefined();
    provider.enqueue(text("Hello."));
    // None of twelve is in the candidate's half once in 4,096 runs.
    const names = Array.from({ length: 60 }, (_, n) => `m${n}-${account}`);
    for (const name of names) {
      provider.enqueue(text("Hello."));
      await say(name);
      if ((await first(name)).agent_version === brief) break;
    }
    expect(provider.requests.at(-1)?.body).toMatchObject({
      model: "set-model",
      messages: [{ content: "Be brief." }, {}],
    });
  });

  const counted = async (id: string) => {
    const [{ baseline, candidate }] = (await call("GET", `/v1/rollouts/${id}`)).body.stages;
    return baseline.turns + candidate.turns;
  };

  it.each(["is looked after by the alarm", "is erased"])(
    "[ROLLOUT-34] whose instance is lost before its report is counted when the session %s",
    async (how) => {
      const { id } = (await begin(await version({ instructions: "Be brief." }))).body;
      const failing = vi.spyOn(Account.prototype, "report").mockRejectedValue(new Error("lost"));
      provider.enqueue(text("Hello."));
      const name = `lost-${account}`;
      // The account does not take the report that lists a new session, either.
      await say(name);
      const stub = sessionObject(bindings, { account, name });
      await evictDurableObject(stub);
      expect(await counted(id)).toBe(0);
      failing.mockRestore();
      if (how === "is erased") await call("DELETE", `/v1/sessions/${name}`);
      else expect(await runDurableObjectAlarm(sessionObject(bindings, { account, name }))).toBe(true);
      await expect.poll(() => counted(id)).toBe(1);
    },
  );

  it("[ROLLOUT-34] that the account knows of leaves no alarm", async () => {
    const { id } = (await begin(await version({ instructions: "Be brief." }))).body;
    provider.enqueue(text("Hello."));
    await say(`known-${account}`);
    await expect.poll(() => counted(id)).toBe(1);
    const stub = sessionObject(bindings, { account, name: `known-${account}` });
    const alarm = () => runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
    await expect.poll(alarm).toBeNull();
  });

  it("[ROLLOUT-24] waits for its client as long as its version says", async () => {
    const candidate = await version({ limits: { wait_seconds: 5 } });
    await begin(candidate);
    const found = await onBothArms(1);
    const [mine = ""] = found[candidate] ?? [];
    provider.enqueue(calls([{ name: "look_up", arguments: "{}" }]), text("No one answered."));
    const { turn, waiting_for } = (await say(mine, "Look it up.", { tools })).body;
    const [{ expires_at }] = waiting_for;
    expect(new Date(expires_at).getTime() - Date.now()).toBeLessThanOrEqual(5_000);
    expect(turn).toBeDefined();
    await call("POST", `/v1/sessions/${mine}/cancel`);
  });
});
