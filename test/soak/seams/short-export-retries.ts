/** A collector that failed is asked again after 5 s at most, in place of an hour. */
import { type ExportState, OwedTelemetry as Owed } from "../../../src/session/store/owed-telemetry.ts";

export * from "../../../src/session/store/owed-telemetry.ts";

const longestMs = 5_000;

export class OwedTelemetry extends Owed {
  override change(state: Partial<ExportState>): void {
    const { nextAtMs } = state;
    const soon = typeof nextAtMs === "number" && { nextAtMs: Math.min(nextAtMs, Date.now() + longestMs) };
    super.change({ ...state, ...soon });
  }
}
