/** Says when an object's writes are safe, after a while, and at a kill takes away those that were not. */
import { readdir, readFile, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Chance, pause } from "./chance.ts";
import { cutWal } from "./wal.ts";

export class Commits {
  readonly #seed: number;
  /** The newest safe write of each object. */
  readonly #safe = new Map<string, number>();
  readonly #chances = new Map<string, Chance>();
  /** Grows with each kill: what was asked of an earlier server is not answered any more. */
  #life = 0;
  vanished = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Resolves once write `n` of the object is safe: after 5 to 200 ms, mostly few. */
  async confirm(object: string, n: number): Promise<void> {
    const life = this.#life;
    const chance = this.#chances.get(object) ?? new Chance(this.#seed, `commits of ${object}`);
    this.#chances.set(object, chance);
    await pause(5 + 195 * chance.next() ** 6);
    if (life === this.#life) this.#safe.set(object, Math.max(this.#safe.get(object) ?? 0, n));
  }

  /** The server is dead: nothing more becomes safe. To be called before its death is waited for. */
  killed(): void {
    this.#life++;
  }

  /** Cuts every object's database back to what is safe. `data`: the folder of the objects' namespaces. */
  async cutBack(data: string): Promise<void> {
    for (const space of await readdir(data)) {
      const folder = join(data, space);
      for (const file of await readdir(folder)) {
        const object = /^([0-9a-f]{64})\.sqlite-wal$/.exec(file)?.[1];
        if (object !== undefined) await this.#cut(folder, object);
      }
    }
  }

  async #cut(folder: string, object: string): Promise<void> {
    const database = join(folder, `${object}.sqlite`);
    const wal = await readFile(`${database}-wal`);
    if (wal.length === 0) return;
    const { keepBytes, dropped } = cutWal(wal, await readFile(database), this.#safe.get(object) ?? 0);
    if (dropped === 0) return;
    this.vanished += dropped;
    await truncate(`${database}-wal`, keepBytes);
    // An index over the log that SQLite makes anew.
    await rm(`${database}-shm`, { force: true });
    alignAlarm(database, join(folder, "metadata.sqlite"), object);
  }
}

/**
 * workerd keeps an object's alarm twice: in the object's own database (`_cf_METADATA`, key 1) and, for its scheduler, in
 * the namespace's `metadata.sqlite` (`_cf_ALARM`). It moves the second one later only after a commit of the first, and
 * calls an alarm off whose two times differ. A cut must therefore take both back, or it would lose alarms that Cloudflare
 * would not lose.
 */
function alignAlarm(database: string, scheduler: string, object: string): void {
  const time = read(database, "SELECT value AS time FROM _cf_METADATA WHERE key = 1");
  const alarms = new DatabaseSync(scheduler);
  try {
    if (time === undefined) alarms.prepare("DELETE FROM _cf_ALARM WHERE actor_id = ?").run(object);
    else {
      const change = alarms.prepare(
        "INSERT INTO _cf_ALARM (actor_id, scheduled_time) VALUES (?, ?) ON CONFLICT (actor_id) DO UPDATE SET scheduled_time = excluded.scheduled_time",
      );
      change.run(object, time);
    }
  } finally {
    alarms.close();
  }
}

function read(database: string, query: string): bigint | undefined {
  const open = new DatabaseSync(database);
  try {
    const statement = open.prepare(query);
    statement.setReadBigInts(true);
    const time = statement.get()?.time;
    return typeof time === "bigint" ? time : undefined;
  } catch {
    // The table is made with the first alarm.
    return undefined;
  } finally {
    open.close();
  }
}
