import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { defineAgent } from "../../src/agent/agent.ts";
import { type RecordedOptions, recorded, runAgent, type ScriptedRequest, scripted } from "../../src/test.ts";
import { modeFromEnvironment } from "../../src/test-kit/recorded.ts";
import { requestDifference } from "../../src/test-kit/request-difference.ts";
import { defineTool } from "../../src/tools/tool.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longline-recorded-"));
  path = join(folder, "recordings/steps.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const key = "sk-test-0123456789abcdef";
const look = defineTool({
  name: "look",
  description: "Looks.",
  input: z.object({ at: z.int() }),
  effect: "none",
  run: async ({ at }, { fetch }) =>
    (
      await fetch(`https://shop.test/${at}?token=shop-token-1`, { headers: { authorization: "Bearer shop-token-1" } })
    ).text(),
});
const walker = (instructions = "Walk.") => defineAgent({ instructions, tools: [look], limits: { maxSteps: 60 } });
/** Looks at one place after the other, up to `steps`. */
const walking = (steps: number) => {
  const answer = ({ messages }: ScriptedRequest) => {
    const at = messages.filter(({ role }) => role === "tool").length + 1;
    return at < steps ? { calls: [{ name: "look", input: { at }, id: `call_${at}` }] } : `Walked ${steps} steps.`;
  };
  return scripted(Array.from({ length: steps }, () => answer));
};
const outside = async (asked: RequestInfo | URL) =>
  new Response(`seen ${new URL(asked instanceof Request ? asked.url : String(asked)).pathname}, shop-token-1 is good`);
const given = (steps: number): RecordedOptions => {
  const model = walking(steps);
  const fetch = (asked: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(asked, init);
    return request.url.includes("/chat/completions") ? model.fetch(request) : outside(request);
  };
  return {
    mode: "record",
    fetch: fetch as typeof globalThis.fetch,
    baseUrl: "https://provider.test/v1",
    apiKey: key,
    secrets: { SHOP_KEY: "shop-token-1" },
  };
};
const walk = (recording: ReturnType<typeof recorded>, agent = walker(), message = "Go") =>
  runAgent(agent, message, { model: recording.model, fetch: recording.fetch });

describe("recordings", () => {
  it("[TAPE-1] 40 steps are answered from their recording, without the outside, with the same entries each time", async () => {
    const live = await walk(recorded(path, given(40)));
    expect([live.text, live.calls.length]).toEqual(["Walked 40 steps.", 39]);
    const beganMs = performance.now();
    const first = recorded(path, {
      mode: "strict",
      baseUrl: "https://provider.test/v1",
      secrets: { SHOP_KEY: "shop-token-1" },
    });
    const again = await walk(first);
    console.info(`40 steps replayed in ${Math.round(performance.now() - beganMs)} ms`);
    const second = await walk(
      recorded(path, { mode: "strict", baseUrl: "https://provider.test/v1", secrets: { SHOP_KEY: "shop-token-1" } }),
    );
    expect(first.unused).toEqual([]);
    expect(JSON.stringify(again.entries)).toBe(JSON.stringify(second.entries));
    expect(again.entries.map(({ type }) => type)).toEqual(live.entries.map(({ type }) => type));
  });

  it("[TAPE-2] no secret is in the file: not the key, not what tools send, not what comes back", async () => {
    await walk(recorded(path, given(3)));
    const text = readFileSync(path, "utf8");
    for (const secret of [key, "shop-token-1", "authorization", "Bearer"]) expect(text).not.toContain(secret);
    expect(text).toContain("token=[SHOP_KEY]");
    expect(
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).kind),
    ).toEqual(["model", "tool", "model", "tool", "model"]);
  });

  it("[TAPE-3] the mode comes from LONGLINE_CASSETTE, and is strict without it; another word is refused", () => {
    expect([modeFromEnvironment(undefined), modeFromEnvironment("record"), modeFromEnvironment("replay")]).toEqual([
      "strict",
      "record",
      "replay",
    ]);
    expect(() => modeFromEnvironment("on")).toThrow('LONGLINE_CASSETTE is "on"');
    vi.stubEnv("LONGLINE_CASSETTE", "replay");
    expect(recorded(path).mode).toBe("replay");
    vi.unstubAllEnvs();
    expect(existsSync(path)).toBe(false);
  });

  it("[TAPE-3] record makes it anew, replay asks what is missing and adds it, strict asks nothing", async () => {
    await walk(recorded(path, given(3)));
    const before = readFileSync(path, "utf8");
    await walk(recorded(path, given(3)));
    expect(readFileSync(path, "utf8")).toBe(before);
    await walk(recorded(path, { ...given(3), mode: "replay" }), walker(), "Go on");
    expect(readFileSync(path, "utf8").startsWith(before)).toBe(true);
    const lines = readFileSync(path, "utf8").trim().split("\n").length;
    // The tools' requests are the same: the last answer is given again.
    expect(lines).toBe(5 + 3);
    await expect(walk(recorded(path, { mode: "strict" }), walker(), "Go away")).rejects.toThrow("is not recorded");
    expect(readFileSync(path, "utf8").trim().split("\n").length).toBe(lines);
    await expect(walk(recorded(join(folder, "none.jsonl"), { mode: "strict" }))).rejects.toThrow(
      /chat\/completions is not recorded in .*none\.jsonl\. Record it again/,
    );
  });

  it("[TAPE-3] strict gives each answer as often as it was recorded", async () => {
    await walk(recorded(path, given(2)));
    const recording = recorded(path, {
      mode: "strict",
      baseUrl: "https://provider.test/v1",
      secrets: { SHOP_KEY: "shop-token-1" },
    });
    await walk(recording);
    await expect(walk(recording)).rejects.toThrow("is recorded 1 times");
    const half = recorded(path, { mode: "strict" });
    expect(half.unused).toEqual([
      "POST /chat/completions",
      "GET https://shop.test/1?token=[SHOP_KEY]",
      "POST /chat/completions",
    ]);
  });

  it("[TAPE-4] a request that is not recorded says the first byte that differs, and the part of the request", async () => {
    await walk(recorded(path, given(2)));
    const strict = () =>
      recorded(path, { mode: "strict", baseUrl: "https://provider.test/v1", secrets: { SHOP_KEY: "shop-token-1" } });
    await expect(walk(strict(), walker("Walk on."))).rejects.toThrow(
      /at byte \d+: instructions changed\. Recorded: …[^…]*Walk[^…]*…, now: …/,
    );
    await expect(walk(strict(), walker(), "Stop")).rejects.toThrow(/message 2 \(user\) changed/);
  });

  const body = (more: object) =>
    JSON.stringify({
      model: "m",
      messages: [
        { role: "system", content: "You help." },
        { role: "user", content: "Hi" },
      ],
      tools: [{ type: "function", function: { name: "look", description: "Looks.", parameters: {} } }],
      ...more,
    });
  it.each([
    [{ model: "n" }, "model switched from /m to /n"],
    [{ temperature: 1 }, "parameter temperature changed"],
    [{ tools: [] }, "tool `look` was removed"],
    [
      { tools: [{ type: "function", function: { name: "look", description: "Sees.", parameters: {} } }] },
      "tool `look` description changed",
    ],
    [
      {
        messages: [
          { role: "system", content: "You harm." },
          { role: "user", content: "Hi" },
        ],
      },
      "instructions changed",
    ],
    [
      {
        messages: [
          { role: "system", content: "You help." },
          { role: "user", content: "Ho" },
        ],
      },
      "message 2 (user) changed",
    ],
    [{ messages: [{ role: "system", content: "You help." }] }, "messages end after 1, and 2 were recorded"],
    [
      {
        messages: [
          { role: "system", content: "You help." },
          { role: "user", content: "Hi" },
          { role: "tool", content: "x" },
        ],
      },
      "message 3 (tool) was added",
    ],
  ])("[TAPE-4] %j: %s", (more, segment) => {
    expect(requestDifference(body({}), body(more)).segment).toBe(segment);
  });

  it("[TAPE-4] counts bytes, not characters, and says so of bodies that are no chat", () => {
    expect(requestDifference('{"a":"ä1"}', '{"a":"ä2"}')).toMatchObject({ byte: 8, segment: "the body changed" });
  });

  it("[TAPE-5] what was recorded of a session answers its tools' calls, each in its order", async () => {
    const call = (at: number, content: string, isError = false) =>
      JSON.stringify({ kind: "call", name: "look", arguments: JSON.stringify({ at }), content, isError });
    await walk(recorded(path, given(3)));
    writeFileSync(
      path,
      [
        ...readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => line.includes('"kind":"model"')),
        call(1, "seen /1, [SHOP_KEY] is good"),
        call(2, "seen /2, [SHOP_KEY] is good"),
      ].join("\n"),
    );
    const recording = recorded(path, { mode: "strict", baseUrl: "https://provider.test/v1" });
    const run = await runAgent(walker(), "Go", { model: recording.model, tools: recording.tools });
    expect(run.text).toBe("Walked 3 steps.");
    expect(() => recording.tools.look?.({ at: 1 })).toThrow("This call of look was not recorded");
    writeFileSync(path, `${call(1, "gone", true)}\nnonsense`);
    expect(() => recorded(path, { mode: "strict" })).toThrow(/steps\.jsonl:2 is no line of a recording/);
  });

  it("[TAPE-1] MCP servers and channels are recorded by the same means, each kind for itself", async () => {
    const asked: string[] = [];
    const fetch = (async (input: RequestInfo | URL) => {
      asked.push(String(input instanceof Request ? input.url : input));
      return Response.json({ ok: true }, { headers: { "mcp-session-id": "s1", "x-other": "y" } });
    }) as typeof globalThis.fetch;
    const post = { method: "POST", body: '{ "a": 1 }' };
    const record = recorded(path, { mode: "record", fetch });
    await record.fetchAs("mcp")("https://mcp.test/", post);
    await record.fetchAs("channel")("https://mcp.test/", post);
    const replay = recorded(path, { mode: "strict" });
    const answer = await replay.fetchAs("mcp")("https://mcp.test/", { method: "POST", body: '{"a":1}' });
    expect([
      answer.status,
      answer.headers.get("mcp-session-id"),
      answer.headers.get("x-other"),
      await answer.json(),
    ]).toEqual([200, "s1", null, { ok: true }]);
    expect(replay.unused).toEqual(["POST https://mcp.test/"]);
    await expect(replay.fetchAs("tool")("https://mcp.test/", post)).rejects.toThrow("is not recorded");
    expect(asked).toHaveLength(2);
  });
});
