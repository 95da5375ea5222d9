import { describe, expect, it } from "vitest";
import { CallIds } from "../../src/core/call-ids.ts";
import { legalName, legalText } from "../../src/core/repair.ts";
import { messagesOf } from "../../src/core/request.ts";
import { answerTokens } from "../../src/core/window.ts";
import { assistant, call, result, user } from "../support/entries.ts";

const half = "\ud83d";
const place = <T extends object>(entries: T[]) => entries.map((entry, at) => ({ ...entry, seq: at + 1 }));
/** The call and its result as they are written. */
const written = (
  of: { id?: string; name?: string; json?: string },
  limits?: { resultChars: number; messageChars: number },
) => {
  const { id = "c0", name = "clock", json = "{}" } = of;
  const entries = place([
    assistant({ finishReason: "tool_calls", toolCalls: [call(id, name, json)] }),
    result(id, { name, content: "12:00" }),
  ]);
  const [reply, answer] = messagesOf(entries as never, { ...(limits && { limits }) });
  if (reply?.role !== "assistant" || answer?.role !== "tool") throw new Error("no step");
  return { call: reply.toolCalls[0], answer };
};

describe("names", () => {
  it.each([
    ["clock", "clock"],
    ["browser.tabs.open", "browser_tabs_open"],
    ["functions.calculator", "functions_calculator"],
    ["my tool", "my_tool"],
    ["Ünï", "_n_"],
    ["工具", "unnamed_tool"],
    ["", "unnamed_tool"],
    ["\u0000\u0007", "unnamed_tool"],
    [`a${half}b`, "a_b"],
    ["--", "unnamed_tool"],
    ["x".repeat(10_000), "x".repeat(64)],
  ])("[HOST-2] %j is written as a name that hosts take, in the call as in its result", (name, legal) => {
    if (name !== "--") expect(legalName(name)).toBe(legal);
    const step = written({ name });
    expect(step.call?.name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(step.answer.name).toBe(step.call?.name);
  });
});

describe("ids", () => {
  it.each(["as_is", "words", "alnum9"] as const)(
    "[HOST-3] by the rule %s every id is legal, once, and the same each time",
    (rule) => {
      const pattern = { as_is: /^[\x21-\x7e]{1,40}$/, words: /^[a-zA-Z0-9_-]{1,40}$/, alnum9: /^[a-zA-Z0-9]{9}$/ }[
        rule
      ];
      const odd = [
        "call_00_x",
        "",
        "x".repeat(600),
        "é 1",
        "functions.f:0",
        "a\u0000",
        half,
        "abc123XYZ",
        "abc123XYZ",
        "",
        "call_00_x",
      ];
      const all = () => {
        const ids = new CallIds(rule);
        return odd.map((id, at) => ids.legal(id, `${at} 0`));
      };
      expect(all()).toEqual(all());
      expect(new Set(all()).size).toBe(odd.length);
      for (const id of all()) expect(id).toMatch(pattern);
    },
  );

  it("[HOST-3] a legal id stays as it is, and a result keeps to its call", () => {
    expect(new CallIds().legal("functions.f:0", "1 0")).toBe("functions.f:0");
    expect(new CallIds("alnum9").legal("abc123XYZ", "1 0")).toBe("abc123XYZ");
    const step = written({ id: "é".repeat(90) });
    expect(step.answer.callId).toBe(step.call?.id);
  });

  it("[HOST-3] two calls of one id in a copy get a result each", () => {
    const twice = [call("a", "clock", "{}"), call("a", "clock", "{}")];
    const entries = place([assistant({ finishReason: "tool_calls", toolCalls: twice }), result("a")]);
    const [reply, ...answers] = messagesOf(entries as never);
    const ids = reply?.role === "assistant" ? reply.toolCalls.map(({ id }) => id) : [];
    expect(new Set(ids).size).toBe(2);
    expect(answers.map((each) => each.role === "tool" && each.callId)).toEqual(ids);
  });
});

describe("arguments", () => {
  it.each([
    ['{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d\\ude00"}'],
    ['{"a":"\\ud83d"}', '{"a":"\\ufffd"}'],
    ['{"\\udc00":"\\u0000\\u001b"}', '{"\\ufffd":"\\ufffd\\ufffd"}'],
    ['{"a":"\\\\ud83d \\u0009"}', '{"a":"\\\\ud83d \\u0009"}'],
    ['{"n":12345678901234567890, "a":"\\u0041"}', '{"n":12345678901234567890, "a":"\\u0041"}'],
    ['{"a":"\\b\\f\\n\\\\b"}', '{"a":"\\ufffd\\ufffd\\n\\\\b"}'],
    [" \n ", "{}"],
  ])("[HOST-4] %s is written as %s", (json, legal) => {
    expect(written({ json }).call?.arguments).toBe(legal);
  });

  it("[HOST-4] those that are too deep or too long for a host become an object that says so", () => {
    const deep = `${'{"a":'.repeat(500)}1${"}".repeat(500)}`;
    expect(JSON.parse(written({ json: deep }).call?.arguments ?? "")).toEqual({ malformed_arguments: deep });
    const limits = { resultChars: 1_000, messageChars: 2_000 };
    const long = JSON.parse(written({ json: `{"a":"${"x".repeat(1_000_000)}"}` }, limits).call?.arguments ?? "");
    expect(long).toMatchObject({
      total_characters: 1_000_008,
      arguments_cut: expect.stringMatching(/^\{"a":"x{994}$/),
    });
  });
});

describe("texts", () => {
  it("[HOST-5] no half character and no control character goes out, and lines and tabs stay", () => {
    expect(legalText(`a${half}\u0000\u001b[31m\u007f\u0085\tb\r\n😀`)).toBe(
      "a\ufffd\ufffd\ufffd[31m\ufffd\ufffd\tb\r\n😀",
    );
  });

  it("[HOST-5] a blank text of a person or a tool says that it is blank, and a blank answer is left out", () => {
    const entries = place([
      user({ content: " \n" }),
      assistant({ content: " \n" }),
      user({ content: "Hi" }),
      assistant({ finishReason: "tool_calls", toolCalls: [call("c0", "clock", "{}")] }),
      result("c0", { content: "" }),
    ]);
    expect(messagesOf(entries as never).map(({ role, content }) => [role, content])).toEqual([
      ["user", "(no text)"],
      ["user", "Hi"],
      ["assistant", expect.any(String)],
      ["tool", "(no output)"],
    ]);
  });
});

describe("the answer's share of the window", () => {
  it.each([
    ["a large window", { contextTokens: 131_072, maxTokens: 8_192 }, 1_000, 8_192],
    ["a window no larger than the longest answer", { contextTokens: 8_192, maxTokens: 8_192 }, 20, 4_096],
    ["a window that is nearly full", { contextTokens: 8_192, maxTokens: 8_192 }, 6_000, 1_583],
    ["a request that does not fit", { contextTokens: 8_192, maxTokens: 8_192 }, 9_000, 256],
    ["a short answer", { contextTokens: 8_192, maxTokens: 100 }, 9_000, 100],
    ["a tiny window", { contextTokens: 100, maxTokens: 8_192 }, 0, 50],
  ])("[HOST-7] %s", (_, limits, requested, most) => {
    expect(answerTokens(limits, requested)).toBe(most);
  });
});
