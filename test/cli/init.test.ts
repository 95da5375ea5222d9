import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { init } from "../../src/cli/init.ts";
import { Usage } from "../../src/cli/usage.ts";

let folder: string;
let said: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longline-init-"));
  said = "";
  vi.spyOn(console, "log").mockImplementation((text: string) => {
    said += text;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const made = (name: string) => readdirSync(join(folder, name), { recursive: true }).map(String).toSorted();
const read = (path: string) => readFileSync(join(folder, path), "utf8");

describe("longline init", () => {
  it("[PACKAGE-1] writes a project: the app of this package, its test, and what it needs to run and be deployed", () => {
    init([join(folder, "my-agent")]);
    expect(made("my-agent").filter((path) => path.includes("."))).toEqual([
      ".dev.vars.example",
      ".gitignore",
      "README.md",
      "package.json",
      "src/agents/assistant.ts",
      "src/worker.ts",
      "test/assistant.test.ts",
      "tsconfig.json",
      "wrangler.toml",
    ]);
    expect(read("my-agent/src/worker.ts")).toContain('import { assistant } from "./agents/assistant.ts";');
    expect(read("my-agent/src/agents/assistant.ts")).toBe(readFileSync("src/app/agents/assistant.ts", "utf8"));
    const own = JSON.parse(readFileSync("package.json", "utf8"));
    const { name, dependencies, devDependencies } = JSON.parse(read("my-agent/package.json"));
    expect([name, dependencies.longline, dependencies.zod]).toEqual([
      "my-agent",
      `^${own.version}`,
      own.dependencies.zod,
    ]);
    expect(Object.keys(devDependencies)).toEqual(["@cloudflare/workers-types", "typescript", "vitest", "wrangler"]);
    const wrangler = read("my-agent/wrangler.toml");
    for (const line of ['name = "my-agent"', 'main = "src/worker.ts"', 'directory = "node_modules/longline/dist/page"'])
      expect(wrangler).toContain(line);
    expect(wrangler).not.toMatch(/\[build\]|src\/app|playground\/app\.tsx/);
    expect(said).toContain("npm run dev");
  });

  it("[PACKAGE-1] installs the library from where it is told", () => {
    init([join(folder, "a"), "--from", "file:../longline.tgz"]);
    expect(JSON.parse(read("a/package.json")).dependencies.longline).toBe("file:../longline.tgz");
  });

  it("[PACKAGE-2] touches no folder that has something in it", () => {
    mkdirSync(join(folder, "mine"));
    writeFileSync(join(folder, "mine/notes.txt"), "keep");
    expect(() => init([join(folder, "mine")])).toThrow(/not empty, so nothing was written/);
    expect(made("mine")).toEqual(["notes.txt"]);
  });

  it.each(["My Agent", "-agent", "agent_1", "a".repeat(55)])(
    "[PACKAGE-2] refuses a name that no Worker can have: %s",
    (name) => {
      expect(() => init([join(folder, name)])).toThrow(Usage);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it("[PACKAGE-2] says how it is called when it is not told where", () => {
    expect(() => init([])).toThrow(/Usage: longline init FOLDER/);
    init(["--help"]);
    expect(said).toContain("--from SPEC");
  });
});
