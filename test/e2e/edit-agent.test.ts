import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);

/** A copy of this checkout that may be edited, with this one's packages and `app` in `src/app`. */
async function copyOfCheckout(app: Record<string, string>): Promise<string> {
  const folder = await freshFolder();
  const { stdout } = await run("git", [
    "ls-files",
    "--cached",
    "--others",
    "--exclude-standard",
    "src",
    "*.toml",
    "*.json",
  ]);
  const paths = stdout
    .trim()
    .split("\n")
    .filter((path) => !path.startsWith("test/"));
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(path, join(folder, path));
  }
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries(app)) await writeFile(join(folder, "src/app", path), text);
  return folder;
}

/** An app of this test's own in the place of src/app: what stands there is its owner's to change. */
const worker = `import { longline, openai } from "longline";
import { assistant } from "./agents/assistant.ts";

const app = longline({ agents: { assistant }, doors: [openai()] });
export const { Session, Account } = app;
export default app;
`;
const agentWith = (model: string) => `import { defineAgent } from "longline";

export const assistant = defineAgent({ instructions: "Answer.", models: [{ id: "${model}" }] });
`;

it("[E2E-19] an edit of the agent under npm run dev is served without a restart", async () => {
  const folder = await copyOfCheckout({ "worker.ts": worker, "agents/assistant.ts": agentWith("first-model") });
  try {
    const dev = await startDev({ folder, app: "users" });
    try {
      const models = async (): Promise<string> =>
        (await reach(`${dev.url}/v1/models`, { headers: { Authorization: "Bearer dev-key" } })).text();
      expect(await models()).not.toContain("another-model");
      const agent = join(folder, "src/app/agents/assistant.ts");
      await writeFile(agent, agentWith("another-model"));
      const served = async () => ((await models()).includes("another-model") ? "the edit" : dev.logs());
      await expect.poll(served, { interval: 100 }).toBe("the edit");
    } finally {
      await dev.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

const withParts = `import { demoModel, longline } from "longline";
import { assistant } from "./agents/assistant.ts";
import { pager } from "./toy-channel.ts";
import { lines } from "./toy-door.ts";

const app = longline({ agents: { assistant }, doors: [lines()], channels: [pager()], demo: demoModel() });
export const { Session, Account } = app;
export default app;
`;

it("[APP-8] a door and a channel in a folder of an app's own import the public face alone, and each runs a message", async () => {
  const parts = await Promise.all(
    ["toy-door.ts", "toy-channel.ts"].map(
      async (name) => [name, await readFile(join("test/app", name), "utf8")] as const,
    ),
  );
  for (const [, text] of parts)
    expect([...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from)).toEqual(["longline", "zod"]);
  const folder = await copyOfCheckout({
    ...Object.fromEntries(parts),
    ...{ "worker.ts": withParts, "agents/assistant.ts": agentWith("first-model") },
  });
  try {
    const dev = await startDev({ folder, app: "users", vars: { PAGER_KEY: "pager-key-1" } });
    try {
      const key = { Authorization: "Bearer dev-key" };
      const body = "What is 17 * 23?";
      const lines = await reach(`${dev.url}/lines/sums`, { method: "POST", headers: key, body });
      // Which words come in one event is a matter of time.
      expect((await lines.text()).replaceAll("\n\ndata: ", "")).toMatch(/You wrote[\s\S]*-- completed/);
      const page = await reach(`${dev.url}/channels/pager`, {
        method: "POST",
        headers: { "X-Pager-Key": "pager-key-1" },
        body: JSON.stringify({ from: "ann", id: "1", text: "Hello" }),
      });
      const { session, turn } = (await page.json()) as { session: string; turn: string };
      expect(session).toBe("pager_ann");
      const at = `${dev.url}/v1/sessions/${session}/turns/${turn}`;
      const status = async () => ((await (await reach(at, { headers: key })).json()) as { status: string }).status;
      await expect.poll(status).toBe("completed");
    } finally {
      await dev.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
