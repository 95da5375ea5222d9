/** What happens to a turn when the client that reads it hangs up: nothing, or it stops. `X-On-Disconnect: stop` or `continue` says it; without the header a turn stops that no one can find again. */
import { mustMay } from "../account/access.ts";
import type { AnswerPlace } from "../wire/answer-id.ts";
import { type Caller, sessionOf, wishOnDisconnect } from "./caller.ts";

/** Whether the turn stops. Throws `forbidden` for a token that may not cancel. */
export function stopsOnDisconnect(caller: Caller, session: string, byDefault = false): boolean {
  const wish = wishOnDisconnect(caller.request);
  // What has a key is found again by the same request.
  if (wish === undefined) return byDefault && !caller.request.headers.has("Idempotency-Key");
  if (wish === "stop") mustMay(caller, session, "cancel");
  return wish === "stop";
}

/** For the address that a session is asked at for its stream. */
export function hangUpQuery(stops: boolean): string {
  return stops ? "&hang_up=stop" : "";
}

/** Waits for an answer that does not stream, and stops its turn when the client hangs up meanwhile. */
export async function stoppingOnDisconnect<T>(
  caller: Caller,
  { session, turn }: AnswerPlace,
  wait: () => Promise<T>,
): Promise<T> {
  const { signal } = caller.request;
  const stop = () => {
    const cancelled = sessionOf(caller, session).cancel(turn);
    caller.waitUntil(Promise.resolve(cancelled));
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    return await wait();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
