/** What a model at a provider can do and costs, as data. Nothing else in Longline asks which model it talks to. */
import type { Prices } from "../core/cost.ts";

/** How thinking is switched: by a parameter of the request, by another model id, or not at all. */
export type ThinkingSwitch = { by: "parameter" } | { by: "model_id"; on: string; off: string } | { by: "nothing" };

export interface Profile {
  /** Who serves it: `cometapi`, `demo`, `generic`. */
  provider: string;
  /** The id clients, the log and the ledger use. */
  id: string;
  /** The id on the wire; usually the same. */
  wireId: string;
  /** Whether each function is sent with `strict: true`. Arguments are validated locally in any case. */
  strictTools: boolean;
  thinking: ThinkingSwitch;
  /** Whether thinking is on when a message does not say; `undefined`: say nothing and let the provider decide. */
  thinkingDefault: boolean | undefined;
  /** Whether earlier reasoning goes back to the model: R1 to V3.2-Exp refuse it, V3.2 and later want it. */
  reasoningReplay: "strip" | "replay";
  /** `max_tokens`, always sent: it counts reasoning and answer together. */
  maxTokens: number;
  /** The context window in tokens. */
  contextTokens: number;
  /** Granularity of the provider's prefix cache in tokens. */
  cacheBlockTokens: number;
  prices: Prices;
}
