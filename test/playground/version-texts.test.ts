import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { versionCreation } from "../../src/doors/rollouts/versions.ts";
import { versionBody, versionFields, versionTexts } from "../../src/playground/agents/version-texts.ts";
import { agentDetailsJson, wordingOf } from "./samples.ts";

describe("a new version as a form", () => {
  const before = versionTexts(agentDetailsJson(wordingOf([])));

  it("[PAGE-31] sends what differs from the code, with the names of the API, and nothing else", () => {
    expect(versionBody(before, before)).toEqual({});
    const texts = {
      ...before,
      ...{ instructions: "Be brief.", models: "m-1, m-2", tools: "", note: "Shorter." },
      ...{
        "sampling.temperature": "0.2",
        "sampling.top_p": "much",
        "limits.max_steps": "4",
        "limits.turn_seconds": " ",
      },
    };
    expect(versionBody(texts, before)).toEqual({
      ...{ instructions: "Be brief.", models: ["m-1", "m-2"], tools: [], note: "Shorter." },
      sampling: { temperature: 0.2, top_p: "much" },
      limits: { max_steps: 4 },
    });
    expect(Object.keys(z.toJSONSchema(versionCreation, { io: "input" }).properties ?? {}).toSorted()).toEqual(
      [...new Set(versionFields.map((name) => name.split(".")[0]))].toSorted(),
    );
  });
});
