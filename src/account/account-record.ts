/** What an account may do, and the secret its session tokens are signed with. One row; an account without it has no limits and no keys of its own. */
import { toBase64Url } from "../core/base64url.ts";
import { sha256Hex } from "../core/digest.ts";

/** Absent: no limit. Money in micro-dollars. */
export interface AccountLimits {
  /** Most that the account's model calls may cost together: in all, or in each month. */
  budgetMicros?: number;
  /** The budget is for each calendar month (UTC); absent: for all time. */
  budgetPeriod?: "month";
  /** Most messages a minute. */
  ratePerMinute?: number;
  /** Ids of the models that its messages may name or be answered by. */
  models?: string[];
}

export interface AccountSettings {
  id: string;
  limits: AccountLimits;
  createdAtMs: number;
}

/** An account's settings and its money, in micro-dollars. `spentMicros`: in the budget's period; `resetsAtMs`: its end, where it has one. */
export type AccountState = AccountSettings & {
  spentMicros: number;
  spentInAllMicros: number;
  reservedMicros: number;
  resetsAtMs?: number;
};

type AccountRow = { id: string; limits: string; token_secret: string; created_at: number };

export class AccountRecord {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  read(): AccountSettings | undefined {
    const row = this.#row();
    return row && { id: row.id, limits: JSON.parse(row.limits) as AccountLimits, createdAtMs: row.created_at };
  }

  /** Makes the account, or gives it these limits instead of those it had. */
  put(id: string, limits: AccountLimits, atMs: number): AccountSettings {
    this.#sql.exec(
      `INSERT INTO account (only_one, id, limits, token_secret, created_at) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (only_one) DO UPDATE SET limits = excluded.limits`,
      id,
      JSON.stringify(limits),
      randomText(),
      atMs,
    );
    return this.read() ?? { id, limits, createdAtMs: atMs };
  }

  /** No token that was signed until now is valid any more. */
  renewTokenSecret(): void {
    this.#sql.exec("UPDATE account SET token_secret = ?", randomText());
  }

  /** The secret that session tokens are signed with. Made when it is first asked for. */
  tokenSecret(id: string, atMs: number): string {
    if (this.#row() === undefined) this.put(id, {}, atMs);
    return this.#row()?.token_secret ?? "";
  }

  #row(): AccountRow | undefined {
    return this.#sql.exec<AccountRow>("SELECT id, limits, token_secret, created_at FROM account").toArray()[0];
  }
}

/** 256 random bits in 43 letters, digits, - and _. */
export function randomText(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** `whsec_` and 32 bytes in base64, as Standard Webhooks writes secrets. */
/** The secret that an account's callbacks are signed with, derived from the one of its session tokens, so that there is nothing more to keep. */
export async function callbackSecret(tokenSecret: string): Promise<string> {
  const hex = await sha256Hex(`callbacks ${tokenSecret}`);
  const bytes = hex.match(/../g)?.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))) ?? [];
  return `whsec_${btoa(bytes.join(""))}`;
}
