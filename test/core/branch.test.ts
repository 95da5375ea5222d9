import { describe, expect, it } from "vitest";
import { branchAt } from "../../src/core/branch.ts";
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { asking, result, user } from "../support/entries.ts";

const placed = (entries: NewEntry[]) => entries.map((entry, place): Entry => ({ ...entry, seq: place + 1 }));
const reply = asking(["pay", "lookup"], { waits: { c1: "client" } });

describe("a fork behind a reply with calls", () => {
  it("[ONCE-13] is not made while a call of it that waits for no one has no result: it would run again", () => {
    expect(branchAt(placed([user(), reply]))).toEqual({ type: "open" });
    expect(branchAt(placed([user(), reply, result("c1")]))).toEqual({ type: "open" });
  });

  it("[ONCE-13] has that call's result, and none of those that others gave", () => {
    const branch = branchAt(placed([user(), reply, result("c1"), result("c0", { content: "paid" })]));
    expect(branch).toMatchObject({ type: "calls", waiting: [{ id: "c1", kind: "client" }], step: 1 });
    expect(branch.type === "calls" && branch.kept.map(({ type, seq }) => [type, seq])).toEqual([
      ["user", 1],
      ["assistant", 2],
      ["tool", 3],
    ]);
  });
});
