/** Asks an account, where this isolate does not remember it, for what a turn must know of it. */
import type { Bindings } from "../env.ts";
import { accountObject } from "./account-object.ts";
import { type AccountFacts, factsMark, knownFacts, rememberFacts } from "./known-facts.ts";

/** `asked` is called when the account's object is. Throws when it cannot be reached: no turn runs without its limits. */
export async function factsOfAccount(bindings: Bindings, account: string, asked = () => {}): Promise<AccountFacts> {
  const known = knownFacts(account);
  if (known !== undefined) return known;
  asked();
  const mark = factsMark();
  // An object of an earlier version does not say whether it has erased names.
  const { limits, hasErased = true } = await accountObject(bindings, account).access();
  return rememberFacts(
    account,
    { models: limits.models, hasBudget: limits.budgetMicros !== undefined, hasErased },
    mark,
  );
}
