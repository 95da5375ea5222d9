import { describe, expect, it } from "vitest";
import { noUsage } from "../../src/core/cost.ts";
import { profileFor } from "../../src/model/catalog.ts";
import type { Profile } from "../../src/model/profile.ts";
import { bridged } from "../../src/model/serialize.ts";
import { RequestWindow } from "../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../src/test-kit/memory-log.ts";
import { asking, assistant, ended, result, user } from "../support/entries.ts";

const free = profileFor({ modelId: "x", baseUrl: "https://gateway.test", demo: false });
const mistral = profileFor({ modelId: "x", baseUrl: "https://api.mistral.ai/v1", demo: false });

const note = { type: "note", turn: "turn_2", content: "Again.", atMs: 0 } as const;
const summary = {
  type: "compaction",
  summary: "So far.",
  durationMs: 0,
  usage: noUsage,
  costMicros: 0,
  atMs: 0,
} as const;

function written(log: MemoryLog, profile: Profile, windowSeq = 0): string[] {
  const conversation = new RequestWindow(log, () => windowSeq);
  conversation.read(profile, "head");
  return [...conversation.messages()];
}
const roles = (messages: readonly string[]) => messages.map((message) => JSON.parse(message).role);

describe("a conversation", () => {
  it.each([
    ["free", ["user", "assistant", "tool", "user", "user", "assistant"]],
    ["bridged", ["user", "assistant", "tool", "assistant", "user", "user", "assistant"]],
    ["alternating", ["user", "assistant", "tool", "assistant", "user", "assistant", "user", "assistant"]],
  ] as const)("[HOST-6] in the order %s has an answer wherever its host wants one", (roleOrder, order) => {
    const log = new MemoryLog();
    log.append([
      user(),
      asking(["clock"]),
      result("c0"),
      ended(),
      user({ turn: "turn_2" }),
      note,
      assistant({ turn: "turn_2" }),
    ]);
    expect(roles(written(log, { ...free, roleOrder }))).toEqual(order);
  });

  it("[HOST-6] a question for a summary stands in that order, too", () => {
    const log = new MemoryLog();
    log.append([user(), asking(["clock"]), result("c0")]);
    const conversation = new RequestWindow(log, () => 0);
    conversation.read(mistral, "head");
    expect(roles(conversation.messagesAsking("Sum it up.", 3))).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
    expect(bridged([{ role: "user", content: "a" }], "alternating", { after: "user" })).toHaveLength(2);
  });

  it.each([
    ["ids that come again", free],
    ["Mistral's ids and order", mistral],
    ["roles by turns", { ...free, roleOrder: "alternating" as const }],
  ])("[HOST-13] %s are written the same way before and after a restart, and behind a summary", (_, profile) => {
    const log = new MemoryLog();
    let windowSeq = 0;
    let conversation = new RequestWindow(log, () => windowSeq);
    let before: string[] = [];
    for (let turn = 1; turn <= 9; turn++) {
      const of = { turn: `turn_${turn}` };
      log.append([
        user(of),
        asking(["clock"], of),
        result("c0", of),
        asking(["clock"], { ...of, step: 2 }),
        result("c0", { ...of, step: 2 }),
      ]);
      if (turn === 5) {
        windowSeq = 9;
        log.append([{ ...summary, ...of, throughSeq: windowSeq }]);
      }
      if (turn % 2 === 0) log.append([assistant({ ...of, step: 3 })]);
      log.append([ended(of)]);
      conversation.read(profile, "head");
      const now = [...conversation.messages()];
      if (turn !== 5) expect(now.slice(0, before.length)).toEqual(before);
      expect(written(log, profile, windowSeq)).toEqual(now);
      const ids = now.flatMap((message) => (JSON.parse(message).tool_calls ?? []).map(({ id }: { id: string }) => id));
      expect(new Set(ids).size).toBe(ids.length);
      before = now;
      if (turn === 3 || turn === 7) conversation = new RequestWindow(log, () => windowSeq);
    }
  });
});
