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

/** Bytes of an app that lists this, gzipped, bundled as wrangler does. */
async function bundled(listed: string): Promise<number> {
  const contents = `import { aiSdk, calculator, currentTime, defineAgent, demoModel, discord, fetchUrl, longline, mcp, mcpServers, openai, openapi, playground, sendRequest, slack } from "longline";
    const of = (agent) => defineAgent({ instructions: "Be brief.", ...agent });
    export const { Session, Account } = longline({ ${listed} });`;
  const made = await build({
    stdin: { contents, resolveDir: "src", loader: "ts" },
    ...{ bundle: true, write: false, minify: true, format: "esm", target: "es2024", logLevel: "error" },
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  return gzipSync(made.outputFiles[0]?.contents ?? "").length;
}

/** Most that each adds to the native door, in bytes. */
const features: [name: string, listed: string, most: number][] = [
  ["openai()", "doors: [openai()]", 31_000],
  ["aiSdk()", "doors: [aiSdk()]", 8_000],
  ["playground()", "doors: [playground()]", 2_000],
  ["openapi()", "doors: [openapi()]", 14_000],
  ["mcp()", "doors: [mcp()]", 66_000],
  ["slack()", "channels: [slack()]", 26_000],
  ["discord()", "channels: [discord()]", 18_000],
  ["mcpServers()", "mcp: mcpServers()", 67_000],
  ["demoModel()", "demo: demoModel()", 12_000],
];
const base = "agents: { a: of({}) }";
const tools = "agents: { a: of({ tools: [currentTime, calculator, fetchUrl, sendRequest] }) }";

describe("what is deployed", () => {
  it("[E2E-7] the app that a project begins with is at most 240 KiB gzipped", async () => {
    const bytes = await deployed();
    console.log(`starter: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(240 * 1024);
  });

  it("[E2E-7] the native door alone with one tool is at most 178 KiB gzipped", async () => {
    const bytes = await deployed("test/app/native-alone.ts");
    console.log(`native door, one tool: ${kib(bytes)} (${bytes} bytes) gzipped`);
    expect(bytes).toBeLessThanOrEqual(178 * 1024);
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
