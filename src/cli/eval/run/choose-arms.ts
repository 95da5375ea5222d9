/** Makes the arms that the options name: of the app in this process, or of a Worker that runs. */
import { UsageError } from "../../usage.ts";
import type { Dataset } from "../dataset/read-cases.ts";
import type { EvalOptions } from "../options.ts";
import { type EvalArm, localArms, reachedModels } from "./arms.ts";
import { CaseRecordings } from "./case-recordings.ts";
import type { ReachedModel } from "./in-process.ts";
import { agentOf, type LoadedApp, loadApp, workerPath } from "./load-app.ts";
import { remoteArms } from "./over-http.ts";

/** `judgeModel`: asked for only where a case is judged. */
export interface ChosenArms {
  arms: EvalArm[];
  recordings?: CaseRecordings | undefined;
  judgeModel(): Promise<ReachedModel>;
}

export async function armsOf(options: EvalOptions, dataset: Dataset): Promise<ChosenArms> {
  const { url, key, agents, models, versions, versionsFrom, instructions, liveTools } = options;
  const load = () => loadApp(workerPath(options.worker));
  const judgeModel = async () => {
    const loaded = await load();
    const model = reachedModels(loaded, agentOf(loaded.app, agents[0]), options.judge)[0];
    const recording = recordingsOf(options, dataset, loaded)?.of("judge");
    return recording === undefined ? model : { ...model, fetch: recording.fetchAs("model", model.fetch) };
  };
  if (url !== undefined) {
    if (key === undefined)
      throw new UsageError("--url: give the Worker's key: --key KEY, or the variable LONGLINE_KEY.");
    return { arms: await remoteArms({ url, key }, { agents, models }), judgeModel };
  }
  const loaded = await load();
  const recordings = recordingsOf(options, dataset, loaded);
  const arms = await localArms(
    loaded,
    { agents, models, versions, versionsFrom, instructions },
    { liveTools, recordings },
  );
  mustHaveTools(
    dataset,
    arms.flatMap(({ tools }) => [...tools]),
  );
  return { arms, recordings, judgeModel };
}

function recordingsOf(
  { recording }: EvalOptions,
  { folder }: Dataset,
  { secrets }: LoadedApp,
): CaseRecordings | undefined {
  return recording === undefined ? undefined : new CaseRecordings(folder, recording, secrets);
}

/** A stub of a tool that no agent has is a typing mistake. */
function mustHaveTools({ cases }: Dataset, tools: readonly string[]): void {
  const faults = cases.flatMap(({ id, tools: stubs, live }) =>
    [...stubs.map(({ name }) => name), ...live]
      .filter((name) => !tools.includes(name))
      .map((name) => `- ${id}: no agent has a tool "${name}"`),
  );
  if (faults.length === 0) return;
  const known = [...new Set(tools)].toSorted().join(", ") || "none";
  throw new UsageError(
    `Cases name tools that are not there, and nothing was run:\n${[...new Set(faults)].join("\n")}\nThe tools are: ${known}.`,
  );
}
