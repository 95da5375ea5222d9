/** Which models answer a turn, in which order, and how each is reached: the settings, the agent, the session and the message each have a say, in rising order. */

import type { Agent } from "../../agent/agent.ts";
import type { ModelChoice } from "../../agent/version.ts";
import { defined } from "../../core/defined.ts";
import type { TurnOptions } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import type { KnownSetting, ModelPlace } from "../../core/failure-words.ts";
import type { Bindings, ProviderSettings, Settings } from "../../env.ts";
import { profileFor } from "../../model/catalog.ts";
import { hasPrice, type Profile } from "../../model/profile.ts";

export interface TurnModel {
  profile: Profile;
  baseUrl: string;
  apiKey?: string;
  fetch: typeof fetch;
  /** It is in the place of every other model. */
  isDemo?: true;
  /** For the words of failures. */
  place: ModelPlace;
}

const demoUrl = "https://demo.invalid/v1";
const demo: Omit<TurnModel, "fetch"> = {
  isDemo: true,
  profile: profileFor({ modelId: "demo", baseUrl: demoUrl, demo: true }),
  baseUrl: demoUrl,
  place: {
    model: "demo",
    host: "this Worker",
    modelSetting: { name: "MODEL", isSet: false },
    keySetting: { name: "MODEL_API_KEY", isSet: false },
    addressSetting: { name: "MODEL_BASE_URL", isSet: false },
    windowSetting: { name: "MODEL_CONTEXT_TOKENS", isSet: false },
  },
};

/** Ids a caller may name, first the one that answers when none is named. */
export function modelIds(settings: Settings, agent: Agent): [string, ...string[]] {
  const [first, ...others] = choicesOf(settings, agent);
  if (settings.model.kind === "demo") return ["demo", first.id, ...others.map(({ id }) => id)];
  return [first.id, ...others.map(({ id }) => id)];
}

/** The id that is shown where no model is named: the first one that the account may use; the first of all when it may use none. */
export function defaultModelId(settings: Settings, agent: Agent, allowed: readonly string[] | undefined): string {
  const ids = modelIds(settings, agent);
  // It is in the place of every other.
  if (settings.model.kind === "demo" || allowed === undefined) return ids[0];
  return ids.find((id) => allowed.includes(id)) ?? ids[0];
}

/** What the choice of models depends on. `chance`: the session's own number from 0 to 1, always the same. `sticky`: the model that answered last. */
export interface ModelSituation {
  settings: Settings;
  agent: Agent;
  bindings: Bindings;
  sessionModel: string | null;
  sticky: string | null;
  options: TurnOptions;
  chance: number;
}

/** The models of a turn in the order in which they are asked. A model that was named has no other after it: its sender wants its answer, and no other one's. */
export function turnModels(of: ModelSituation): [TurnModel, ...TurnModel[]] {
  const { settings, agent, bindings } = of;
  if (settings.model.kind === "demo") {
    return [shown({ ...demo, fetch: settings.model.fetch ?? globalThis.fetch }, settings)];
  }
  const provider = settings.model;
  const choices = choicesOf(settings, agent);
  const reach = (choice: ModelChoice): TurnModel => {
    return shown(reached(choice, { provider, modelSetting: modelSettingOf(choice, choices, of) }, bindings), settings);
  };
  const named = of.options.model ?? of.sessionModel;
  if (named !== null && named !== undefined) return [reach(choices.find(({ id }) => id === named) ?? { id: named })];
  const begin = choices.find(({ id }) => id === of.sticky) ?? drawn(choices, of.chance);
  // After the session's own model come those listed after it, then those before it.
  const at = choices.indexOf(begin);
  return [reach(begin), ...choices.slice(at + 1).map(reach), ...choices.slice(0, at).map(reach)];
}

/** Those of a turn's models that its account may use; all when `allowed` is absent. The demo model is in the place of every other. */
export function allowedOf(models: readonly TurnModel[], allowed: readonly string[] | undefined): TurnModel[] {
  return models.filter((model) => allowed === undefined || model.isDemo || allowed.includes(model.profile.id));
}

