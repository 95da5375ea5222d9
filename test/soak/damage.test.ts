import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { buildWorker } from "./harness/build.ts";
import { Workerd } from "./harness/workerd.ts";

let script: string;
let folder: string;
let workerd: Workerd;
/** Confirms every commit at once. */
let harness: Server;

beforeAll(async () => {
  script = await buildWorker();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "longline-damage-"));
  harness = createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => harness.once("listening", resolve));
  const address = harness.address();
  const harnessUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  workerd = new Workerd({ folder, script, port: await freePort(), harnessUrl });
  await workerd.prepare();
  await workerd.start();
});
afterEach(async () => {
  await workerd?.kill();
  harness?.close();
  await rm(folder, { recursive: true, force: true });
});

const call = (method: string, path: string, body?: object) =>
  fetch(`${workerd.url}${path}`, {
    method,
    headers: { Authorization: "Bearer soak-key", "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });

/**
 * Overwrites every database in a namespace's folder, as a bad disk does: its header, or the pages of all tables of ours. The
 * runtime reads the schema before our code runs, so pages of the schema are as the header is.
 */
async function damage(kind: "Session" | "Account", what: "header" | "pages"): Promise<number> {
  const files = (await readdir(workerd.data, { recursive: true })).filter(
    (name) => name.includes(`soak-${kind}`) && name.endsWith(".sqlite") && !name.includes("metadata"),
  );
  for (const name of files) {
    // What a killed server had written is in the log beside the file: it is taken in first, so that there is something to damage.
    const database = new DatabaseSync(join(workerd.data, name));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { page_size: pageSize } = database.prepare("PRAGMA page_size").get() as { page_size: number };
    const tables =
      "SELECT rootpage AS page FROM sqlite_master WHERE rootpage > 0 AND tbl_name NOT LIKE '\\_cf%' ESCAPE '\\'";
    const pages = database.prepare(tables).all() as { page: number }[];
    database.close();
    const file = await open(join(workerd.data, name), "r+");
    if (what === "header") await file.write(Buffer.alloc(100, 0xa5), 0, undefined, 0);
    else
      for (const { page } of pages) await file.write(Buffer.alloc(pageSize, 0xa5), 0, undefined, (page - 1) * pageSize);
    await file.close();
    for (const more of ["-wal", "-shm"]) await rm(join(workerd.data, `${name}${more}`), { force: true });
  }
  return files.length;
}

/** The files of a session, as STORAGE.md says: named by the object's id, which comes from the namespace's key and the name. */
async function filesOf(kind: "Session" | "Account"): Promise<string[]> {
  const names = await readdir(workerd.data, { recursive: true });
  return names.filter((name) => name.includes(`soak-${kind}/`) && !name.includes("metadata"));
}

it("[FULL-6] a session whose file has no header any more is refused, and once the file is taken away DELETE removes it from the list", async () => {
  expect((await call("POST", "/v1/sessions", { id: "d" })).status).toBe(201);
  await workerd.kill();
  expect(await damage("Session", "header")).toBeGreaterThan(0);
  await workerd.start();
  expect((await call("GET", "/v1/sessions/d")).status).toBe(503);
  expect((await call("DELETE", "/v1/sessions/d")).status).toBe(503);
  // The way out of whoever runs the Worker: the server is stopped, and the file is taken away.
  await workerd.kill();
  for (const name of await filesOf("Session")) await rm(join(workerd.data, name));
  await workerd.start();
  expect((await call("GET", "/v1/sessions/d")).status).toBe(404);
  expect(await (await call("GET", "/v1/sessions")).text()).toContain('"id":"d"');
  expect((await call("DELETE", "/v1/sessions/d")).status).toBe(200);
  expect(await (await call("GET", "/v1/sessions")).text()).not.toContain('"id":"d"');
  expect((await call("DELETE", "/v1/sessions/d")).status).toBe(404);
  expect((await call("POST", "/v1/sessions", { id: "d" })).status).toBe(201);
  expect((await call("DELETE", "/v1/sessions/d")).status).toBe(200);
});

it("[PLATFORM-8] [PLATFORM-9] files whose bytes are damaged end in 503 with the reason; a session's can be erased, and all others go on", async () => {
  for (const id of ["a", "b"]) expect((await call("POST", "/v1/sessions", { id })).status).toBe(201);
  await workerd.kill();
  expect(await damage("Session", "pages")).toBe(2);
  await workerd.start();
  const read = await call("GET", "/v1/sessions/a");
  expect([read.status, await read.text()]).toEqual([503, expect.stringMatching(/damaged.*DELETE erases/)]);
  for (const id of ["a", "b"]) expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(200);
  expect((await call("GET", "/v1/sessions/a")).status).toBe(404);
  for (const id of ["a", "c"]) expect((await call("POST", "/v1/sessions", { id })).status).toBe(201);
  await workerd.kill();
  // The runtime itself cannot open a file without a header: the object's own code is never reached.
  expect(await damage("Session", "header")).toBeGreaterThan(0);
  await workerd.start();
  const closed = await call("GET", "/v1/sessions/c");
  expect([closed.status, closed.headers.has("Retry-After")]).toEqual([503, true]);
  expect((await call("DELETE", "/v1/sessions/c")).status).toBe(503);
  await workerd.kill();
  expect(await damage("Account", "pages")).toBe(1);
  await workerd.start();
  const refused = await call("GET", "/v1/sessions/c");
  const told = [refused.status, refused.headers.has("Retry-After"), await refused.text()];
  expect(told).toEqual([503, true, expect.stringMatching(/storage is damaged|did not answer/)]);
  expect((await fetch(`${workerd.url}/health`)).status).toBe(200);
});
