import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { UiChunks, type UiManner } from "../../../src/doors/ai-sdk/chunks.ts";
import { clientHistory } from "../../../src/session/read/reconcile.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { formatManner, type Manner } from "../../../src/wire/manner.ts";
import { assistant, ended, user } from "../../support/entries.ts";
import { gated, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a stream of a session that is erased", () => {
  const manners: [name: string, manner: Manner | undefined, last: RegExp][] = [
    [
      "native",
      undefined,
      /event: error\ndata: \{"type":"error","code":"session_erased","message":"[^"]+","detail":"[^"]+"\}\n\n$/,
    ],
    [
      "openai-chat",
      { as: "openai-chat", id: "chatcmpl-1", created: 1, model: "m", includeUsage: false, showTools: false } as Manner,
      /data: \{"error":\{[^}]*"code":"session_erased"\}\}\n\n$/,
    ],
    [
      "openai-responses",
      { as: "openai-responses", turn: "turn_1", defaultModel: "m", encrypted: false } as Manner,
      /event: error\ndata: \{"type":"error","sequence_number":\d+,"code":"session_erased"[^}]*\}\n\n$/,
    ],
    [
      "ai-sdk-ui",
      { as: "ai-sdk-ui", turn: "turn_1" } as Manner,
      /data: \{"type":"error","errorText":"This conversation was erased[^}]*\}\n\ndata: \[DONE\]\n\n$/,
    ],
  ];
  it.each(manners)("[KEEP-7] %s ends with an error that says so", async (_name, manner, last) => {
    const world = new SessionWorld();
    const gate = gated("half ", "never");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    const query = manner === undefined ? "" : `&turn=${turn}&as=${formatManner(manner)}`;
    const stream = await world.events(`live=true${query}`);
    const reader = (stream.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    const readOn = async () => {
      const { done, value } = await reader.read();
      text += value ?? "";
      return !done;
    };
    while (!text.includes("half") && (await readOn()));
    unwrap(await world.stub.erase());
    while (await readOn());
    expect(text).toMatch(last);
  });
});

describe("a stream that fails by a fault of ours", () => {
  it("[DIALECTS-2] [UI-4] ends with an error chunk where its client reads UI messages", async () => {
    const world = new SessionWorld();
    provider.enqueue(text("Hello."));
    const { turn } = await world.send("Hi");
    vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(UiChunks.prototype, "events").mockImplementation(() => {
      throw new Error("a fault of ours");
    });
    const manner: UiManner = { as: "ai-sdk-ui", turn };
    const stream = await world.events(`turn=${turn}&as=${formatManner(manner)}`);
    const read = await stream.text();
    expect(read).toMatch(/data: \{"type":"error","errorText":"The connection broke off[^}]*\}\n\ndata: \[DONE\]\n\n$/);
    expect(read).not.toContain("event:");
  });
});

describe("a long history that a client sends again", () => {
  const turns = (many: number): Entry[] =>
    Array.from({ length: many }, (_, n) => [
      { ...user({ content: `question ${n}` }), turn: `turn_${n + 1}`, seq: 0 },
      { ...assistant({ content: "a".repeat(20_000) }), turn: `turn_${n + 1}`, seq: 0 },
      { ...ended(), turn: `turn_${n + 1}`, seq: 0 },
    ]).flat() as Entry[];

  it("[KEEP-8] is compared page by page, and other work comes between", async () => {
    const log = new MemoryLog();
    log.append(turns(1_000));
    const history = clientHistory.session(log, () => false);
    const compare = async () => {
      await history.readAhead({ before: ["x"] });
      return history.compare({ before: ["nothing of it"], results: [] });
    };
    const order: string[] = [];
    const compared = compare().then((result) => {
      order.push("compared");
      return result;
    });
    setTimeout(() => order.push("other work"), 0);
    expect(await compared).toMatchObject({ same: false });
    expect(order).toEqual(["other work", "compared"]);
    // Read once: the next one needs no page.
    const read = vi.spyOn(log, "read");
    await compare();
    expect(read).not.toHaveBeenCalled();
  });

  it("[KEEP-8] is given up when the session is erased meanwhile", async () => {
    const log = new MemoryLog();
    log.append(turns(1_000));
    let isGone = false;
    const compared = clientHistory.session(log, () => isGone).readAhead({ before: ["x"] });
    isGone = true;
    await expect(compared).rejects.toMatchObject({ code: "not_found" });
  });
});
