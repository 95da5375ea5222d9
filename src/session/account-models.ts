/** Which models an account may use, asked of its object before a turn is run. Remembered for 25 s, so a change holds within 30 s, as for keys. */
import { accountObject } from "../account/account.ts";
import type { Bindings } from "../env.ts";

const rememberMs = 25_000;
/** Most accounts that are remembered; beyond that the oldest is forgotten. */
const mostRemembered = 1_000;

const known = new Map<string, { untilMs: number; models: readonly string[] | undefined }>();

/** Ids; `undefined` when the account has no list. Throws when the account cannot be reached: no turn runs without its limits. */
export async function modelsOfAccount(bindings: Bindings, account: string): Promise<readonly string[] | undefined> {
  const found = known.get(account);
  if (found !== undefined && found.untilMs > Date.now()) return found.models;
  const { models } = (await accountObject(bindings, account).access()).limits;
  known.delete(account);
  known.set(account, { untilMs: Date.now() + rememberMs, models });
  const oldest = known.keys().next();
  if (known.size > mostRemembered && !oldest.done) known.delete(oldest.value);
  return models;
}
