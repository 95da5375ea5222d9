/** What the copies in memory of a session's rows have in common. The rows are the truth: a copy is read once, and is changed only after the statement that changes its rows. */

export interface RowCopy {
  /** The rows may differ from the copy, since a transaction was rolled back. The copy is read again at its next use. */
  forget(): void;
  /** The tables were made just now, and hold nothing: there is nothing to read. */
  startEmpty?(): void;
}
