/** Deliveries that were given up, listed so that an operator can see them and try again. The rows that matter are the sessions'. */
import type { Address } from "../channels/channel.ts";

/** A delivery that is not tried again by itself. */
export interface DeadLetter {
  id: string;
  session: string;
  turn: string;
  address: Address;
  error: string;
  attempts: number;
  createdAtMs: number;
  diedAtMs: number;
  /** Why only its id is known. */
  broken?: string;
}

const upsert = `INSERT INTO dead_letters (id, session, died_at, letter) VALUES (?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET session = excluded.session, died_at = excluded.died_at, letter = excluded.letter`;

export class DeadLetters {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(letter: DeadLetter): void {
    const { id, session, diedAtMs } = letter;
    const text = JSON.stringify(letter);
    this.#sql.exec(upsert, id, session, diedAtMs, text);
  }

  byId(id: string): DeadLetter | undefined {
    const [row] = this.#sql.exec<{ letter: string }>("SELECT letter FROM dead_letters WHERE id = ?", id).toArray();
    return row && (JSON.parse(row.letter) as DeadLetter);
  }

  /** Newest first. */
  list(limit: number): DeadLetter[] {
    return this.#sql
      .exec<{ id: string; letter: string }>(
        "SELECT id, letter FROM dead_letters ORDER BY died_at DESC, id LIMIT ?",
        limit,
      )
      .toArray()
      .map(({ id, letter }) => readLetter(id, letter));
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM dead_letters WHERE id = ?", id);
  }

  removeOf(session: string): void {
    this.#sql.exec("DELETE FROM dead_letters WHERE session = ?", session);
  }
}

function readLetter(id: string, letter: string): DeadLetter {
  try {
    return JSON.parse(letter) as DeadLetter;
  } catch {
    const unknown = {
      session: "",
      turn: "",
      address: { channel: "" },
      error: "",
      attempts: 0,
      createdAtMs: 0,
      diedAtMs: 0,
    };
    return { id, ...unknown, broken: "This row cannot be shown: it is damaged." };
  }
}
