import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { aspects } from "./clients/aspects.ts";

const run = promisify(execFile);
const folder = "test/clients";
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const names = readdirSync(`${folder}/clients`);
const sources = names.map((name) => readFileSync(`${folder}/clients/${name}`, "utf8"));

/** Runs a line of JavaScript as a client's process is run; what it printed, and what the guard says. */
async function asClient(code: string): Promise<string> {
  const preload = `--import=${process.cwd()}/${folder}/only-loopback.ts`;
  const { stdout, stderr } = await run(process.execPath, ["--no-warnings", preload, "--input-type=module", "-e", code]);
  return `${stdout}${stderr}`.trim();
}

describe("the foreign clients", () => {
  it("[CLIENTS-1] have a package of their own with exact versions, which the project does not install", () => {
    const { dependencies } = json(`${folder}/package.json`) as { dependencies: Record<string, string> };
    expect(Object.entries(dependencies).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    expect(json(`${folder}/package-lock.json`).packages[""].dependencies).toEqual(dependencies);
    expect(json("package.json")).not.toHaveProperty("workspaces");
    const named = sources.flatMap((source) => [
      ...(/packages: \[([^\]]+)\]/.exec(source)?.[1] ?? "").matchAll(/"([^"]+)"/g),
    ]);
    expect(named.map(([, name]) => name).filter((name) => dependencies[name ?? ""] === undefined)).toEqual([]);
  });

  it("[CLIENTS-2] say something about every aspect", () => {
    const lacking = sources.flatMap((source, at) => {
      const missing = aspects.filter((aspect) => !new RegExp(`^ {4}(?:async )?${aspect}\\b`, "m").test(source));
      return missing.length > 0 ? [`${names[at]}: ${missing.join(", ")}`] : [];
    });
    expect(lacking).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(20);
  });

  it("[CLIENTS-3] reach this machine alone", async () => {
    const server = createServer((_, response) => response.end("here")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    // 192.0.2.0/24 is for documentation: no host answers there, and without the guard this would wait.
    const [near, far, secure, raw] = await Promise.all([
      asClient(`console.log(await (await fetch("http://127.0.0.1:${port}")).text())`),
      asClient(`console.log(await fetch("http://192.0.2.1").catch(({ cause }) => cause.code))`),
      asClient(`console.log(await fetch("https://example.invalid").catch(({ cause }) => cause.code))`),
      asClient(
        `import { connect } from "node:net"; connect(80, "192.0.2.1").on("error", ({ code }) => console.log(code))`,
      ),
    ]);
    server.close();
    expect(near).toBe("here");
    expect(far).toBe("ECONNREFUSED\nrefused a connection to 192.0.2.1");
    expect(secure).toBe("ECONNREFUSED\nrefused a connection to example.invalid");
    expect(raw).toBe("ECONNREFUSED\nrefused a connection to 192.0.2.1");
  });
});
