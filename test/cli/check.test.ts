import { expect, it } from "vitest";
import { projectFaults, type WorkerModule, type WranglerConfig } from "../../src/cli/check.ts";

const config: WranglerConfig = {
  main: "src/worker.ts",
  triggers: { crons: ["0 9 * * 1-5"] },
  durable_objects: {
    bindings: [
      { name: "SESSIONS", class_name: "Session" },
      { name: "ACCOUNTS", class_name: "Account" },
    ],
  },
  kv_namespaces: [{ binding: "PREFIXES" }],
  ratelimits: [{ name: "RATE_LIMIT" }],
};
const worker: WorkerModule = { default: { crons: ["0 9 * * 1-5"] }, Session: class {}, Account: class {} };

it("[PACKAGE-4] a Worker and a configuration that fit together have no faults", () => {
  expect(projectFaults(config, worker)).toEqual([]);
});

const wrong: [what: string, config: WranglerConfig, worker: WorkerModule, says: string][] = [
  [
    "a schedule without its cron",
    config,
    { ...worker, default: { crons: ["0 9 * * 1-5", "0 8 * * *"] } },
    '- A schedule\'s cron is not there: put crons = ["0 9 * * 1-5","0 8 * * *"] under [triggers].',
  ],
  ["a cron of no schedule", config, { ...worker, default: { crons: [] } }, '- No schedule has the cron "0 9 * * 1-5"'],
  ["a Worker that is no app", config, { ...worker, default: {} }, "- The Worker's default export is no app"],
  ["a class that is not exported", config, { ...worker, Account: undefined }, "- The Worker does not export Account"],
  [
    "no binding of a class",
    { ...config, durable_objects: { bindings: [] } },
    worker,
    "Session is not bound as SESSIONS",
  ],
  ["no KV namespace", { ...config, kv_namespaces: [] }, worker, "- There is no KV namespace PREFIXES."],
  ["no rate limit", { ...config, ratelimits: [] }, worker, "- There is no rate limit RATE_LIMIT."],
];
it.each(wrong)("[PACKAGE-4] %s is named, with what to do", (_, config, worker, says) => {
  expect(projectFaults(config, worker).join("\n")).toContain(says);
});
