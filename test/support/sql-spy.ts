/** Records the statements that an object executes, in the order in which it does. */
import { vi } from "vitest";

export interface SqlSpy {
  /** The statements since the last take, each on one line. */
  take(): string[];
  /** Rows, those of indexes among them, that the statements since the last `takeRows` wrote. */
  takeRows(): number;
}

/** Watches `storage` until mocks are restored. To be called inside the object. */
export function spySql(storage: DurableObjectStorage): SqlSpy {
  const seen: string[] = [];
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const exec = storage.sql.exec.bind(storage.sql);
  vi.spyOn(storage.sql, "exec").mockImplementation(((query: string, ...bindings: SqlStorageValue[]) => {
    seen.push(query.replace(/\s+/g, " ").trim());
    const cursor = exec(query, ...bindings);
    cursors.push(cursor);
    return cursor;
  }) as typeof exec);
  return {
    take: () => seen.splice(0),
    takeRows: () => cursors.splice(0).reduce((sum, { rowsWritten }) => sum + rowsWritten, 0),
  };
}

export const isRead = (statement: string): boolean => /^(SELECT|PRAGMA)\b/i.test(statement);
