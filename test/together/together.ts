/** Runs many files of tests in one Worker: to start one for each takes two seconds of CPU, most of the time of all. Each file begins with empty storage and a Worker that knows no account, as it would alone. */
import { reset } from "cloudflare:test";
import { afterAll, describe } from "vitest";
import { forgetAccounts } from "../app/pool.ts";

/** `files`: by path, as `import.meta.glob` finds them. */
export function together(files: Record<string, () => Promise<unknown>>): void {
  for (const [path, load] of Object.entries(files)) {
    describe(path.replace(/^\.\.\//, "test/"), async () => {
      afterAll(async () => {
        await reset();
        forgetAccounts();
      });
      await load();
    });
  }
}
