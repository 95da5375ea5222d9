import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const exec = promisify(execFile);
let folder: string;
let project: string;

/** As a user types it, in an empty folder. npm takes what its cache has, and else asks the registry. */
async function run(command: string, args: string[], cwd: string): Promise<string> {
  const env = { ...process.env, CI: "true", npm_config_prefer_offline: "true", npm_config_audit: "false" };
  const { stdout, stderr } = await exec(command, args, { cwd, env, maxBuffer: 16_777_216 });
  return stdout + stderr;
}

/** Commands that run from that folder's packages. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await exec("ps", ["-eo", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(join(folder, "node_modules")));
}

beforeAll(async () => {
  folder = await freshFolder();
  project = join(folder, "my-agent");
  await run("npm", ["pack", "--silent", "--pack-destination", folder], resolve("."));
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const tarball = `file:${join(folder, `longline-${version}.tgz`)}`;
  const line = "npx --yes --package ./longline-*.tgz longline init ../my-agent --from ./longline-*.tgz";
  expect(await readFile("README.md", "utf8")).toContain(line);
  await run("npx", ["--yes", "--package", tarball, "longline", "init", "my-agent", "--from", tarball], folder);
  await run("npm", ["install", "--no-fund"], project);
}, 180_000);
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

it("[PACKAGE-3] [PACKAGE-7] a project that was made from the packed library, with the tool and the test of its README, passes its tests and its types, and can be deployed", async () => {
  const readme = await readFile(join(project, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  expect(blocks.map(([, path]) => path)).toEqual(["src/tools/refund.ts", "test/refund.test.ts"]);
  await mkdir(join(project, "src/tools"), { recursive: true });
  for (const [, path = "", code = ""] of blocks) await writeFile(join(project, path), code);
  // Its own test is one of them.
  expect(await run("npm", ["test"], project)).toMatch(/3 passed/);
  await run("npm", ["run", "check"], project);
  const deployed = await run("npx", ["--no-install", "wrangler", "deploy", "--dry-run"], project);
  expect(deployed).toContain("--dry-run: exiting now.");
  for (const [, path = ""] of blocks) await rm(join(project, path));
}, 90_000);

it("[PACKAGE-8] the packed command evaluates the project's agent, with its own scorers, and finds its recordings again", async () => {
  await mkdir(join(project, "evals"));
  const line = { id: "sum", input: "What is 17 * 23?", live: ["calculator"], expect: { numbers: [391], own: "short" } };
  await writeFile(join(project, "evals/cases.jsonl"), JSON.stringify(line));
  const scorers = `import type { Scorer } from "longline/test";\nexport const short: Scorer = ({ answer }) => answer.length < 600;\n`;
  await writeFile(join(project, "evals/scorers.ts"), scorers);
  expect(await run("npm", ["run", "eval", "--", "--save-baseline", "main"], project)).toContain("1 of 1 cases pass");
  await run("env", ["LONGLINE_CASSETTE=record", "npm", "run", "eval"], project);
  expect(await run("npm", ["run", "eval", "--", "--kill-every", "step"], project)).toContain("nothing is done twice");
  await rm(join(project, "evals"), { recursive: true });
}, 60_000);

it("[PACKAGE-3] [PACKAGE-6] answers without a key, shows its page, serves an edit of its agent, also after a mistake, and leaves no process", async () => {
  const dev = await startDev({ folder: project, app: "users" });
  try {
    const headers = { Authorization: "Bearer dev-key", "Content-Type": "application/json" };
    const body = JSON.stringify({ content: "What is 17 * 23?" });
    const answer = await reach(`${dev.url}/v1/sessions/first/messages`, { method: "POST", headers, body });
    expect(((await answer.json()) as { message: { content: string } }).message.content).toContain("391");
    expect((await reach(`${dev.url}/playground/app.js`)).headers.get("content-type")).toContain("javascript");
    const path = join(project, "src/agents/assistant.ts");
    const source = await readFile(path, "utf8");
    const edited = source.replace(/models: \[(.*)\],/, 'models: [$1, { id: "another-model" }],');
    await writeFile(path, edited);
    const models = async () =>
      fetch(`${dev.url}/v1/models`, { headers }).then(
        (answered) => answered.text(),
        () => "",
      );
    await expect.poll(models, { timeout: 15_000 }).toContain("another-model");
    // A mistake that ends wrangler itself.
    await writeFile(path, edited.replace("tools: [", "tools: [calculator, "));
    await expect.poll(() => dev.logs(), { timeout: 15_000 }).toContain("It starts again when");
    expect(dev.logs()).toContain('Two tools are named "calculator". Rename or remove one in the agent.');
    await writeFile(path, edited.replace("another-model", "repaired-model"));
    await expect.poll(models, { timeout: 30_000 }).toContain("repaired-model");
    const own = await processesOf(project);
    expect(own.length).toBeGreaterThan(0);
    process.kill(dev.pid, "SIGTERM");
    await expect.poll(() => processesOf(project), { timeout: 15_000 }).toEqual([]);
  } finally {
    await dev.stop();
  }
}, 120_000);
