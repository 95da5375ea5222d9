import { afterEach, expect, it, vi } from "vitest";
import { planOf, rollout } from "../../src/cli/rollout.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What was sent, and what was printed. */
function watched(answer: () => Response) {
  const sent: { method: string; url: string; key: string | null; body: unknown }[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    sent.push({
      method: request.method,
      url: request.url,
      key: request.headers.get("Authorization"),
      body: text === "" ? undefined : JSON.parse(text),
    });
    return answer();
  });
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  return { sent, printed };
}

it("[ROLLOUT-28] `longline rollout start` writes stages and guardrails as the API has them", () => {
  const given = {
    agent: "support",
    candidate: "v_1",
    stages: "0.01:100,0.1:300:3600,1:1",
    guard: "failed_turns:0.05,cost_micros:0.3:0.01",
    by: "speaker",
    holdback: "0.05",
  };
  expect(planOf(given)).toEqual({
    ...{ agent: "support", candidate: "v_1", key: "speaker", holdback: 0.05 },
    stages: [
      { share: 0.01, min_sessions: 100 },
      { share: 0.1, min_sessions: 300, hold_seconds: 3_600 },
      { share: 1, min_sessions: 1 },
    ],
    guardrails: [
      { metric: "failed_turns", worse_by: 0.05 },
      { metric: "cost_micros", worse_by: 0.3, alpha: 0.01 },
    ],
  });
});

it.each<[string, string[], RegExp]>([
  ["no candidate", ["start", "--agent", "a", "--stages", "1:1"], /--candidate is missing/],
  [
    "stages that are none",
    ["start", "--agent", "a", "--candidate", "v_1", "--stages", "much"],
    /--stages SHARE:SESSIONS/,
  ],
  [
    "a guardrail without a harm",
    ["start", "--agent", "a", "--candidate", "v_1", "--stages", "1:1", "--guard", "repairs"],
    /--guard METRIC:WORSE_BY/,
  ],
  ["no rollout named", ["report"], /Name the rollout/],
  ["an unknown word", ["explode"], /There is no "longline rollout explode"/],
  ["an address that is none", ["list", "--url", "here"], /--url/],
  ["no key for another host", ["list", "--url", "https://longline.example"], /LONGLINE_KEY/],
  ["a file that is not there", ["version", "--agent", "a", "--instructions", "/nowhere.md"], /cannot be read/],
])("[ROLLOUT-28] %s is refused with how it is written", async (_, args, words) => {
  const { sent } = watched(() => Response.json({}));
  await expect(rollout(args)).rejects.toThrow(words);
  expect(sent).toEqual([]);
});

it("[ROLLOUT-28] calls the Worker with LONGLINE_KEY, prints its answer, and says a refusal in its words", async () => {
  vi.stubEnv("LONGLINE_KEY", "secret-key");
  const { sent, printed } = watched(() => new Response("# Rollout ro_1"));
  await rollout(["report", "ro_1", "--url", "https://longline.example", "--account", "acme"]);
  expect(sent).toEqual([
    {
      method: "GET",
      url: "https://longline.example/v1/rollouts/ro_1/report?format=markdown&account=acme",
      key: "Bearer secret-key",
      body: undefined,
    },
  ]);
  expect(printed).toEqual(["# Rollout ro_1"]);
  vi.restoreAllMocks();
  watched(() =>
    Response.json({ detail: "The rollout ro_1 cannot be changed by pause: it is paused." }, { status: 409 }),
  );
  await expect(rollout(["pause", "ro_1"])).rejects.toThrow(
    "409: The rollout ro_1 cannot be changed by pause: it is paused.",
  );
});
