/** Sees for one client whether a turn does nothing but wait for its tools, and for how long: a connection that stays for hours keeps the session's object in memory, and is cut on its way. Ends nothing itself. */

import { visible } from "../../core/shown-call.ts";
import { type SuspendedCall, suspendedUntilMs, type TurnRest } from "../../core/tool-steps.ts";
import type { RestEncoder, RestWatch, StepsHost } from "../../tools/steps/feature.ts";
import { iso, suspendedJson } from "../../wire/native.ts";
import { callsUnderWay } from "../submit/take-signal.ts";

/** A client stays for so long, in ms, where what is waited for can come at any time: people wait for a minute, and proxies cut what is silent for longer. */
export const stayMs = 60_000;
/** Of so many calls, and waits of each, the words speak. */
const mostCalls = 5;
const mostWaits = 3;

type RestHost = Pick<StepsHost, "turns" | "steps" | "log"> & { feed: Pick<StepsHost["feed"], "draft" | "confirmed"> };

export class Rest implements RestWatch {
  readonly #host: RestHost;
  readonly #turn: string | undefined;
  /** Since when it rests so, for this client. */
  #since: { calls: string; atMs: number } | undefined;
  #reported: readonly string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: RestHost, turn: string | undefined) {
    this.#host = host;
    this.#turn = turn;
  }

  frames<F>(encoder: RestEncoder<F>, wake: () => void): F[] {
    const { feed, log } = this.#host;
    // What waits is shown once it is on disk, and not in the middle of a reply.
    if (feed.draft !== undefined || feed.confirmed < log.lastSeq) return [];
    const waiting =
      encoder.suspended === undefined ? [] : this.#news().flatMap((call) => encoder.suspended?.(call) ?? []);
    const rest = encoder.rests === undefined ? undefined : this.look(wake);
    return rest?.isLong ? [...waiting, ...(encoder.rests?.(rest) ?? [])] : waiting;
  }

  look(wake: () => void): TurnRest | undefined {
    this.close();
    const { turns } = this.#host;
    const { suspended: calls, waitingFor } = turns;
    if (calls.length === 0 || waitingFor.length > 0) return undefined;
    const nowMs = Date.now();
    const now = JSON.stringify(calls);
    if (this.#since?.calls !== now) this.#since = { calls: now, atMs: nowMs };
    const leftMs = stayUntilMs(calls, this.#since.atMs) - nowMs;
    if (leftMs > 0) this.#timer = setTimeout(wake, leftMs);
    const isQueued = this.#turn !== undefined && turns.firstSeq(this.#turn) === undefined;
    const lead = isQueued ? "An earlier message is not answered yet. " : "";
    return { waiting: calls.map(suspendedJson), words: `${lead}${restWords(calls)}`, isLong: leftMs <= 0 };
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /**
   * The calls whose waits have changed since the last look; a call that goes on after a wait is among them, without waits. By
   * rows alone: a reader that comes back may have seen it wait on an earlier connection.
   */
  #news(): SuspendedCall[] {
    const { turn, calls } = callsUnderWay(this.#host);
    if (this.#turn !== undefined && turn !== this.#turn) return [];
    const now = calls.flatMap(({ seq, callId: id, name }): SuspendedCall[] => {
      const call = this.#host.steps.calls(seq).get(id);
      if (call === undefined) return [];
      const waits = suspendedUntilMs(call, Date.now()) === undefined ? [] : call.waits;
      return waits.length + call.resumedMs === 0 ? [] : [{ id, name, waits }];
    });
    const before = this.#reported;
    this.#reported = now.map((call) => JSON.stringify(call));
    return now.filter((_, at) => !before.includes(this.#reported[at] ?? ""));
  }
}

/** Until when a client stays that came then: not at all where only times are waited for that are further away. */
function stayUntilMs(calls: readonly SuspendedCall[], sinceMs: number): number {
  const mayEnd = calls.some(({ waits }) =>
    waits.some(({ kind, untilMs }) => kind === "signal" || untilMs <= sinceMs + stayMs),
  );
  return mayEnd ? sinceMs + stayMs : sinceMs;
}

/** A sentence for each call. */
function restWords(calls: readonly SuspendedCall[]): string {
  const sentences = calls.slice(0, mostCalls).map(({ name, waits }) => {
    const some = waits.slice(0, mostWaits).map((wait) => {
      const until = iso(wait.untilMs).replace(/\.\d+/, "");
      return wait.kind === "sleep"
        ? `until ${until}`
        : `for the signal "${visible(wait.name)}", until ${until} at the latest`;
    });
    return `The tool ${name} waits ${some.join(", or ")}${waits.length > mostWaits ? ", or for others" : ""}.`;
  });
  if (calls.length > mostCalls) sentences.push("Others wait, too.");
  return sentences.join(" ");
}