/** Ids of the turn's models where its account may use none of them; `undefined` where it may use one. */
export function refusedModels(
  of: Omit<ModelSituation, "sticky" | "chance">,
  allowed: readonly string[] | undefined,
): string[] | undefined {
  if (allowed === undefined) return undefined;
  const models = turnModels({ ...of, sticky: null, chance: 0 });
  return allowedOf(models, allowed).length > 0 ? undefined : models.map(({ profile }) => profile.id);
}

/** The same as a refusal, before anything is stored. */
export function mustBeAllowed(
  of: Omit<ModelSituation, "sticky" | "chance">,
  allowed: readonly string[] | undefined,
): void {
  const models = refusedModels(of, allowed);
  if (models !== undefined) throw modelsNotAllowed(models, allowed ?? []);
}

export function modelsNotAllowed(models: readonly string[], allowed: readonly string[]): AppError {
  const detail = `this account may use ${allowed.join(", ")}, and the answer would come from ${models.join(", ")}. Name a model that it may use.`;
  return new AppError("invalid_request", `model: ${detail}`, { field: "model" });
}

/** The model that answers when none is named; of those in `allowed` where that is given. Throws when there is none. */
export function firstModel(
  of: Pick<ModelSituation, "settings" | "agent" | "bindings">,
  allowed?: readonly string[],
): TurnModel {
  const none = { ...of, sessionModel: null, options: {} };
  mustBeAllowed(none, allowed);
  const models = turnModels({ ...none, sticky: null, chance: 0 });
  return allowedOf(models, allowed)[0] ?? models[0];
}

/** A warning for each model that the catalog does not know, or whose price is not known: it works, with what every provider takes, and its cost is counted as nothing. */
export function unknownModels(settings: Settings, agent: Agent): string[] {
  return profilesOf(settings, agent).flatMap(({ base, ...profile }) => {
    const { id } = profile;
    const noPrice = `Its cost counts as 0, and it is not called for an account that has a budget: add \`prices\` to its entry in the agent's models.`;
    const warning = profile.known
      ? `The price of the model ${id} at ${base} is not known.`
      : `The model ${id} at ${base} is not in src/model/catalog.ts: it gets the generic profile, without strict tools. \`npm run probe\` writes its profile.`;
    if (hasPrice(profile)) return profile.known ? [] : [warning];
    return [`${warning} ${noPrice}`];
  });
}

/** Ids of the agent's models whose calls cannot be paid from a budget. */
export function unpricedModels(settings: Settings, agent: Agent): string[] {
  return profilesOf(settings, agent).flatMap((profile) => (hasPrice(profile) ? [] : [profile.id]));
}

/** `base`: the address of its provider. */
function profilesOf(settings: Settings, agent: Agent): (Profile & { base: string })[] {
  if (settings.model.kind === "demo") return [];
  const { baseUrl } = settings.model;
  return choicesOf(settings, agent).map((choice) => {
    const base = choice.baseUrl ?? baseUrl;
    return { ...profileOf(choice, base), base };
  });
}

/** The model with no larger window than the settings allow. */
function shown(model: TurnModel, { contextTokens }: Settings): TurnModel {
  const { profile, place } = model;
  const most = Math.min(profile.contextTokens, contextTokens ?? Number.POSITIVE_INFINITY);
  const windowSetting = { name: "MODEL_CONTEXT_TOKENS", isSet: contextTokens !== undefined };
  return { ...model, profile: { ...profile, contextTokens: most }, place: { ...place, windowSetting } };
}

/** Where the id of a model is written. */
function modelSettingOf(
  choice: ModelChoice,
  choices: readonly ModelChoice[],
  { agent, settings: { model } }: Pick<ModelSituation, "agent" | "settings">,
): KnownSetting {
  if (agent.namesModels && choices.includes(choice)) return { name: "the models of the agent's version", isSet: true };
  if (choice === choices[0]) return { name: "MODEL", isSet: model.kind === "provider" && model.modelId !== undefined };
  if (choices.includes(choice)) return { name: "the id in the agent's models", isSet: true };
  return { name: "the model of the session or of the message", isSet: true };
}

