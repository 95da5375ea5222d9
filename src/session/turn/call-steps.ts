/** The steps of a call that runs in a session, in its rows: what of them is on disk before something happens in the world. */
import type { RunCall, StepCall, StepsHost } from "../../tools/steps/feature.ts";
import type { StepStore } from "../../tools/steps/step.ts";
import type { Signals } from "../store/signals.ts";
import type { StepWriter } from "../store/step-writer.ts";

export interface CallRows extends Pick<StepsHost, "storage" | "steps" | "intents" | "feed"> {
  writer: StepWriter;
  signals: Signals;
}

export function callSteps(rows: CallRows, call: Omit<RunCall, "stepKey">): StepStore {
  const { storage, steps, writer, intents, feed } = rows;
  const { seq, callId, mustLive } = call;
  return {
    take() {
      if (steps.steps(call).length === 0) return [];
      storage.transactionSync(() => {
        takeSignals(rows, call);
        writer.endDue(call, Date.now());
      });
      // It may have waited until now: readers see that it goes on.
      feed.changed();
      return steps.steps(call);
    },
    async begin(name) {
      mustLive();
      writer.begin(call, { name, kind: "do", untilMs: 0 });
      await storage.sync();
      mustLive();
    },
    end(name, outcome) {
      mustLive();
      writer.end({ ...call, name }, outcome, Date.now());
      intents.progressed(seq, callId);
    },
    async suspend(waits) {
      mustLive();
      const known = new Set(steps.steps(call).map(({ name }) => name));
      storage.transactionSync(() => {
        for (const wait of waits) if (!known.has(wait.name)) writer.begin(call, wait);
        writer.park(call);
        // One that came before its step is one outcome more: the call goes on at once.
        takeSignals(rows, call);
        intents.progressed(seq, callId);
      });
      await storage.sync();
    },
  };
}

/** Gives the call's waits the signals that were kept for them, after the waits that were over before each came. One that came in time counts, however late this is. */
function takeSignals({ steps, writer, signals }: CallRows, call: StepCall & { turn: string }): void {
  const waits = steps.steps(call).filter(({ kind, outcome }) => kind === "signal" && outcome === undefined);
  if (waits.length === 0) return;
  const kept = signals.kept(call.turn).filter(({ callId }) => callId === undefined || callId === call.callId);
  const waitOf = (name: string) => waits.findIndex((wait) => wait.name === name);
  for (const { key, name, value, atMs } of kept) {
    const at = waitOf(name);
    const [wait] = at < 0 ? [] : waits.splice(at, 1);
    if (wait === undefined || atMs >= wait.untilMs) continue;
    signals.take(key);
    writer.endDue(call, atMs);
    writer.end({ ...call, name }, { type: "signalled", value }, Date.now());
  }
}
