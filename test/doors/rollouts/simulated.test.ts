import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Agents } from "../../../src/agent/app.ts";
import { contentOf } from "../../../src/agent/version.ts";
import { changedAgent } from "../../../src/agent/version-override.ts";
import { accepted } from "../../../src/doors/refusal-words.ts";
import { RolloutDesk } from "../../../src/doors/rollouts/rollout-desk.ts";
import type { Arm, Guardrail } from "../../../src/rollout/plan.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { agent } from "../../app/agent.ts";
import { app, listedRollouts } from "../../app/app.ts";
import { frames, status } from "../../support/fake-provider.ts";
import { randomOf } from "../../support/random.ts";
import { support } from "../../support/rollout-calls.ts";
import { bindings, skipTime, startProvider } from "../../support/session-world.ts";
import { type SimulatedRollouts, simulatedLine } from "../../support/simulated-rollouts.ts";

/**
 * Real sessions, turns and accounts; the provider and the clock are ours. `npm run soak -- --rollouts 1000 --objects` is the full
 * size: it runs this file many times, each time with `SIMULATED_ROLLOUTS`, some rollouts of one kind, and adds up what is printed here.
 */
const given = (env as unknown as { SIMULATED_ROLLOUTS?: string }).SIMULATED_ROLLOUTS;
const chunk = given === undefined ? undefined : (JSON.parse(given) as SimulatedRollouts);
const seed = chunk?.seed ?? 22;

let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
  app.agents = new Agents([support]);
  app.rollouts = listedRollouts.feature;
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  app.agents = new Agents([agent]);
  app.rollouts = undefined;
  vi.restoreAllMocks();
});

const candidate = changedAgent(support, { instructions: "You help buyers. Be brief." });

interface Traffic {
  kind: SimulatedRollouts["kind"];
  /** What is assigned as one, and how many of them come at most. */
  key: "session" | "speaker";
  keys: number;
  guardrail: Omit<Guardrail, "alpha">;
  /** What the provider does. `factor`: how many tokens it counts. */
  turn(arm: Arm, random: () => number): { fails?: boolean; factor?: number };
}

