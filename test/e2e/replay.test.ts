import { expect, it } from "vitest";
import { allRows } from "../replay/all-rows.ts";
import { differences } from "../replay/difference.ts";
import { perform } from "../replay/perform.ts";
import { readRecording } from "../replay/replay.ts";

it("[REPLAY-1] the Worker answers as it was recorded", async () => {
  expect(differences(await readRecording(), await perform(allRows)).join("\n")).toBe("");
});
