import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { browserPath, inPage, type OwnBrowser, openBrowser } from "../support/browser.ts";
import { createFakeProvider, gated, status, text } from "../support/fake-provider.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let dev: DevServer;
/** The site of the page, and what is between it and the Worker, on another origin: it can lose a line. */
let site: Awaited<ReturnType<typeof serveFetch>>;
let between: Awaited<ReturnType<typeof serveFetch>>;
let browser: OwnBrowser;
let page: Page;
const lines: { request: string; cut(): void }[] = [];
const lose = (path: string) => lines.findLast(({ request }) => request.includes(path))?.cut();
const asked: string[] = [];

const proxy: typeof fetch = async (input, init = {}) => {
  const { pathname, search } = new URL(String(input));
  const { method = "GET", body, signal } = init;
  const request = `${method} ${pathname}`;
  asked.push(request);
  const headers = new Headers(init.headers);
  for (const name of ["host", "connection", "content-length"]) headers.delete(name);
  const answer = await reach(`${dev.url}${pathname}${search}`, {
    method,
    headers,
    ...(body && { body }),
    ...(signal && { signal }),
  });
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => void lines.push({ request, cut: () => controller.error(new Error("The line is lost.")) }),
  });
  const response = new Response(answer.body?.pipeThrough(cut) ?? null, answer);
  // The body was unpacked here.
  for (const name of ["content-encoding", "content-length"]) response.headers.delete(name);
  return response;
};

/** The backend of docs/front-end.md with its page, as they are printed there; it gives tokens of the Worker behind the line that can be lost. */
interface Backend {
  url: string;
  stop(): Promise<void>;
}
async function startBackend(): Promise<Backend> {
  const text = await readFile("docs/front-end.md", "utf8");
  const folder = await mkdtemp(join(tmpdir(), "longline-front-end-"));
  for (const [name, first] of [
    ["backend.ts", "// backend.ts"],
    ["page.html", "<!-- page.html -->"],
  ] as const) {
    const [, code = ""] = text.split(`${first}\n`);
    await writeFile(join(folder, name), code.slice(0, code.indexOf("\n```")));
  }
  const env = { ...process.env, PORT: "0", LONGLINE_URL: between.url, LONGLINE_KEY: "e2e-test-key" };
  const child = spawn(process.execPath, ["--no-warnings", "backend.ts"], { cwd: folder, env });
  let printed = "";
  const ended = new Promise<void>((resolve) => void child.on("close", () => resolve()));
  const url = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes) => {
        printed += String(bytes);
        const [, port] = /port: (\d+)/.exec(printed) ?? [];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
      });
    void ended.then(() => reject(new Error(`The backend of the document ended:\n${printed}`)));
  });
  const stop = async () => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
  return { url: await url, stop };
}
let backend: Backend;

const headers = { Authorization: "Bearer e2e-test-key", "Content-Type": "application/json" };
async function tokenOf(session: string, rights: string[]): Promise<string> {
  const body = JSON.stringify({ rights });
  const made = await reach(`${dev.url}/v1/sessions/${session}/tokens`, { method: "POST", headers, body });
  return ((await made.json()) as { token: string }).token;
}

/** Streams a message in the page; what came is in `got`, how it ended in `outcome`. */
const streamed = (session: string, token: string) => `
  window.got = []; window.outcome = undefined; window.control = new AbortController();
  window.talk = longline.client({ url: ${JSON.stringify(between.url)}, key: ${JSON.stringify(token)} });
  (async () => {
    for await (const event of talk.stream(${JSON.stringify(session)}, { content: "Go" }, { signal: control.signal }))
      got.push(event.type === "text.delta" ? "text " + event.text : event.type);
    outcome = "whole";
  })().catch((error) => { outcome = { name: error.name, status: error.status, code: error.code, message: error.message }; });
  undefined;
`;
const got = () => inPage<string[]>(page, "got");
const outcome = () => inPage<unknown>(page, "outcome ?? null");

