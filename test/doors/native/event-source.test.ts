/** What browsers' EventSource and its polyfills do: no headers, a token in the URL, and coming back by themselves. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";
import { readEvents } from "../../support/sse-reader.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(async () => {
  provider = startProvider();
  id = crypto.randomUUID();
  provider.enqueue(text("Hi."));
  await withKey("POST", `/v1/sessions/${id}/messages`, { content: "Hello" });
});
afterEach(() => {
  vi.restoreAllMocks();
});

function withKey(method: string, path: string, body?: unknown): Promise<Response> {
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
async function tokenWith(...rights: string[]): Promise<string> {
  const made = await withKey("POST", `/v1/sessions/${id}/tokens`, { rights });
  return ((await made.json()) as { token: string }).token;
}
/** As an EventSource asks: the token in the URL, a header only when it comes back. */
const open = (query: Record<string, string>, headers: Record<string, string> = {}, path = `sessions/${id}/events`) =>
  worker.fetch(`https://longline.test/v1/${path}?${new URLSearchParams({ live: "false", ...query })}`, { headers });

describe("a browser's EventSource", () => {
  it("[NATIVE-11] [NATIVE-10] reads by a token in the URL, and comes back by the newest id that it has", async () => {
    const token = await tokenWith("read");
    const answer = await open({ token });
    expect(answer.status).toBe(200);
    const told = await answer.clone().text();
    expect(told).toMatch(/^retry: [12]\d{3}\n/);
    expect(told.match(/^retry:/gm)).toHaveLength(1);
    const all = await readEvents(answer);
    expect(all.map(({ data }) => data.type)).toEqual(all.map(({ event }) => event));
    expect(all.at(-1)?.event).toBe("turn.ended");
    const at = all[1]?.id ?? "";
    const rest = all.slice(2);
    const wrong = { after: all[3]?.id ?? "" };
    expect(await readEvents(await open({ token, ...wrong }, { "Last-Event-ID": at }))).toEqual(rest);
    for (const name of ["lastEventId", "last_event_id", "Last-Event-ID"]) {
      expect(await readEvents(await open({ token, ...wrong, [name]: at })), name).toEqual(rest);
    }
    expect((await open({ token, lastEventId: "none" })).status).toBe(400);
  });

  it.each([
    ["a key", async () => "test-key", 401],
    ["no token", async () => "", 401],
    ["a token that was changed", async () => `${(await tokenWith("read")).slice(0, -4)}AAAA`, 401],
    ["a token that may do more", () => tokenWith("read", "append"), 403],
    ["a token that may do all else", () => tokenWith("append", "approve", "cancel"), 403],
  ])("[NATIVE-11] %s in the URL is refused", async (_, token, status) => {
    const given = await token();
    const refused = await open({ token: given });
    expect(refused.status).toBe(status);
    const said = await refused.text();
    if (given !== "") expect(said).not.toContain(given);
    if (status === 403) expect(said).toContain('rights: [\\"read\\"]');
  });

  it("[NATIVE-11] a token in the URL opens the events of its own session, and nothing else", async () => {
    const token = await tokenWith("read");
    const stranger = crypto.randomUUID();
    await withKey("POST", "/v1/sessions", { id: stranger });
    expect((await open({ token }, {}, `sessions/${stranger}/events`)).status).toBe(404);
    for (const path of [`sessions/${id}`, `sessions/${id}/entries`, `ui/messages/${id}/stream`, "usage"]) {
      expect((await open({ token }, {}, path)).status, path).toBe(401);
    }
    const posted = await worker.fetch(`https://longline.test/v1/sessions/${id}/events?token=${token}`, {
      method: "POST",
    });
    expect(posted.status).toBe(401);
    // A header is obeyed, whatever the URL says.
    expect((await open({ token }, { Authorization: "Bearer wrong" })).status).toBe(401);
    expect((await open({ token: "wrong" }, { Authorization: "Bearer test-key" })).status).toBe(200);
  });

  it("[NATIVE-11] nothing of it is logged", async () => {
    const lines: unknown[] = [];
    for (const level of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, level).mockImplementation((...said: unknown[]) => void lines.push(...said));
    }
    const token = await tokenWith("read", "append");
    await (await open({ token })).text();
    await (await open({ token: await tokenWith("read"), lastEventId: "none" })).text();
    expect(JSON.stringify(lines)).not.toContain("lt_");
  });
});
