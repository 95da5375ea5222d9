/** Reads cases from JSONL files. A fault names its file, line and field; nothing is run before all lines are right. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { canonicalJson } from "../../../agent/version.ts";
import { UsageError } from "../../usage.ts";
import { caseSchema, type EvalCase } from "./case.ts";

/** `digest` names the cases, whatever file they are in and however their lines are written. */
export interface Dataset {
  /** As it was given. */
  path: string;
  /** Where `scorers.ts`, baselines and calibrations of these cases are. */
  folder: string;
  cases: EvalCase[];
  digest: string;
}

/** Throws a `UsageError` that names every wrong line, up to 20. */
export function readCases(path: string): Dataset {
  if (!existsSync(path))
    throw new UsageError(`There is no ${path}. Make a case from a session: longline eval add --session ID --turn T`);
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? jsonlFiles(path) : [path];
  if (files.length === 0) throw new UsageError(`There is no case file (*.jsonl) in ${path}.`);
  const cases: EvalCase[] = [];
  const faults: string[] = [];
  const seen = new Map<string, string>();
  for (const file of files) {
    for (const [at, line] of readFileSync(file, "utf8").split("\n").entries()) {
      if (line.trim() === "") continue;
      const place = `${file}:${at + 1}`;
      const read = readCase(line);
      if ("faults" in read) faults.push(...read.faults.map((fault) => `${place}: ${fault}`));
      else if (seen.has(read.case.id))
        faults.push(`${place}: id: "${read.case.id}" is the id of ${seen.get(read.case.id)}, too`);
      else {
        seen.set(read.case.id, place);
        cases.push(read.case);
      }
    }
  }
  if (faults.length > 0) throw new UsageError(`These cases are wrong, and nothing was run:\n${listed(faults)}`);
  if (cases.length === 0) throw new UsageError(`There is no case in ${path}.`);
  return { path, folder: isFolder ? path : dirname(path), cases, digest: digestOf(cases) };
}

/** A line's case, or what is wrong with it. */
export function readCase(line: string): { case: EvalCase } | { faults: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { faults: [`is no JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const parsed = caseSchema.safeParse(value);
  if (parsed.success) return { case: parsed.data };
  return {
    faults: parsed.error.issues.map((issue) => {
      const path = issue.path.map(String).join(".");
      const words =
        issue.code === "unrecognized_keys"
          ? `there is no field ${issue.keys.map((key) => `"${key}"`).join(", ")}`
          : issue.message;
      return path === "" ? words : `${path}: ${words}`;
    }),
  };
}

/** `data_` and 16 hexadecimal digits; the order of the cases does not count. */
function digestOf(cases: readonly EvalCase[]): string {
  const lines = cases.map((each) => canonicalJson(each)).toSorted();
  return `data_${createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16)}`;
}

/** Of one case, so that a comparison knows which were edited. */
export function caseDigest(each: EvalCase): string {
  return createHash("sha256").update(canonicalJson(each)).digest("hex").slice(0, 16);
}

function jsonlFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(".jsonl") && !/(^|\/)(labels|baselines)(\/|\.jsonl$)/.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

const mostListed = 20;

function listed(faults: readonly string[]): string {
  const more = faults.length - mostListed;
  return [
    ...faults.slice(0, mostListed).map((fault) => `- ${fault}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join("\n");
}
