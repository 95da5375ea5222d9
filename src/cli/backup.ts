/** `longline backup`: copies an account's sessions, prefixes and schedules into a folder. A second run takes only what has changed; one that was stopped goes on where it was. Never changes anything in the Worker. */
import { createHash } from "node:crypto";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { type AccountApi, accountApi, accountOptions, accountUsage } from "./account-api.ts";
import { listSchedules } from "./copy-schedules.ts";
import { UsageError } from "./usage.ts";

const usage = `Usage: longline backup FOLDER [--url URL] [--key KEY | --account ID --admin-key KEY] [--prune]

Copies all sessions of an account, its prefixes and its schedules into FOLDER: sessions/<id>.jsonl as an export has them,
prefixes/<id>.txt, schedules.json. A turn that waits goes on in the account; in the copy it ends.
A second run takes what has changed since; one that was stopped goes on.

  --prune                  removes the copies of sessions and prefixes that the account does not have any more
${accountUsage}
Exit code 0: everything is in FOLDER. 1: what is listed is not.
`;

/** A session as its list shows it. */
interface ListedSession {
  id: string;
  broken?: unknown;
}

/** Of each session that is in the folder: the digest of how the list showed it. */
type Manifest = Record<string, string>;

export async function backup(given: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: given,
    options: { ...accountOptions, prune: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  if (values.help) return console.log(usage);
  const [folder] = positionals;
  if (folder === undefined) throw new UsageError(`Name the folder.\n\n${usage}`);
  const api = await accountApi(values);
  try {
    const failed = await copyAccount(api, folder, values.prune);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await api.close();
  }
}

/** Returns how many sessions could not be copied. */
async function copyAccount(api: AccountApi, folder: string, isPruned: boolean): Promise<number> {
  for (const name of ["sessions", "prefixes"]) mkdirSync(join(folder, name), { recursive: true });
  const manifestPath = join(folder, "manifest.json");
  const manifest: Manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, "utf8")) : {};
  const prefixes = await copyPrefixes(api, folder);
  const schedules = (await listSchedules(api)) ?? [];
  writeWhole(join(folder, "schedules.json"), JSON.stringify(schedules, undefined, 1));
  const counts = { copied: 0, unchanged: 0, failed: 0 };
  const listed = new Set<string>();
  for await (const session of sessionsOf(api)) {
    listed.add(session.id);
    const digest = createHash("sha256").update(JSON.stringify(session)).digest("hex");
    if (manifest[session.id] === digest) {
      counts.unchanged++;
      continue;
    }
    const fault = session.broken === undefined ? await copySession(api, folder, session.id) : "it is damaged";
    if (fault === undefined) {
      counts.copied++;
      manifest[session.id] = digest;
      writeWhole(manifestPath, JSON.stringify(manifest, undefined, 1));
    } else {
      counts.failed++;
      console.error(`session ${session.id}: ${fault}`);
    }
  }
  if (isPruned) prune(folder, { sessions: listed, prefixes });
  if (isPruned) writeWhole(manifestPath, JSON.stringify(only(manifest, listed), undefined, 1));
  const sums = `${counts.copied} sessions copied, ${counts.unchanged} unchanged, ${counts.failed} failed, ${prefixes.size} prefixes, ${schedules.length} schedules`;
  console.log(`${sums}: ${folder}`);
  return counts.failed;
}

async function* sessionsOf(api: AccountApi): AsyncGenerator<ListedSession> {
  for (let cursor = ""; ; ) {
    const answer = await api.call("GET", `/v1/sessions?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    const { sessions, next_cursor: next } = (await answer.json()) as {
      sessions: ListedSession[];
      next_cursor?: string;
    };
    yield* sessions;
    if (next === undefined || next === null) return;
    cursor = next;
  }
}

/** A copy is there whole or not at all. Returns what went wrong; a session that was erased meanwhile is no fault. */
async function copySession(api: AccountApi, folder: string, id: string): Promise<string | undefined> {
  const path = join(folder, "sessions", `${id}.jsonl`);
  try {
    const answer = await api.call("GET", `/v1/sessions/${encodeURIComponent(id)}/export`, { missing: true });
    if (answer.status === 404) return undefined;
    if (answer.body === null) return "the export is empty";
    await pipeline(answer.body as AsyncIterable<Uint8Array>, createWriteStream(`${path}.part`));
    renameSync(`${path}.part`, path);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Ids of the prefixes that the account has. Their texts never change, so what is there stays. */
async function copyPrefixes(api: AccountApi, folder: string): Promise<Set<string>> {
  const answer = await api.call("GET", "/v1/prefixes", { missing: true });
  // An app without prefixes.
  if (answer.status === 404) return new Set();
  const { prefixes } = (await answer.json()) as { prefixes: { prefix: string }[] };
  for (const { prefix } of prefixes) {
    const path = join(folder, "prefixes", `${prefix}.txt`);
    if (existsSync(path)) continue;
    const text = await api.call("GET", `/v1/prefixes/${prefix}`, { accept: "text/plain" });
    writeWhole(path, await text.text());
  }
  return new Set(prefixes.map(({ prefix }) => prefix));
}

function prune(folder: string, kept: { sessions: Set<string>; prefixes: Set<string> }): void {
  for (const [name, ids] of Object.entries(kept)) {
    for (const file of readdirSync(join(folder, name))) {
      if (!ids.has(file.replace(/\.(jsonl|txt)$/, ""))) rmSync(join(folder, name, file));
    }
  }
}

function only(manifest: Manifest, ids: Set<string>): Manifest {
  return Object.fromEntries(Object.entries(manifest).filter(([id]) => ids.has(id)));
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
