/** What an account knows of deliveries: those that were given up, listed so that an operator can see them and try again, and when each channel last took one or failed. The sessions' rows decide; these are copies. */
import type { Address } from "../channels/channel.ts";

/** When a channel last took an answer, or a part of one, and when it last failed, with its words. In ms since 1970. */
export interface ChannelState {
  channel: string;
  deliveredAtMs?: number;
  failedAtMs?: number;
  error?: string;
}

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

const upsertState = `INSERT INTO channel_states (channel, delivered_at, failed_at, error) VALUES (?, ?, ?, ?)
  ON CONFLICT (channel) DO UPDATE SET delivered_at = excluded.delivered_at, failed_at = excluded.failed_at, error = excluded.error`;
/** A time that is newer by less is not written: a busy channel would cost a row with each report. */
export const stateRestMs = 60_000;

type StateRow = { channel: string; delivered_at: number | null; failed_at: number | null; error: string | null };

export class DeadLetters {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(letter: DeadLetter): void {
    const { id, session, diedAtMs, address, error } = letter;
    const text = JSON.stringify(letter);
    this.#sql.exec(upsert, id, session, diedAtMs, text);
    this.sawChannels([{ channel: address.channel, failedAtMs: diedAtMs, error }]);
  }

  /** What sessions saw of channels. What is older than what is known changes nothing. */
  sawChannels(seen: readonly ChannelState[]): void {
    for (const state of seen) {
      const known = this.#stateOf(state.channel);
      const { deliveredAtMs = 0, failedAtMs = 0, error = null } = state;
      const isNewer = deliveredAtMs >= (known?.delivered_at ?? 0) + stateRestMs;
      const hasFailed = failedAtMs > (known?.failed_at ?? 0);
      if (!isNewer && !hasFailed) continue;
      const delivered = Math.max(deliveredAtMs, known?.delivered_at ?? 0) || null;
      const failed = hasFailed ? [failedAtMs, error] : [known?.failed_at ?? null, known?.error ?? null];
      this.#sql.exec(upsertState, state.channel, delivered, ...failed);
    }
  }

  /** By name. A channel that neither took nor refused anything is not there. */
  channelStates(): ChannelState[] {
    const query = "SELECT channel, delivered_at, failed_at, error FROM channel_states ORDER BY channel";
    return this.#sql
      .exec<StateRow>(query)
      .toArray()
      .map(({ channel, delivered_at, failed_at, error }) => ({
        channel,
        ...(delivered_at !== null && { deliveredAtMs: delivered_at }),
        ...(failed_at !== null && { failedAtMs: failed_at }),
        ...(error !== null && { error }),
      }));
  }

  #stateOf(channel: string): StateRow | undefined {
    const query = "SELECT channel, delivered_at, failed_at, error FROM channel_states WHERE channel = ?";
    return this.#sql.exec<StateRow>(query, channel).toArray()[0];
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

  /** `diedAtMs`: when the delivery was given up, as the caller knows it. If it was given up again since, the newer letter stays. */
  remove(id: string, diedAtMs = Number.MAX_SAFE_INTEGER): void {
    this.#sql.exec("DELETE FROM dead_letters WHERE id = ? AND died_at <= ?", id, diedAtMs);
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
