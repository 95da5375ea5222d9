/** Finds the object of a session. Its name begins with the authenticated account, so that no caller reaches another's. */
import { objectStub, openStream, rpcVersion } from "../account/call-object.ts";
import type { Bindings } from "../env.ts";
import type { Session } from "./object.ts";
import { sessionMethods } from "./session-methods.ts";
import type { SessionAddress } from "./store/session-record.ts";

export function sessionObject(bindings: Bindings, { account, name }: SessionAddress): DurableObjectStub<Session> {
  const namespace = bindings.SESSIONS as unknown as DurableObjectNamespace<Session>;
  return objectStub(() => namespace.getByName(`${account}:${name}`), sessionMethods);
}

/** The stream of the session's events for `query`; see `readEvents`. The reader's hang-up travels with the signal. */
export function sessionEvents(
  bindings: Bindings,
  { account, name }: SessionAddress,
  { query, signal }: { query: string; signal: AbortSignal },
): Promise<Response> {
  const namespace = bindings.SESSIONS as unknown as DurableObjectNamespace<Session>;
  const url = `https://session/events?v=${rpcVersion}&${query}`;
  return openStream(() => namespace.getByName(`${account}:${name}`).fetch(url, { signal }));
}
