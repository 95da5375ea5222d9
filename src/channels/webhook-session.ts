/**
 * Names the session of a webhook's message, so that two webhooks never share one. The name of a webhook and the key of its
 * conversation are joined by `_`, which a name may hold, too: such a name is written with its length in front, and nothing can
 * be read in two ways. Pure but for the digest.
 *
 * - `hook_<name>` and `hook_<name>_<key>`: a name without `_`
 * - `hook-<length of the name>-<name>` and `hook-<length>-<name>_<key>`: a name with `_`
 * - `hook_<40 hex digits>`, `hook-x-<40 hex digits>`: a key that cannot be part of an id, or is too long; of name and key
 */

import { sha256Hex } from "../core/digest.ts";
import { sessionNamePattern } from "../core/session-name.ts";

export interface WebhookPlace {
  /** The webhook's: letters, digits, `-` and `_`. */
  name: string;
  /** Of the conversation: anything; `""` is the webhook's one session. */
  key: string;
}

const isId = (text: string) => sessionNamePattern.test(text);
const isDigest = (text: string) => /^[0-9a-f]{40}$/.test(text);
const isPlain = (name: string) => !name.includes("_") && !isDigest(name);

/** Id of the session. */
export async function webhookSession({ name, key }: WebhookPlace): Promise<string> {
  const end = key === "" ? "" : `_${key}`;
  const plain = isPlain(name) ? `hook_${name}${end}` : `hook-${name.length}-${name}${end}`;
  if (isId(plain)) return plain;
  const digest = (await sha256Hex(isPlain(name) ? `${name} ${key}` : `${name.length} ${name} ${key}`)).slice(0, 40);
  return isPlain(name) ? `hook_${digest}` : `hook-x-${digest}`;
}

/**
 * The id that earlier versions gave the session; `undefined` when it is the same, or when another webhook of this deployment
 * (`names`) could have made it, too: then it is not known whose conversation it holds, and it is not continued.
 */
export async function formerWebhookSession(
  { name, key }: WebhookPlace,
  names: Iterable<string>,
): Promise<string | undefined> {
  const plain = key === "" ? `hook_${name}` : `hook_${name}_${key}`;
  const former = isId(plain) ? plain : `hook_${(await sha256Hex(`${name} ${key}`)).slice(0, 40)}`;
  if (former === (await webhookSession({ name, key }))) return undefined;
  const rest = former.slice("hook_".length);
  const couldBeOf = (other: string) => rest === other || rest.startsWith(`${other}_`);
  return [...names].some((other) => other !== name && couldBeOf(other)) ? undefined : former;
}
