/** Ids that were given out are taken back: the items of earlier responses by reference, as @ai-sdk/openai sends a conversation. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../../support/checked-worker.ts";
import { calls, frames, text } from "../../../support/fake-provider.ts";
import { over, said, thought } from "../../../support/reply-frames.ts";
import { startProvider } from "../../../support/session-world.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: unknown, key = "test-key") {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const create = (body: object) => call("POST", "/responses", body);
const textOf = ({ body }: { body: Json }) =>
  body.output.flatMap((item: Json) => (item.type === "message" ? [item.content[0].text] : [])).join("|");
const refer = ({ id }: { id: string }) => ({ type: "item_reference", id });
const user = (content: string) => ({ role: "user", content });
const sessionOf = ({ body }: { body: Json }) => body.id.split(".")[0].replace("resp_", "");

const weather = { type: "function", name: "weather", parameters: { type: "object", properties: {} } };
let provider: ReturnType<typeof startProvider>;
const asked = () => provider.requests.at(-1)?.body.messages.slice(1) as Json[];
beforeEach(() => {
  provider = startProvider();
  provider.allowReasoning();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("items by reference", () => {
  it("[RESPONSES-16] of messages, reasoning and calls go on in the session that they are in", async () => {
    provider.enqueue(
      frames(thought("Hm."), said("Hello!"), over()),
      calls([{ name: "weather", arguments: "{}", id: "c1" }]),
      text("Sunny."),
    );
    const first = await create({ input: [user("Hi")] });
    const history = [user("Hi"), ...first.body.output.map(refer)];
    const second = await create({ input: [...history, user("Weather?")], tools: [weather] });
    expect(sessionOf(second)).toBe(sessionOf(first));
    const output = { type: "function_call_output", call_id: "c1", output: "sun" };
    const whole = [...history, user("Weather?"), ...second.body.output.map(refer), output];
    const third = await create({ input: whole, tools: [weather] });
    expect([sessionOf(third), textOf(third)]).toEqual([sessionOf(first), "Sunny."]);
    expect(asked().map(({ role, content }) => [role, content])).toEqual([
      ["user", "Hi"],
      ["assistant", "Hello!"],
      ["user", "Weather?"],
      ["assistant", ""],
      ["tool", "sun"],
    ]);
    // The same again is the same answer.
    expect((await create({ input: whole, tools: [weather] })).body.id).toBe(third.body.id);
    expect(provider.requests).toHaveLength(3);
  });

  it("[RESPONSES-16] a reference without its type, and one of an edited conversation, which goes on in a fork", async () => {
    provider.enqueue(text("one"), text("two"), text("three"));
    const first = await create({ input: "1" });
    const second = await create({ input: [{ id: first.body.output[0].id }, user("2")] });
    expect(sessionOf(second)).toBe(sessionOf(first));
    const other = await create({ input: [user("0"), refer(first.body.output[0]), user("2b")] });
    expect(sessionOf(other)).not.toBe(sessionOf(first));
    expect(asked().map(({ content }) => content)).toEqual(["0", "one", "2b"]);
  });

  it("[RESPONSES-16] with previous_response_id what the session knows need not be said again", async () => {
    provider.enqueue(text("one"), text("two"));
    const first = await create({ input: "1" });
    const more = { previous_response_id: first.body.id };
    const second = await create({ ...more, input: [refer(first.body.output[0]), user("2")] });
    expect(sessionOf(second)).toBe(sessionOf(first));
    expect(asked().map(({ content }) => content)).toEqual(["1", "one", "2"]);
  });

  it("[RESPONSES-16] an approval request is found by its id alone, by reference or sent whole", async () => {
    for (const again of [refer, (item: Json) => item]) {
      const request = { url: "https://shop.example.com/orders", method: "POST", body: "{}" };
      provider.enqueue(calls([{ name: "send_request", arguments: JSON.stringify(request), id: "c1" }]), text("Done."));
      const first = await create({ input: "Send it" });
      const [item] = first.body.output;
      const answer = { type: "mcp_approval_response", approval_request_id: item.id, approve: true };
      const second = await create({ input: [user("Send it"), again(item), answer] });
      expect([second.status, textOf(second), sessionOf(second)]).toEqual([200, "Done.", sessionOf(first)]);
      const entries = (await call("GET", `/sessions/${sessionOf(first)}/entries`)).body.entries;
      expect(entries.filter(({ type }: Json) => type === "user")).toHaveLength(1);
    }
  });

  it("[RESPONSES-17] the same 404 for ids that are unknown, withdrawn, unstored, or another account's", async () => {
    provider.enqueue(text("one"), text("two"));
    const unstored = await create({ input: "1", store: false });
    const withdrawn = await create({ input: "1" });
    await call("DELETE", `/responses/${withdrawn.body.id}`);
    const ids = [unstored.body.output[0].id, withdrawn.body.output[0].id];
    const odd = ["msg_nobody.1.2", "rs_x", "msg_", "xx_a.1.2", "msg_a/b.1.2", "fc_nobody.1.2.0", "mcpr_nobody.1.2.abc"];
    for (const id of [...ids, ...odd]) {
      const answer = await create({ input: [{ type: "item_reference", id }, user("2")] });
      expect([id, answer]).toMatchObject([
        id,
        {
          status: 404,
          body: { error: { message: `Item with id '${id}' not found.`, param: "input", code: "not_found" } },
        },
      ]);
    }
    expect(provider.requests).toHaveLength(2);
  });
});
