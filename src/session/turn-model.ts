/** Which model answers a turn, and how it is reached: the settings, the agent, the session and the message each have a say, in rising order. */
import type { Agent } from "../agent.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { Settings } from "../env.ts";
import { profileFor } from "../model/catalog.ts";
import { createDemoFetch } from "../model/demo/demo-fetch.ts";
import type { Profile } from "../model/profile.ts";

export interface TurnModel {
  profile: Profile;
  baseUrl: string;
  apiKey?: string;
  fetch: typeof fetch;
  /** `undefined`: the profile's habit. */
  thinking: boolean | undefined;
}

/** One demo model per isolate, since what it has cached is remembered in it. */
const demoFetch = createDemoFetch();

/** Ids a caller may name, first the one that answers when none is named. */
export function modelIds(settings: Settings, agent: Agent): [string, ...string[]] {
  const [first, ...others] = agent.models;
  if (settings.model.kind === "demo") return ["demo", first, ...others];
  return [settings.model.modelId ?? first, ...others];
}

export function turnModel(of: {
  settings: Settings;
  agent: Agent;
  sessionModel: string | null;
  options: TurnOptions;
}): TurnModel {
  const { settings, agent, sessionModel, options } = of;
  const { thinking } = options;
  if (settings.model.kind === "demo") {
    const baseUrl = "https://demo.invalid/v1";
    return { profile: profileFor({ modelId: "demo", baseUrl, demo: true }), baseUrl, fetch: demoFetch, thinking };
  }
  const { baseUrl, apiKey } = settings.model;
  const modelId = options.model ?? sessionModel ?? modelIds(settings, agent)[0];
  const profile = profileFor({ modelId, baseUrl, demo: false });
  // Looked up at each call, so that a test can put a provider behind it.
  const reach: typeof fetch = (input, init) => globalThis.fetch(input, init);
  return { profile, baseUrl, ...(apiKey !== undefined && { apiKey }), fetch: reach, thinking };
}
