/** `longline replay`: runs what really happened with a candidate in the shadow, and says whether it is better and what the change costs. No effect can happen. */
import { LonglineError } from "../../client/longline-error.ts";
import { CannotRun } from "../eval/run/result.ts";
import { hookSources } from "../source-hooks.ts";
import { UsageError } from "../usage.ts";
import { readReplay, replayUsage } from "./replay-options.ts";

export async function replay(given: string[]): Promise<void> {
  hookSources();
  try {
    const options = readReplay(given, Date.now());
    if (options === undefined) return console.log(replayUsage);
    const { runReplay } = await import("./run-replay.ts");
    process.exitCode = await runReplay(options);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const isForUser = error instanceof UsageError || error instanceof CannotRun || error instanceof LonglineError;
    if (!(error instanceof Error) || !(isForUser || code.startsWith("ERR_PARSE_ARGS_") || error instanceof TypeError))
      throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
