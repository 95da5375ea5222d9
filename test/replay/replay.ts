/** Records what the Worker answers to a fixed list of requests, or compares it with the recording: `node test/replay/replay.ts [record] [--users-app] [--folder .] [--to file]`. */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { allRows } from "./all-rows.ts";
import { differences, type Recorded } from "./difference.ts";
import { perform } from "./perform.ts";

export const recording = "test/fixtures/replay/answers.jsonl";

export async function readRecording(path = recording): Promise<Recorded[]> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Recorded);
}

async function main(): Promise<void> {
  const options = {
    // The app that wrangler.toml names; else the tests' own, which survives any edit of it.
    "users-app": { type: "boolean", default: false },
    // A checkout; else this one.
    folder: { type: "string" },
    to: { type: "string", default: recording },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const { to, folder, "users-app": isUsers } = values;
  const beganMs = Date.now();
  const rows = await perform(allRows, { app: isUsers ? "users" : "tests", ...(folder !== undefined && { folder }) });
  const seconds = ((Date.now() - beganMs) / 1000).toFixed(1);
  if (positionals[0] === "record") {
    await writeFile(to, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    console.log(`${rows.length} answers recorded in ${to} (${seconds} s).`);
    return;
  }
  const found = differences(await readRecording(to), rows);
  console.log(found.length === 0 ? `${rows.length} answers are as recorded (${seconds} s).` : found.join("\n"));
  process.exitCode = found.length === 0 ? 0 : 1;
}

if (import.meta.main) await main();
