/** The ADMIN_KEY, for as long as this tab is open: unlike the key of an account it is never kept in the browser. */
import { type Call, callJson } from "./api.ts";

const name = "longline-admin-key";

export function adminKey(): string {
  return sessionStorage.getItem(name) ?? "";
}

/** Empty: forgotten. */
export function keepAdminKey(key: string): void {
  if (key === "") sessionStorage.removeItem(name);
  else sessionStorage.setItem(name, key);
}

/** One call of `/v1/admin`. `path` is what follows it. */
export function callAdmin<T>(path: string, how: Call = {}): Promise<T> {
  return callJson<T>(`/v1/admin${path}`, { ...how, key: adminKey() });
}

/** One call that wants the right `operate`: with the ADMIN_KEY where one was given, for the default account, else with the key of this browser. */
export function callOperate<T>(path: string, how: Call = {}): Promise<T> {
  const key = adminKey();
  if (key === "") return callJson<T>(path, how);
  return callJson<T>(`${path}${path.includes("?") ? "&" : "?"}account=default`, { ...how, key });
}
