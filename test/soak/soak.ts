/**
 * `npm run soak -- --kills 200 --seed 7 [--messages 1000] [--bug NAME]`: one kill soak, its figures, and exit code 1 when something
 * was wrong; with a planted bug, when nothing was. `--messages`: the kills are spread over so many messages.
 * `npm run soak -- --planted [--kills 60]`: plants each bug in turn, until it is caught or so many kills were made; exit code 1 when one was not caught.
 * `npm run soak -- --roll-back COMMIT`: this code and that of a commit in turn on the same data.
 * `npm run soak -- --only delegation --kills 1000 --process-kills 200`: agents that call agents, in the tests' Workers runtime
 * while every object is killed, and in workerd while its process is killed.
 * `npm run soak -- --only steps --kills 300`: long tools, signals and cancels while the server's process is killed.
 * `npm run soak -- --only holds`: stories of clients, each once for every call between objects with that call held back, its
 * answer held back, and its answer lost.
 * `npm run soak -- --only stutter --files test/e2e/a.test.ts[,...] --rounds 20 --seed 3`: those files of tests again and again, while
 * their processes are stopped and continued at random; which tests failed, and how often.
 * `npm run soak -- --rollouts 1000`: simulated rollouts, and whether what is promised of them holds; with `--objects` [--kind alike]
 * [--key speaker] through real sessions and accounts, which takes hours and goes on where it was stopped.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { bugs, caught } from "./bugs.ts";
import { arePlantedCaught } from "./planted.ts";
import { runRollBack } from "./roll-back.ts";
import { runRollouts } from "./rollouts.ts";
import { runRolloutsThroughObjects } from "./rollouts-through-objects.ts";
import { runCrewSoak } from "./run-crew.ts";
import { runSoak } from "./run-soak.ts";
import { reportText } from "./soak-report.ts";
import { runStepsSoak } from "./steps.ts";
import { runStutter } from "./stutter.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string" },
    seed: { type: "string" },
    messages: { type: "string" },
    bug: { type: "string" },
    planted: { type: "boolean", default: false },
    "roll-back": { type: "string" },
    rollouts: { type: "string" },
    objects: { type: "boolean", default: false },
    key: { type: "string", default: "session" },
    kind: { type: "string" },
    only: { type: "string" },
    "process-kills": { type: "string", default: "0" },
    files: { type: "string" },
    rounds: { type: "string", default: "10" },
    project: { type: "string", default: "e2e" },
  },
});
if (values["roll-back"] !== undefined) {
  const losses = await runRollBack(values["roll-back"]);
  console.log(losses.length === 0 ? `nothing was lost with the code of ${values["roll-back"]}` : losses.join("\n"));
  process.exit(losses.length === 0 ? 0 : 1);
}
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const kills = Number(values.kills ?? (values.planted ? 60 : 200));
if (values.rollouts !== undefined) {
  console.log(`${values.rollouts} rollouts of each kind with seed ${seed}`);
  const count = Number(values.rollouts);
  if (values.objects && values.seed === undefined)
    throw new Error("--objects needs --seed: with the same one it goes on where it was stopped.");
  const { kind, key } = values;
  if (key !== "session" && key !== "speaker") throw new Error('--key takes "session" or "speaker".');
  const isKept = values.objects ? runRolloutsThroughObjects({ count, seed, key, kind }) : runRollouts(count, seed);
  process.exit(isKept ? 0 : 1);
}
if (values.only !== undefined && !["delegation", "steps", "holds", "stutter"].includes(values.only))
  throw new Error('--only takes "delegation", "steps", "holds" or "stutter".');
if (values.only === "stutter") {
  const files = values.files?.split(",") ?? [];
  if (files.length === 0) throw new Error("--only stutter needs --files: files of tests, with commas between them.");
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Error("--rounds must be a whole number above 0.");
  console.log(`npm run soak -- --only stutter --files ${files.join()} --rounds ${rounds} --seed ${seed}`);
  process.exit((await runStutter({ files, rounds, seed, project: values.project })) ? 0 : 1);
}
if (values.only === "holds") {
  const run = [
    "vitest",
    "run",
    "--project",
    "worker",
    "test/delegation/holds.test.ts",
    "test/session/hold-stories.test.ts",
  ];
  const env = { ...process.env, LONGLINE_HOLDS: "100000" };
  process.exit(spawnSync("npx", run, { stdio: "inherit", env }).status ?? 1);
}
if (values.only === "steps") {
  console.log(`npm run soak -- --only steps --kills ${kills} --seed ${seed}`);
  const { faults, ...figures } = await runStepsSoak({ kills, seed });
  console.log(figures);
  console.log(faults.length === 0 ? "nothing was lost or done twice" : faults.join("\n"));
  process.exit(faults.length === 0 ? 0 : 1);
}
if (values.only === "delegation") {
  const run = ["vitest", "run", "--project", "worker", "test/delegation/soak.test.ts"];
  const env = { ...process.env, LONGLINE_SOAK_KILLS: String(kills), LONGLINE_SOAK_SEED: String(seed) };
  const objects = kills === 0 ? 0 : (spawnSync("npx", run, { stdio: "inherit", env }).status ?? 1);
  const processes = Number(values["process-kills"]);
  const crew = processes === 0 ? undefined : await runCrewSoak({ kills: processes, seed });
  if (crew !== undefined) console.log(JSON.stringify({ seed, ...crew }, null, 2));
  process.exit(crew === undefined || crew.faults.length === 0 ? objects : 1);
}
const bug = bugs.find(({ name }) => name === values.bug);
if (values.bug !== undefined && bug === undefined) {
  throw new Error(`There is no bug "${values.bug}". The bugs are: ${bugs.map(({ name }) => name).join(", ")}.`);
}
if (values.planted) process.exit((await arePlantedCaught({ kills, seed })) ? 0 : 1);
console.log(`soak of ${kills} kills with seed ${seed}${bug === undefined ? "" : ` and the bug ${bug.name}`}`);
const messages = values.messages === undefined ? undefined : Number(values.messages);
if (messages !== undefined && !(Number.isInteger(messages) && messages > 0))
  throw new Error("--messages must be a whole number above 0.");
const report = await runSoak({ kills, seed, bug, messages });
console.log(reportText(report));
const isCaught = bug !== undefined && caught(bug, report.violations) !== undefined;
if (bug !== undefined) console.log(isCaught ? `caught ${bug.name}` : `did not catch ${bug.name}`);
process.exitCode = isCaught || (bug === undefined && report.violations.length === 0) ? 0 : 1;
