/**
 * How OpenAI's doors say that a content filter stopped the request or the answer. Sources: `Response.incomplete_details.reason`,
 * `ResponseError.code` and `finish_reason` of OpenAI's OpenAPI document 2.3.0; a request that OpenAI refused (400,
 * `invalid_prompt`): pal-mcp-server#178; one that Azure refused (400, `content_filter`): openai-dotnet#55.
 */
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
  return post("/v1/responses", { input: "Hi", ...more });
}
function post(path: string, body: object): Promise<Response> {
  return worker.fetch(`https://longline.test${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    body: JSON.stringify({ model: "deepseek-v3.2-exp", ...body }),
  });
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const textsOf = (output: any[]) =>
  output.flatMap(({ content = [] }) => content.map((part: { text: string }) => part.text));

/** Each host's own way to refuse a request. */
const refusals = {
  DeepSeek: { message: "Content Exists Risk" },
  Azure: { message: "The response was filtered.", type: null, param: "prompt", code: "content_filter", status: 400 },
  OpenAI: {
    message: "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
    type: "invalid_request_error",
    code: "invalid_prompt",
  },
};

describe.each(Object.entries(refusals))("a request that a filter refuses, as %s says it", (_, error) => {
  const refuse = () => provider.enqueue(status(400, { error }));

  it("[RESPONSES-23] is an error of status 400 at both doors, with the same code, and is not sent again", async () => {
    refuse();
    const answer = await respond({});
    const body = { error: { type: "invalid_request_error", param: null, code: "content_filter" } };
    expect([answer.status, answer.headers.get("X-Should-Retry")]).toEqual([400, "false"]);
    expect(await answer.json()).toMatchObject(body);
    refuse();
    const chat = await post("/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] });
    expect([chat.status, chat.headers.get("X-Should-Retry")]).toEqual([400, "false"]);
    expect(await chat.json()).toMatchObject(body);
  });

  it("[RESPONSES-23] in the background, in a stream and when it is read again is failed, with a code of OpenAI's list", async () => {
    refuse();
    const events = await readEvents(await respond({ stream: true }));
    const failed = { status: "failed", error: { code: "invalid_prompt" }, incomplete_details: null, output: [] };
    expect(events.at(-2)).toMatchObject({ event: "error", data: { code: "content_filter" } });
    expect(events.at(-1)).toMatchObject({ event: "response.failed", data: { response: failed } });
    const path = `/v1/responses/${events.at(-1)?.data.response.id}`;
    const read = await worker.fetch(`https://longline.test${path}`, { headers: { Authorization: "Bearer test-key" } });
    expect(await read.json()).toMatchObject(failed);
  });

  it("[RESPONSES-23] the next request goes on behind it", async () => {
    refuse();
    const failed = await respond({});
    const id = failed.headers.get("Location")?.split("/").at(-1);
    provider.enqueue(text("Well."));
    expect(await (await respond({ previous_response_id: id })).json()).toMatchObject({ status: "completed" });
  });
});

describe("a Response of which a filter stopped the answer", () => {
  const reply = () => frames(said("Hel"), over("content_filter"));
  const texts = ["Hel"];

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
