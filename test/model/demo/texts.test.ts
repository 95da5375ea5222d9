import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decide } from "../../../src/model/demo/decide.ts";
import type { DemoMessage } from "../../../src/model/demo/request-rules.ts";

const transcript = readFileSync("test/fixtures/meeting.txt", "utf8");
const { content: question } = JSON.parse(readFileSync("test/fixtures/meeting.json", "utf8")) as { content: string };
const clock = '{"iso":"2026-11-23T10:00:00+00:00","weekday":"Monday","timezone":"UTC"}';

const user = (content: string): DemoMessage => ({ role: "user", content });
const said = (...messages: DemoMessage[]) => decide({ messages }).text;
const bullets = (text: string) => text.match(/^- .+/gm) ?? [];
const rows = (text: string) =>
  [...text.matchAll(/^\| (.+) \| (.+) \| (.+) \|$/gm)].slice(1).map(([, ...cells]) => cells as string[]);

/** What is said about this text when the clock shows Monday, 23 November 2026. */
function reported(text: string, ask = "Summarize this in 3 bullet points and list the action items."): string {
  return said(
    user(`${ask}\n\n${text}`),
    {
      role: "assistant",
      content: "",
      tool_calls: [{ id: "c0", function: { name: "current_time", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c0", content: clock },
  );
}

const filler = (count: number) =>
  Array.from({ length: count }, (_, n) => `[09:${String(n % 60).padStart(2, "0")}] Ada: Remark ${n} about the harbor.`);
const meetingWith = (...lines: string[]) => [...filler(20), ...lines].join("\n");

describe("how many bullets", () => {
  it.each([1, 2, 3, 5, 7, 9, 10])("[DEMO-6] %i of 10 lines are as many bullets", (count) => {
    expect(
      bullets(reported(filler(10).join("\n").padEnd(600, "."), `Summarize this in ${count} bullets.`)),
    ).toHaveLength(count);
  });

  it.each([
    ["in one bullet", 1],
    ["in exactly four bullet points", 4],
    ["with 7 points", 7],
    ["in 12 short bullets", 12],
    ["as bullets", 3],
    ["for the milestone points", 3],
  ])("[DEMO-6] a summary %s has %i", (how, count) => {
    expect(bullets(reported(transcript, `Summarize this ${how}.`))).toHaveLength(count);
  });

  it("[DEMO-6] prose without lines is cut at its sentences", () => {
    const prose = Array.from({ length: 30 }, (_, n) => `Sentence ${n} tells how the harbor grew.`).join(" ");
    const text = reported(prose);
    expect(bullets(text)).toHaveLength(3);
    for (const bullet of bullets(text)) expect(prose).toContain(bullet.replace(/^- /, "").replace(/ …$/, ""));
  });
});

describe("where the text stands", () => {
  const ask = "Summarize this in 3 bullet points.";
  const core = transcript.slice(transcript.indexOf("[09:00]"));

  it.each<[string, DemoMessage[]]>([
    ["after an empty line", [user(`${ask}\n\n${core}`)]],
    ["on the next line", [user(`${ask}\n${core}`)]],
    ["before the question", [user(`${core}\n\n${ask}`)]],
    ["in an earlier message, alone", [user(core), { role: "assistant", content: "Read." }, user(ask)]],
    [
      "in an earlier message, after words",
      [user(`Read this.\n\n${core}`), { role: "assistant", content: "Read." }, user(ask)],
    ],
    ["with Windows line ends", [user(`${ask}\r\n\r\n${core.replaceAll("\n", "\r\n")}`)]],
  ])("[DEMO-6] finds it %s", (_, messages) => {
    const text = said(...messages);
    expect(bullets(text)).toHaveLength(3);
    expect(text).toContain("Harbor 2.0 launches on 15 December, and the eighth is kept");
    for (const bullet of bullets(text)) expect(bullet).toMatch(/ \((Maya|Jonas|Priya|Tomás|Zoë)\)$/);
  });

  it("[DEMO-6] the newest text counts", () => {
    const other = meetingWith("[10:00] Bea: The decision is to paint the lighthouse green, for good.");
    const text = said(user(`Read this.\n\n${core}`), user(`Read this.\n\n${other}`), user(ask));
    expect(text).toContain("Ada");
    expect(text).not.toContain("Maya");
  });
});

describe("who promised what", () => {
  it.each<[string, string[]]>([
    ["[10:00] Bea: I'll paint the boat by Friday.", ["paint the boat by Friday", "Bea", "Friday (2026-11-27)"]],
    ["Bea: I will paint the boat by tomorrow.", ["paint the boat by tomorrow", "Bea", "tomorrow (2026-11-24)"]],
    ["Bea (10:00): I'm going to paint it on 2026-12-01", ["paint it on 2026-12-01", "Bea", "2026-12-01"]],
    ["[10:00] Bea: Fine. By Friday I'll paint the boat.", ["paint the boat", "Bea", "Friday (2026-11-27)"]],
    ["[10:00] Bea: I’ll paint the boat by Friday.", ["paint the boat by Friday", "Bea", "Friday (2026-11-27)"]],
    [
      "[10:00] Bea: Ada, please paint the boat by next Friday.",
      ["paint the boat by next Friday", "Ada", "next Friday (2026-12-04)"],
    ],
    ["[10:00] Bea: Action item: Ada to paint the boat.", ["paint the boat", "Ada", "not said"]],
    ["[10:00] Zoë Ünal: I'll paint it today | or not.", ["paint it today / or not", "Zoë Ünal", "today (2026-11-23)"]],
  ])("[DEMO-6] %s", (line, row) => {
    expect(rows(reported(meetingWith(line)))).toEqual([row]);
  });

  it.each([
    ["[10:00] Bea: I'll have another coffee."],
    ["[10:00] Bea: Friday was a good day."],
    ["[10:00] Bea: The boat will be painted by Friday."],
  ])("[DEMO-6] is not in: %s", (line) => {
    expect(reported(meetingWith(line))).toContain("I found none");
  });

  it("[DEMO-6] the same promise twice is told once", () => {
    const line = "[10:00] Bea: I'll paint the boat by Friday.";
    expect(rows(reported(meetingWith(line, line)))).toHaveLength(1);
  });

  it("[DEMO-6] without the date of today, dates are told as they were said", () => {
    const text = said(user(`List the action items.\n\n${meetingWith("[10:00] Bea: I'll paint it by next Friday.")}`));
    expect(rows(text)).toEqual([["paint it by next Friday", "Bea", "next Friday"]]);
    expect(text).not.toContain("Relative dates");
  });

  it("[DEMO-6] every row and every bullet of the meeting stands in it", () => {
    const flat = transcript.replace(/\s+/g, " ");
    const text = reported(transcript.replaceAll("|", "/"));
    expect(rows(text)).toHaveLength(16);
    for (const [what = ""] of rows(text)) expect(flat).toContain(what.replace(/ …$/, ""));
    for (const bullet of bullets(text)) {
      expect(flat).toContain(
        bullet
          .replace(/^- /, "")
          .replace(/ \(\S+\)$/, "")
          .replace(/ …$/, ""),
      );
    }
  });
});

describe("any text", () => {
  const megabyte = 1_000_000;
  const filled = (piece: string) => piece.repeat(Math.ceil(megabyte / piece.length)).slice(0, megabyte);

  it.each([
    ["nothing", ""],
    ["white space", " \n \r\n\t\n".repeat(200)],
    ["no speakers", "The harbor was built in stone. It is old and deep.\n".repeat(20)],
    ["Japanese", "会議は九時に始まりました。山田さんが資料を送ります。".repeat(40)],
    ["Arabic", "بدأ الاجتماع في التاسعة صباحا. سيرسل أحمد القائمة.\n".repeat(40)],
    ["emoji", "💐🙃\n".repeat(300)],
    ["half an emoji", "\ud83d harbor\n".repeat(100)],
    ["table marks", "| a | b |\n|---|---|\n".repeat(100)],
  ])("[DEMO-6] is answered: %s", (_, text) => {
    const answer = reported(text);
    expect(answer).toContain("demo model");
    expect(bullets(answer).length).toBeLessThanOrEqual(3);
    for (const bullet of bullets(answer)) expect(bullet.length).toBeLessThan(260);
  });

  it.each([
    ["one word", "a"],
    ["spaces", " "],
    ["line ends", "\n"],
    ["words", "harbor "],
    ["questions", "what did we say, search "],
    ["sums", "(1+1*"],
    ["digits", "1"],
    ["brackets", "("],
    ["percents", "1 %"],
    ["names", "Ada "],
    ["speakers", "Ada: "],
    ["lines of speakers", "Ada: I'll do it by Friday.\n"],
    ["dates", "by the end of "],
    ["actions", "Action item: "],
    ["commas", "Ada, "],
    ["asks", "then ask the researcher "],
    ["half asks", "then ask the "],
  ])("[DEMO-11] a megabyte of %s is answered, as a question and as a text", (_, piece) => {
    for (const content of [
      filled(piece),
      `Summarize this with action items.\n\n${filled(piece)}`,
      question + filled(piece),
    ]) {
      expect(decide({ messages: [user(content)], tools: allTools }).calls.length).toBeLessThanOrEqual(100);
      expect(said(user(content))).toContain("demo model");
    }
  });
});

const allTools = ["current_time", "calculator", "fetch_url", "search_transcript"].map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object", required: [], properties: {} } },
}));
const agents = { agent: { type: "string", enum: ["researcher"] }, task: { type: "string" } };
allTools.push({
  type: "function",
  function: { name: "delegate", parameters: { type: "object", required: [], properties: agents } },
});

describe("the work a text makes", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** Characters that patterns walked over, without their steps back. */
  function walked(work: () => void): number {
    const exec = RegExp.prototype.exec;
    let sum = 0;
    vi.spyOn(RegExp.prototype, "exec").mockImplementation(function (this: RegExp, text: string) {
      const from = this.global || this.sticky ? this.lastIndex : 0;
      const found = exec.call(this, text);
      const to = found === null ? (this.sticky ? from + 1 : text.length) : found.index + found[0].length;
      sum += to - from;
      return found;
    });
    work();
    vi.restoreAllMocks();
    return sum;
  }

  it.each([
    ["remarks", (n: number) => filler(n).join("\n")],
    ["promises", (n: number) => Array.from({ length: n }, (_, k) => `Ada: I'll do thing ${k} by Friday.`).join("\n")],
    ["one long line", (n: number) => `Ada: ${"The harbor is deep. ".repeat(n)}`],
  ])("[DEMO-11] grows with its length and no faster: %s", (_, text) => {
    const once = walked(() => void reported(text(1000)));
    const fourTimes = walked(() => void reported(text(4000)));
    expect(once).toBeGreaterThan(10_000);
    expect(fourTimes).toBeLessThan(once * 4.5);
  });

  it("[DEMO-11] the same promises are not compared with one another", () => {
    const compared = vi.spyOn(Array.prototype, "findIndex");
    reported(Array.from({ length: 500 }, (_, k) => `Ada: I'll do thing ${k} by Friday.`).join("\n"));
    const walks = compared.mock.contexts.filter((list) => Array.isArray(list) && list.length >= 500);
    expect(walks).toHaveLength(0);
  });
});
