import { describe, expect, it } from "vitest";
import type { NewEntry } from "../../../src/core/entry.ts";
import { outline } from "../../../src/core/outline.ts";
import { requestTokens } from "../../../src/core/window.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { RequestWindow } from "../../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { assistant, user } from "../../support/entries.ts";

const noUsage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** Turns between one compaction and the next, over 400 turns with a model whose summaries are what `summary` says. */
function gaps(contextTokens: number, headShare: number, summary: (before: string | undefined) => string): number[] {
  const profile = {
    ...profileFor({ modelId: "m", baseUrl: "https://x.test/v1", demo: false }),
    contextTokens,
    maxTokens: Math.floor(contextTokens / 8),
  };
  const log = new MemoryLog();
  let windowSeq = 0;
  const conversation = new RequestWindow(log, () => windowSeq);
  const head = "h".repeat(Math.floor((headShare * requestTokens(profile)) / 0.3));
  const found: number[] = [];
  let since = 0;
  for (let n = 1; n <= 400; n++) {
    const turn = `turn_${n}`;
    const entries = [
      { ...user({ content: "q".repeat(150) }), turn },
      { ...assistant({ content: "a".repeat(150), usage: noUsage }), turn },
    ];
    log.append(entries as NewEntry[]);
    conversation.read(profile, head);
    since++;
    if (!conversation.isFull) continue;
    const throughSeq = conversation.cut("in_time") ?? 0;
    const text = summary(conversation.summary);
    log.append([
      { type: "compaction", turn, throughSeq, summary: text, durationMs: 0, usage: noUsage, costMicros: 0, atMs: 0 },
    ]);
    windowSeq = throughSeq;
    conversation.read(profile, head);
    found.push(since);
    since = 0;
  }
  return found;
}

describe("how often a conversation is put into a summary", () => {
  const writers: [what: string, write: (before: string | undefined) => string][] = [
    ["a model that ignores the length", () => "s".repeat(60_000)],
    [
      "a model whose summaries fail, so that an outline stands in",
      (before) =>
        outline(
          before,
          Array.from({ length: 60 }, () => "x".repeat(300)),
        ),
    ],
    ["a model that writes little", () => "short"],
  ];
  for (const [what, write] of writers) {
    it.each([0.02, 0.3, 0.6, 0.75])(
      `[YEARS-2] ${what}: not in nearly every turn, with a head of %f of the window`,
      (headShare) => {
        for (const contextTokens of [8_000, 16_000, 64_000]) {
          const [, ...later] = gaps(contextTokens, headShare, write);
          for (const turns of later) expect([contextTokens, turns >= 4]).toEqual([contextTokens, true]);
        }
      },
    );
  }
});
