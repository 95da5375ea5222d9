/** Finds the object of a session. Its name begins with the authenticated account, so that no caller reaches another's. */
import { type Methods, objectStub, openStream, rpcVersion } from "../account/call-object.ts";
import type { Bindings } from "../env.ts";
import type { Session } from "./object.ts";
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

/** Whether each method may be called again when nobody knows whether it ran: what is sent may where it has a name that makes it count once. */
export const sessionMethods: Methods = {
  create: true,
  tokenTag: true,
  withdrawTokens: true,
  describe: true,
  agent: true,
  change: true,
  send: ([, request]) => hasName(request as Named),
  approve: false,
  press: false,
  retryDelivery: false,
  giveResults: false,
  giveAnswers: false,
  taken: true,
  givenBefore: true,
  goOn: ([request]) => hasName(request as Named),
  asked: true,
  withdraw: true,
  withdrawn: true,
  addHistory: false,
  hide: true,
  compare: true,
  wait: true,
  giveFeedback: true,
  newest: true,
  cancel: true,
  entries: true,
  shownEntries: true,
  uiHistory: true,
  erase: false,
  copy: false,
  search: true,
  request: true,
  trace: true,
  notify: true,
  prefix: true,
};

interface Named {
  receipt: { key?: string };
  claims?: readonly string[];
}

function hasName({ receipt, claims = [] }: Named): boolean {
  return receipt.key !== undefined || claims.length > 0;
}
