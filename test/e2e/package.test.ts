import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
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

beforeAll(async () => {
  folder = await freshFolder();
  project = join(folder, "my-agent");
  await run("npm", ["pack", "--silent", "--pack-destination", folder], resolve("."));
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const tarball = `file:${join(folder, `longline-${version}.tgz`)}`;
  await run("npx", ["--yes", "--package", tarball, "longline", "init", "my-agent", "--from", tarball], folder);
  await run("npm", ["install", "--no-fund"], project);
}, 180_000);
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

it("[PACKAGE-3] a project that was made from the packed library passes its own test and its types, and can be deployed", async () => {
  expect(await run("npm", ["test"], project)).toMatch(/1 passed/);
  await run("npm", ["run", "check"], project);
  const deployed = await run("npx", ["--no-install", "wrangler", "deploy", "--dry-run"], project);
  expect(deployed).toContain("--dry-run: exiting now.");
}, 60_000);

it("[PACKAGE-3] answers without a key, shows its page, and serves an edit of its agent", async () => {
  const dev = await startDev({ folder: project, app: "users" });
  try {
    const headers = { Authorization: "Bearer dev-key", "Content-Type": "application/json" };
    const body = JSON.stringify({ content: "What is 17 * 23?" });
    const answer = await reach(`${dev.url}/v1/sessions/first/messages`, { method: "POST", headers, body });
    expect(((await answer.json()) as { message: { content: string } }).message.content).toContain("391");
    expect((await reach(`${dev.url}/playground/app.js`)).headers.get("content-type")).toContain("javascript");
    const path = join(project, "src/agents/assistant.ts");
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace(/models: \[(.*)\],/, 'models: [$1, { id: "another-model" }],'));
    const models = async () => (await reach(`${dev.url}/v1/models`, { headers })).text();
    await expect.poll(models).toContain("another-model");
  } finally {
    await dev.stop();
  }
}, 60_000);
