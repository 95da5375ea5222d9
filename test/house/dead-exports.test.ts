import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("[DEAD-1] nothing is exported, kept or depended on in vain", { timeout: 60_000 }, async () => {
  const knip = promisify(execFile)(process.execPath, ["node_modules/knip/bin/knip.js", "--no-progress"]);
  expect(await knip.catch(({ stdout, stderr }) => ({ stdout, stderr }))).toEqual({ stdout: "", stderr: "" });
});
