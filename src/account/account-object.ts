/** Finds the object of an account, and the one that lists all accounts. */
import type { Bindings } from "../env.ts";
import type { Account } from "./account.ts";
import { listName } from "./account-list.ts";
import { accountMethods } from "./account-methods.ts";
import { objectStub } from "./call-object.ts";

/** The object of an account. `account` comes from authentication, never from what a caller wrote. */
export function accountObject(bindings: Bindings, account: string): DurableObjectStub<Account> {
  const namespace = placed(bindings, bindings.ACCOUNTS) as unknown as DurableObjectNamespace<Account>;
  return objectStub(() => namespace.getByName(account), accountMethods);
}

/** The object that lists all accounts. */
export function accountList(bindings: Bindings): DurableObjectStub<Account> {
  return accountObject(bindings, listName);
}

/**
 * The objects of the Worker's jurisdiction: they run and are stored there alone
 * (developers.cloudflare.com/durable-objects/reference/data-location). workerd on a developer's machine has none.
 */
export function placed({ JURISDICTION, DEV }: Bindings, namespace: DurableObjectNamespace): DurableObjectNamespace {
  if (JURISDICTION === undefined || DEV === "true") return namespace;
  return namespace.jurisdiction(JURISDICTION as DurableObjectJurisdiction);
}
