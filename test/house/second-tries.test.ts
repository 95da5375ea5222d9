/** A run of vitest with tests that fail at their first try. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { secondTries } from "./second-tries.ts";

/** Runs tests of which `sometimes` fail at the first try, and `always` at each. The exit code and what was printed. */
async function run({ sometimes, always }: { sometimes: number; always: number }) {
  // Below the checkout: the tests import vitest.
  const folder = await mkdtemp(resolve("node_modules/.second-tries-"));
  try {
    const reporter = JSON.stringify(resolve("test/house/second-tries.ts"));
    const files = {
      "vitest.config.ts": `import { SecondTries, secondTries } from ${reporter};
        export default { test: { reporters: [new SecondTries()], retry: secondTries.retries, include: ["*.test.ts"] } };`,
      "some.test.ts": `import { expect, it } from "vitest";
        const tries = new Map();
        for (let n = 0; n < ${sometimes}; n++) it("sometimes " + n, () => {
          tries.set(n, (tries.get(n) ?? 0) + 1);
          expect(tries.get(n)).toBe(2);
        });
        for (let n = 0; n < ${always}; n++) it("always " + n, () => expect(1).toBe(2));
        it("never", () => {});`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const vitest = resolve("node_modules/vitest/vitest.mjs");
    const env = { ...process.env, NO_COLOR: "1", VITEST: "", VITEST_POOL_ID: "", VITEST_WORKER_ID: "" };
    return await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder], { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

it("[HOUSE-20] a test that passes at its second try is listed with its first failure", async () => {
  const { code, stdout } = await run({ sometimes: 1, always: 0 });
  expect(stdout).toContain("Passed at the second try");
  expect(stdout).toContain("some.test.ts > sometimes 0\n    expected 1 to be 2");
  expect(stdout).not.toContain("never");
  expect(code).toBe(0);
});

it("[HOUSE-20] one that fails twice, or too many that need it, fail the run", async () => {
  const [twice, many, few] = await Promise.all([
    run({ sometimes: 0, always: 1 }),
    run({ sometimes: secondTries.most + 1, always: 0 }),
    run({ sometimes: secondTries.most, always: 0 }),
  ]);
  expect(twice.code).toBe(1);
  expect(twice.stdout).not.toContain("Passed at the second try");
  expect([many.code, few.code]).toEqual([1, 0]);
  expect(many.stdout).toContain("this run fails");
});
