import { describe, expect, it } from "vitest";
import { allRows } from "./all-rows.ts";
import { differences } from "./difference.ts";
import { answersAgainst, type Document } from "./document.ts";
import { readRecording } from "./replay.ts";
import { joined, Names, stable } from "./stable.ts";

describe("a recording", () => {
  it("[REPLAY-2] names ids by the row and the order in which they appear, the same id the same", () => {
    const names = new Names();
    const [one, other] = ["0bd0ea2d-3d7e-4f0e-8a36-5a30cb04b9a6", "0bd0ea2d-3d7e-4f0e-8a36-5a30cb04b9a7"];
    expect(stable({ id: `chatcmpl-${one}.1`, both: [other, one] }, names, "first")).toEqual({
      id: "chatcmpl-<first 1>.1",
      both: ["<first 2>", "<first 1>"],
    });
    expect(stable({ id: `conv_${"0a".repeat(16)}`, seen: other }, names, "second")).toEqual({
      id: "conv_<second 1>",
      seen: "<first 2>",
    });
  });

  it.each([
    ["times in texts", { at: "from 2026-11-25T21:00:00.000Z on" }, { at: "from <time> on" }],
    ["epochs", { created: 1_795_640_563, text: "at 1795640563079" }, { created: "<time>", text: "at <time>" }],
    ["durations", { first_event_ms: 12, steps: 2 }, { first_event_ms: "<time>", steps: 2 }],
    ["what storing costs", { rows_written: 12 }, { rows_written: "<count>" }],
    ["ports", "http://127.0.0.1:43125/v1", "http://<host>/v1"],
    ["places of events", "5pn3n6-2.1.0.11.0", "<row 1>-2.1.0.11.0"],
    ["approval requests", "mcpr_s1.1.2ahu2intx0b", "mcpr_s1.1.<row 1>"],
    ["keys", { id: "key_bCd9EY3Od7Dg" }, { id: "<row 1>" }],
    ["secrets", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_<row 1>"],
    ["tokens", `lts_${"aB3-".repeat(11)}.${"cD4_".repeat(8)}`, "<row 1>"],
    ["waits", { "retry-after": "59", detail: "Wait 59 s." }, { "retry-after": "<time>", detail: "Wait <time> s." }],
  ])("[REPLAY-2] leaves out %s", (_, given, expected) => {
    expect(stable(given, new Names(), "row")).toEqual(expected);
  });

  it("[REPLAY-2] keeps what says that something is the same: digests, names, counts, the doubles' own clock", () => {
    const kept = {
      a: `sha256-${"ab".repeat(32)}`,
      b: "k-eb7a05b4df1af085d119da0ba2e231d297e3a68a",
      c: 3,
      d: "1700000000",
    };
    expect(stable(kept, new Names(), "row")).toEqual(kept);
  });

  it("[REPLAY-2] joins the pieces of a text that came by the clock", () => {
    const delta = (text: string, event = "text.delta") => ({ event, id: text, data: { type: event, text } });
    const end = { event: "turn.ended", id: "3", data: { type: "turn.ended" } };
    expect(joined([delta("a"), delta("b"), delta("c", "reasoning.delta"), end])).toEqual([
      { event: "text.delta", data: { type: "text.delta", text: "ab" } },
      { event: "reasoning.delta", data: { type: "reasoning.delta", text: "c" } },
      end,
    ]);
  });

  it("[REPLAY-3] says row, place, what it was and what it is", () => {
    const before = [{ name: "a", body: { list: [1, 2], same: "x" } }, { name: "gone" }];
    const after = [{ name: "new" }, { name: "a", body: { same: "x", list: [1, 3], more: true } }];
    expect(differences(before, after)).toEqual([
      "a: body.list.1\n    was 2\n    is  3",
      "a: body.more\n    was nothing\n    is  true",
      "gone: is not there any more",
      "new: is new",
    ]);
    expect(differences(before, before)).toEqual([]);
  });

  it("[REPLAY-3] shows of a long text where it begins to differ", () => {
    const [difference = ""] = differences(
      [{ name: "a", body: `${"x".repeat(5_000)}y` }],
      [{ name: "a", body: "x".repeat(5_000) }],
    );
    expect(difference.length).toBeLessThan(500);
    expect(difference).toContain('xxxy"');
  });

  it("[REPLAY-1] is of exactly the rows that are sent, each of its own name", async () => {
    const names = allRows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect((await readRecording()).map(({ name }) => name)).toEqual(names);
  });

  it("[REPLAY-1] has every call of the API", async () => {
    const rows = await readRecording();
    const document = rows.find(({ name }) => name === "openapi")?.body as { paths: Record<string, object> };
    const calls = rows.map(({ call }) => String(call).replace(/\?.*/, "").split(" ") as [string, string]);
    const missing = Object.entries(document.paths).flatMap(([path, operations]) => {
      const pattern = new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/]+")}$`);
      return Object.keys(operations).filter(
        (method) => !calls.some(([verb, place]) => verb === method.toUpperCase() && pattern.test(place)),
      );
    });
    expect(missing).toEqual([]);
  });

  it("[OPENAPI-11] each JSON answer has the members that the document requires, and no others where it names them all", async () => {
    const rows = await readRecording();
    const document = rows.find(({ name }) => name === "openapi")?.body as Document;
    const { checked, faults } = answersAgainst(document, rows);
    expect(faults).toEqual([]);
    expect(checked).toBeGreaterThan(250);
  });

  it("[OPENAPI-11] would notice a member that is missing, of another type, or not in the document", () => {
    const a = { type: "integer" };
    const schema = { type: "object", properties: { a }, required: ["a"], additionalProperties: false };
    const responses = { 200: { content: { "application/json": { schema } } } };
    const faults = (body: unknown) => {
      const row = {
        name: "x",
        call: "GET /x/1?y=2",
        status: 200,
        headers: { "content-type": "application/json" },
        body,
      };
      return answersAgainst({ paths: { "/x/{id}": { get: { responses } } } }, [row]).faults;
    };
    expect(faults({ a: "<time>" })).toEqual([]);
    expect([{}, { a: "x" }, { a: 1, b: 2 }].map((body) => faults(body).length > 0)).toEqual([true, true, true]);
  });
});
