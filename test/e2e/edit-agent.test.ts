import { execFile } from "node:child_process";
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const run = promisify(execFile);
const longestMs = 15_000;

/** A copy of this checkout that may be edited, with this one's packages. */
async function copyOfCheckout(): Promise<string> {
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
  await writeFile(join(folder, "src/app/worker.ts"), worker);
  await writeFile(join(folder, "src/app/agents/assistant.ts"), agentWith("first-model"));
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
  const folder = await copyOfCheckout();
  try {
    const dev = await startDev({ folder, app: "users" });
    try {
      const models = async (): Promise<string> =>
        (await reach(`${dev.url}/v1/models`, { headers: { Authorization: "Bearer dev-key" } })).text();
      expect(await models()).not.toContain("another-model");
      const agent = join(folder, "src/app/agents/assistant.ts");
      await writeFile(agent, agentWith("another-model"));
      const beganMs = Date.now();
      while (!(await models()).includes("another-model")) {
        if (Date.now() - beganMs > longestMs) throw new Error(`the edit is not served:\n${dev.logs()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      console.log(`reloaded after ${Date.now() - beganMs} ms`);
    } finally {
      await dev.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
