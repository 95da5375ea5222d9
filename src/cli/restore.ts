/** `longline restore`: puts what `longline backup` copied into an account. What is there already is never changed, so it may be run again. */
import { existsSync, openAsBlob, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type AccountApi, accountApi, accountOptions, accountUsage } from "./account-api.ts";
import { missingSchedules, putSchedule } from "./copy-schedules.ts";
import { UsageError } from "./usage.ts";

const usage = `Usage: longline restore FOLDER [--url URL] [--key KEY | --account ID --admin-key KEY]

Puts the sessions, prefixes and schedules of a backup into an account. What is there already stays as it is. What an account
used is not part of a backup: its usage begins at zero. A turn that waited when it was copied has ended.

${accountUsage}
Exit code 0: everything is there. 1: what is listed is not.
`;

export async function restore(given: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: given, options: accountOptions, allowPositionals: true });
  if (values.help) return console.log(usage);
  const [folder] = positionals;
  if (folder === undefined || !existsSync(join(folder, "sessions")))
    throw new UsageError(
      `Name the folder of a backup: there is no folder "sessions" in ${folder ?? "it"}.\n\n${usage}`,
    );
  const api = await accountApi(values);
  try {
    // Sessions first: a schedule's message goes to them.
    const failed = (await putPrefixes(api, folder)) + (await putSessions(api, folder));
    if (failed + (await putSchedules(api, folder)) > 0) process.exitCode = 1;
  } finally {
    await api.close();
  }
}

async function putPrefixes(api: AccountApi, folder: string): Promise<number> {
  const path = join(folder, "prefixes");
  const files = existsSync(path) ? readdirSync(path).filter((file) => file.endsWith(".txt")) : [];
  let failed = 0;
  for (const file of files) {
    const body = readFileSync(join(path, file), "utf8");
    failed += await tried(`prefix ${file}`, async () => {
      await api.call("PUT", "/v1/prefixes", { body, type: "text/plain; charset=utf-8" });
    });
  }
  return failed;
}

async function putSessions(api: AccountApi, folder: string): Promise<number> {
  const path = join(folder, "sessions");
  const counts = { restored: 0, known: 0, failed: 0 };
  for (const file of readdirSync(path).filter((each) => each.endsWith(".jsonl"))) {
    const id = file.replace(/\.jsonl$/, "");
    counts.failed += await tried(`session ${id}`, async () => {
      const body = await openAsBlob(join(path, file));
      const type = "application/x-ndjson";
      const answer = await api.call("POST", `/v1/sessions/import?id=${encodeURIComponent(id)}`, {
        body,
        type,
        known: true,
      });
      counts[answer.status === 409 ? "known" : "restored"]++;
    });
  }
  console.log(`${counts.restored} sessions restored, ${counts.known} were there already, ${counts.failed} failed`);
  return counts.failed;
}

async function putSchedules(api: AccountApi, folder: string): Promise<number> {
  const missing = await missingSchedules(api, folder);
  let failed = 0;
  for (const schedule of missing) failed += await tried(`schedule ${schedule.id}`, () => putSchedule(api, schedule));
  if (missing.length > 0) console.log(`${missing.length - failed} schedules restored, ${failed} failed`);
  return failed;
}

/** 1 when it failed, and that is printed; else 0. */
async function tried(name: string, put: () => Promise<void>): Promise<0 | 1> {
  try {
    await put();
    return 0;
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
