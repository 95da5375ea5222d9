/** What is remembered of accounts in this isolate: what a turn must know of its account before it asks a model. For 25 s, so a change holds within 30 s, as for keys. Calls no object. */

export interface AccountFacts {
  /** Ids of the models that it may use; `undefined` when it has no list. */
  models: readonly string[] | undefined;
  hasBudget: boolean;
  /** Whether a session of it was erased: only then a name may be one that is not known to be free. */
  hasErased: boolean;
  /** Until when this is used, in ms since 1970. */
  untilMs: number;
}

const rememberMs = 25_000;
/** Most accounts that are remembered; beyond that the oldest is forgotten. */
const mostRemembered = 1_000;

const known = new Map<string, AccountFacts>();
/** How often something was forgotten: what was asked for before that must not be remembered. */
let forgotten = 0;

export function knownFacts(account: string): AccountFacts | undefined {
  const found = known.get(account);
  return found !== undefined && found.untilMs > Date.now() ? found : undefined;
}

/** To be taken before the account is asked, and handed to `rememberFacts`. */
export function factsMark(): number {
  return forgotten;
}

export function rememberFacts(account: string, facts: Omit<AccountFacts, "untilMs">, mark: number): AccountFacts {
  const remembered = { ...facts, untilMs: Date.now() + rememberMs };
  if (mark !== forgotten) return remembered;
  known.delete(account);
  known.set(account, remembered);
  const oldest = known.keys().next();
  if (known.size > mostRemembered && !oldest.done) known.delete(oldest.value);
  return remembered;
}

/** Something of the account has changed, and this isolate knows. */
export function forgetFacts(account: string): void {
  forgotten++;
  known.delete(account);
}
