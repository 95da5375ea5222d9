/** Money that is set aside for a session whose call came from another one: it spends from its share, never past it, and what it sets aside for its own children comes out of that share. All in micro-dollars. */
import type { AccountShares, ShareToOpen } from "../core/account-shares.ts";

type ShareRow = {
  session: string;
  parent: string;
  /** Null: it spends from the share of its parent. Of a closed row: since when it is closed, in ms; less in rows of earlier versions. */
  micros: number | null;
  spent: number;
  closed: number;
};

/** How long a share that is over is remembered, in ms: the call that opens it may arrive late. No call between objects lives so long. */
const rememberedMs = 3_600_000;
/** Most rows that one call removes. */
const mostAtOnce = 500;

const columns = "session, parent, micros, spent, closed";

export class Shares implements AccountShares {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  allows(session: string, micros: number): "refused" | "within" | "account" {
    for (let row = this.#row(session); row !== undefined; row = this.#row(row.parent)) {
      if (row.micros === null || row.closed === 1) continue;
      return this.#used(row) + micros <= row.micros ? "within" : "refused";
    }
    return "account";
  }

  get heldMicros(): number {
    const query = `SELECT ${columns} FROM shares WHERE closed = 0 AND micros IS NOT NULL`;
    const open = this.#sql.exec<ShareRow>(query).toArray();
    return open.reduce((sum, row) => sum + Math.max(0, (row.micros ?? 0) - this.#used(row)), 0);
  }

  spent(session: string, micros: number): void {
    this.#sql.exec("UPDATE shares SET spent = spent + ? WHERE session = ?", micros, session);
  }

  open({ session, parent, micros }: ShareToOpen, leftMicros: number): boolean {
    if (this.#row(session) !== undefined) return true;
    if (micros !== undefined) {
      const verdict = this.allows(parent, micros);
      if (verdict === "refused" || (verdict === "account" && micros > leftMicros)) return false;
    }
    this.#sql.exec("INSERT INTO shares (session, parent, micros) VALUES (?, ?, ?)", session, parent, micros ?? null);
    return true;
  }

  close(session: string, nowMs: number): void {
    // Also a share that is not open yet: the call that opens it may arrive after this one.
    this.#sql.exec(
      `INSERT INTO shares (session, parent, micros, closed) VALUES (?1, '', ?2, 1)
       ON CONFLICT (session) DO UPDATE SET closed = 1, micros = ?2`,
      session,
      nowMs,
    );
    this.#removeOld(nowMs);
  }

  release(session: string, nowMs: number): void {
    this.#sql.exec("UPDATE shares SET closed = 1, micros = ? WHERE session = ?", nowMs, session);
  }

  /** What is spent below an open share counts in it: a closed row is removed once that of its parent is gone. */
  #removeOld(nowMs: number): void {
    this.#sql.exec(
      `DELETE FROM shares WHERE session IN (SELECT session FROM shares AS own WHERE closed = 1 AND coalesce(micros, 0) < ?
         AND NOT EXISTS (SELECT 1 FROM shares WHERE session = own.parent) LIMIT ${mostAtOnce})`,
      nowMs - rememberedMs,
    );
  }

  /** What the session and all below it spent and set aside. */
  #used({ session, spent }: ShareRow): number {
    const reserved = this.#sql
      .exec<{ sum: number }>("SELECT coalesce(sum(micros), 0) AS sum FROM reservations WHERE session = ?", session)
      .one().sum;
    const children = this.#sql.exec<ShareRow>(`SELECT ${columns} FROM shares WHERE parent = ?`, session).toArray();
    return children.reduce((sum, child) => {
      const used = this.#used(child);
      return sum + (child.closed === 1 ? used : Math.max(used, child.micros ?? 0));
    }, spent + reserved);
  }

  #row(session: string): ShareRow | undefined {
    return this.#sql.exec<ShareRow>(`SELECT ${columns} FROM shares WHERE session = ?`, session).toArray()[0];
  }
}
