/** `longline init FOLDER`: writes a project with one agent, and what makes it run, be tested and be deployed. Touches nothing that is there, and installs nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageFolder } from "./package-folder.ts";
import { UsageError } from "./usage.ts";

const usage = `Usage: longline init FOLDER [--from SPEC]

  --from SPEC   what npm installs longline from, such as a tarball; by default this version from the registry
`;

export function init(given: string[]): void {
  const { values, positionals } = parseArgs({
    args: given,
    allowPositionals: true,
    options: { from: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const [folder, ...rest] = positionals;
  if (folder === undefined) throw new UsageError(usage);
  if (rest.length > 0)
    throw new UsageError(`One folder at a time, so nothing was written: ${rest.join(" ")} is too much.\n\n${usage}`);
  const name = basename(resolve(folder));
  // Cloudflare's rule for names of Workers, which npm takes, too.
  if (!/^[a-z0-9]([a-z0-9-]{0,52}[a-z0-9])?$/.test(name))
    throw new UsageError(
      `The folder's name "${name}" becomes the Worker's: use 1 to 54 lower-case letters, digits and "-".`,
    );
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UsageError(`${folder} is not empty, so nothing was written. Name another folder.`);
  const files = projectFiles({ name, from: fromProject(values.from, folder), packageFolder: packageFolder() });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  console.log(`${folder} has ${Object.keys(files).length} files. Now:

  cd ${/^[\w./~:\\-]+$/.test(folder) ? folder : JSON.stringify(folder)}
  npm install
  npm run dev     answers at http://127.0.0.1:8787, without a key from a built-in demo model
  npm test        tests the agent
`);
}

/** npm reads a path in package.json from the project's folder on; it was typed in this one. */
function fromProject(from: string | undefined, folder: string): string | undefined {
  const path = from?.match(/^(?:file:)?(\.{1,2}\/.*)$/)?.[1];
  return path === undefined || !existsSync(path)
    ? from
    : `file:${relative(resolve(folder), resolve(path)).replaceAll("\\", "/")}`;
}

/** `from`: what npm installs longline from; absent: this version. */
export interface NewProject {
  name: string;
  from: string | undefined;
  packageFolder: string;
}

interface PackageJson {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

/** Texts by path. */
function projectFiles({ name, from, packageFolder }: NewProject): Record<string, string> {
  const read = (path: string) => readFileSync(join(packageFolder, path), "utf8");
  const own = JSON.parse(read("package.json")) as PackageJson;
  return {
    "package.json": `${JSON.stringify(packageJson(name, from ?? `^${own.version}`, own), null, 2)}\n`,
    "wrangler.toml": wranglerToml(name, read("wrangler.toml")),
    "tsconfig.json": `${JSON.stringify(tsconfig, null, 2)}\n`,
    "src/worker.ts": read("src/cli/starter/worker.ts").replace('"./assistant.ts"', '"./agents/assistant.ts"'),
    "src/agents/assistant.ts": read("src/cli/starter/assistant.ts"),
    "test/assistant.test.ts": read("src/app/test/assistant.test.ts").replaceAll('"../agents/', '"../src/agents/'),
    ".dev.vars.example": devVars,
    ".gitignore": "node_modules/\n.wrangler/\n.longline/\n.dev.vars\n",
    "README.md": read("src/cli/project-readme.md").replace("# my-agent", () => `# ${name}`),
  };
}

function packageJson(
  name: string,
  longline: string,
  { dependencies, devDependencies, optionalDependencies }: PackageJson,
) {
  const pick = (from: Record<string, string>, ...names: string[]) =>
    Object.fromEntries(names.map((each) => [each, from[each]]));
  return {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    engines: { node: ">=20" },
    scripts: {
      dev: "longline dev",
      test: "vitest run",
      eval: "longline eval",
      check: "tsc --noEmit && longline check",
      deploy: "wrangler deploy",
    },
    dependencies: { longline, ...pick(dependencies, "zod") },
    devDependencies: pick(devDependencies, "@cloudflare/workers-types", "typescript", "vitest", "wrangler"),
    // A Node that is new enough, for machines whose own is not: npm scripts find it first.
    optionalDependencies,
    // Their install scripts are not needed: what they would fetch comes as packages.
    allowScripts: { esbuild: false, sharp: false, workerd: false },
  };
}

/** That of this package, for another folder: the page comes built. */
function wranglerToml(name: string, own: string): string {
  return own
    .replace(/^name = .*$/m, `name = "${name}"`)
    .replace(/^main = .*$/m, 'main = "src/worker.ts"')
    .replace(
      /# The playground: bundled[\s\S]*?(?=\[assets\])/,
      "# The page of `playground()`, as it comes with the package.\n",
    )
    .replace(/^directory = .*$/m, 'directory = "node_modules/longline/dist/page"')
    .replaceAll("src/app/worker.ts", "src/worker.ts");
}

const tsconfig = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024"],
    module: "esnext",
    moduleResolution: "bundler",
    types: ["@cloudflare/workers-types"],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["src", "test"],
};

const devVars = `# Copy to .dev.vars, which is not committed. Without a key of a provider the built-in demo model answers.
# MODEL_API_KEY=sk-...
# MODEL_BASE_URL=https://api.cometapi.com/v1
# MODEL=deepseek-v3.2-exp
# Secrets that tools declare, such as:
# SHOP_KEY=...
`;
