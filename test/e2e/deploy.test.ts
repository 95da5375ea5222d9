import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

/** Bytes of what wrangler would upload of an app, gzipped. */
async function deployed(script: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "longline-"));
  try {
    await run("npx", ["--no-install", "wrangler", "deploy", script, "--dry-run", "--outdir", folder]);
    const files = (await readdir(folder)).filter((name) => /\.m?js$/.test(name));
    expect(files).toHaveLength(1);
    return gzipSync(await readFile(join(folder, files[0] ?? ""))).length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A module that lists this. */
const appOf = (
  listed: string,
) => `import { admin, aiSdk, alerts, calculator, callbacks, copies, currentTime, defineAgent, defineTool, demoModel, discord, fetchUrl, jsonSchemas, longline, longTools, mcp, mcpServers, openai, openapi, otel, playground, prefixes, rollouts, schedules, sendRequest, slack, traces, webhooks } from "longline";
import * as zod from "zod";
import * as mini from "zod/mini";
const of = (agent) => defineAgent({ instructions: "Be brief.", ...agent });
export const { Session, Account } = longline({ ${listed} });`;

/** What apps weigh: bytes, gzipped, and the files that are in each. */
type Bundles = ReadonlyMap<string, { bytes: number; files: string[] }>;

/** The apps by name, bundled as wrangler does, all at once: each file is parsed once. `apps`: a script, or what it lists. */
async function bundlesOf(apps: Readonly<Record<string, { script: string } | { listed: string }>>): Promise<Bundles> {
  const names = Object.keys(apps);
  const made = await build({
    entryPoints: names.map((name, place) => ({ in: `app:${name}`, out: String(place) })),
    plugins: [
      {
        name: "apps",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^app:/ }, ({ path }) => ({ path: path.slice("app:".length), namespace: "app" }));
          onLoad({ filter: /./, namespace: "app" }, ({ path }) => {
            const app = apps[path] ?? { listed: "" };
            const contents =
              "listed" in app
                ? appOf(app.listed)
                : `export * from ${JSON.stringify(resolve(app.script))};
              export { default } from ${JSON.stringify(resolve(app.script))};`;
            return { contents, resolveDir: "src", loader: "ts" };
          });
        },
      },
    ],
    ...{ bundle: true, write: false, minify: true, metafile: true, format: "esm", target: "es2024", logLevel: "error" },
    outdir: "out",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  const outputs = Object.values(made.metafile.outputs);
  return new Map(
    names.map((name, place) => {
      const files = Object.entries(outputs[place]?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      return [
        name,
        {
          bytes: gzipSync(made.outputFiles[place]?.contents ?? "").length,
          files: files.map(([path]) => path.replace(/^.*node_modules\//, "")),
        },
      ];
    }),
  );
}

/** Most that each adds to the native door, in bytes. */
const features: [name: string, listed: string, most: number][] = [
  ["jsonSchemas()", "doors: [jsonSchemas()]", 17_000],
  ["openai()", "doors: [openai()]", 50_150],
  ["aiSdk()", "doors: [aiSdk()]", 25_700],
  ["playground()", "doors: [playground()]", 3_200],
  ["admin()", "doors: [admin()]", 2_900],
  ["copies()", "doors: [copies()]", 9_250],
  ["callbacks()", "doors: [callbacks()]", 5_500],
  ["webhooks()", "doors: [webhooks()]", 4_700],
  ["prefixes()", "doors: [prefixes()]", 3_300],
  ["openapi()", "doors: [openapi()]", 36_800],
  ["mcp()", "doors: [mcp()]", 84_000],
  ["slack()", "channels: [slack()]", 31_500],
  ["discord()", "channels: [discord()]", 27_600],
  ["mcpServers()", "mcp: mcpServers()", 100_600],
  ["demoModel()", "demo: demoModel()", 12_000],
  ["schedules()", "doors: [schedules()]", 5_200],
  ["rollouts()", "rollouts: rollouts()", 19_500],
  ["longTools()", "longTools: longTools()", 7_000],
  ["traces()", "observe: traces()", 5_650],
  ["otel()", "observe: otel()", 11_150],
  [
    "alerts()",
    "alerts: alerts([{ metric: 'failed_turns', over: 1, windowMinutes: 5, to: 'https://a.example' }]), doors: [callbacks()]",
    7_000,
  ],
];
const base = "agents: { a: of({}) }";
const tools = "agents: { a: of({ tools: [currentTime, calculator, fetchUrl, sendRequest] }) }";
const oneTool = (zod: string) =>
  `agents: { a: of({ tools: [defineTool({ name: "a", description: "A.", input: ${zod}.object({ a: ${zod}.string() }), effect: "none", run: () => "a" })] }) }`;
const starter = "src/cli/starter/worker.ts";

let bundles: Bundles;
const bytesOf = (name: string) => bundles.get(name)?.bytes ?? Number.NaN;
beforeAll(async () => {
  bundles = await bundlesOf({
    starter: { script: starter },
    everything: { script: "src/app/worker.ts" },
    "native door, one tool": { script: "test/app/native-alone.ts" },
    "native door": { listed: base },
    "the four tools": { listed: tools },
    "one tool in zod/mini": { listed: oneTool("mini") },
    "one tool in zod": { listed: oneTool("zod") },
    ...Object.fromEntries(features.map(([name, listed]) => [name, { listed: `${base}, ${listed}` }])),
  });
});

describe("what is deployed", () => {
  it("[E2E-7] the app that a project begins with is at most 240 KiB gzipped, and what is bundled here is what wrangler deploys", async () => {
    const bytes = await deployed(starter);
    console.log(`starter: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(240 * 1024);
    expect(Math.abs(bytes - bytesOf("starter"))).toBeLessThan(1_000);
  });

  it.each([
    ["everything", 471],
    ["native door, one tool", 157],
  ])("[E2E-7] %s is at most %s KiB gzipped", (name, most) => {
    console.log(`${name}: ${kib(bytesOf(name))} (${bytesOf(name)} bytes) gzipped`);
    expect(bytesOf(name)).toBeLessThanOrEqual(most * 1024);
  });

  it("[E2E-7] with a tool that is written in zod, and not in zod/mini, the native door is at most 174 KiB", () => {
    const [small, large] = [bytesOf("one tool in zod/mini"), bytesOf("one tool in zod")];
    console.log(`one tool in zod/mini: ${kib(small)}, in zod: ${kib(large)}`);
    expect(large).toBeLessThanOrEqual(174 * 1024);
  });

  it("[E2E-7] the native door alone carries nothing of what it does not list", () => {
    const parts =
      /channels\/(slack|discord|callback|signature)|deliver\/(courier|reply)|core\/(reconcile|legal)|session\/store\/copying|doors\/channels\/(channels|webhooks|callbacks|deliveries)|doors\/(openai|ai-sdk|mcp|openapi|playground|admin|prefixes|copies)\/|doors\/(otel|traces|alerts)\.|observe\/(send-otlp|otlp-|chat-spans)|tools\/mcp|tools\/steps\/(steps|replay|step-error)|session\/(store\/(signals|step-writer)|submit\/take-signal|turn\/call-steps)|session\/mcp|model\/demo|^@?modelcontextprotocol|^@cfworker|core\/(schema|pattern)-|client-tool|zod-openapi|hono\/dist\/helper\/html|calculator|fetch-url/;
    const { files } = bundles.get("native door") ?? { files: ["none"] };
    expect(files.filter((path) => parts.test(path))).toEqual([]);
    const { files: more } = bundles.get("openai()") ?? { files: [] };
    expect(more.filter((path) => parts.test(path)).length).toBeGreaterThan(10);
  });

  it("[E2E-7] an app that makes traces sends them, metrics and events with at most 6 KiB more", () => {
    const added = bytesOf("otel()") - bytesOf("traces()");
    console.log(`otel() adds to traces(): ${kib(added)}`);
    expect(added).toBeLessThanOrEqual(6 * 1024);
  });

  it("[E2E-7] each door and channel adds no more than its own weight", () => {
    const alone = bytesOf("native door");
    const rows = [...features, ["the four tools", tools, 8_000] as const].map(([name, , most]) => {
      return { name, added: bytesOf(name) - alone, most };
    });
    const table = rows.map(({ name, added }) => `| ${name.padEnd(14)} | ${kib(added).padStart(9)} |`);
    console.log([`| native door    | ${kib(alone).padStart(9)} |`, ...table].join("\n"));
    expect(rows.filter(({ added, most }) => !(added <= most))).toEqual([]);
  });
});
