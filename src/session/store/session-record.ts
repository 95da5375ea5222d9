/** What a session is apart from its transcript: whose it is, what it is called, what it has used. One row, read once and written rarely. */
import type { ParentCall } from "../../agent/delegation-feature.ts";
import { addUsage, noUsage, type Usage } from "../../core/cost.ts";
import { addChild, noChildren } from "../../core/ending.ts";
import type { ChildOutcome, ChildrenUsage, TurnEndedEntry } from "../../core/entry.ts";
import { graceMs } from "../expiry.ts";
import type { LearnedChanges } from "./learned.ts";
import type { RowCopy } from "./row-copy.ts";
import { makeTables, sessionLadder, storedRow } from "./schema.ts";

/** Sums over all finished turns of a session. */
export interface SessionUsage extends Usage {
  steps: number;
  costMicros: number;
  rowsWritten: number;
  /** Of its children and theirs, beside the sums above; absent where none has ended. */
  children?: ChildrenUsage;
}

/** Whose session, and the caller's name for it. */
export interface SessionAddress {
  account: string;
  name: string;
}

/** What a caller may choose when a session is made. */
export interface SessionChoices {
  /** Name of its agent; the app's first one when absent. */
  agent?: string;
  title?: string;
  metadata?: Record<string, string>;
  /** Added after the agent's own instructions. */
  instructions?: string;
  /** The model of turns that do not name one. */
  model?: string;
  /** Id of a registered prefix. */
  prefix?: string;
  /** Life in seconds after its last use; for ever when absent. */
  ttlSeconds?: number;
  /** The call that it is made for; its agent may be one that only others call. */
  parent?: ParentCall;
}

/** What a session has from another one, or from an import. */
export interface Copied {
  forkedFrom?: ForkedFrom;
  /** Entries up to here were paid for elsewhere. */
  copiedSeq: number;
  windowSeq: number;
  usage: SessionUsage;
  createdAtMs: number;
}

export interface ForkedFrom {
  session: string;
  afterSeq: number;
}

export const noSessionUsage: SessionUsage = { ...noUsage, steps: 0, costMicros: 0, rowsWritten: 0 };

export interface SessionSettings {
  account: string;
  name: string;
  /** Name of its agent; null in a session of an earlier version until its next turn begins. */
  agent: string | null;
  title: string | null;
  metadata: Record<string, string>;
  instructions: string | null;
  model: string | null;
  prefix: string | null;
  /** The model that took over when another failed. */
  stickyModel: string | null;
  createdAtMs: number;
  expiresAtMs: number | null;
  usage: SessionUsage;
  forkedFrom: ForkedFrom | null;
  copiedSeq: number;
  /** The newest entry that left the model's window; 0 while none did. */
  windowSeq: number;
  /** Random, one for each time that a session of this name was made; null in sessions made before it was recorded. */
  birth: string | null;
  /** How often the session's tokens were withdrawn. */
  tokenEpoch: number;
  /** The call that it was made for; null in a session that a caller made. */
  parent: ParentCall | null;
}

/** What the row of a session says. */
export type SessionRow = {
  account: string;
  name: string;
  agent: string | null;
  title: string | null;
  metadata: string;
  instructions: string | null;
  model: string | null;
  prefix: string | null;
  sticky_model: string | null;
  created_at: number;
  expires_at: number | null;
  usage: string;
  forked_from: string | null;
  copied_seq: number;
  window_seq: number;
  birth: string | null;
  token_epoch: number;
  learned: string | null;
  life_ms: number | null;
  parent: string | null;
};

/** The row as it is kept in memory. */
interface RecordCopy {
  settings: Readonly<SessionSettings>;
  learned: LearnedChanges;
  /** How long the session lives after its last use; null: for ever. */
  lifeMs: number | null;
}

export class SessionRecord implements RowCopy {
  readonly #sql: SqlStorage;
  #copy: RecordCopy | undefined;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Makes the tables and the one row, and returns what that says. The caller holds the transaction. */
  static create(sql: SqlStorage, of: SessionAddress, choices: SessionChoices, atMs: number): SessionRow {
    makeTables(sql);
    const none = { copiedSeq: 0, windowSeq: 0, usage: noSessionUsage, createdAtMs: atMs };
    return SessionRecord.insert(sql, of, choices, none);
  }

  /** Makes the one row: from then on the session exists. The tables are there. */
  static insert(sql: SqlStorage, of: SessionAddress, choices: SessionChoices, copied: Copied): SessionRow {
    const { forkedFrom, copiedSeq, windowSeq, usage, createdAtMs } = copied;
    const lifeMs = choices.ttlSeconds === undefined ? null : choices.ttlSeconds * 1000;
    const row = {
      id: 1,
      schema_version: sessionLadder.readableFrom,
      ladder_version: sessionLadder.version,
      account: of.account,
      name: of.name,
      agent: choices.agent ?? null,
      title: choices.title ?? null,
      metadata: JSON.stringify(choices.metadata ?? {}),
      instructions: choices.instructions ?? null,
      model: choices.model ?? null,
      prefix: choices.prefix ?? null,
      created_at: createdAtMs,
      expires_at: lifeMs === null ? null : createdAtMs + lifeMs,
      life_ms: lifeMs,
      usage: JSON.stringify(usage),
      forked_from: forkedFrom === undefined ? null : JSON.stringify(forkedFrom),
      copied_seq: copiedSeq,
      window_seq: windowSeq,
      birth: crypto.randomUUID(),
      parent: choices.parent === undefined ? null : JSON.stringify(choices.parent),
    };
    const names = Object.keys(row);
    const places = names.map(() => "?").join(", ");
    sql.exec(`INSERT INTO session (${names.join(", ")}) VALUES (${places})`, ...Object.values(row));
    return { ...row, sticky_model: null, token_epoch: 0, learned: null };
  }

