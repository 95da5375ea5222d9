/** Takes in a signal for a step that waits: gives it to the step, keeps it for one that will wait, or refuses it. The same again is answered the same. Runs in the caller's transaction. */
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { openCalls } from "../../core/waits.ts";
import type { GivenSignal, StepRow, StepsHost, TakenSignal } from "../../tools/steps/feature.ts";
import { mostValueBytes } from "../../tools/steps/step.ts";
import type { KeptSignal, Signals } from "../store/signals.ts";
import type { StepWriter } from "../store/step-writer.ts";

export interface SignalRows extends Pick<StepsHost, "turns" | "steps"> {
  writer: StepWriter;
  signals: Signals;
}

/** Most signals that are kept for a turn before its steps wait for them. */
const mostKept = 100;

/** Throws `not_found` when no call can take it, `gone` when its step waits no more, `conflict` when it is not clear which call is meant. */
export function takeSignal(rows: SignalRows, given: GivenSignal, nowMs: number): TakenSignal {
  if (given.value !== undefined && new TextEncoder().encode(given.value).length > mostValueBytes) throw tooLargeValue();
  const digest = JSON.stringify([given.name, given.callId ?? null, given.value ?? null]);
  const before = given.key === undefined ? undefined : rows.signals.byKey(given.key);
  if (before !== undefined && before.digest !== digest) throw otherBody(before.key);
  if (before !== undefined) return JSON.parse(before.answer) as TakenSignal;
  const { turn, calls } = callsUnderWay(rows, given.callId);
  const arrived: Arrived = { ...given, digest, turn, nowMs };
  const waits = calls
    .flatMap((call) => rows.steps.steps(call))
    .filter((step) => isWait(step, given.name) && step.untilMs > nowMs);
  if (waits.length > 1) throw notClear(given.name, waits);
  const [wait] = waits;
  if (wait !== undefined) return delivered(rows, arrived, wait);
  const earlier = rows.steps.signals(given.name);
  const own = given.callId === undefined ? earlier : earlier.filter(({ callId }) => callId === given.callId);
  const same = own.findLast((step) => isAnswered(step, given.value));
  const mayWait = calls.some((call) => !rows.steps.steps(call).some(({ name }) => name === given.name));
  // One with a key of its own is another signal, as long as a call can still wait for it.
  if (same !== undefined && (given.key === undefined || !mayWait))
    return { status: "delivered", turn: same.turn, callId: same.callId };
  if (mayWait) return kept(rows, arrived);
  throw own.length > 0 ? late(given.name, own.at(-1)) : forNoOne(given.name);
}

interface Arrived extends GivenSignal {
  digest: string;
  turn: string;
  nowMs: number;
}

function delivered({ steps, writer, signals }: SignalRows, arrived: Arrived, wait: StepRow): TakenSignal {
  const { seq, callId } = wait;
  const { value, turn, nowMs } = arrived;
  const taken = { status: "delivered", turn, callId } as const;
  const isSuspended = (steps.calls(seq).get(callId)?.waits.length ?? 0) > 0;
  // A call that runs just now takes it when it waits again: what has happened in it keeps its order.
  if (isSuspended) {
    // Waits that were over before it came first, though the alarm is late.
    writer.endDue(wait, nowMs);
    writer.end(wait, { type: "signalled", value }, nowMs);
  }
  if (arrived.key !== undefined || !isSuspended) {
    signals.add(toKeep({ ...arrived, callId }, taken), { isTaken: isSuspended });
  }
  return taken;
}

function kept({ signals }: SignalRows, arrived: Arrived): TakenSignal {
  const { turn, callId, key, digest } = arrived;
  const taken = { status: "kept", turn, ...defined({ callId }) } as const;
  const others = signals.kept(turn);
  if (key === undefined && others.some((each) => each.digest === digest)) return taken;
  if (others.length >= mostKept) throw tooManyKept();
  signals.add(toKeep(arrived, taken), { isTaken: false });
  return taken;
}

function toKeep({ nowMs, key = crypto.randomUUID(), ...signal }: Arrived, taken: TakenSignal): KeptSignal {
  return { ...signal, key, answer: JSON.stringify(taken), atMs: nowMs };
}

/** The calls of the open turn that have steps and no result. */
export function callsUnderWay({ turns, steps }: Pick<StepsHost, "turns" | "steps">, callId?: string) {
  const { open } = turns;
  if (open?.firstSeq === undefined || open.stop !== undefined) return { turn: "", calls: [] };
  const entries = turns.entries(open.firstSeq);
  const seq = entries.findLast((entry) => entry.type === "assistant")?.seq ?? 0;
  const stepped = steps.calls(seq);
  const calls = stepped.size === 0 ? [] : openCalls(entries).ready.filter(({ id }) => stepped.has(id));
  const named = calls.filter(({ id }) => callId === undefined || id === callId);
  return { turn: open.turn, calls: named.map(({ id, name }) => ({ seq, callId: id, name })) };
}

function isWait({ name, kind, outcome }: StepRow, wanted: string): boolean {
  return kind === "signal" && name === wanted && outcome === undefined;
}

function isAnswered({ outcome }: StepRow, value: string | undefined): boolean {
  return outcome?.type === "signalled" && outcome.value === value;
}

function tooLargeValue(): AppError {
  const detail = `value: at most ${mostValueBytes} bytes of JSON are taken. Send an id, and let the tool read the rest.`;
  return new AppError("payload_too_large", detail, { field: "value" });
}

function otherBody(key: string): AppError {
  const detail = `The Idempotency-Key "${key}" was used before for another signal. Send the same one, or a new key.`;
  return new AppError("idempotency_mismatch", detail, { field: "Idempotency-Key" });
}

function notClear(name: string, waits: readonly StepRow[]): AppError {
  const ids = waits.map(({ callId }) => callId).join(", ");
  const detail = `${waits.length} calls wait for the signal "${name}": ${ids}. Name one of them in call_id.`;
  return new AppError("conflict", detail, { field: "call_id" });
}

function tooManyKept(): AppError {
  const detail = `${mostKept} signals are kept already that no call of this turn waits for yet. Send this one again later.`;
  return new AppError("queue_full", detail, { retryAfterSeconds: 10 });
}

function late(name: string, step: StepRow | undefined): AppError {
  const why = step?.outcome === undefined ? "its call is over" : becauseOf(step);
  const detail = `No call waits for the signal "${name}" any more: ${why}. Nothing was changed.`;
  return new AppError("gone", detail, { field: "name" });
}

function becauseOf({ outcome }: StepRow): string {
  return outcome?.type === "signalled" ? "it was answered with another value" : "it did not come in time";
}

function forNoOne(name: string): AppError {
  const detail = `No call of this session waits for the signal "${name}", and none is under way that could. Compare the name with the one in step.waitFor.`;
  return new AppError("not_found", detail, { field: "name" });
}
