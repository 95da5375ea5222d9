/** The commands `longline backup` and `longline restore` against a Worker that runs: what an account has comes into another one, unharmed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const adminKey = "admin-key-of-this-test";
let server: DevServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "longline-backup-"));
  server = await startDev({ vars: { ADMIN_KEY: adminKey } });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function call(key: string, method: string, path: string, body?: string): Promise<Response> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  return reach(`${server.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
}

function startCommand(...given: string[]) {
  const env = { ...process.env, LONGLINE_ADMIN_KEY: adminKey };
  return spawn(process.execPath, ["src/cli/longline.ts", ...given, "--url", server.url], { env });
}

async function command(...given: string[]): Promise<{ code: number | null; text: string }> {
  const child = startCommand(...given);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += String(bytes)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

async function makeAccount(id: string): Promise<string> {
  await call(adminKey, "POST", "/v1/admin/accounts", JSON.stringify({ id }));
  return ((await (await call(adminKey, "POST", `/v1/admin/accounts/${id}/keys`)).json()) as { key: string }).key;
}

async function exported(key: string, id: string): Promise<string> {
  return (await call(key, "GET", `/v1/sessions/${id}/export`)).text();
}

interface Listed {
  id: string;
  last_seq: number;
  status: string;
  usage: object;
}

/** Until the account's list shows its sessions as they are: what they report to it comes after their answers. */
async function isListed(key: string): Promise<void> {
  const factsOf = ({ id, last_seq, status, usage }: Listed) => ({ id, last_seq, status, usage });
  const own = async (id: string) => factsOf((await (await call(key, "GET", `/v1/sessions/${id}`)).json()) as Listed);
  const differing = async () => {
    const { sessions } = (await (await call(key, "GET", "/v1/sessions")).json()) as { sessions: Listed[] };
    const pairs = await Promise.all(
      sessions.map(async (session) => [JSON.stringify(factsOf(session)), JSON.stringify(await own(session.id))]),
    );
    return pairs.filter(([listed, itself]) => listed !== itself);
  };
  await expect.poll(differing).toEqual([]);
}

it("[BACKUP-1] an account is copied, changes alone the second time, and restored into another one to the byte", async () => {
  const key = await makeAccount("from");
  const prefix = await (
    await call(key, "PUT", "/v1/prefixes", JSON.stringify({ instructions: "Know é 漢 🧵." }))
  ).json();
  const { prefix: id } = prefix as { prefix: string };
  for (const name of ["one", "two", "three"]) {
    await call(key, "POST", "/v1/sessions", JSON.stringify({ id: name, prefix: id, title: `The ${name}` }));
    await call(key, "POST", `/v1/sessions/${name}/messages`, JSON.stringify({ content: `What is ${name} × 2?` }));
  }
  await isListed(key);
  // On leap days alone: none begins while the test runs.
  const schedule = { cron: "0 9 29 2 *", time_zone: "Europe/Berlin", content: "Good morning.", session: "one" };
  await call(key, "POST", "/v1/schedules", JSON.stringify(schedule));
  const first = await command("backup", folder, "--account", "from");
  expect(first).toEqual({
    code: 0,
    text: expect.stringContaining("3 sessions copied, 0 unchanged, 0 failed, 1 prefixes, 1 schedules"),
  });
  expect(readdirSync(join(folder, "sessions")).toSorted()).toEqual(["one.jsonl", "three.jsonl", "two.jsonl"]);

  const before = statSync(join(folder, "sessions", "one.jsonl")).mtimeMs;
  await call(key, "POST", "/v1/sessions/two/messages", JSON.stringify({ content: "And once more?" }));
  await call(key, "DELETE", "/v1/sessions/three");
  await expect
    .poll(async () => (await command("backup", folder, "--account", "from", "--prune")).text)
    .toContain("0 sessions copied, 2 unchanged, 0 failed");
  expect(statSync(join(folder, "sessions", "one.jsonl")).mtimeMs).toBe(before);
  expect(existsSync(join(folder, "sessions", "three.jsonl"))).toBe(false);
  expect(readFileSync(join(folder, "sessions", "two.jsonl"), "utf8")).toBe(await exported(key, "two"));
  // The key that the command made is revoked: it can be made again, and again.
  const { keys } = (await (await call(adminKey, "GET", "/v1/admin/accounts/from/keys")).json()) as {
    keys: { revoked_at: string | null }[];
  };
  expect(keys.filter(({ revoked_at }) => revoked_at === null)).toHaveLength(1);

  const other = await makeAccount("to");
  const restored = await command("restore", folder, "--key", other);
  expect(restored).toEqual({
    code: 0,
    text: expect.stringContaining("2 sessions restored, 0 were there already, 0 failed"),
  });
  for (const name of ["one", "two"]) expect(await exported(other, name)).toBe(await exported(key, name));
  const again = await command("restore", folder, "--key", other);
  const { schedules } = (await (await call(other, "GET", "/v1/schedules")).json()) as { schedules: object[] };
  expect(schedules).toEqual([expect.objectContaining(schedule)]);
  expect(again.text).toContain("0 sessions restored, 2 were there already, 0 failed");
  const answer = await call(other, "POST", "/v1/sessions/two/messages", JSON.stringify({ content: "Go on." }));
  expect(((await answer.json()) as { status: string }).status).toBe("completed");
});

it("[BACKUP-1] a command that is stopped revokes the key that was made for it", async () => {
  const key = await makeAccount("stopped");
  for (let n = 0; n < 40; n++) await call(key, "POST", "/v1/sessions", JSON.stringify({ id: `s${n}` }));
  const target = join(folder, "stopped");
  const child = startCommand("backup", target, "--account", "stopped");
  const closed = once(child, "close");
  await expect.poll(() => existsSync(join(target, "manifest.json")), { interval: 5 }).toBe(true);
  child.kill("SIGINT");
  await closed;
  const { keys } = (await (await call(adminKey, "GET", "/v1/admin/accounts/stopped/keys")).json()) as {
    keys: { revoked_at: string | null }[];
  };
  expect(keys.map(({ revoked_at }) => revoked_at === null)).toEqual([true, false]);
});

it("[BACKUP-2] what is missing or refused is said, and the exit code is 1", async () => {
  expect(await command("backup")).toEqual({ code: 1, text: expect.stringContaining("Name the folder") });
  expect((await command("restore", join(folder, "none"), "--key", "x")).text).toContain('no folder "sessions"');
  expect((await command("backup", folder)).text).toContain("--key KEY, or LONGLINE_KEY");
  const wrong = await command("backup", folder, "--key", "wrong");
  expect([wrong.code, wrong.text]).toEqual([1, expect.stringContaining("valid key")]);
  const unknown = await command("backup", folder, "--account", "none-such");
  expect([unknown.code, unknown.text]).toEqual([1, expect.stringContaining('no account "none-such"')]);
});
