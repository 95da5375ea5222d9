/** The API keys of an account: shown once when they are made, kept as SHA-256 only, at most two alive at a time so that one can replace the other. */
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import { randomText } from "./account-record.ts";

/** What a key may do beside sending messages. `operate`: make versions and rollouts. */
export const keyRights = ["operate"] as const;
export type KeyRight = (typeof keyRights)[number];

/** A key as it is listed: never the key itself. */
export interface KeyInfo {
  id: string;
  rights: readonly KeyRight[];
  createdAtMs: number;
  revokedAtMs: number | null;
}

/** Most keys that may be alive. */
const mostAlive = 2;

type KeyRow = { id: string; hash: string; created_at: number; revoked_at: number | null; rights: string | null };

export class AccountKeys {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A new key, `ll_<account>_<256 random bits>`. Throws a conflict when two are alive. */
  async create(account: string, atMs: number, rights: readonly KeyRight[] = []): Promise<KeyInfo & { key: string }> {
    if (this.list().filter(({ revokedAtMs }) => revokedAtMs === null).length >= mostAlive) {
      throw new AppError("conflict", `The account has ${mostAlive} live keys already. Revoke one first.`);
    }
    const key = `ll_${account}_${randomText()}`;
    const id = `key_${randomText().slice(0, 12)}`;
    const hash = await sha256Hex(key);
    const query = "INSERT INTO keys (id, hash, created_at, rights) VALUES (?, ?, ?, ?)";
    this.#sql.exec(query, id, hash, atMs, rights.length === 0 ? null : JSON.stringify(rights));
    return { id, key, rights, createdAtMs: atMs, revokedAtMs: null };
  }

  list(): KeyInfo[] {
    const rows = this.#sql
      .exec<KeyRow>("SELECT id, hash, created_at, revoked_at, rights FROM keys ORDER BY created_at, id")
      .toArray();
    return rows.map((row) => ({
      id: row.id,
      rights: rightsOf(row),
      createdAtMs: row.created_at,
      revokedAtMs: row.revoked_at,
    }));
  }

  /** False when there is no such key. A key that was revoked stays so. */
  revoke(id: string, atMs: number): boolean {
    this.#sql.exec("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", atMs, id);
    return this.list().some((key) => key.id === id);
  }

  revokeAll(atMs: number): void {
    this.#sql.exec("UPDATE keys SET revoked_at = ? WHERE revoked_at IS NULL", atMs);
  }

  /** What the live key with this SHA-256 may do; `undefined` where there is none. What is looked up is a digest of 256 random bits, so the time it takes shows nothing. */
  rightsOf(hash: string): readonly KeyRight[] | undefined {
    const query = "SELECT rights FROM keys WHERE hash = ? AND revoked_at IS NULL";
    return this.#sql.exec<Pick<KeyRow, "rights">>(query, hash).toArray().map(rightsOf)[0];
  }
}

/** Null in rows of before keys had rights. */
function rightsOf({ rights }: Pick<KeyRow, "rights">): readonly KeyRight[] {
  return rights === null ? [] : (JSON.parse(rights) as KeyRight[]);
}
