/** What a model at a provider can do and costs, as data. Nothing else in Longline depends on which model it calls. */
import type { CallIdRule } from "../core/call-ids.ts";
import type { Prices } from "../core/cost.ts";
import type { ThinkingLevel } from "../core/entry.ts";

/** How thinking is switched: by a parameter of the request, by another model id, or not at all. */
export type ThinkingSwitch = { by: "parameter" } | { by: "model_id"; on: string; off: string } | { by: "nothing" };

/**
 * In which order messages may come. `free`: any. `bridged`: no user message right after a result (Mistral).
 * `alternating`: user and assistant by turns (chat templates of Gemma, Ministral and others). Missing answers are filled in.
 */
export type RoleOrder = "free" | "bridged" | "alternating";

/** For whom the provider keeps a cache and counts abuse: `user_id` is a digest of the account's or the session's name, never the name. `auto`: of the account, except the account `default`. */
export type UserIdRule = "unsupported" | "auto" | "none" | "account" | "session";

/** Higher prices at certain times. Hours and days are UTC; 1 is Monday. */
export interface PeakPrices extends Prices {
  weekdays: readonly number[];
  /** From the first hour up to the second. */
  hours: readonly (readonly [number, number])[];
}

export interface Profile {
  /** Who serves it: `cometapi`, `deepseek`, `openrouter`, `demo`, `generic`. */
  provider: string;
  /** The id clients, the log and the ledger use. */
  id: string;
  /** The id on the wire; usually the same. */
  wireId: string;
  /** How functions are sent strict: at the provider's `/beta` base, as a field, or not. Arguments are validated locally in any case. */
  strict: "beta" | "field" | "none";
  thinking: ThinkingSwitch;
  /** Levels of thinking it has, as `reasoning_effort`; none where it is only on or off. */
  thinkingLevels?: readonly ThinkingLevel[];
  /** Whether thinking is on when a message does not choose; `undefined`: send no parameter and let the provider decide. */
  thinkingDefault: boolean | undefined;
  /** Whether tools may be offered while it thinks; where not, a turn with tools does not think. */
  thinksWithTools: boolean;
  /** Whether one tool can be forced: always, only while it does not think, or never. */
  forcedTool: "always" | "not_thinking" | "never";
  /** Which JSON modes the provider has as `response_format`. */
  jsonModes: { object: boolean; schema: boolean };
  /** Whether a half answer can be continued by `prefix: true`; only at the `/beta` base. */
  continuation: boolean;
  /** Whether earlier reasoning goes back to the model: R1 to V3.2-Exp refuse it, V3.2 and later want it with every reply, also with those that had none. */
  reasoningReplay: "strip" | "replay";
  /** The form in which the ids of calls go back; `as_is` when absent. */
  callIds?: CallIdRule;
  /** `free` when absent. */
  roleOrder?: RoleOrder;
  /** The role of the instructions, where it is not `system`. */
  systemRole?: "developer" | "user";
  /** Under which name `max_tokens` is sent, where it is another one. */
  maxTokensField?: "max_tokens" | "max_completion_tokens";
  /** Parameters that are never sent, because the host refuses them by name. */
  omit?: readonly string[];
  /** `unsupported` when absent. */
  userId?: UserIdRule;
  /** Whether its family writes calls as markup that hosts let through into the text; only then are calls read out of a text. */
  leaksCalls: boolean;
  /** `max_tokens`, always sent: it counts reasoning and answer together. */
  maxTokens: number;
  /** The same while it thinks, where more is allowed then. */
  maxTokensThinking: number;
  /** The context window in tokens. */
  contextTokens: number;
  /** Granularity of the provider's prefix cache in tokens. */
  cacheBlockTokens: number;
  prices: Prices;
  peakPrices?: PeakPrices;
  /** Its prices were given by the app, so that 0 means free. */
  isPriced?: true;
  /** Whether the catalog knows this model; else the profile is a guess that suits every provider. */
  known: boolean;
}

/** Whether a call's cost can be known. Prices of 0 are those of a model that the catalog does not know, unless the app gave them. */
export function hasPrice({ isPriced, prices }: Pick<Profile, "isPriced" | "prices">): boolean {
  return isPriced === true || prices.hit + prices.miss + prices.output > 0;
}

/** The prices that hold at a moment. Chinese public holidays, which DeepSeek leaves out of its peak hours, are not known here: they are billed as peak. */
export function pricesAt({ prices, peakPrices }: Profile, atMs: number): Prices {
  if (peakPrices === undefined) return prices;
  const at = new Date(atMs);
  const hour = at.getUTCHours();
  const isPeak =
    peakPrices.weekdays.includes(at.getUTCDay()) && peakPrices.hours.some(([from, to]) => hour >= from && hour < to);
  return isPeak ? { hit: peakPrices.hit, miss: peakPrices.miss, output: peakPrices.output } : prices;
}
