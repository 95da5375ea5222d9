/** Finds the object of a session. Its name begins with the authenticated account, so that no caller reaches another's. */
import { placed } from "../account/account-object.ts";
import { objectStub, openStream, rpcVersion } from "../account/call-object.ts";
import type { Bindings } from "../env.ts";
import type { Session } from "./object.ts";
import type { Refusable } from "./refusal.ts";
import { countsOnce, refusedHeader, sessionMethods, submitVersion } from "./session-methods.ts";
import type { SessionAddress } from "./store/session-record.ts";
import type { Submission, Submitted } from "./submit/submit-rows.ts";

export function sessionObject(bindings: Bindings, { account, name }: SessionAddress): DurableObjectStub<Session> {
  const namespace = placed(bindings, bindings.SESSIONS) as unknown as DurableObjectNamespace<Session>;
  return objectStub(() => namespace.getByName(`${account}:${name}`), sessionMethods);
}

/** The stream of the session's events for `query`; see `readEvents`. The reader's hang-up travels with the signal. */
export function sessionEvents(
  bindings: Bindings,
  { account, name }: SessionAddress,
  { query, signal }: { query: string; signal: AbortSignal },
): Promise<Response> {
  const namespace = placed(bindings, bindings.SESSIONS) as unknown as DurableObjectNamespace<Session>;
  const url = `https://session/events?v=${rpcVersion}&${query}`;
  return openStream(() => namespace.getByName(`${account}:${name}`).fetch(url, { signal }));
}

/**
 * Submits, and streams the events of the turn that answers, with one call in place of two; `query`: see `readEvents`. What
 * became of the submission where it was not accepted. `undefined` where the object is of an earlier version: nothing was submitted.
 */
export async function submitForStream(
  bindings: Bindings,
  { account, name }: SessionAddress,
  { submission, query, signal }: { submission: Submission; query: string; signal: AbortSignal },
): Promise<Response | Refusable<Submitted> | undefined> {
  const namespace = placed(bindings, bindings.SESSIONS) as unknown as DurableObjectNamespace<Session>;
  const url = `https://session/submit?v=${submitVersion}&${query}`;
  const body = JSON.stringify({ address: { account, name }, submission });
  const open = () => namespace.getByName(`${account}:${name}`).fetch(url, { method: "POST", body, signal });
  const response = await openStream(open, countsOnce(submission));
  if (response.headers.has(refusedHeader)) return response.json();
  return response.ok ? response : undefined;
}
