/** Tries again what was given up, when a caller asks for it. */
import { fingerprint } from "../../core/digest.ts";
import { AppError } from "../../core/errors.ts";
import type { SessionTelemetry } from "../../observe/telemetry.ts";
import type { Outbox } from "../store/outbox.ts";
import type { SessionRecord } from "../store/session-record.ts";

interface RetrySources {
  outbox: Outbox;
  record: SessionRecord;
  telemetry?: SessionTelemetry;
}

/** An answer that is owed to a channel, or what is owed to the collector. Returns the answer's turn; "" for telemetry. Throws `not_found` where there is no such delivery. Runs in the caller's transaction. */
export function retryDelivery({ outbox, record, telemetry }: RetrySources, id: string): string {
  if (id === telemetryId(record.read()) && telemetry?.retry()) return "";
  const owed = outbox.byId(id);
  if (owed?.state !== "dead") throw new AppError("not_found", `There is no dead delivery "${id}".`);
  outbox.revive(id, Date.now());
  return owed.turn;
}

/** Names what a session could not send to its collector, among the account's dead deliveries. */
export function telemetryId(session: { account: string; name: string; birth: string | null }): string {
  const { account, name, birth } = session;
  return `exp_${fingerprint(JSON.stringify([account, name, birth]))}`;
}
