import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const exec = promisify(execFile);
let folder: string;
let project: string;

/** As a user types it, in an empty folder. npm takes what its cache has, and else asks the registry. */
async function run(command: string, args: string[], cwd: string, more: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, CI: "true", npm_config_prefer_offline: "true", npm_config_audit: "false", ...more };
  const { stdout, stderr } = await exec(command, args, { cwd, env, maxBuffer: 16_777_216 });
  return stdout + stderr;
}

/** Commands that run from that folder's packages. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await exec("ps", ["-eo", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(join(folder, "node_modules")));
}

/** Files that a document shows, by their paths in a project. */
async function filesOf(document: string): Promise<Map<string, string>> {
  const text = await readFile(document, "utf8");
  return new Map(
    [...text.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, path = "", code = ""]) => [path, code]),
  );
}

async function write(files: Iterable<[string, string]>): Promise<void> {
  for (const [path, code] of files) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), code);
  }
}

beforeAll(async () => {
  folder = await freshFolder();
  project = join(folder, "my-agent");
  await run("npm", ["pack", "--silent", "--pack-destination", folder], resolve("."));
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const tarball = `file:${join(folder, `longline-${version}.tgz`)}`;
  const line = "npx --yes --package ./longline-*.tgz longline init ../my-agent --from ./longline-*.tgz";
  expect(await readFile("README.md", "utf8")).toContain(line);
  const init = ["--yes", "--package", tarball, "longline", "init", "my-agent", "--from", tarball];
  // Its own Node is there already, and takes 100 MB.
  await run("npx", init, folder, { npm_config_omit: "optional" });
  await run("npm", ["install", "--no-fund"], project);
}, 180_000);
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

it("[PACKAGE-3] [PACKAGE-7] [DOCS-11] a project that was made from the packed library, with the tools and tests of its README and of the documents, passes its tests and its types, and can be deployed", async () => {
  const files = await filesOf(join(project, "README.md"));
  expect([...files.keys()]).toEqual(["src/tools/refund.ts", "test/refund.test.ts"]);
  for (const name of ["tools", "testing"]) for (const file of await filesOf(`docs/${name}.md`)) files.set(...file);
  expect([...files.keys()].slice(2)).toEqual([
    "src/tools/cancel-order.ts",
    "src/agents/orders.ts",
    "src/agents/shop.ts",
    "test/shop.test.ts",
  ]);
  await write(files);
  // The project's own test, two of its README, five of docs/testing.md.
  expect(await run("npm", ["test"], project)).toMatch(/8 passed/);
  await run("npm", ["run", "check"], project);
  const deployed = await run("npx", ["--no-install", "wrangler", "deploy", "--dry-run"], project);
  expect(deployed).toContain("--dry-run: exiting now.");
  for (const path of files.keys()) await rm(join(project, path));
});

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
});

/** The receiver of docs/webhooks.md; `printed` is what it wrote. */
async function startReceiver(code: string, secret: string) {
  const port = await freePort();
  await writeFile(join(folder, "receiver.ts"), code);
  const env = { ...process.env, CALLBACK_SECRET: secret, PORT: String(port) };
  const child = spawn(process.execPath, ["--no-warnings", "receiver.ts"], { cwd: folder, env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (printed += String(bytes)));
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(isUp).toBe(401);
  return { port, printed: () => printed, stop: () => child.kill() };
}

const secrets = { github: "0123456789abcdef0123456789abcdef", callback: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" };

/** Sends GitHub's event by the command of the document, twice: one turn, and one callback. */
async function followWebhooks(devUrl: string, receiver: { printed(): string }): Promise<void> {
  const document = await readFile("docs/webhooks.md", "utf8");
  const [, command = ""] = /```sh\n(BODY=[\s\S]*?)```/.exec(document) ?? [];
  const script = `SECRET=${secrets.github}\n${command.replaceAll("http://127.0.0.1:8787", devUrl)}`;
  const first = await run("bash", ["-c", script], folder);
  expect(first).toMatch(/HTTP\/1.1 202/);
  expect(first).toMatch(/"session":"hook_github_issue-7","turn":"turn_1"/);
  expect(await run("bash", ["-c", script], folder)).toMatch(/HTTP\/1.1 200[\s\S]*"turn":"turn_1"/);
  const wrong = await run("bash", ["-c", script.replace(secrets.github, "another-secret")], folder);
  expect(wrong).toMatch(/HTTP\/1.1 401/);
  await expect.poll(receiver.printed).toMatch(/^hook_github_issue-7 completed .*391/s);
  expect(receiver.printed().match(/hook_github_issue-7 completed/g)).toHaveLength(1);
}

it("[PACKAGE-3] [PACKAGE-6] [DOCS-11] answers without a key, shows its page, serves an edit of its agent, also after a mistake, and leaves no process; the documents' webhook is called back", async () => {
  const files = await filesOf("docs/webhooks.md");
  const receiver = await startReceiver(files.get("receiver.ts") ?? "", secrets.callback);
  const code = files.get("src/webhooks/github.ts")?.replace("127.0.0.1:4000", `127.0.0.1:${receiver.port}`) ?? "";
  await write(
    new Map([...files, ["src/webhooks/github.ts", code]]).entries().filter(([path]) => path.startsWith("src/")),
  );
  const vars = { WEBHOOK_SECRETS: `github=${secrets.github},callback=${secrets.callback}` };
  const dev = await startDev({ folder: project, app: "users", vars });
  try {
    await followWebhooks(dev.url, receiver);
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
    await expect.poll(models).toContain("another-model");
    // A mistake that ends wrangler itself.
    await writeFile(path, edited.replace("tools: [", "tools: [calculator, "));
    await expect.poll(() => dev.logs()).toContain("It starts again when");
    await expect
      .poll(() => dev.logs())
      .toContain('Two tools are named "calculator". Rename or remove one in the agent.');
    await writeFile(path, edited.replace("another-model", "repaired-model"));
    await expect.poll(models).toContain("repaired-model");
    const own = await processesOf(project);
    expect(own.length).toBeGreaterThan(0);
    process.kill(dev.pid, "SIGTERM");
    await expect.poll(() => processesOf(project)).toEqual([]);
  } finally {
    receiver.stop();
    await dev.stop();
  }
}, 180_000);
