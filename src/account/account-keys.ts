/** The API keys of an account: shown once when they are made, kept as SHA-256 only, at most two alive at a time so that one can replace the other. */
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import { randomText } from "./account-record.ts";

/** A key as it is listed: never the key itself. */
export interface KeyInfo {
  id: string;
  createdAtMs: number;
  revokedAtMs: number | null;
}

/** Most keys that may be alive. */
const mostAlive = 2;

type Row = { id: string; hash: string; created_at: number; revoked_at: number | null };

export class AccountKeys {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A new key, `ll_<account>_<256 random bits>`. Throws a conflict when two are alive. */
  async create(account: string, atMs: number): Promise<KeyInfo & { key: string }> {
    if (this.list().filter(({ revokedAtMs }) => revokedAtMs === null).length >= mostAlive) {
      throw new AppError("conflict", `The account has ${mostAlive} live keys already. Revoke one first.`);
    }
    const key = `ll_${account}_${randomText()}`;
    const id = `key_${randomText().slice(0, 12)}`;
    this.#sql.exec("INSERT INTO keys (id, hash, created_at) VALUES (?, ?, ?)", id, await sha256Hex(key), atMs);
    return { id, key, createdAtMs: atMs, revokedAtMs: null };
  }

  list(): KeyInfo[] {
    const rows = this.#sql
      .exec<Row>("SELECT id, hash, created_at, revoked_at FROM keys ORDER BY created_at, id")
      .toArray();
    return rows.map((row) => ({ id: row.id, createdAtMs: row.created_at, revokedAtMs: row.revoked_at }));
  }

  /** False when there is no such key. A key that was revoked stays so. */
  revoke(id: string, atMs: number): boolean {
    this.#sql.exec("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", atMs, id);
    return this.list().some((key) => key.id === id);
  }

  revokeAll(atMs: number): void {
    this.#sql.exec("UPDATE keys SET revoked_at = ? WHERE revoked_at IS NULL", atMs);
  }

  /** Whether a live key has this SHA-256. What is looked up is a digest of 256 random bits, so the time it takes tells nothing. */
  isAlive(hash: string): boolean {
    return this.#sql.exec("SELECT 1 FROM keys WHERE hash = ? AND revoked_at IS NULL", hash).toArray().length > 0;
  }
}