beforeAll(async () => {
  if (browserPath === undefined) return;
  const bundled = await build({
    entryPoints: ["src/client.ts"],
    bundle: true,
    format: "iife",
    globalName: "longline",
    platform: "browser",
    write: false,
  });
  const script = bundled.outputFiles[0]?.text ?? "";
  const html = `<!doctype html><title>A page</title><script>${script}</script>`;
  site = await serveFetch(async () => new Response(html, { headers: { "Content-Type": "text/html" } }));
  between = await serveFetch(proxy);
  [outside, backend] = await Promise.all([serveProvider(provider), startBackend()]);
  const origins = `${site.url},${backend.url}`;
  const vars = { MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key", MODEL_RETRIES: "0", ALLOWED_ORIGINS: origins };
  [dev, browser] = await Promise.all([startDev({ vars }), openBrowser()]);
  page = await browser.newPage();
  await page.goto(site.url);
});
afterAll(async () => {
  await browser?.close();
  await backend?.stop();
  await dev?.stop();
  for (const server of [site, between, outside]) await server?.close();
});

describe.skipIf(browserPath === undefined)("longline/client in a browser's page of another origin", () => {
  it("[E2E-26] streams by a session's token, and after a lost line gives exactly the rest, without a second turn", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply);
    await inPage(page, streamed("in-page", await tokenOf("in-page", ["read", "append"])));
    await expect.poll(got).toEqual(["turn.started", "step.started", "text Once upon "]);
    lose("/in-page/messages");
    gate.release();
    const rest = ["text a time.", "message.completed", "turn.ended"];
    await expect.poll(got).toEqual(["turn.started", "step.started", "text Once upon ", ...rest]);
    await expect.poll(outcome).toBe("whole");
    expect(asked.filter((each) => each.startsWith("POST"))).toEqual(["POST /v1/sessions/in-page/messages"]);
    expect(asked.at(-1)).toBe("GET /v1/sessions/in-page/events");
  });

  it("[E2E-26] an abort ends the stream and not the turn; a cancel ends the turn", async () => {
    const [first, second] = [gated("Half", " and half."), gated("Never", " whole.")];
    provider.enqueue(first.reply, second.reply);
    const token = await tokenOf("aborted", ["read", "append", "cancel"]);
    await inPage(page, streamed("aborted", token));
    await expect.poll(got).toContain("text Half");
    await inPage(page, "control.abort()");
    await expect.poll(outcome).toMatchObject({ name: "AbortError" });
    first.release();
    const turn = (name: string) => inPage<object>(page, `talk.turn("aborted", "${name}")`);
    await expect
      .poll(() => turn("turn_1"))
      .toMatchObject({ status: "completed", message: { content: "Half and half." } });
    await inPage(page, streamed("aborted", token));
    await expect.poll(got).toContain("text Never");
    await inPage(page, 'talk.cancel("aborted")');
    await expect.poll(got).toContain("turn.ended");
    await expect.poll(() => turn("turn_2")).toMatchObject({ status: "cancelled", message: { content: "Never" } });
    await second.cancelled;
  });

  it("[E2E-26] refusals are errors with status and code, read across origins; a failed turn has a sentence for people", async () => {
    const token = await tokenOf("refused", ["read"]);
    await inPage(page, streamed("refused", token));
    await expect.poll(outcome).toMatchObject({ name: "LonglineError", status: 403, code: "forbidden" });
    await inPage(page, streamed("refused", "no-token"));
    await expect.poll(outcome).toMatchObject({ name: "LonglineError", status: 401, code: "unauthorized" });
    provider.enqueue(status(402, { error: { message: "no money" } }));
    const writer = await tokenOf("refused", ["append", "read"]);
    await inPage(page, streamed("refused", writer));
    await expect.poll(outcome).toBe("whole");
    const message = "The assistant cannot answer right now; please ask the people who run it to look into it.";
    await expect
      .poll(() => inPage(page, 'talk.turn("refused", "turn_1")'))
      .toMatchObject({
        status: "failed",
        error: { code: "model_payment", message, detail: message },
      });
  });
});

describe.skipIf(browserPath === undefined)("the page of docs/front-end.md, with its backend", () => {
  it("[DOCS-10] shows an answer once over a lost line, renews its tokens before they end, and after a refusal", async () => {
    const context = await browser.newContext();
    const own = await context.newPage();
    await own.clock.install();
    await own.goto(backend.url);
    const log = () => own.locator("#log p").allTextContents();
    const events = () => asked.filter((each) => /^GET .*visitor-.*\/events$/.test(each)).length;
    const tokens = () => asked.filter((each) => /^POST .*visitor-.*\/tokens$/.test(each)).length;
    const say = async (words: string) => {
      await own.getByLabel("Message").fill(words);
      await own.getByRole("button", { name: "Send" }).click();
    };
    await expect.poll(events).toBe(1);
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply);
    await say("A story");
    await expect.poll(log).toEqual(["A story", "Once upon "]);
    lose("/events");
    gate.release();
    await expect.poll(log).toEqual(["A story", "Once upon a time."]);
    expect([tokens(), events()]).toEqual([2, 2]);
    // A minute before the hour is over. What was shown is not shown again.
    await own.clock.fastForward(3_540_000);
    await expect.poll(() => [tokens(), events()]).toEqual([4, 3]);
    provider.enqueue(text("The end."), status(402, { error: { message: "no money" } }));
    await say("And then?");
    await expect.poll(log).toEqual(["A story", "Once upon a time.", "And then?", "The end."]);
    // Tokens that are withdrawn are refused when the page comes back: it asks for others.
    const session = asked.findLast((each) => each.includes("visitor-"))?.split("/")[3] ?? "";
    await reach(`${dev.url}/v1/sessions/${session}/tokens`, { method: "DELETE", headers });
    lose("/events");
    await expect.poll(events).toBe(4);
    const tokensLater = async () => {
      await own.clock.fastForward(6_000);
      return tokens();
    };
    await expect.poll(tokensLater).toBe(6);
    await say("And who pays?");
    await expect
      .poll(async () => (await log()).slice(4))
      .toEqual([
        "And who pays?",
        "",
        "The assistant cannot answer right now; please ask the people who run it to look into it.",
      ]);
    // Another visitor has a session of its own.
    const other = await (await browser.newContext()).newPage();
    await other.goto(backend.url);
    await expect.poll(() => new Set(asked.flatMap((each) => /visitor-[0-9a-f-]+/.exec(each) ?? [])).size).toBe(2);
    await expect.poll(() => other.locator("#log p").count()).toBe(0);
    await other.context().close();
    await context.close();
  });

  it("[DOCS-10] gives no token without its cookie", async () => {
    const refused = await fetch(`${backend.url}/token`, { method: "POST" });
    expect(refused.status).toBe(404);
  });
});
