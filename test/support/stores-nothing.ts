/** Whether an object has nothing stored: no table but Cloudflare's own, whose names begin with an underscore. What an erasure promises. */
import { runInDurableObject } from "cloudflare:test";

export function storesNothing(stub: DurableObjectStub): Promise<boolean> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    return sql.exec(query).toArray().length === 0;
  });
}
