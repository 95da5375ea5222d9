/** The opaque names under which a provider knows an account and a session: it keeps caches and counts abuse by them. Never a name that a person chose. */
import { sha256Hex } from "../../core/digest.ts";
import type { UserIdRule } from "../../model/profile.ts";

/** Each matches `[a-zA-Z0-9\-_]{1,512}` (DeepSeek's rule for `user_id`). */
export interface UserIds {
  account: string;
  session: string;
}

/** The account that everything without a key of an account belongs to. */
const defaultAccount = "default";

export async function userIdsOf({ account, name }: { account: string; name: string }): Promise<UserIds> {
  const digest = async (kind: string, of: string[]) => `${kind}-${(await sha256Hex(JSON.stringify(of))).slice(0, 40)}`;
  return { account: await digest("a", [account]), session: await digest("s", [account, name]) };
}

/** The name to send; `undefined` for none. */
export function userIdFor(rule: UserIdRule | undefined, account: string, ids: UserIds): string | undefined {
  switch (rule) {
    case undefined:
    case "unsupported":
    case "none":
      return undefined;
    case "auto":
      return account === defaultAccount ? undefined : ids.account;
    case "account":
      return ids.account;
    case "session":
      return ids.session;
  }
}
