import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;

/** Bytes of what wrangler would upload, gzipped. `script`: of the app; the one of `wrangler.toml` when absent. */
async function deployed(script?: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "longline-"));
  try {
    const args = ["--no-install", "wrangler", "deploy", ...(script ? [script] : []), "--dry-run", "--outdir", folder];
    await run("npx", args);
    const files = (await readdir(folder)).filter((name) => /\.m?js$/.test(name));
    expect(files).toHaveLength(1);
    return gzipSync(await readFile(join(folder, files[0] ?? ""))).length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An app that lists this, bundled as wrangler does: its bytes, gzipped, and the files that are in it. */
async function bundle(listed: string): Promise<{ bytes: number; files: string[] }> {
  const contents = `import { admin, aiSdk, alerts, calculator, currentTime, defineAgent, defineTool, demoModel, discord, fetchUrl, longline, mcp, mcpServers, openai, openapi, otel, playground, prefixes, rollouts, sendRequest, slack } from "longline";
    import * as zod from "zod";
    import * as mini from "zod/mini";
    const of = (agent) => defineAgent({ instructions: "Be brief.", ...agent });
    export const { Session, Account } = longline({ ${listed} });`;
  const made = await build({
    stdin: { contents, resolveDir: "src", loader: "ts" },
    ...{ bundle: true, write: false, minify: true, metafile: true, format: "esm", target: "es2024", logLevel: "error" },
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  const [output] = Object.values(made.metafile.outputs);
  const files = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    bytes: gzipSync(made.outputFiles[0]?.contents ?? "").length,
    files: files.map(([path]) => path.replace(/^.*node_modules\//, "")),
  };
}

const bundled = async (listed: string) => (await bundle(listed)).bytes;

/** Most that each adds to the native door, in bytes. */
const features: [name: string, listed: string, most: number][] = [
  ["openai()", "doors: [openai()]", 32_000],
  ["aiSdk()", "doors: [aiSdk()]", 8_000],
  ["playground()", "doors: [playground()]", 2_000],
  ["admin()", "doors: [admin()]", 2_500],
  ["prefixes()", "doors: [prefixes()]", 5_000],
  ["openapi()", "doors: [openapi()]", 23_000],
  ["mcp()", "doors: [mcp()]", 77_000],
  ["slack()", "channels: [slack()]", 26_000],
  ["discord()", "channels: [discord()]", 21_000],
  ["mcpServers()", "mcp: mcpServers()", 80_000],
  ["demoModel()", "demo: demoModel()", 12_000],
  ["rollouts()", "rollouts: rollouts()", 18_000],
  ["otel()", "observe: otel()", 11_000],
  [
    "alerts()",
    "alerts: alerts([{ metric: 'failed_turns', over: 1, windowMinutes: 5, to: 'https://a.example' }])",
    2_000,
  ],
];
const base = "agents: { a: of({}) }";
const tools = "agents: { a: of({ tools: [currentTime, calculator, fetchUrl, sendRequest] }) }";

describe("what is deployed", () => {
  it("[E2E-7] the app that a project begins with is at most 240 KiB gzipped", async () => {
    const bytes = await deployed("src/cli/starter/worker.ts");
    console.log(`starter: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(240 * 1024);
  });

  it("[E2E-7] the app of this checkout, with every door, channel and feature, is at most 443 KiB gzipped", async () => {
    const bytes = await deployed();
    console.log(`all features: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(443 * 1024);
  });

  it("[E2E-7] the native door alone with one tool is at most 182 KiB gzipped", async () => {
    const bytes = await deployed("test/app/native-alone.ts");
    console.log(`native door, one tool: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(182 * 1024);
  });

  it("[E2E-7] a tool that is written in zod, and not in zod/mini, adds at most 13 KiB", async () => {
    const tool = (zod: string) =>
      `agents: { a: of({ tools: [defineTool({ name: "a", description: "A.", input: ${zod}.object({ a: ${zod}.string() }), effect: "none", run: () => "a" })] }) }`;
    const [small, large] = await Promise.all([bundled(tool("mini")), bundled(tool("zod"))]);
    console.log(`one tool in zod/mini: ${kib(small)}, in zod: ${kib(large)}`);
    expect(large - small).toBeLessThanOrEqual(13 * 1024);
  });

  it("[E2E-7] the native door alone carries nothing of what it does not list", async () => {
    const { files } = await bundle(base);
    const parts =
      /channels\/(slack|discord)|doors\/(openai|ai-sdk|mcp|openapi|playground|admin|prefixes)\/|doors\/(otel|alerts)\.|observe\/(send-otlp|otlp-|chat-spans)|tools\/mcp|session\/mcp|model\/demo|^@?modelcontextprotocol|zod-openapi|hono\/dist\/helper\/html|calculator|fetch-url/;
    // The native door takes forms of answers and clients' tools, too, whose schemas are cleaned and checked as those of MCP servers.
    const shared = ["tools/mcp/clean-schema.ts", "tools/mcp/remote-tool.ts"];
    expect(files.filter((path) => parts.test(path) && !shared.includes(path.replace(/^src\//, "")))).toEqual([]);
    expect(
      (await bundle(`${base}, doors: [openai()]`)).files.filter((path) => parts.test(path)).length,
    ).toBeGreaterThan(10);
  });

  it("[E2E-7] each door and channel adds no more than its own weight", async () => {
    const alone = await bundled(base);
    const weights = await Promise.all(
      features.map(async ([name, listed, most]) => {
        const added = (await bundled(`${base}, ${listed}`)) - alone;
        return { name, added, most };
      }),
    );
    const own = (await bundled(tools)) - alone;
    const rows = [...weights, { name: "the four tools", added: own, most: 8_000 }];
    const table = rows.map(({ name, added }) => `| ${name.padEnd(14)} | ${kib(added).padStart(9)} |`);
    console.log([`| native door    | ${kib(alone).padStart(9)} |`, ...table].join("\n"));
    expect(rows.filter(({ added, most }) => added > most)).toEqual([]);
  });
});
