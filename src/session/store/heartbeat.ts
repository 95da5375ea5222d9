/** How long nothing worked at the open turn, because the service was down or our platform failed: such time does not count as its work. One row, written by the watchdog and after a gap; a short turn writes none. */
import type { RowCopy } from "./row-copy.ts";

/** How long after the last sign of work the alarm looks whether a crash left some undone. */
export const watchdogMs = 10_000;

/** A gap that the watchdog explains is none. */
const leastGapMs = 2 * watchdogMs;

type HeartbeatRow = { turn: string; at: number; down_ms: number; down_at: number };

export class Heartbeat implements RowCopy {
  readonly #sql: SqlStorage;
  /** Null where there is no row yet, `undefined` until it was read. */
  #copy: HeartbeatRow | null | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  startEmpty(): void {
    this.#copy = null;
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** The turn is being worked at. */
  beat(turn: string, nowMs: number): void {
    this.#write(turn, { atMs: nowMs, ...this.down(turn) });
  }

  /** The turn is taken up. `lastSeenMs`: when its newest entry was made. Nothing worked at it since then, or since the last beat. */
  resume(turn: string, { lastSeenMs, nowMs }: { lastSeenMs: number; nowMs: number }): void {
    const row = this.#row(turn);
    const gapMs = nowMs - Math.max(lastSeenMs, row?.at ?? 0);
    if (gapMs < leastGapMs) return;
    const ms = this.down(turn).ms + gapMs - watchdogMs;
    this.#write(turn, { atMs: nowMs, ms, untilMs: nowMs });
  }

  /** How long nothing worked at the turn, all together, and until when. */
  down(turn: string): { ms: number; untilMs: number } {
    const row = this.#row(turn);
    return { ms: row?.down_ms ?? 0, untilMs: row?.down_at ?? 0 };
  }

  #row(turn: string): HeartbeatRow | undefined {
    if (this.#copy === undefined) {
      this.#copy =
        this.#sql.exec<HeartbeatRow>("SELECT turn, at, down_ms, down_at FROM heartbeat").toArray()[0] ?? null;
    }
    return this.#copy?.turn === turn ? this.#copy : undefined;
  }

  #write(turn: string, { atMs, ms, untilMs }: { atMs: number; ms: number; untilMs: number }): void {
    const query = `INSERT INTO heartbeat (id, turn, at, down_ms, down_at) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
      SET turn = excluded.turn, at = excluded.at, down_ms = excluded.down_ms, down_at = excluded.down_at`;
    this.#sql.exec(query, turn, atMs, ms, untilMs);
    this.#copy = { turn, at: atMs, down_ms: ms, down_at: untilMs };
  }
}
