import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/house/longest-first.ts";
import { SecondTries, secondTries } from "./test/house/second-tries.ts";
import { keepFilesInMemory } from "./test/support/files-in-memory.ts";

keepFilesInMemory();

/** Tests that need no Workers runtime, of folders whose other tests do: readers and writers of doors, and rows over Node's SQLite. */
const pure = "test/{account,doors,session}/**/pure/*.test.ts";
/** For every project: these end what hangs, and no test on a machine that has other work. */
const patient = {
  setupFiles: ["test/support/patient-waits.ts"],
  expect: { poll: { timeout: 40_000 } },
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // One of 9,000 that fails by scheduling is listed at the end of the run (HOUSE-20).
  retry: secondTries.retries,
};
/** The seed of random delays in the Workers runtime; see CONTRIBUTING. */
const stutter = process.env.LONGLINE_STUTTER;
const inPool = [
  ...patient.setupFiles,
  ...(stutter === undefined ? [] : ["test/support/stutter.ts"]),
  "test/support/ended-turns.ts",
];
/** Rooms whose tests need the Workers runtime (Durable Objects, SQLite, HTMLRewriter); the others run in Node. */
export const inWorkers: readonly string[] = [
  "test/session/**/*.test.ts",
  "test/account/**/*.test.ts",
  "test/delegation/**/*.test.ts",
  "test/tools/**/*.test.ts",
  "test/doors/**/*.test.ts",
];
/** All of them in a few Workers; each file in one of its own where files are named. */
const isNamed = process.argv.slice(2).some((word) => /^(?:\.\/)?test\/|\.test/.test(word));
const worker = isNamed ? [...inWorkers, "test/together/*.test.ts"] : ["test/together/*.test.ts"];
const node = [
  "src/app/**/*.test.ts",
  "test/core/**/*.test.ts",
  "test/agent/**/*.test.ts",
  "test/test-kit/**/*.test.ts",
  "test/cli/**/*.test.ts",
  "test/model/**/*.test.ts",
  "test/observe/**/*.test.ts",
  "test/http/**/*.test.ts",
  "test/wire/**/*.test.ts",
  pure,
  "test/prefix-cache/**/*.test.ts",
  "test/channels/**/*.test.ts",
  "test/live/**/*.test.ts",
  "test/playground/**/*.test.ts",
  "test/api/**/*.test.ts",
  "test/types/**/*.test.ts",
  "test/replay/**/*.test.ts",
  "test/rollout/**/*.test.ts",
  "test/*.test.ts",
];

const inTree = (path: string) => new URL(path, import.meta.url).pathname;
const alias = [
  { find: /^longline$/, replacement: inTree("src/index.ts") },
  { find: /^longline\/test$/, replacement: inTree("src/test.ts") },
  { find: /^cloudflare:workers$/, replacement: inTree("src/test-kit/no-workers.ts") },
];

export default defineConfig({
  test: {
    // Three for each core of the smallest machine: tests of real processes mostly wait, and so do many in the Workers runtime.
    maxWorkers: 6,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new SecondTries()],
    projects: [
      {
        // The app imports the library by its name, and there is no Worker here.
        resolve: { alias },
        test: {
          ...patient,
          name: "unit",
          include: node,
          exclude: ["test/house.test.ts"],
          isolate: false,
        },
      },
      { test: { name: "house", include: ["test/house.test.ts", "test/house/*.test.ts"], testTimeout: 60_000 } },
      {
        plugins: [
          cloudflareTest({
            // The tests' own app: they survive any edit of the one in src/app.
            main: "./test/app/pool.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              // Sessions of an app whose channel and door are not of the library.
              durableObjects: {
                TOY_SESSIONS: { className: "ToySession", useSQLite: true },
                // Those of an app with a collector and an alert.
                OBSERVED_SESSIONS: { className: "ObservedSession", useSQLite: true },
                OBSERVED_ACCOUNTS: { className: "ObservedAccount", useSQLite: true },
                // Those of an app whose agents call one another.
                CREW_SESSIONS: { className: "CrewSession", useSQLite: true },
                CREW_ACCOUNTS: { className: "CrewAccount", useSQLite: true },
              },
              bindings: {
                // Kills of objects in the soak of agents that call agents; see CONTRIBUTING.
                SOAK_KILLS: process.env.LONGLINE_SOAK_KILLS ?? "6",
                // How many ways to hold a call between objects are played of each story; see CONTRIBUTING.
                HOLDS: process.env.LONGLINE_HOLDS ?? "1",
                SOAK_SEED: process.env.LONGLINE_SOAK_SEED ?? "",
                STUTTER: stutter ?? "",
                PAGER_KEY: "pager-key-1",
                LINES_LONGEST: "40",
                API_KEY: "test-key",
                ADMIN_KEY: "test-admin-key-16",
                MODEL_BASE_URL: "http://127.0.0.1:9/v1",
                ALLOWED_ORIGINS: "https://app.example",
                ...(process.env.SIMULATED_ROLLOUTS !== undefined && {
                  SIMULATED_ROLLOUTS: process.env.SIMULATED_ROLLOUTS,
                }),
                MODEL_RETRIES: "1",
                MODEL_RETRY_BASE_MS: "0",
                WEBHOOK_SECRETS:
                  "plain=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,git=its-a-secret,git=the-next-secret,pay=whsec_one,pay=whsec_two,orders=secret-of-this-one,orders_eu=secret-of-this-one,shop_eu=secret-of-this-one",
              },
            },
          }),
        ],
        test: {
          ...patient,
          // What fails by a delay is to be seen.
          retry: stutter === undefined ? patient.retry : 0,
          setupFiles: inPool,
          name: "worker",
          include: worker,
          exclude: [pure],
        },
      },
      {
        test: {
          ...patient,
          name: "e2e",
          // A process for each of the workers, and not for each file: to start one takes a second of CPU.
          isolate: false,
          // wrangler, npm and the servers of tests are started a hundred times: what Node has compiled of them is kept.
          env: { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") },
          globalSetup: "test/support/bundle-once.ts",
          include: ["test/e2e/**/*.test.ts", "test/soak/**/*.test.ts"],
        },
      },
    ],
  },
});
