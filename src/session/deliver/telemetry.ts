/** Connects a session to what the app lists to observe it: what an exporter finds of the session, and what the session tells it. Exports nothing itself. */
import { accountList, accountObject } from "../../account/account.ts";
import { fingerprint } from "../../core/prefix.ts";
import type { SessionTelemetry } from "../../observe/telemetry.ts";
import { type TraceSetup, telemetryData, turnSamples } from "../read/turn-trace.ts";
import type { SessionParts } from "../session-parts.ts";
import type { Owed } from "../store/outbox.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { Sampler } from "./reported-turns.ts";

/** `undefined` where the app has no collector. */
export function sessionTelemetry(
  parts: SessionParts,
  setup: TraceSetup,
  { hold, rested }: { hold(work: Promise<void>): void; rested(): void },
): SessionTelemetry | undefined {
  const { bindings, telemetry } = setup;
  const { account, name: session } = parts.record.read();
  const object = () => accountObject(bindings, account);
  const id = telemetryId(parts.record.read());
  const letter = { id, session, turn: "", address: { channel: "otlp" } };
  return telemetry.exporter?.session({
    storage: parts.storage,
    read: (item) => telemetryData(parts, setup, item),
    isClosed: () => parts.feed.closed,
    hold,
    rested,
    giveUp: ({ error, attempts, sinceMs }) =>
      object().addDeadLetter({ ...letter, error, attempts, createdAtMs: sinceMs, diedAtMs: Date.now() }),
    recovered: () => object().removeDeadLetter(id),
    dropped: (count) => accountList(bindings).addDropped(count),
  });
}

/** What a session's telemetry is listed as among the account's dead deliveries. */
export function telemetryId({ account, name, birth }: ReturnType<SessionRecord["read"]>): string {
  return `exp_${fingerprint(JSON.stringify([account, name, birth]))}`;
}

/** What metrics need of ended turns, where there is a collector. */
export function sampler(parts: SessionParts, setup: TraceSetup): Sampler | undefined {
  return setup.telemetry.exporter && ((entries) => turnSamples(parts, setup, entries));
}

/** A delivery is over. One that was given up and is tried again has a span for each time. Runs in the transaction that ends it. */
export function deliveryOver(
  { deliveries, telemetry }: SessionParts,
  { id, turn, address }: Owed,
  { isDead, ...how }: { startMs: number; failures: number; isDead: boolean },
): void {
  const endMs = Date.now();
  const delivered = { id: isDead ? `${id} ${endMs}` : id, turn, channel: address.channel, endMs, ...how };
  deliveries.put({ ...delivered, ...(isDead && { isDead }) });
  telemetry?.owe({ kind: "delivery", id: delivered.id });
}
