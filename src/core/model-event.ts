/** The events that a model streams, the same types for every provider. `model/translate.ts` makes these, `core/assemble.ts` reads them. */
import type { Usage } from "./cost.ts";
import type { Failure } from "./errors.ts";

export type ModelEvent =
  | { type: "reasoning"; text: string }
  | { type: "text"; text: string }
  /** The text from here on is the model's refusal to answer. At most once. */
  | { type: "refusal" }
  /** A fragment of a call. The first one of an `index` carries `id` and `name`; `arguments` pieces are to be joined. */
  /** `salvaged`: it was found in the text, and did not come as a call. */
  | { type: "tool_call"; index: number; id?: string; name?: string; arguments: string; salvaged?: true }
  /** The text ended with a call that is not whole: the model wanted to call a tool, and there is no call. */
  | { type: "broken_call" }
  /** What follows is an earlier answer to the same request: no model is called. */
  | { type: "replayed" }
  /** Something in the answer had to be repaired; `what` describes it in words. */
  | { type: "repair"; what: string }
  /** May come more than once; the last one counts. */
  | { type: "usage"; usage: Usage }
  /** The provider's own word, unjudged: `stop`, `tool_calls`, `length`, `content_filter`, `insufficient_system_resource`, ... */
  | { type: "finish"; reason: string }
  /** The call failed; nothing follows. */
  | { type: "failure"; failure: Failure };