function answered({ fails = false, factor = 1 }: ReturnType<Traffic["turn"]>): Parameters<typeof provider.enqueue>[0] {
  if (fails) return status(400, { error: { message: "no" } });
  const usage = {
    prompt_tokens: Math.round(400 * factor),
    completion_tokens: Math.round(200 * factor),
    prompt_cache_hit_tokens: 64,
  };
  const delta = (content: string, finish: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }], ...(finish !== null && { usage }) })}\n\n`;
  return frames(delta("Hello.", null), delta("", "stop"), "data: [DONE]\n\n");
}

/** Speakers in one session, where a rollout is of speakers: a new session for each would be most of the time of the full size. */
const speakersOfSession = 20;
/** Keys between two looks whether it still runs. */
const lookedAtEach = 10;

/** One rollout with its traffic, one key after another, a second apart; ends with it, or when all have come. */
async function run(n: number, { key, keys, guardrail, turn }: Omit<Traffic, "kind">) {
  const random = randomOf(seed + n);
  const account = `sim-${crypto.randomUUID().slice(0, 18)}`;
  const desk = new RolloutDesk(bindings, account);
  await desk.putVersion({
    id: candidate.version,
    agent: "support",
    createdAtMs: Date.now(),
    content: contentOf(candidate),
  });
  const id = `ro_${seed}_${n}_${guardrail.metric}`;
  const stages = [{ share: 0.5, minSessions: Math.round(keys / 2), holdSeconds: 0 }];
  const versions = { agent: "support", candidate: candidate.version, baseline: support.version };
  const plan = { ...versions, key, holdback: 0, stages, guardrails: [guardrail] };
  await desk.create({ id, plan, diff: [], lostTokens: 0, lostMicros: null });
  const isRolledBack = async () => (await desk.rollout(id)).progress.state === "rolled_back";
  let sent = 0;
  for (; sent < keys && (sent % lookedAtEach > 0 || !(await isRolledBack())); sent++) {
    provider.forget();
    provider.enqueue((request, signal) => {
      const arm = request.body.messages[0].content === candidate.instructions ? "candidate" : "baseline";
      return answered(turn(arm, random))(request, signal);
    });
    const address = { account, name: `s${key === "session" ? sent : Math.floor(sent / speakersOfSession)}` };
    const session = sessionObject(bindings, address);
    const message = { content: "Hi", options: {}, ...(key === "speaker" && { speaker: `k${sent}` }) };
    const taken = accepted(await session.submit(address, { messages: [message], create: { agent: "support" } }, {}));
    await session.wait(taken.turn, 30_000);
    skipTime(1_000);
  }
  const counted = async () => {
    const [stage] = (await desk.rollout(id)).guard.stages;
    return (stage?.baseline.turns ?? 0) + (stage?.candidate.turns ?? 0);
  };
  await expect.poll(async () => (await isRolledBack()) || (await counted()) === sent).toBe(true);
  return { isRolledBack: await isRolledBack() };
}

async function rolledBack({ kind, ...traffic }: Traffic): Promise<number> {
  const { from, runs } = chunk ?? { from: 0, runs: 1 };
  let back = 0;
  for (let n = from; n < from + runs; n++) back += Number((await run(n, traffic)).isRolledBack);
  if (chunk !== undefined) console.info(`${simulatedLine}${JSON.stringify({ kind, back })}`);
  else console.info(`${kind}: ${back} of ${runs} rolled back; seed ${seed}`);
  return back / runs;
}

const failures = { metric: "failed_turns", worseBy: 0.05 } as const;
const cost = { metric: "cost_micros", worseBy: 0.3 } as const;
const rates =
  (baseline: number, candidate: number): Traffic["turn"] =>
  (arm, random) => ({ fails: random() < (arm === "candidate" ? candidate : baseline) });
const costs =
  (factor: number): Traffic["turn"] =>
  (arm, random) => ({ factor: (0.5 + random()) * (arm === "candidate" ? factor : 1) });

/** Small traffic shows that it works; what is promised is about the full size, and about many rollouts. */
describe.skipIf(chunk !== undefined)("a rollout with sessions, turns and accounts as they are", () => {
  it("[ROLLOUT-33] of a version that changes nothing is not rolled back, and each turn is counted", async () => {
    expect(
      await rolledBack({ kind: "alike", key: "session", keys: 24, guardrail: failures, turn: rates(0.04, 0.04) }),
    ).toBe(0);
  });

  it("[ROLLOUT-33] of a version that fails more often is rolled back", async () => {
    expect(
      await rolledBack({ kind: "fails", key: "session", keys: 60, guardrail: failures, turn: rates(0.02, 0.6) }),
    ).toBe(1);
  });

  it("[ROLLOUT-33] of a version that costs more is rolled back", async () => {
    expect(await rolledBack({ kind: "costs", key: "session", keys: 64, guardrail: cost, turn: costs(6) })).toBe(1);
  });

  it("[ROLLOUT-33] of a better version is not rolled back", async () => {
    expect(
      await rolledBack({ kind: "better", key: "session", keys: 24, guardrail: failures, turn: rates(0.1, 0.05) }),
    ).toBe(0);
  });
});

const fullSize: Record<SimulatedRollouts["kind"], Pick<Traffic, "guardrail" | "turn">> = {
  alike: { guardrail: failures, turn: rates(0.04, 0.04) },
  fails: { guardrail: failures, turn: rates(0.02, 0.1) },
  costs: { guardrail: cost, turn: costs(1.3) },
  better: { guardrail: failures, turn: rates(0.1, 0.05) },
};

describe.runIf(chunk !== undefined)("some rollouts of the full size", () => {
  it("[ROLLOUT-33] end, and each of their turns is counted", async () => {
    const { kind, runs, key, keys } = chunk as SimulatedRollouts;
    const part = await rolledBack({ kind, key, keys, ...fullSize[kind] });
    expect(part * runs).toBeLessThanOrEqual(runs);
  }, 3_600_000);
});
