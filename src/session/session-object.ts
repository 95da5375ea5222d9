/** Finds the object of a session. Its name begins with the authenticated account, so that no caller reaches another's. */
import type { Bindings } from "../env.ts";
import type { Session } from "./session.ts";
import type { SessionAddress } from "./session-record.ts";

export function sessionObject(bindings: Bindings, { account, name }: SessionAddress): DurableObjectStub<Session> {
  const namespace = bindings.SESSIONS as unknown as DurableObjectNamespace<Session>;
  return namespace.getByName(`${account}:${name}`);
}
