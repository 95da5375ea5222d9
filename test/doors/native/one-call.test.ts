import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unavailable } from "../../../src/account/call-object.ts";
import { problemResponse } from "../../../src/http/problem.ts";
import { Session } from "../../../src/session/object.ts";
import { gated, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let session: string;
beforeEach(() => {
  provider = startProvider();
  session = crypto.randomUUID();
});
afterEach(() => vi.restoreAllMocks());

function send(body: object, { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {}) {
  return worker.fetch(`https://longline.test/v1/sessions/${session}/messages${query}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
const stream = { Accept: "text/event-stream" };

/** Calls to the session's object, by what they are. */
function calledFor(): () => string[] {
  const methods = vi.spyOn(Session.prototype, "call");
  const fetches = vi.spyOn(Session.prototype, "fetch");
  return () => [
    ...methods.mock.calls.map(([, method]) => method),
    ...fetches.mock.calls.map(([{ method, url }]) => `${method} ${new URL(url).pathname}`),
  ];
}

describe("a message whose answer is streamed", () => {
  it("[SPEED-12] is one call to the session, in a new one as in a known one", async () => {
    const called = calledFor();
    for (const answer of ["Hello.", "Again."]) {
      provider.enqueue(text(answer));
      const streamed = await (await send({ content: "Hi" }, { headers: stream })).text();
      expect(streamed).toContain(`"content":"${answer}"`);
      expect(streamed).toContain("event: turn.ended");
    }
    expect(called()).toEqual(["POST /submit", "POST /submit"]);
  });

  it.each(["the Worker's own", "an account's"])("[SPEED-20] %s key is not digested again", async (whose) => {
    const account = `acc-${session.slice(0, 18)}`;
    const admin = (path: string, body: object) =>
      worker.fetch(`https://longline.test/v1/admin/accounts${path}`, {
        method: "POST",
        headers: { Authorization: "Bearer test-admin-key-16", "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
    let Authorization = "Bearer test-key";
    if (whose !== "the Worker's own") {
      await admin("", { id: account });
      const { key } = await (await admin(`/${account}/keys`, {})).json<{ key: string }>();
      Authorization = `Bearer ${key}`;
    }
    const digest = vi.spyOn(crypto.subtle, "digest");
    const digests: number[] = [];
    for (const answer of ["Hello.", "Again."]) {
      digest.mockClear();
      provider.enqueue(text(answer));
      const response = await send({ content: "Hi" }, { headers: { ...stream, Authorization } });
      expect(await response.text()).toContain(`"content":"${answer}"`);
      digests.push(digest.mock.calls.length);
    }
    expect(digests[1]).toBe(0);
  });

  it("[SPEED-12] is two calls where the session's object is of an earlier version, which runs nothing of the one", async () => {
    const { fetch } = Session.prototype;
    vi.spyOn(Session.prototype, "fetch").mockImplementation(async function (this: Session, request: Request) {
      const isNew = Number(new URL(request.url).searchParams.get("v")) > 1;
      return isNew ? problemResponse(unavailable("new_version")) : fetch.call(this, request);
    });
    provider.enqueue(text("Hello."));
    expect(await (await send({ content: "Hi" }, { headers: stream })).text()).toContain('"content":"Hello."');
    expect(provider.requests).toHaveLength(1);
  });

  it("[SPEED-12] a later version of the call is refused, and stores nothing", async () => {
    const { fetch } = Session.prototype;
    vi.spyOn(Session.prototype, "fetch").mockImplementation(function (this: Session, request: Request) {
      const later = request.url.replace("v=2", "v=3");
      return request.method === "POST" ? fetch.call(this, new Request(later, request)) : fetch.call(this, request);
    });
    const submit = vi.spyOn(Session.prototype, "submit");
    provider.enqueue(text("Hello."));
    expect(await (await send({ content: "Hi" }, { headers: stream })).text()).toContain('"content":"Hello."');
    expect(submit).toHaveBeenCalledTimes(1);
  });

  it("[SPEED-12] is refused in the same words as one whose answer is waited for", async () => {
    const open = gated("one", "two");
    provider.enqueue(open.reply);
    const key = { "Idempotency-Key": "key-1" };
    const first = await send({ content: "Hi" }, { headers: { ...key, Prefer: "respond-async" } });
    await open.reached(1);
    const refusals: [object, Parameters<typeof send>[1]][] = [
      [{ content: "Now?" }, { query: "?on_busy=reject" }],
      [{ content: "Another" }, { headers: key }],
      [{ content: "Hi", agent: "somebody_else" }, {}],
    ];
    for (const [body, { query = "", headers = {} } = {}] of refusals) {
      const [waited, streamed] = [
        await send(body, { query, headers }),
        await send(body, { query, headers: { ...headers, ...stream } }),
      ];
      expect(streamed.status).toBeGreaterThanOrEqual(400);
      expect([streamed.status, await streamed.json()]).toEqual([waited.status, await waited.json()]);
    }
    expect(provider.requests).toHaveLength(1);
    for (let left = 1; left <= 2; left++) open.release();
    expect(first.status).toBe(202);
    const again = await send({ content: "Hi" }, { headers: { ...key, ...stream } });
    expect(await again.text()).toContain('"content":"onetwo"');
    expect(provider.requests).toHaveLength(1);
  });
});
