/**
 * How the tables of an object become those of today, rung by rung, and which code may read them afterwards. The rule: code can
 * be rolled back by one release. So a rung only adds, or it takes away what the release before no longer uses. Never runs a statement.
 */

export interface Rung {
  /** The release of Longline that brought it. */
  since: string;
  /** One or more statements. Those of a rung that has landed are never changed. */
  sql: string;
  /** Only where the rung takes away or changes what older code uses: the oldest version of the ladder whose code can do without it. */
  contracts?: number;
}

/** What a database says of itself. */
export interface StoredVersion {
  /** How many rungs it has; 0 for one that was never written. */
  version: number;
  /** The oldest version of the ladder whose code can read and write it. */
  readableFrom: number;
}

export class Ladder {
  readonly #of: "session" | "account";
  readonly rungs: readonly Rung[];

  constructor(of: "session" | "account", rungs: readonly Rung[]) {
    this.#of = of;
    this.rungs = rungs;
  }

  /** The version that this code brings a database to. */
  get version(): number {
    return this.rungs.length;
  }

  /** The oldest version whose code can read a database of this version. */
  get readableFrom(): number {
    return Math.max(1, ...this.rungs.slice(0, this.version).map(({ contracts = 1 }) => contracts));
  }

  /** The statements that bring a database up to date; none for one of a newer version that this code can read. Throws for one that it cannot read. */
  missing({ version, readableFrom }: StoredVersion): readonly string[] {
    if (readableFrom > this.version) {
      // `platformFailure` knows these words, which reach the client: an error loses everything else on its way between objects.
      throw new Error(
        `The ${this.#of}'s storage is of version ${version}; this Longline reads up to ${this.version}. Deploy one that reads version ${readableFrom} (see UPGRADING.md). Nothing was changed.`,
      );
    }
    return this.rungs.slice(version, this.version).map(({ sql }) => sql);
  }
}

/** Rungs as one text for one `exec`: each call into SQLite costs a new session time before its first answer. */
export function inOneBatch(rungs: readonly string[]): string {
  return rungs.map((sql) => `${sql.trim().replace(/;$/, "")};`).join("\n");
}
