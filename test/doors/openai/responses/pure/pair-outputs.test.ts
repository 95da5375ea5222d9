/** Inputs whose results are not next to their calls. */
import { describe, expect, it } from "vitest";
import { inputItemList } from "../../../../../src/doors/openai/responses/input-items.ts";
import { inputFault, readInput } from "../../../../../src/doors/openai/responses/read-input.ts";

const call = (id: string) => ({ type: "function_call", call_id: id, name: "find", arguments: "{}" });
const output = (id: string, text = `of ${id}`) => ({ type: "function_call_output", call_id: id, output: text });
const says = (role: string, content: string) => ({ type: "message", role, content });
const thinks = { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "Hm." }] };
const approves = { type: "mcp_approval_response", approval_request_id: "mcpr_r1", approve: true };
const read = (input: object[]) => readInput(inputItemList.parse(input));
/** Each item in a word. */
const outline = (input: object[]) =>
  read(input).items.map((item) => {
    if (item.role === "tool") return `${item.callId}=${item.content}`;
    return item.role === "user" ? item.content : `[${item.calls.map(({ id }) => id).join(" ")}]`;
  });
const q = says("user", "q");

describe("results that are not next to their calls", () => {
  it.each<[string, object[], string[]]>([
    ["in order", [q, call("A"), output("A"), call("B"), output("B")], ["q", "[A]", "A=of A", "[B]", "B=of B"]],
    ["a developer's message between", [q, call("A"), says("developer", "d"), output("A")], ["q", "[A]", "A=of A", "d"]],
    ["a person's message between", [q, call("A"), says("user", "u"), output("A")], ["q", "[A]", "A=of A", "u"]],
    ["reasoning between", [q, call("A"), thinks, output("A")], ["q", "[A]", "A=of A"]],
    ["an assistant's message between", [q, call("A"), says("assistant", "a"), output("A")], ["q", "[A]", "A=of A"]],
    [
      "a message between two results",
      [q, call("A"), call("B"), output("B"), says("user", "u"), output("A")],
      ["q", "[A B]", "B=of B", "A=of A", "u"],
    ],
    [
      "two calls before a message each",
      [q, call("A"), says("user", "u"), call("B"), says("user", "v"), output("A"), output("B")],
      ["q", "[A]", "A=of A", "u", "[B]", "B=of B", "v"],
    ],
    [
      "an id that is used again",
      [q, call("0"), output("0", "1"), says("user", "u"), call("0"), says("user", "v"), output("0", "2")],
      ["q", "[0]", "0=1", "u", "[0]", "0=2", "v"],
    ],
  ])("[PAIR-1] %s: each is put behind its call, and the input is taken", (_, input, expected) => {
    expect(outline(input)).toEqual(expected);
    expect(inputFault(read([...input, says("user", "end")]).items)).toBeUndefined();
  });

  it.each<[string, object[], string]>([
    ["a call without a result", [q, call("A"), says("user", "u")], "No tool output found for function call A."],
    ["a result before its call", [q, output("A"), call("A")], "No tool call found"],
    ["a result without a call", [q, call("A"), output("A"), output("B")], "No tool call found"],
    ["a second result", [q, call("A"), output("A"), says("user", "u"), output("A")], "No tool call found"],
  ])("[PAIR-2] %s is refused as before, and nothing is made up", (_, input, words) => {
    expect(inputFault(read(input).items)).toContain(words);
  });

  it("[PAIR-1] an approval stays behind the items that it came after", () => {
    const { approvals, items } = read([q, call("A"), approves, says("user", "u"), output("A")]);
    expect([approvals.map(({ at }) => at), items.length]).toEqual([[3], 4]);
  });

  it("[PAIR-2] 10,000 items in any order are read in one pass", () => {
    const ids = Array.from({ length: 5_000 }, (_, n) => `c${n}`);
    const { items } = read([...ids.map(call), ...ids.toReversed().map((id) => output(id))]);
    expect(items).toHaveLength(5_001);
    expect(inputFault(items)).toBeUndefined();
  });
});
