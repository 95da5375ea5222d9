import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { check, projectFaults, type WorkerModule, type WranglerConfig } from "../../src/cli/check.ts";

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
  ["no KV namespace", { ...config, kv_namespaces: [] }, worker, "- There is no KV namespace PREFIXES (kv_namespaces)."],
  ["no rate limit", { ...config, ratelimits: [] }, worker, "- There is no rate limit RATE_LIMIT (ratelimits)."],
];
it.each(wrong)("[PACKAGE-4] %s is named, with what to do", (_, config, worker, says) => {
  expect(projectFaults(config, worker).join("\n")).toContain(says);
});

let folder: string | undefined;
afterEach(() => {
  vi.restoreAllMocks();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

const bindings = (at: string) => `
[[${at}durable_objects.bindings]]
name = "SESSIONS"
class_name = "Session"
[[${at}durable_objects.bindings]]
name = "ACCOUNTS"
class_name = "Account"
[[${at}kv_namespaces]]
binding = "PREFIXES"
id = "a"
[[${at}ratelimits]]
name = "RATE_LIMIT"
namespace_id = "1"
simple = { limit = 1, period = 60 }
`;

it("[PACKAGE-4] each environment is checked, since it inherits no binding, and its faults name its tables", async () => {
  folder = mkdtempSync(join(tmpdir(), "longline-check-"));
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  writeFileSync(
    join(folder, "worker.mjs"),
    "export class Session {}\nexport class Account {}\nexport default { crons: [] };\n",
  );
  const head = `name = "a"\nmain = "worker.mjs"\ncompatibility_date = "2026-10-01"\n`;
  const path = join(folder, "wrangler.toml");
  writeFileSync(path, `${head}${bindings("")}[env.live]\n${bindings("env.live.")}[env.empty]\n`);
  const failed = await check(["--config", path]).catch((error: Error) => error.message);
  expect(printed).toEqual([
    expect.stringMatching(/wrangler\.toml and .*worker\.mjs fit together\.$/),
    expect.stringMatching(/wrangler\.toml \[env\.live\] and .*worker\.mjs fit together\.$/),
  ]);
  expect(failed).toMatch(/\[env\.empty\] and .*worker\.mjs do not fit together:/);
  expect(failed).toContain(
    "- The Durable Object Session is not bound as SESSIONS (env.empty.durable_objects.bindings).",
  );
  expect(failed).toContain("- There is no KV namespace PREFIXES (env.empty.kv_namespaces).");
  expect(failed).toContain("- There is no rate limit RATE_LIMIT (env.empty.ratelimits).");
});
