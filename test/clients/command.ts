/** Runs a program that a client's package brings, with bounded time, and collects what it prints. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";

export interface CommandOptions {
  cwd: string;
  env?: Record<string, string>;
  /** Most time in ms; 30 s when absent. Afterwards it is killed, and `code` is null. */
  limitMs?: number;
  /** Written to its standard input, which is then closed. */
  input?: string;
  /** Ends the program as Ctrl+C does. */
  signal?: AbortSignal;
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export async function command(name: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { cwd, env, limitMs = 30_000, input = "", signal } = options;
  const child = spawn(name, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  const result: CommandResult = { code: null, stdout: "", stderr: "" };
  child.stdout.on("data", (bytes) => (result.stdout += bytes));
  child.stderr.on("data", (bytes) => (result.stderr += bytes));
  // A program that ends before it has read its input is no fault.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  signal?.addEventListener("abort", () => interrupt(child.pid ?? 0), { once: true });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  await once(child, "close");
  clearTimeout(timer);
  result.code = child.exitCode;
  return result;
}

/** As a terminal does: the program and all that it has started get the signal. */
function interrupt(pid: number): void {
  const path = `/proc/${pid}/task/${pid}/children`;
  const started = existsSync(path) ? readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number) : [];
  for (const each of started) interrupt(each);
  try {
    process.kill(pid, "SIGINT");
  } catch {
    // It has ended already.
  }
}

/** The same, and fails unless it ends with 0. */
export async function mustRun(name: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const result = await command(name, args, options);
  if (result.code !== 0)
    throw new Error(`${name} ended with ${result.code}: ${`${result.stdout}\n${result.stderr}`.trim().slice(-1500)}`);
  return result;
}