  /** The row was made just now, and says this: it need not be read. */
  startWith(made: SessionRow): void {
    this.#copy = copyOf(made);
  }

  forget(): void {
    this.#copy = undefined;
  }

  /** No caller may change what is returned. */
  read(): Readonly<SessionSettings> {
    return this.#read.settings;
  }

  get #read(): RecordCopy {
    this.#copy ??= copyOf(storedRow<SessionRow>(this.#sql).one());
    return this.#copy;
  }

  /** Changes settings in memory, after their columns were written. */
  #keep(changed: Partial<SessionSettings>): void {
    const copy = this.#read;
    copy.settings = Object.freeze({ ...copy.settings, ...changed });
  }

  /** From now on no token is valid that was made before. */
  withdrawTokens(): void {
    const tokenEpoch = this.read().tokenEpoch + 1;
    this.#sql.exec("UPDATE session SET token_epoch = ?", tokenEpoch);
    this.#keep({ tokenEpoch });
  }

  /** Renames or relabels; what is absent stays. */
  change({ title, metadata }: { title?: string | null; metadata?: Record<string, string> }): void {
    if (title !== undefined) {
      this.#sql.exec("UPDATE session SET title = ?", title);
      this.#keep({ title });
    }
    if (metadata !== undefined) {
      this.#sql.exec("UPDATE session SET metadata = ?", JSON.stringify(metadata));
      this.#keep({ metadata: { ...metadata } });
    }
  }

  /** From now on the session has this agent, whichever is the app's first one. */
  keepAgent(name: string): void {
    this.#sql.exec("UPDATE session SET agent = ?", name);
    this.#keep({ agent: name });
  }

  /** The model that later turns begin with. */
  stickTo(model: string): void {
    if (this.read().stickyModel === model) return;
    this.#sql.exec("UPDATE session SET sticky_model = ?", model);
    this.#keep({ stickyModel: model });
  }

  /** How hosts want requests written, as they have shown in this session. */
  get learned(): LearnedChanges {
    return this.#read.learned;
  }

  learn(changes: LearnedChanges): void {
    const copy = this.#read;
    this.#sql.exec("UPDATE session SET learned = ?", JSON.stringify(changes));
    copy.learned = changes;
  }

  /** Entries up to this one have left the model's window. Runs in the transaction that records the compaction. */
  moveWindow(throughSeq: number): void {
    this.#sql.exec("UPDATE session SET window_seq = ?", throughSeq);
    this.#keep({ windowSeq: throughSeq });
  }

  /** Adds what a turn used, and begins the session's life anew: it counts from the last use. Runs in the transaction that ends the turn, so that it counts once. */
  settle({ usage, steps, costMicros, rowsWritten = 0, atMs }: Omit<TurnEndedEntry, "seq">): void {
    const sum = addTurn(this.read().usage, { usage, steps, costMicros, rowsWritten });
    const expiresAtMs = this.#expiryAfterUse(atMs);
    this.#sql.exec("UPDATE session SET usage = ?, expires_at = ?", JSON.stringify(sum), expiresAtMs);
    this.#keep({ usage: sum, expiresAtMs });
  }

  /** Adds what a child used. `count`: 0 for more of one that was counted. Runs in the transaction that takes it from the child, so that it counts once. */
  addChild(use: Pick<ChildOutcome, "usage" | "costMicros" | "steps">, count: 0 | 1): void {
    const before = this.read().usage;
    const usage = { ...before, children: addChild(before.children ?? noChildren, use, count) };
    this.#sql.exec("UPDATE session SET usage = ?", JSON.stringify(usage));
    this.#keep({ usage });
  }

  #expiryAfterUse(atMs: number): number | null {
    const { settings, lifeMs } = this.#read;
    const { expiresAtMs } = settings;
    if (expiresAtMs === null || lifeMs === null) return expiresAtMs;
    // A turn that had to be ended because the session was over is no use of it.
    if (atMs >= expiresAtMs + graceMs) return expiresAtMs;
    // By steps of a hundredth of the life, so that a session that is used once keeps the time that its maker was given.
    return atMs + lifeMs - expiresAtMs >= lifeMs / 100 ? atMs + lifeMs : expiresAtMs;
  }
}

function copyOf(row: SessionRow): RecordCopy {
  const settings: SessionSettings = {
    account: row.account,
    name: row.name,
    agent: row.agent,
    title: row.title,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    instructions: row.instructions,
    model: row.model,
    prefix: row.prefix,
    stickyModel: row.sticky_model,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at,
    usage: JSON.parse(row.usage) as SessionUsage,
    forkedFrom: row.forked_from === null ? null : (JSON.parse(row.forked_from) as ForkedFrom),
    copiedSeq: row.copied_seq,
    windowSeq: row.window_seq,
    birth: row.birth,
    tokenEpoch: row.token_epoch,
    parent: row.parent === null ? null : (JSON.parse(row.parent) as ParentCall),
  };
  const learned = row.learned === null ? {} : (JSON.parse(row.learned) as LearnedChanges);
  return { settings: Object.freeze(settings), learned, lifeMs: row.life_ms };
}

/** The sums with one more turn. */
export function addTurn(
  before: SessionUsage,
  turn: Pick<TurnEndedEntry, "usage" | "steps" | "costMicros" | "rowsWritten">,
): SessionUsage {
  return {
    // What a newer Longline sums up beside these stays as it is.
    ...before,
    ...addUsage(before, turn.usage),
    steps: before.steps + turn.steps,
    costMicros: before.costMicros + turn.costMicros,
    rowsWritten: before.rowsWritten + (turn.rowsWritten ?? 0),
  };
}
