import { exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { frames, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function call(method: string, path: string, body?: unknown): Promise<any> {
  const answer = await worker.fetch(`https://longline.test/v1/sessions/${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return answer.json();
}
const hitting = (cached: number, fresh: number) => {
  const usage = {
    prompt_tokens: cached + fresh,
    completion_tokens: 5,
    prompt_cache_hit_tokens: cached,
    prompt_cache_miss_tokens: fresh,
  };
  const chunk = { choices: [{ index: 0, delta: { content: "Hi." }, finish_reason: "stop" }], usage };
  return frames(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
};

it("[DOCTOR-3] tells for each request what should have been cached, what was, and what changed", async () => {
  const provider = startProvider();
  const id = crypto.randomUUID();
  const ask = (more: object = {}) => call("POST", `${id}/messages`, { content: "Hello", ...more });
  provider.enqueue(hitting(0, 1_000), hitting(960, 100), hitting(0, 1_200), text("Hi."), hitting(0, 1_300));
  expect((await ask()).usage).toMatchObject({ expected_cached_tokens: 0, cached_tokens: 0 });
  expect((await ask()).usage).toMatchObject({ expected_cached_tokens: 960, cached_tokens: 960 });
  await ask({ thinking: false });
  const tool = { type: "function", function: { name: "where_am_i", parameters: { type: "object" } } };
  await ask({ thinking: false, tools: [tool] });
  const { requests, chain } = await call("GET", `${id}/prefix`);
  expect(requests.map((request: { because?: string }) => request.because)).toEqual([
    "tool `calculator` strict changed",
    expect.stringMatching(/^model switched from .* to .*nothinking$/),
    undefined,
    "cold: first request",
  ]);
  expect(requests[2]).toMatchObject({ turn: "turn_2", expected_tokens: 960, cached_tokens: 960, input_tokens: 100 });
  expect(chain.map(({ segment }: { segment: string }) => segment)).toEqual(
    expect.arrayContaining(["model", "parameter", "tool", "instructions", "messages"]),
  );
  expect(chain.find(({ name }: { name?: string }) => name === "where_am_i")).toMatchObject({ segment: "tool" });
  expect((await call("GET", `${id}/prefix?limit=1`)).requests).toHaveLength(1);
  expect(await call("GET", `${id}/prefix?limit=0`)).toMatchObject({ status: 400, field: "limit" });
});
