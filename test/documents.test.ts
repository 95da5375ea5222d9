import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);

/** A piece of code in a document: where it begins, and the section it is in. */
interface Block {
  document: string;
  line: number;
  section: string;
  code: string;
}

/** The TypeScript and JavaScript blocks of a document; shell commands are run elsewhere. */
function blocksOf(document: string, text: string): Block[] {
  const found: Block[] = [];
  let section = "";
  let open: { line: number; code: string[] } | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    if (open === undefined) {
      if (/^#{1,6} /.test(line)) section = line;
      if (/^```(?:ts|tsx|js|jsx)\b/.test(line)) open = { line: at + 2, code: [] };
    } else if (/^```/.test(line)) {
      found.push({ document, line: open.line, section, code: open.code.join("\n") });
      open = undefined;
    } else {
      open.code.push(line);
    }
  }
  return found;
}

/** A block that begins with the path of its file is that file. */
const named = /^\/\/ ([\w./-]+\.tsx?)\n/;

/** What is in a project before a reader adds the files of a document to it. */
const begun = { "src/agents/assistant.ts": "src/cli/starter/assistant.ts" } as const;

/** The other blocks of a section are one file, since a reader types them one below the other. Empty lines keep the line numbers. */
function filesOf(blocks: readonly Block[]): Map<string, string> {
  const isNamed = ({ code }: Block) => named.test(`${code}\n`);
  const sections = Map.groupBy(
    blocks.filter((block) => !isNamed(block)),
    ({ document, section }) => `${document} ${section}`,
  );
  const files = new Map<string, string>();
  for (const { document, line, code } of blocks.filter(isNamed)) {
    const [, path = ""] = named.exec(code) ?? [];
    files.set(join(document.replace(/\.md$/, ""), path), `${"\n".repeat(line - 1)}${code}\nexport {};\n`);
  }
  for (const parts of sections.values()) {
    const { document, line } = parts[0] as Block;
    const lines: string[] = [];
    for (const part of parts) {
      while (lines.length < part.line - 1) lines.push("");
      lines.push(...part.code.split("\n"));
    }
    files.set(`${document.replace(/\.md$/, "")}-${line}.tsx`, `${lines.join("\n")}\nexport {};\n`);
  }
  return files;
}

/** For each document that shows the project's Worker and not its first agent. */
function begunFiles(files: ReadonlyMap<string, string>): [path: string, text: string][] {
  const projects = [...files.keys()].flatMap((path) => /^(.*)\/src\/worker\.ts$/.exec(path)?.[1] ?? []);
  return projects.flatMap((project) =>
    Object.entries(begun).flatMap(([path, source]): [string, string][] =>
      files.has(join(project, path)) ? [] : [[join(project, path), readFileSync(source, "utf8")]],
    ),
  );
}

/** Type errors in these files, which import as if each were beside its document. */
async function compile(files: ReadonlyMap<string, string>): Promise<string[]> {
  await mkdir(".wrangler", { recursive: true });
  const folder = resolve(await mkdtemp(join(".wrangler", "documents-")));
  try {
    for (const [path, code] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), code);
    }
    for (const [path, text] of begunFiles(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const up = relative(folder, resolve("."));
    const config = {
      extends: `${up}/tsconfig.json`,
      compilerOptions: {
        rootDirs: [".", up],
        jsx: "react-jsx",
        jsxImportSource: "hono/jsx",
        lib: ["es2025", "esnext.array", "dom", "dom.iterable"],
        types: ["node"],
        noUnusedLocals: false,
      },
      files: [...files.keys()],
      include: [],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = await run("npx", ["--no-install", "tsc", "--noEmit", "-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    return stdout.split("\n").filter((line) => line.startsWith(relative(".", folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Links of a document to files that are not there. Code has none. */
function brokenLinks(document: string, text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^(?:[a-z]+:|#)/i.test(target)) return [];
    const path = join(dirname(document), target.replace(/#.*$/, ""));
    return existsSync(path) ? [] : [`${document}: ${path}`];
  });
}

describe("documents", () => {
  const wrong =
    '# A\n\n```ts\nconst a: number = 1;\n```\nand then\n```ts\na.unknown();\n```\n# B\n```ts\nconst a: string = "";\n```\n```sh\nls\n```';
  const wrongFiles = filesOf(blocksOf("docs/x.md", wrong));
  const isWrong = (fault: string) => fault.includes("docs/x-");
  /** One run of the compiler, most of whose time is that of the library's own types. */
  let compiled: Promise<string[]> | undefined;
  const faults = () => (compiled ??= compileAll());

  async function compileAll(): Promise<string[]> {
    const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
      encoding: "utf8",
    });
    const texts = await Promise.all(
      documents
        .trim()
        .split("\n")
        .map(async (path) => blocksOf(path, await readFile(path, "utf8"))),
    );
    const files = filesOf(texts.flat());
    expect(files.size).toBeGreaterThan(0);
    return compile(new Map([...files, ...wrongFiles]));
  }

  it("[DOCS-1] every block of TypeScript or JavaScript in a document compiles", async () => {
    expect((await faults()).filter((fault) => !isWrong(fault))).toEqual([]);
  });

  it("[DOCS-1] would notice a block that does not compile, with its line", async () => {
    expect([...wrongFiles.keys()]).toEqual(["docs/x-4.tsx", "docs/x-12.tsx"]);
    const found = (await faults()).filter(isWrong);
    expect(found).toEqual([expect.stringMatching(/docs\/x-4\.tsx[(:]8[,:].*'unknown'/)]);
  });

  it("[DOCS-2] every link to a file of the checkout leads to one", async () => {
    const documents = execFileSync("git", ["ls-files", "*.md"], { encoding: "utf8" }).trim().split("\n");
    const faults: string[] = [];
    for (const path of documents) faults.push(...brokenLinks(path, await readFile(path, "utf8")));
    expect(faults).toEqual([]);
    const text = "[a](./b.md) [c](https://x.example) [d](#e) ![f](../README.md#g) `[h](i)`";
    expect(brokenLinks("docs/x.md", text)).toEqual(["docs/x.md: docs/b.md"]);
  });
});
