import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addCase } from "../../../src/cli/eval/add.ts";
import { caseSchema } from "../../../src/cli/eval/dataset/case.ts";
import { caseOfSession } from "../../../src/cli/eval/dataset/case-of-session.ts";
import { readCases } from "../../../src/cli/eval/dataset/read-cases.ts";
import { localVariables } from "../../../src/cli/eval/local-variables.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { entryLine, headerLine } from "../../../src/doors/copies/transcript-text.ts";
import { redactor } from "../../../src/test-kit/redact.ts";
import { assistant, ended, result, user } from "../../support/entries.ts";
import { serveFetch } from "../../support/serve-fetch.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longline-eval-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const written = (text: string, name = "cases.jsonl") => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const faultsOf = (text: string) => {
  try {
    readCases(written(text));
    return "";
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, "");
  }
};

describe("case files", () => {
  const good = { id: "a", input: "Hello" };
  const wrong: [string, unknown, string][] = [
    ["an unknown field", { ...good, inputs: "x" }, 'cases.jsonl:2: there is no field "inputs"'],
    [
      "an unknown expectation",
      { ...good, expect: { contain: "x" } },
      'cases.jsonl:2: expect: there is no field "contain"',
    ],
    [
      "an unknown field of a stub",
      { ...good, tools: [{ name: "t", response: 1, once: true }] },
      'tools.0: there is no field "once"',
    ],
    ["neither input nor messages", { id: "a" }, "cases.jsonl:2: needs input or messages"],
    ["both", { ...good, messages: [{ role: "user", content: "x" }] }, "needs input or messages"],
    [
      "a conversation that nobody ends",
      { id: "a", messages: [{ role: "assistant", content: "x" }] },
      "messages: must end with a message of the user",
    ],
    ["a stub without a result", { ...good, tools: [{ name: "t" }] }, "tools.0: needs response or error"],
    [
      "a stub with two",
      { ...good, tools: [{ name: "t", response: 1, error: "x" }] },
      "tools.0: needs response or error",
    ],
    ["a wrong pattern", { ...good, expect: { matches: "(" } }, "expect.matches: "],
    ["no id", { input: "x" }, "cases.jsonl:2: id: "],
    ["a share above 1", { ...good, expect: { min_cached_share: 2 } }, "expect.min_cached_share: "],
    ["no object", [1], "cases.jsonl:2: "],
  ];
  it.each(wrong)("[EVAL-1] %s is named with file, line and field", (_, line, words) => {
    expect(faultsOf(`\n${JSON.stringify(line)}\n`)).toContain(words);
  });

  it("[EVAL-1] lines that are no JSON, an id that is there twice, every fault at once, and nothing there at all", () => {
    const two = faultsOf(`{"id":"a","input":"x"}\n{"id":\n{"id":"a","input":"y"}\n{"id":"b","input":""}`);
    expect(two).toMatch(/cases\.jsonl:2: is no JSON: /);
    expect(two).toContain('cases.jsonl:3: id: "a" is the id of cases.jsonl:1, too');
    expect(two).toContain("cases.jsonl:4: input: must not be empty");
    expect(faultsOf("\n\n")).toContain("There is no case in");
    expect(() => readCases(join(folder, "none"))).toThrow("Make a case from a session");
    mkdirSync(join(folder, "empty"));
    expect(() => readCases(join(folder, "empty"))).toThrow("There is no case file (*.jsonl)");
    const many = Array.from({ length: 30 }, (_, at) => `{"id":"c${at}"}`).join("\n");
    expect(faultsOf(many)).toContain("- and 10 more");
  });

  it("[EVAL-2] the digest names the cases, not how and where they are written; any change of a case changes it", () => {
    const [one, two] = ['{"id":"a","input":"x","tags":["t"]}', '{"id":"b","input":"y"}'];
    const digest = (text: string) => readCases(written(text)).digest;
    const first = digest(`${one}\n${two}\n`);
    expect(first).toMatch(/^data_[0-9a-f]{16}$/);
    expect(digest(`${two}\n\n{"tags":["t"],"input":"x","id":"a"}`)).toBe(first);
    expect(digest(`${one}\n${two.replace('"y"', '"z"')}`)).not.toBe(first);
    expect(digest(`${one}\n{"id":"b","input":"y","expect":{"contains":"q"}}`)).not.toBe(first);
    expect(digest(one)).not.toBe(first);
    const split = join(folder, "split");
    mkdirSync(join(split, "baselines"), { recursive: true });
    writeFileSync(join(split, "a.jsonl"), one);
    writeFileSync(join(split, "b.jsonl"), two);
    writeFileSync(join(split, "labels.jsonl"), "no case");
    expect(readCases(split).digest).toBe(first);
  });
});

const place = (entries: object[]): Entry[] => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const call = (id: string, name: string, input: object) => ({ id, name, arguments: JSON.stringify(input) });
/** Two turns: the second one calls tools, with data that must not be committed. */
const session = place([
  user({ content: "Hi, I am ann@shop.test", speaker: "Ann" }),
  assistant({ content: "Hello ann@shop.test!" }),
  ended(),
  user({ turn: "turn_2", content: "Where is order 17? Call me at +49 170 1234567 or at ann@shop.test" }),
  assistant({
    turn: "turn_2",
    content: "",
    finishReason: "tool_calls",
    toolCalls: [call("c1", "find_order", { number: "17", detail: null }), call("c2", "find_order", { number: "18" })],
  }),
  result("c1", {
    turn: "turn_2",
    name: "find_order",
    content: '{"mail":"ann@shop.test","key":"sk-live_abcdefghijklmnop"}',
  }),
  result("c2", { turn: "turn_2", name: "find_order", content: "No order 18: shop-secret-1", isError: true }),
  assistant({ turn: "turn_2", step: 2, content: "It is on its way." }),
  ended({ turn: "turn_2" }),
  user({ turn: "turn_3", content: "Thanks" }),
]);

