import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { text } from "../../support/fake-provider.ts";
import { skipTime, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function call(method: string, path: string, body?: unknown, type = "application/json"): Promise<any> {
  const answer = await worker.fetch(`https://longline.test/v1/${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": type },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { http: answer.status, ...((await answer.json()) as object) };
}
const unique = () => `Handbook ${crypto.randomUUID()}`;
const put = (content: string) => call("PUT", "prefixes", content, "text/plain");

it("[PREFIX-4] the same text has the same name, is kept once, and stands at the head of its sessions' requests", async () => {
  const handbook = `${unique()}\n${"Rule. ".repeat(2_000)}`;
  const first = await put(handbook);
  expect(first).toMatchObject({ http: 201, prefix: expect.stringMatching(/^sha256-[0-9a-f]{64}$/), created: true });
  expect(await put(handbook)).toMatchObject({ http: 200, prefix: first.prefix, created: false });
  const id = crypto.randomUUID();
  const made = await call("POST", "sessions", { id, prefix: first.prefix, instructions: "Be brief." });
  expect(made).toMatchObject({ http: 201, prefix: first.prefix });
  provider.enqueue(text("Hi."), text("Hi again."));
  await call("POST", `sessions/${id}/messages`, { content: "Hello" });
  await call("POST", `sessions/${id}/messages`, { content: "And?" });
  const [one, two] = provider.requests.map((request) => request.text);
  const system = provider.requests[0]?.body.messages[0].content as string;
  expect(system.indexOf(handbook)).toBeGreaterThan(0);
  expect(system.endsWith("\n\nBe brief.")).toBe(true);
  expect(two?.startsWith((one ?? "").slice(0, -2))).toBe(true);
  expect(await call("GET", `prefixes/${first.prefix}`)).toMatchObject({
    http: 200,
    sessions: 1,
    bytes: handbook.length,
  });
});

it("[PREFIX-4] instructions and documents are written in one way", async () => {
  const name = unique();
  const of = { documents: [{ title: 'A "b"', text: "One." }], instructions: name };
  const made = await call("PUT", "prefixes", of);
  expect(await put(`${name}\n\n<document title="A \\"b\\"">\nOne.\n</document>`)).toMatchObject({
    prefix: made.prefix,
  });
});

it("[PREFIX-16] prefixes are listed, the oldest first, and the text of one is read to the byte", async () => {
  const texts = [`${unique()} é 漢`, `${unique()} 🧵`];
  const ids: string[] = [];
  for (const each of texts) {
    ids.push((await put(each)).prefix);
    // Those of one millisecond are in the order of their ids.
    skipTime(1);
  }
  const { prefixes } = await call("GET", "prefixes");
  const listed = prefixes.map(({ prefix }: { prefix: string }) => prefix);
  expect(listed.slice(-2)).toEqual(ids);
  for (const [n, id] of ids.entries()) {
    const answer = await worker.fetch(`https://longline.test/v1/prefixes/${id}`, {
      headers: { Authorization: "Bearer test-key", Accept: "text/plain" },
    });
    expect([answer.headers.get("Content-Type"), await answer.text()]).toEqual([
      expect.stringContaining("text/plain"),
      texts[n],
    ]);
  }
});

it("[PREFIX-5] a prefix in use is not deleted without force; then its sessions' turns say so", async () => {
  const { prefix } = await put(unique());
  const id = crypto.randomUUID();
  await call("POST", "sessions", { id, prefix });
  expect(await call("DELETE", `prefixes/${prefix}`)).toMatchObject({
    http: 409,
    detail: expect.stringMatching(/^1 sessions/),
  });
  expect(await call("DELETE", `prefixes/${prefix}?force`)).toMatchObject({ http: 200, deleted: { prefix } });
  expect(await call("GET", `prefixes/${prefix}`)).toMatchObject({ http: 404 });
  const turn = await call("POST", `sessions/${id}/messages`, { content: "Hello" });
  expect(turn).toMatchObject({ status: "failed", error: { code: "prefix_missing" } });
  expect(provider.requests).toHaveLength(0);
});

it("[PREFIX-6] what does not fit, is empty or unknown is refused", async () => {
  const large = await put("word ".repeat(300_000));
  expect(large.http).toBe(400);
  expect(large.detail).toMatch(/about \d{6} tokens, and the model's window has room for \d+ of them/);
  expect(await put("x".repeat(5_000_000))).toMatchObject({ http: 413 });
  expect(await put(" ")).toMatchObject({ http: 400 });
  expect(await call("PUT", "prefixes", { documents: [{ title: "x" }] })).toMatchObject({ field: "documents.0.text" });
  const unknown = `sha256-${"0".repeat(64)}`;
  for (const [method, path] of [
    ["GET", `prefixes/${unknown}`],
    ["DELETE", `prefixes/${unknown}`],
    ["POST", `prefixes/${unknown}/warm`],
  ] as const) {
    expect(await call(method, path)).toMatchObject({ http: 404, detail: "There is no such prefix." });
  }
  expect(await call("POST", "sessions", { prefix: unknown })).toMatchObject({ http: 404, field: "prefix" });
});

it("[PREFIX-7] a warm-up asks for one token behind the text, and the ledger says what it cost", async () => {
  const handbook = unique();
  const { prefix } = await put(handbook);
  provider.enqueue(text("Yes", "length"));
  expect(await call("POST", `prefixes/${prefix}/warm`)).toMatchObject({
    http: 200,
    prefix,
    usage: { input_tokens: 36, cached_tokens: 64 },
    cost_micros: 26,
  });
  const { body } = provider.requests[0] ?? {};
  expect([body.max_tokens, body.messages[0].content.includes(handbook)]).toEqual([1, true]);
  const { usage } = await call("GET", "usage?group_by=session");
  expect(usage.find(({ session }: { session: string }) => session === `warm:${prefix}`)).toMatchObject({ steps: 1 });
});
