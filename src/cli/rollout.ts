/** `longline rollout …`: makes versions, and begins, watches and ends rollouts, over the HTTP API of a Worker. Prints what the Worker says. */

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { defined } from "../core/defined.ts";
import { UsageError } from "./usage.ts";

const rolloutHelp = `Usage: longline rollout <what> [--url URL] (default http://127.0.0.1:8787)

  version --agent NAME [--instructions FILE] [--models A,B] [--tools A,B] [--note TEXT]
                          makes a version over the code's, and says what it changes
  start --agent NAME --candidate v_… --stages SHARE:SESSIONS[:SECONDS],… [--guard METRIC:WORSE_BY[:ALPHA],…]
        [--by session|speaker] [--holdback SHARE]
                          begins a rollout; with --stages 0.01:100,0.1:300:3600,0.5:500,1:1 it goes to everyone
  list                    lists rollouts
  status ID               says where one is, and what each stage can see
  report ID [--json]      prints the evidence, as Markdown or as JSON
  pause|resume|promote|rollback ID

The key is LONGLINE_KEY, or --key KEY: the Worker's API_KEY, ADMIN_KEY (with --account NAME), or a key with the right "operate".
`;

const actions = ["pause", "resume", "promote", "rollback"];

const options = {
  url: { type: "string", default: "http://127.0.0.1:8787" },
  account: { type: "string" },
  agent: { type: "string" },
  candidate: { type: "string" },
  stages: { type: "string" },
  guard: { type: "string" },
  by: { type: "string" },
  key: { type: "string" },
  holdback: { type: "string" },
  instructions: { type: "string" },
  models: { type: "string" },
  tools: { type: "string" },
  note: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type RolloutOptions = ReturnType<typeof parsed>["values"];

function parsed(args: string[]) {
  return parseArgs({ args, options, allowPositionals: true });
}

export async function rollout(given: string[]): Promise<void> {
  const { values, positionals } = parsed(given);
  const [what = "", id] = positionals;
  if (values.help || what === "") return console.log(rolloutHelp);
  const worker = workerAt(values);
  if (what === "version")
    return print(await worker("POST", `/v1/agents/${named(values, "agent")}/versions`, await changesOf(values)));
  if (what === "start") return print(await worker("POST", "/v1/rollouts", planOf(values)));
  if (what === "list") return print(await worker("GET", "/v1/rollouts"));
  if (id === undefined && (what === "status" || what === "report" || actions.includes(what)))
    throw new UsageError(`Name the rollout: longline rollout ${what} ro_…`);
  if (what === "status") return print(await worker("GET", `/v1/rollouts/${id}`));
  if (what === "report")
    return print(await worker("GET", `/v1/rollouts/${id}/report?format=${values.json ? "json" : "markdown"}`));
  if (actions.includes(what)) return print(await worker("POST", `/v1/rollouts/${id}/${what}`));
  throw new UsageError(`There is no "longline rollout ${what}".\n\n${rolloutHelp}`);
}

/** The body that begins a rollout. Throws a UsageError that says how an option is written. */
export function planOf(
  values: Pick<RolloutOptions, "agent" | "candidate" | "stages" | "guard" | "by" | "holdback">,
): object {
  const guardrails = (values.guard ?? "")
    .split(",")
    .filter((text) => text !== "")
    .map((text) => {
      const [metric = "", worseBy = "", alpha] = text.split(":");
      return {
        metric,
        worse_by: numbered(worseBy, "--guard METRIC:WORSE_BY[:ALPHA], such as failed_turns:0.05"),
        ...(alpha !== undefined && { alpha: numbered(alpha, "--guard METRIC:WORSE_BY:ALPHA") }),
      };
    });
  const stages = named(values, "stages")
    .split(",")
    .map((text) => {
      const form = "--stages SHARE:SESSIONS[:SECONDS], such as 0.1:300:3600";
      const [share = "", sessions = "", seconds] = text.split(":");
      return {
        share: numbered(share, form),
        min_sessions: numbered(sessions, form),
        ...(seconds !== undefined && { hold_seconds: numbered(seconds, form) }),
      };
    });
  return {
    agent: named(values, "agent"),
    candidate: named(values, "candidate"),
    stages,
    guardrails,
    ...(values.by !== undefined && { key: values.by }),
    ...(values.holdback !== undefined && { holdback: numbered(values.holdback, "--holdback SHARE, such as 0.05") }),
  };
}

async function changesOf({ instructions, models, tools, note }: RolloutOptions): Promise<object> {
  const list = (text: string) => text.split(",").filter((each) => each !== "");
  return {
    ...(instructions !== undefined && { instructions: await textIn(instructions) }),
    ...(models !== undefined && { models: list(models) }),
    ...(tools !== undefined && { tools: list(tools) }),
    ...defined({ note }),
  };
}

async function textIn(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new UsageError(`--instructions: ${path} cannot be read. It is a file with the new instructions.`);
  }
}

function workerAt({
  url,
  account,
  key: given,
}: RolloutOptions): (method: string, path: string, body?: object) => Promise<string> {
  if (!URL.canParse(url))
    throw new UsageError("--url: give the Worker's address, such as https://longline.example.workers.dev");
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
  const key = given ?? process.env.LONGLINE_KEY ?? (isLocal ? "dev-key" : undefined);
  if (key === undefined)
    throw new UsageError('Set LONGLINE_KEY: the Worker\'s API_KEY, ADMIN_KEY, or a key with the right "operate".');
  return async (method, path, body) => {
    const target = new URL(path, url);
    if (account !== undefined) target.searchParams.set("account", account);
    const answer = await fetch(target, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    }).catch((error: Error) => {
      throw new UsageError(`${target.origin} does not answer: ${error.message}`);
    });
    const text = await answer.text();
    if (!answer.ok) throw new UsageError(`${answer.status}: ${detailOf(text)}`);
    return text;
  };
}

/** What a refusal says, where it is one of ours. */
function detailOf(text: string): string {
  try {
    return (JSON.parse(text) as { detail?: string }).detail ?? text;
  } catch {
    return text.slice(0, 500);
  }
}

function print(text: string): void {
  console.log(text.startsWith("{") ? JSON.stringify(JSON.parse(text), null, 2) : text);
}

function named<K extends string>(values: Partial<Record<K, string | undefined>>, name: K): string {
  const value = values[name];
  if (value === undefined) throw new UsageError(`--${name} is missing.\n\n${rolloutHelp}`);
  return value;
}

function numbered(text: string, form: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) throw new UsageError(`"${text}" is no number: write ${form}.`);
  return value;
}
