/** Sends a turn's answer to the address that its sender named, signed by Standard Webhooks. One delivery keeps its id through all tries. */

import { defined } from "../core/defined.ts";
import type { Address, Outlet, Posted, Posting } from "./channel.ts";
import { standardHeaders } from "./signature.ts";

export interface CallbackAddress extends Address {
  channel: "callback";
  url: string;
  /** It brings an alert, and no turn's answer. */
  alert?: Record<string, unknown>;
}

export interface CallbackSetup {
  /** `whsec_…` */
  secret(): Promise<string>;
  /** Why a URL must not be called; `undefined` when it may. */
  urlFault(url: string): string | undefined;
}

/** Nothing is remembered between tries. */
export type CallbackShown = Record<string, never>;

const minute = 60_000;
const hour = 60 * minute;
/** By standard-webhooks/spec: at once, then after these. */
const retryMs = [5_000, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour];
/** Longest that a receiver may take (spec: 15 to 30 s). */
const patienceMs = 20_000;

export function callback(setup: CallbackSetup): Outlet<CallbackAddress, CallbackShown> {
  return { live: false, paceMs: 0, retryMs, post: (posting) => postCallback(posting, setup) };
}

async function postCallback(
  { reply, address, nowMs, signal, trace }: Posting<CallbackAddress, CallbackShown>,
  { secret, urlFault }: CallbackSetup,
): Promise<Posted<CallbackShown>> {
  const { ended } = reply;
  const shown = {};
  if (ended === undefined) return { kind: "shown", shown };
  const fault = urlFault(address.url);
  if (fault !== undefined) return { kind: "dead", shown, error: fault };
  const timestamp = new Date(ended.atMs).toISOString();
  const { alert } = address;
  const event = alert
    ? { type: "alert", data: { ...alert, text: reply.text } }
    : { type: "turn.ended", data: ended.data };
  const body = JSON.stringify({ type: event.type, timestamp, data: event.data });
  const signed = await standardHeaders({ id: reply.id, atMs: nowMs, body }, await secret());
  const answer = await fetch(address.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "Longline",
      ...signed,
      ...trace,
    },
    body,
    // Where a redirect leads was not checked: it counts as a failure.
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
  }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer === undefined) return { kind: "retry", shown, error: "The receiver did not answer." };
  const outcome = outcomeOf(answer.status);
  if (outcome === "taken") return { kind: "shown", shown };
  const error = `The receiver answered ${answer.status}.`;
  if (outcome === "gone") return { kind: "dead", shown, error: `${error} It wants no more.` };
  const afterMs = waitOf(answer.headers.get("Retry-After"), nowMs);
  return { kind: "retry", shown, error, ...defined({ afterMs }) };
}

/**
 * What a receiver's status means for the delivery (standard-webhooks/spec 1.0.0, "Responding to webhooks"): 2xx took it, 410
 * wants no more of them, and everything else comes again: also a redirect, which is not followed, and refusals such as 401
 * or 404, which a deployment of the receiver repairs within hours.
 */
export function outcomeOf(status: number): "taken" | "gone" | "again" {
  if (status >= 200 && status < 300) return "taken";
  return status === 410 ? "gone" : "again";
}

/** Ms that `Retry-After` requests, in seconds or as a date (RFC 9110, 10.2.3); at most the longest pause of the schedule. */
export function waitOf(retryAfter: string | null, nowMs: number): number | undefined {
  if (retryAfter === null) return undefined;
  const ms = /^\s*\d+(?:\.\d+)?\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - nowMs;
  return ms > 0 ? Math.min(Math.ceil(ms), 10 * hour) : undefined;
}
