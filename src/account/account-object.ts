/** Finds the object of an account, and the one that lists all accounts. */
import type { Bindings } from "../env.ts";
import type { Account } from "./account.ts";
import { listName } from "./account-list.ts";
import { accountMethods } from "./account-methods.ts";
import { objectStub } from "./call-object.ts";

/** The object of an account. `account` comes from authentication, never from what a caller wrote. */
export function accountObject(bindings: Bindings, account: string): DurableObjectStub<Account> {
  const namespace = bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>;
  return objectStub(() => namespace.getByName(account), accountMethods);
}

/** The object that lists all accounts. */
export function accountList(bindings: Bindings): DurableObjectStub<Account> {
  return accountObject(bindings, listName);
}
