/** Values that jobs of an account keep, each as JSON under a name of its own. */

/** `undefined` where nothing was kept. */
export function readWatched<T>(sql: SqlStorage, name: string): T | undefined {
  const [row] = sql.exec<{ data: string }>("SELECT data FROM watched WHERE name = ?", name).toArray();
  return row && (JSON.parse(row.data) as T);
}

export function keepWatched(sql: SqlStorage, name: string, value: unknown): void {
  const query = "INSERT INTO watched (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data";
  sql.exec(query, name, JSON.stringify(value));
}
