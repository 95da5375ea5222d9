/** `longline eval add`: puts a turn of a real session into the cases. Appends one line; changes no other. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { LonglineError } from "../../client/longline-error.ts";
import { redactor } from "../../test-kit/redact.ts";
import { exportedSession } from "../exported-session.ts";
import { UsageError } from "../usage.ts";
import { caseOfSession } from "./dataset/case-of-session.ts";
import { readCase } from "./dataset/read-cases.ts";
import { localVariables } from "./local-variables.ts";
import { evalUsage, sessionOptions } from "./options.ts";

const text = { type: "string" } as const;
const known = {
  ...sessionOptions,
  id: text,
  cases: { ...text, default: "evals/cases.jsonl" },
  "keep-personal": { type: "boolean", default: false },
} as const;

export async function addCase(given: string[]): Promise<void> {
  const { values } = parseArgs({ args: given, options: known });
  if (values.help) return console.log(evalUsage);
  const {
    session,
    turn,
    url = "http://127.0.0.1:8787",
    key = process.env.LONGLINE_KEY ?? "dev-key",
    cases: path,
  } = values;
  if (session === undefined || turn === undefined)
    throw new UsageError(`Name the session and its turn: --session ID --turn turn_1\n\n${evalUsage}`);
  const worker = { url, key };
  const { header, entries } = await exportedSession(worker, session).catch((error: Error) => {
    throw new UsageError(error instanceof LonglineError ? error.message : `${url} cannot be reached: ${error.message}`);
  });
  const redact = redactor({ secrets: localVariables(), keepsPersonal: values["keep-personal"] });
  const made = caseOfSession({ session, turn, entries, instructions: header.instructions, redact });
  const line = JSON.stringify({ ...made, id: values.id ?? made.id });
  const read = readCase(line);
  if ("faults" in read) throw new UsageError(`This turn makes no case: ${read.faults.join("; ")}`);
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (before.split("\n").some((each) => each !== "" && idOf(each) === read.case.id))
    throw new UsageError(`${path} has a case "${read.case.id}" already. Name this one: --id NAME`);
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`);
  const place = `${path}:${before.split("\n").filter((each) => each !== "").length + 1}`;
  console.log(
    `${place}: ${read.case.id}, with ${read.case.tools.length} results of tools. Say in "expect" what a good answer has, then: longline eval`,
  );
}

function idOf(line: string): unknown {
  try {
    return (JSON.parse(line) as { id?: unknown }).id;
  } catch {
    return undefined;
  }
}
