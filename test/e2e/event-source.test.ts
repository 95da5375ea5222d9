import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, inPage, type OwnBrowser, openBrowser } from "../support/browser.ts";
import { createFakeProvider, gated, text } from "../support/fake-provider.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let dev: DevServer;
let site: Awaited<ReturnType<typeof serveFetch>>;
let browser: OwnBrowser;

/** What the browser asked for, and how its lines are cut. */
const requests: { lastEventId: string | null; hasKey: boolean }[] = [];
const lines: (() => void)[] = [];

/** A site of somebody else's before the Worker, on one origin, as a reverse proxy: it can lose a line. */
const proxy: typeof fetch = async (input, init) => {
  const { pathname, search } = new URL(String(input));
  if (!pathname.startsWith("/v1/"))
    return new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
  const headers = new Headers(init?.headers);
  requests.push({ lastEventId: headers.get("Last-Event-ID"), hasKey: headers.has("Authorization") });
  const lastEventId = headers.get("Last-Event-ID");
  const answer = await reach(`${dev.url}${pathname}${search}`, {
    headers: lastEventId === null ? {} : { "Last-Event-ID": lastEventId },
    ...(init?.signal && { signal: init.signal }),
  });
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => void lines.push(() => controller.error(new Error("The line is lost."))),
  });
  return new Response(answer.body?.pipeThrough(cut) ?? null, answer);
};

const headers = { Authorization: "Bearer e2e-test-key", "Content-Type": "application/json" };
const post = (path: string, body: object, more: Record<string, string> = {}) =>
  reach(`${dev.url}/v1${path}`, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(body) });

beforeAll(async () => {
  if (browserPath === undefined) return;
  outside = await serveProvider(provider);
  dev = await startDev({ vars: { MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key", MODEL_RETRIES: "0" } });
  site = await serveFetch(proxy);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  await dev?.stop();
  await outside?.close();
});

const listen = (url: string) => `
  window.got = [];
  window.ids = [];
  window.source = new EventSource(${JSON.stringify(url)});
  for (const name of ["turn.started", "text.delta", "turn.ended"])
    source.addEventListener(name, (event) => {
      const data = JSON.parse(event.data);
      ids.push(event.lastEventId);
      got.push(data.type + (data.type === "text.delta" ? " " + data.text : ""));
    });
`;

describe.skipIf(browserPath === undefined)("a browser's EventSource", () => {
  it("[E2E-20] reads by a token in its URL, and after a lost line comes back by itself for exactly the rest", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply, text("The end."));
    const session = "event-source";
    await post(`/sessions/${session}/messages`, { content: "A story" }, { Prefer: "respond-async" });
    const { token } = (await (await post(`/sessions/${session}/tokens`, { rights: ["read"] })).json()) as {
      token: string;
    };
    const page = await browser.newPage();
    await page.goto(site.url);
    await inPage(page, listen(`/v1/sessions/${session}/events?token=${encodeURIComponent(token)}`));
    const got = () => inPage<string[]>(page, "got");
    await expect.poll(got).toEqual(["turn.started", "text.delta Once upon "]);
    const seen = await inPage<string>(page, "ids.at(-1)");
    lines.at(-1)?.();
    gate.release();
    await expect.poll(got).toEqual(["turn.started", "text.delta Once upon ", "text.delta a time.", "turn.ended"]);
    expect(requests).toEqual([
      { lastEventId: null, hasKey: false },
      { lastEventId: seen, hasKey: false },
    ]);
    // The same line brings the next turn.
    await post(`/sessions/${session}/messages`, { content: "And then?" });
    await expect
      .poll(async () => (await got()).slice(4))
      .toEqual(["turn.started", "text.delta The end.", "turn.ended"]);
    await inPage(page, "source.close()");
    await page.close();
  });

  it("[E2E-20] is refused for good with a token that is not for it: it does not come back", async () => {
    await post("/sessions", { id: "event-source-2" });
    const made = await post("/sessions/event-source-2/tokens", { rights: ["read", "append"] });
    const { token } = (await made.json()) as { token: string };
    const before = requests.length;
    const page = await browser.newPage();
    await page.goto(site.url);
    await inPage(page, listen(`/v1/sessions/event-source-2/events?token=${encodeURIComponent(token)}`));
    await expect.poll(() => inPage(page, "source.readyState")).toBe(2);
    expect(requests.length - before).toBe(1);
    expect(await inPage(page, "got")).toEqual([]);
    await page.close();
  });
});
