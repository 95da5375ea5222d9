/**
 * In which order test files start: those that take longest first, so that none of them runs alone at the end. Without a cache
 * vitest goes by the names of the projects and the sizes of files: the groups in the Workers runtime would come last, each of which
 * keeps one core busy for up to a minute, and the recorded requests, 24 s in 11 lines.
 */
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** Files of more than 10 s, longest first (`npx vitest run --reporter=json` on two cores). Those that mostly wait are before others of their length: they leave the cores to them. */
export const longest: readonly string[] = [
  "test/e2e/package.test.ts",
  "test/e2e/playground-views.test.ts",
  "test/together/doors.test.ts",
  "test/together/native.test.ts",
  "test/e2e/outliving.test.ts",
  "test/together/session.test.ts",
  "test/soak/soak.test.ts",
  "test/together/turn.test.ts",
  "test/e2e/backup.test.ts",
  "test/e2e/edit-agent.test.ts",
  "test/e2e/readme.test.ts",
  "test/e2e/channels.test.ts",
  "test/e2e/rollout.test.ts",
  "test/e2e/playground-live.test.ts",
  "test/e2e/playground-chat.test.ts",
  "test/e2e/replay.test.ts",
  "test/e2e/slack.test.ts",
  "test/e2e/playground.test.ts",
  "test/e2e/client-in-browser.test.ts",
  "test/e2e/mcp.test.ts",
  "test/e2e/event-source.test.ts",
];

/** The listed ones in the order of the list, then the others in their own. `pathOf`: absolute or from the checkout. */
export function longestFirst<T>(files: readonly T[], pathOf: (file: T) => string): T[] {
  const placeOf = (file: T) => {
    const place = longest.findIndex((path) => pathOf(file).endsWith(path));
    return place < 0 ? longest.length : place;
  };
  return files.toSorted((a, b) => placeOf(a) - placeOf(b));
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longestFirst(await super.sort(files), ({ moduleId }) => moduleId);
  }
}
