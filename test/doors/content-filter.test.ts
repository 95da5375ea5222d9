/** How OpenAI's doors say that a content filter stopped the request or the answer. Source: `Response.incomplete_details.reason` and `finish_reason` of OpenAI's OpenAPI document 2.3.0. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../support/checked-worker.ts";
import { frames, status, text } from "../support/fake-provider.ts";
import { over, said } from "../support/reply-frames.ts";
import { startProvider } from "../support/session-world.ts";
import { readEvents } from "../support/sse-reader.ts";

const worker = checkedWorker();
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

function respond(more: object): Promise<Response> {
  return worker.fetch("https://longline.test/v1/responses", {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    body: JSON.stringify({ model: "deepseek-v3.2-exp", input: "Hi", ...more }),
  });
}
const stopped = {
  "a request": { reply: () => status(400, { error: { message: "Content Exists Risk" } }), texts: [] as string[] },
  "an answer": { reply: () => frames(said("Hel"), over("content_filter")), texts: ["Hel"] },
};
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const textsOf = (output: any[]) =>
  output.flatMap(({ content = [] }) => content.map((part: { text: string }) => part.text));

describe.each(Object.entries(stopped))("a Response of which a filter stopped %s", (_, { reply, texts }) => {
  it("[RESPONSES-23] is incomplete by reason of content_filter, under status 200, and the conversation goes on", async () => {
    provider.enqueue(reply());
    const answer = await respond({});
    // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
    const body = (await answer.json()) as any;
    expect([answer.status, body.status, body.error]).toEqual([200, "incomplete", null]);
    expect(body.incomplete_details).toEqual({ reason: "content_filter" });
    expect(textsOf(body.output)).toEqual(texts);
    for (const item of body.output) expect(item.status).toBe("incomplete");
    provider.enqueue(text("Well."));
    expect(await (await respond({ previous_response_id: body.id })).json()).toMatchObject({ status: "completed" });
  });

  it("[RESPONSES-23] as a stream ends with response.incomplete, and says no error", async () => {
    provider.enqueue(reply());
    const events = await readEvents(await respond({ stream: true }));
    expect(events.map(({ event }) => event)).not.toContain("error");
    expect(events.at(-1)).toMatchObject({
      event: "response.incomplete",
      data: { response: { status: "incomplete", incomplete_details: { reason: "content_filter" }, error: null } },
    });
    expect(textsOf(events.at(-1)?.data.response.output)).toEqual(texts);
  });
});
