import { expect, it } from "vitest";
import { forkTree } from "../../src/playground/sessions/fork-tree.ts";
import type { PageSession } from "../../src/playground/shell/shapes.ts";

it("[PAGE-9] forks stand behind their origin, and none is lost", () => {
  const session = (id: string, from?: string) =>
    ({ id, ...(from !== undefined && { forked_from: { session: from, after_seq: 1 } }) }) as PageSession;
  const rows = forkTree([session("d", "b"), session("c"), session("b", "a"), session("a"), session("e", "gone")]);
  expect(rows.map(({ session: { id }, depth }) => `${depth}${id}`)).toEqual(["0c", "0a", "1b", "2d", "0e"]);
});
