import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calls, createFakeProvider, gated, text } from "../support/fake-provider.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { eventReads, type ReadEvent, readEvents } from "../support/sse-reader.ts";
import { type DevServer, freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let data: string;
let dev: DevServer;

const start = () => startDev({ vars: { MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key" }, persistTo: data });
beforeAll(async () => {
  outside = await serveProvider(provider);
  data = await freshFolder();
  dev = await start();
});
afterAll(async () => {
  await dev.stop();
  await outside.close();
  await rm(data, { recursive: true, force: true });
});

const headers = { Authorization: "Bearer e2e-test-key", "Content-Type": "application/json" };
const at = (path: string) => `${dev.url}/v1/sessions/${path}`;

function send(
  session: string,
  content: string,
  more: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const init = { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify({ content }) };
  return reach(at(`${session}/messages`), signal ? { ...init, signal } : init);
}

const streamed = { Accept: "text/event-stream" };
const eventsAfter = (session: string, id: string) =>
  reach(at(`${session}/events?live=false`), { headers: { ...headers, "Last-Event-ID": id } }).then((answer) =>
    readEvents(answer),
  );
const join = (events: ReadEvent[], name: string) =>
  events.map(({ event, data }) => (event === name ? data.text : "")).join("");

describe("a turn, whatever happens to its readers and its server", () => {
  it("[E2E-2] a second client that cuts the stream at any event gets exactly the rest", async () => {
    provider.enqueue(
      calls([
        { name: "calculator", arguments: '{"expression":"6*7"}' },
        { name: "current_time", arguments: '{"timezone":null}' },
      ]),
    );
    provider.enqueue(text("It is **42**. Schön! 👋"));
    const whole = await readEvents(await send("cuts", "What is 6*7?", streamed));
    expect(whole.map(({ event }) => event)).toEqual([
      "turn.started",
      "step.started",
      "tool.called",
      "tool.called",
      "message.completed",
      "tool.finished",
      "tool.finished",
      "step.started",
      "text.delta",
      "message.completed",
      "turn.ended",
    ]);
    for (const [place, { id = "" }] of whole.entries()) {
      expect(await eventsAfter("cuts", id)).toEqual(whole.slice(place + 1));
    }
    expect(await eventsAfter("cuts", "0")).toEqual(whole);
  });

  it("[E2E-2] a stream cut while the answer still arrives goes on without gap or repetition", async () => {
    const gate = gated("one, ", "two, ", "three");
    provider.enqueue(gate.reply);
    const seen: ReadEvent[] = [];
    for await (const events of eventReads(await send("live", "Count", streamed))) {
      seen.push(...events);
      if (events.some(({ event }) => event === "text.delta")) break;
    }
    expect(join(seen, "text.delta")).toBe("one, ");
    const { id = "" } = seen.at(-1) ?? {};
    const rest = reach(at("live/events"), { headers: { ...headers, "Last-Event-ID": id } });
    gate.release();
    for await (const events of eventReads(await rest)) {
      seen.push(...events);
      if (events.some(({ event }) => event === "turn.ended")) break;
    }
    expect(join(seen, "text.delta")).toBe("one, two, three");
    expect(seen.filter(({ event }) => event === "step.started")).toHaveLength(1);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
  });

  it("[E2E-5] a reader who hangs up does not stop the turn", async () => {
    const gate = gated("still ", "here");
    provider.enqueue(gate.reply);
    const hangUp = new AbortController();
    await send("gone", "Hello", streamed, hangUp.signal);
    await gate.reached(1);
    hangUp.abort();
    gate.release();
    const answer = await reach(at("gone/turns/turn_1"), { headers });
    expect(answer.status).toBe(200);
    await expect
      .poll(async () => (await (await reach(at("gone/turns/turn_1"), { headers })).json()) as object)
      .toMatchObject({ status: "completed", message: { content: "still here" } });
  });

  it("[E2E-5] [NATIVE-7] a cancel ends the turn, keeps what was said, and reaches the provider", async () => {
    const gate = gated("half of ", "it");
    provider.enqueue(gate.reply);
    const reading = send("stop", "Hello", streamed).then((answer) => readEvents(answer));
    await gate.reached(1);
    await expect.poll(() => eventsAfter("stop", "0").then((events) => join(events, "text.delta"))).toBe("half of ");
    const cancelled = await reach(at("stop/cancel"), { method: "POST", headers });
    expect([cancelled.status, await cancelled.json()]).toEqual([
      202,
      { session: "stop", turn: "turn_1", status: "cancelling" },
    ]);
    await gate.cancelled;
    const told = await reading;
    expect(told.at(-1)).toMatchObject({ event: "turn.ended", data: { reason: "cancelled" } });
    expect(told.at(-2)).toMatchObject({
      event: "message.completed",
      data: { message: { content: "half of " }, finish_reason: "cancelled" },
    });
  });

  it("[E2E-6] a server killed in mid-answer finishes the turn by itself, and the reader who comes back is told", async () => {
    const gate = gated("the first half, ", "never sent");
    provider.enqueue(gate.reply);
    const seen: ReadEvent[] = [];
    for await (const events of eventReads(await send("killed", "Hello", streamed))) {
      seen.push(...events);
      if (events.some(({ event }) => event === "text.delta")) break;
    }
    await dev.kill();
    provider.enqueue(text("a whole answer"));
    const asked = provider.requests.length;
    dev = await start();
    // Nobody asks for the session: the alarm alone takes the turn up again.
    await expect.poll(() => provider.requests.length).toBe(asked + 1);
    const { id = "" } = seen.at(-1) ?? {};
    const live = reach(at("killed/events"), { headers: { ...headers, "Last-Event-ID": id } });
    const rest: ReadEvent[] = [];
    for await (const events of eventReads(await live)) {
      rest.push(...events);
      if (events.some(({ event }) => event === "turn.ended")) break;
    }
    expect(rest.map(({ event }) => event)).toEqual(["step.restarted", "text.delta", "message.completed", "turn.ended"]);
    expect(join(rest, "text.delta")).toBe("a whole answer");
    expect(rest.at(-1)?.data.reason).toBe("completed");
  });
});

describe("a wrong setting", () => {
  it("[E2E-4] stops the Worker at start with its name and the mend", async () => {
    const starting = startDev({ command: true, vars: { MODEL_BASE_URL: "cometapi", ALLOWED_ORIGINS: "*" } });
    await expect(starting).rejects.toThrow(/MODEL_BASE_URL must be a URL such as https:\/\/api\.cometapi\.com\/v1/);
    await expect(starting).rejects.toThrow(/ALLOWED_ORIGINS holds "\*", which is no origin/);
  });
});
