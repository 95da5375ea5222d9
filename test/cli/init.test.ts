import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Edits } from "../../src/cli/dev.ts";
import { init } from "../../src/cli/init.ts";
import { UsageError } from "../../src/cli/usage.ts";

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
    expect(read("my-agent/src/agents/assistant.ts")).toBe(readFileSync("src/cli/starter/assistant.ts", "utf8"));
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
      expect(() => init([join(folder, name)])).toThrow(UsageError);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it("[PACKAGE-2] says how it is called when it is not told where", () => {
    expect(() => init([])).toThrow(/Usage: longline init FOLDER/);
    init(["--help"]);
    expect(said).toContain("--from SPEC");
  });

  it("[PACKAGE-2] refuses a second folder, and writes nothing", () => {
    expect(() => init([join(folder, "a"), join(folder, "b")])).toThrow(/One folder at a time, so nothing was written/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("[PACKAGE-1] a tarball beside the caller is named from the project on", () => {
    const at = process.cwd();
    try {
      process.chdir(folder);
      writeFileSync(join(folder, "longline.tgz"), "");
      init(["in/my-agent", "--from", "./longline.tgz"]);
      expect(JSON.parse(read("in/my-agent/package.json")).dependencies.longline).toBe("file:../../longline.tgz");
    } finally {
      process.chdir(at);
    }
  });

  it("[PACKAGE-1] a path with spaces is shown as it must be typed", () => {
    init([join(folder, "my projects/my-agent")]);
    expect(said).toContain(`cd "${join(folder, "my projects/my-agent")}"`);
  });

  it.each([
    [["--version"], /^\d+\.\d+\.\d+\n$/, 0],
    [["init", "x", "--bogus"], /^Unknown option '--bogus'/, 1],
    [["nothing"], /^There is no command "nothing"/, 1],
  ])("[PACKAGE-5] longline %j answers in words, without a stack", (args, answer, code) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["src/cli/longline.ts", ...args], {
      encoding: "utf8",
    });
    expect([(stdout + stderr).replace(/^\(.*|.*ExperimentalWarning.*\n/gm, ""), status]).toEqual([
      expect.stringMatching(answer),
      code,
    ]);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });
});

describe("longline dev", () => {
  it("[PACKAGE-6] waits for an edit after a mistake, and not where it was edited before wrangler was gone", async () => {
    const edits = new Edits(folder);
    try {
      edits.saved(10_000);
      edits.saved(10_050);
      let isOver = false;
      const waits = edits.next(12_000).then(() => (isOver = true));
      await new Promise(setImmediate);
      expect(isOver).toBe(false);
      writeFileSync(join(folder, "agent.ts"), "fixed");
      await waits;
      edits.saved(20_000);
      edits.saved(21_000);
      await edits.next(22_000);
    } finally {
      edits.close();
    }
  });
});
