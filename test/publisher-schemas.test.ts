/** The check of what OpenAI's doors send against OpenAI's schemas (`support/publisher-check.ts`): that it notices what is wrong, and does not change what it watches. */
import { describe, expect, it } from "vitest";
import { PublisherCheck, publisherFaults } from "./support/publisher-check.ts";

const chunk = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }],
};
const delta = {
  type: "response.output_text.delta",
  sequence_number: 4,
  item_id: "msg_1",
  output_index: 0,
  content_index: 0,
  delta: "Hi",
  logprobs: [],
};
const error = { message: "No.", type: "invalid_request_error", param: null, code: null };
const response = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  access_programs: null,
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model: "m",
  output: [{ type: "reasoning", id: "rs_1", summary: [] }],
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: "auto",
  tools: [],
  top_p: null,
  usage: null,
};

const right: [Parameters<typeof publisherFaults>[0], object][] = [
  ["chunk", chunk],
  ["chunk", { ...chunk, longline: {}, choices: [{ ...chunk.choices[0], delta: { reasoning_content: "Hm." } }] }],
  ["event", delta],
  ["event", { type: "error", code: "server_error", message: "No.", param: null, sequence_number: 3 }],
  ["error", error],
  ["response", response],
  ["response", { ...response, incomplete_details: { reason: "content_filter" }, status: "incomplete" }],
];
const wrong: [Parameters<typeof publisherFaults>[0], object, RegExp][] = [
  ["chunk", { ...chunk, created: 1.5 }, /created/],
  ["chunk", { ...chunk, choices: [{ index: 0, delta: { content: 1 }, finish_reason: null }] }, /content/],
  ["chunk", { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: "done" }] }, /finish_reason/],
  ["event", { ...delta, sequence_number: "4" }, /sequence_number/],
  ["event", { ...delta, item_id: undefined }, /item_id/],
  ["event", { ...delta, type: "response.web_search_call.searching" }, /no schema/],
  ["event", { type: "response.completed", sequence_number: 1, response: { ...response, output: [{}] } }, /output\/0/],
  ["error", { ...error, code: 400 }, /code/],
  ["error", { message: "No.", type: "server_error" }, /param|code/],
  ["response", { ...response, status: "done" }, /status/],
  ["response", { ...response, incomplete_details: { reason: "filtered" } }, /reason/],
  ["response", { ...response, error: { code: "boom", message: "No." } }, /code/],
  ["response", { ...response, tools: [{ type: "function", name: "f" }] }, /tools\/0/],
];

const answer = (body: string, type: string, status = 200) =>
  Promise.resolve(new Response(body, { status, headers: { "Content-Type": type, "X-Kept": "yes" } }));

describe("the check against OpenAI's schemas", () => {
  it.each(right)("[PUBLISHER-2] takes %s %#", (kind, value) => {
    expect(publisherFaults(kind, JSON.parse(JSON.stringify(value)))).toEqual([]);
  });

  it.each(wrong)("[PUBLISHER-2] refuses %s %#", (kind, value, what) => {
    expect(publisherFaults(kind, JSON.parse(JSON.stringify(value))).join()).toMatch(what);
  });

  it("[PUBLISHER-2] reads bodies, errors and frames as they pass, and changes nothing", async () => {
    const frames = [delta, { ...delta, delta: 1 }].map(
      (each) => `event: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`,
    );
    const served: Record<string, () => Promise<Response>> = {
      "/v1/models": () => answer('{"object":"list","data":[{"id":1}]}', "application/json"),
      "/v1/responses/resp_1": () => answer(JSON.stringify({ error: { message: "No." } }), "application/json", 404),
      "/v1/responses": () => answer(frames.join(""), "text/event-stream; charset=utf-8"),
      "/v1/sessions": () => answer("{}", "application/json"),
    };
    const check = new PublisherCheck();
    const call = check.watch(async (input) => {
      const found = served[new URL(String(input)).pathname];
      if (found === undefined) throw new Error("This path is not served.");
      return found();
    });
    const got = (path: string, method: string) => call(`https://x.test${path}`, { method });
    expect(await (await got("/v1/responses", "POST")).text()).toBe(frames.join(""));
    expect(check.faults.splice(0)).toEqual([expect.stringContaining("/delta: ")]);
    const refused = await got("/v1/responses/resp_1", "GET");
    expect([refused.status, refused.headers.get("X-Kept"), await refused.json()]).toEqual([
      404,
      "yes",
      { error: { message: "No." } },
    ]);
    expect(check.faults.splice(0)).toEqual([expect.stringContaining("ErrorObject")]);
    await (await got("/v1/models", "GET")).text();
    expect(check.faults.splice(0)).toEqual([expect.stringContaining("Model: ")]);
    await (await got("/v1/sessions", "GET")).text();
    expect(check.checked).toEqual({ event: 2, error: 1, models: 1 });
  });

  it("[PUBLISHER-2] passes a hang-up on", async () => {
    let hungUp = false;
    const body = new ReadableStream({
      cancel() {
        hungUp = true;
      },
    });
    const headers = { "Content-Type": "text/event-stream" };
    const check = new PublisherCheck();
    const call = check.watch(() => Promise.resolve(new Response(body, { headers })));
    await (await call("https://x.test/v1/responses", { method: "POST" })).body?.cancel();
    expect(hungUp).toBe(true);
  });
});
