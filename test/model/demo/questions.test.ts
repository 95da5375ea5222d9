import { describe, expect, it } from "vitest";
import { decide } from "../../../src/model/demo/decide.ts";
import { questionOf, wantsOf } from "../../../src/model/demo/questions.ts";
import type { DemoMessage } from "../../../src/model/demo/request-rules.ts";

const user = (content: string): DemoMessage => ({ role: "user", content });
const notes =
  "Ana: I'll send the report by Friday.\nBen: I'll book the room by 3 March.\nAna: We agreed on a smaller room.";
const all = ["current_time", "calculator", "fetch_url", "search_transcript"];
const wanted = (ask: string) => wantsOf(questionOf([user(ask)], 0), all);

describe("what is asked, and about which text", () => {
  it.each([
    ["before a blank line", `Summarize this.\n\n${notes}`],
    ["before a line break", `Summarize this.\n${notes}`],
    ["before a colon, when all is one line", `Summarize this: ${notes}`.replaceAll("\n", " ")],
    ["before Windows line ends", `Summarize this.\r\n\r\n${notes.replaceAll("\n", "\r\n")}`],
    ["behind the text", `${notes}\n\nSummarize this.`],
  ])("[DEMO-6] the question may stand %s", (_, content) => {
    const { kind, ask, material } = questionOf([user(content)], 0);
    expect([kind, ask.replace(/[.:]$/, ""), material.replace(/\.\s(?=Ben|Ana)/g, ".\n")]).toEqual([
      "report",
      "Summarize this",
      notes,
    ]);
  });

  it("[DEMO-6] the newest long text is taken when the question brings none, also one that stood alone", () => {
    const older = "The older text. ".repeat(40);
    const newer = "The newer text. ".repeat(40);
    const messages = [user(older), user(`Summarize it.\n\n${newer}`), user("ok"), user("Key points, please.")];
    expect(questionOf(messages, 3)).toEqual({ kind: "report", ask: "Key points, please.", material: newer });
    expect(questionOf([user(older), user("Summarize it.")], 1).material).toContain(older.trim());
  });

  it.each(["Summarize it.", "Hello.\n\nSummarize what we said.", "Summarize https://example.com/a"])(
    "[DEMO-6] %j has no text to summarise",
    (content) => {
      expect(questionOf([user(content)], 0)).toEqual({ kind: "talk", ask: content, material: "" });
    },
  );

  it("[DEMO-7] a report asks what day it is only where dates or owners are asked for", () => {
    expect(wanted(`Summarize this.\n\n${notes}`)).toEqual([]);
    expect(wanted(`List the action items.\n\n${notes}`)).toEqual([{ tool: "current_time", args: {} }]);
  });
});

describe("which tools would help", () => {
  it.each<[string, string[]]>([
    ["what's the time?", ["current_time"]],
    ["What is today's date?", ["current_time"]],
    ["which day is it", ["current_time"]],
    ["What did we say about the launch date?", ["search_transcript"]],
    ["What did we agree on?", []],
    ["Search our talk for the word heron", ["search_transcript"]],
    ["I have no time today", []],
    ["12/4", ["calculator"]],
    ["What is (1.5 + 2) × 3?", ["calculator"]],
    ["Room 12-B on 2026-11-23", []],
    ["Summarize https://example.com/a and tell me the time", ["current_time", "fetch_url"]],
  ])("[DEMO-7] %s", (ask, tools) => {
    expect(wanted(ask).map(({ tool }) => tool)).toEqual(tools);
  });

  it.each([
    "1".repeat(2_000_000),
    "did we ".repeat(300_000),
    `${"(".repeat(1_000_000)}1`,
    "what time ".repeat(200_000),
  ])("[DEMO-7] looks for a question in the first 2,000 characters only (%#)", (content) => {
    expect(questionOf([user(content)], 0).ask).toHaveLength(2_000);
    expect(decide({ messages: [user(content)] }).text).toContain("demo model");
  });
});