function choicesOf(
  { model }: Settings,
  { models: [first, ...others], namesModels }: Agent,
): [ModelChoice, ...ModelChoice[]] {
  const modelId = model.kind === "provider" && !namesModels ? model.modelId : undefined;
  return [modelId === undefined ? first : { ...first, id: modelId }, ...others];
}

/** One of the weighted models, each as often as its weight says over many sessions; the first one when there are no weights. */
function drawn(choices: [ModelChoice, ...ModelChoice[]], chance: number): ModelChoice {
  const total = choices.reduce((sum, { weight = 0 }) => sum + weight, 0);
  let below = 0;
  for (const choice of choices) {
    below += choice.weight ?? 0;
    if (chance * total < below) return choice;
  }
  return choices[0];
}

/** What the catalog knows of a model, with what its entry in the agent's models says. */
function profileOf({ id, userId, profile, prices, contextTokens, maxTokens }: ModelChoice, baseUrl: string): Profile {
  const { peakPrices, ...known } = profileFor({ modelId: id, baseUrl, demo: false });
  const own: Profile = {
    ...known,
    // Another price at certain hours belongs to the catalog's price.
    ...(prices === undefined && peakPrices && { peakPrices }),
    ...profile,
    ...((prices ?? profile?.prices) && { isPriced: true }),
    ...(prices && { prices }),
    ...defined({ contextTokens }),
    ...(maxTokens !== undefined && { maxTokens, maxTokensThinking: maxTokens }),
  };
  return userId === undefined || own.userId === undefined ? own : { ...own, userId };
}

/** Looked up at each call, so that a test can replace it by a provider. */
const call: typeof fetch = (input, init) => globalThis.fetch(input, init);

/** No provider was chosen: what people write is sent to none. */
const refuse: typeof fetch = async () =>
  Response.json({ error: { message: "No model is configured.", code: "no_model" } }, { status: 401 });

function reached(
  choice: ModelChoice,
  { provider, modelSetting }: { provider: ProviderSettings; modelSetting: KnownSetting },
  bindings: Bindings,
): TurnModel {
  const { id, baseUrl, keySecret } = choice;
  const base = baseUrl ?? provider.baseUrl;
  const secret = keySecret === undefined ? undefined : (bindings as unknown as Record<string, unknown>)[keySecret];
  // The key of one provider is never sent to another.
  const apiKey = typeof secret === "string" ? secret : baseUrl === undefined ? provider.apiKey : undefined;
  const keyName =
    keySecret ?? (baseUrl === undefined ? "MODEL_API_KEY" : "keySecret of this model in the agent's models");
  const isBaseSet = (bindings.MODEL_BASE_URL ?? "") !== "";
  const place = {
    model: id,
    host: new URL(base).host,
    modelSetting,
    keySetting: { name: keyName, isSet: apiKey !== undefined },
    addressSetting:
      baseUrl === undefined
        ? { name: "MODEL_BASE_URL", isSet: isBaseSet }
        : { name: "the baseUrl of this model in the agent's models", isSet: true },
    windowSetting: { name: "MODEL_CONTEXT_TOKENS", isSet: false },
  };
  return {
    profile: profileOf(choice, base),
    baseUrl: base,
    place,
    ...defined({ apiKey }),
    fetch: provider.isMissing && baseUrl === undefined && apiKey === undefined ? refuse : call,
  };
}

/** Who answers for a model, as things are configured now. */
export function providerOf(
  model: string,
  setup: Pick<Parameters<typeof turnModels>[0], "agent" | "settings" | "bindings">,
): { name: string; url?: string } {
  const [{ profile, baseUrl }] = turnModels({
    ...setup,
    ...{ sessionModel: null, sticky: null, options: { model }, chance: 0 },
  });
  return { name: profile.provider, ...(setup.settings.model.kind !== "demo" && { url: baseUrl }) };
}
