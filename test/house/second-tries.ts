/**
 * Tests that failed, were tried once more, and passed. One in 10,000 that fails by the machine's scheduling must not hide what the
 * other 9,999 say; and it must not be hidden itself. So each is listed at the end of a run with its first failure, as a fault to be
 * repaired; where there are more than a few, the run fails.
 */
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";

/** How often a test is tried in one run, and how many may need the second try. */
export const secondTries = { retries: 1, most: 3 } as const;

export class SecondTries implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap(({ children }) => [...children.allTests("passed")]);
    const tried = tests.filter((test) => test.diagnostic()?.flaky);
    if (tried.length === 0) return;
    const report = tried.map(reported);
    if (tried.length > secondTries.most) {
      report.push(`At most ${secondTries.most} tests of a run may need a second try: this run fails.`);
      process.exitCode = 1;
    }
    this.#vitest?.logger.log(["Passed at the second try, each a fault to repair:", ...report].join("\n"));
  }
}

function reported(test: TestCase): string {
  const failures = (test.result().errors ?? []).map(({ message, stacks }) => {
    const [at] = stacks ?? [];
    return `    ${message.replaceAll("\n", "\n    ")}${at ? `\n    at ${at.file}:${at.line}` : ""}`;
  });
  return [`  ${test.module.relativeModuleId} > ${test.fullName}`, ...failures].join("\n");
}