describe("a case from a session", () => {
  const source = {
    session: "ann",
    entries: session,
    instructions: null,
    redact: redactor({ secrets: { SHOP_KEY: "shop-secret-1" } }),
  };

  it("[EVAL-3] has what was said before, what was asked, and the results of tools in their order, without nulls", () => {
    const made = caseOfSession({ ...source, turn: "turn_2" });
    expect(caseSchema.parse(made)).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-turn_2$/),
      messages: [
        { role: "user", speaker: "Ann" },
        { role: "assistant" },
        { role: "user", content: expect.stringContaining("Where is order 17?") },
      ],
      tools: [
        { name: "find_order", match: { number: "17" }, response: expect.any(String) },
        { name: "find_order", match: { number: "18" }, error: expect.stringContaining("No order 18") },
      ],
      expect: { tools: { called: ["find_order"] } },
      note: "Recorded answer: It is on its way.",
    });
    expect(
      caseOfSession({ ...source, turn: "turn_1", entries: place([user({ content: "Sum?" }), assistant()]) }),
    ).toMatchObject({
      input: "Sum?",
      expect: {},
    });
  });

  it("[EVAL-3] has no key, no secret and no address, and the same person stays the same", () => {
    const text = JSON.stringify(caseOfSession({ ...source, turn: "turn_2" }));
    for (const secret of ["ann@shop.test", "170 1234567", "sk-live", "shop-secret-1", '"ann"'])
      expect(text).not.toContain(secret);
    expect(text.match(/person1@example\.com/g)?.length).toBeGreaterThan(3);
    expect(text).not.toContain("person2@");
    expect(text).toContain("[SHOP_KEY]");
  });

  it.each([
    ["order 4711 of 2026-11-25 for 1,234.56", "order 4711 of 2026-11-25 for 1,234.56"],
    ["card 4111 1111 1111 1111.", "card 4242 4242 4242 4242."],
    ["parcel 1234567890123456", "parcel 1234567890123456"],
    ["Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [secret]"],
    ["(555) 123-4567", "+1 555 0101"],
    ["AKIAABCDEFGHIJKLMNOP", "[key]"],
  ])("[EVAL-3] redacts %s", (text, redacted) => {
    expect(redactor()(text)).toBe(redacted);
    if (text.startsWith("card")) expect(redactor({ keepsPersonal: true })(text)).toBe(text);
  });

  it("[EVAL-3] a turn that is not there is refused, with those that are", () => {
    expect(() => caseOfSession({ ...source, turn: "turn_9" })).toThrow("It has: turn_1, turn_2, turn_3.");
  });

  it("[EVAL-3] is appended as one line; an id that is there already is refused, and a Worker that is away is named", async () => {
    const header = headerLine({
      id: "ann",
      agent: "support",
      title: null,
      metadata: {},
      instructions: "Be brief.",
      model: null,
      prefix: null,
      createdAtMs: 1,
    });
    const worker = await serveFetch(async (input) => {
      const { pathname } = new URL(input instanceof Request ? input.url : String(input));
      if (pathname !== "/v1/sessions/ann/export")
        return Response.json(
          { code: "not_found", title: "x", status: 404, detail: "There is no session bob." },
          { status: 404 },
        );
      return new Response([header, ...session.map(entryLine)].join("\n"));
    });
    const says = vi.spyOn(console, "log").mockImplementation(() => {});
    const path = written('{"id":"first","input":"x"}');
    const given = (...more: string[]) =>
      addCase(["--session", "ann", "--turn", "turn_2", "--url", worker.url, "--cases", path, ...more]);
    try {
      await given("--id", "order");
      expect(says.mock.calls.join()).toContain("cases.jsonl:2: order, with 2 results of tools");
      expect(readCases(path).cases.map(({ id, instructions }) => [id, instructions])).toEqual([
        ["first", undefined],
        ["order", "Be brief."],
      ]);
      await expect(given("--id", "order")).rejects.toThrow('has a case "order" already');
      await expect(given("--session", "bob")).rejects.toThrow("There is no session bob.");
      await expect(addCase(["--session", "ann"])).rejects.toThrow("Name the session and its turn");
      expect(readFileSync(path, "utf8").split("\n")).toHaveLength(3);
    } finally {
      await worker.close();
    }
    await expect(given("--id", "next")).rejects.toThrow("cannot be reached");
  });

  it("[EVAL-3] reads the variables of this machine as wrangler does", () => {
    const path = written("A=1\nexport B = \"two words\"\n# C=3\nD='x'\nMODEL_API_KEY=file\n", ".dev.vars");
    vi.stubEnv("MODEL_API_KEY", "environment");
    vi.stubEnv("OTHER", "not for us");
    const found = localVariables(path);
    vi.unstubAllEnvs();
    expect(found).toMatchObject({ A: "1", B: "two words", D: "x", MODEL_API_KEY: "environment" });
    expect(found.OTHER).toBeUndefined();
    expect(found.C).toBeUndefined();
  });
});
