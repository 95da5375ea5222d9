/** Tries again what was given up: an answer that is owed to a channel, or what is owed to the collector. */
import { AppError } from "../../core/errors.ts";
import type { SessionParts } from "../session-parts.ts";
import { telemetryId } from "./telemetry-id.ts";

/** Returns the answer's turn; "" for telemetry. Throws `not_found` where there is no such delivery. Runs in the caller's transaction. */
export function retryDelivery({ outbox, record, telemetry }: SessionParts, id: string): string {
  if (id === telemetryId(record.read()) && telemetry?.retry()) return "";
  const owed = outbox.byId(id);
  if (owed?.state !== "dead") throw new AppError("not_found", `There is no dead delivery "${id}".`);
  outbox.revive(id, Date.now());
  return owed.turn;
}
