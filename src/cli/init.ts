/** `longline init FOLDER`: writes a project with one agent. Touches nothing that is there, and installs nothing. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { projectFiles } from "./project-files.ts";
import { Usage } from "./usage.ts";

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
  const [folder] = positionals;
  if (folder === undefined) throw new Usage(usage);
  const name = basename(resolve(folder));
  // Cloudflare's rule for names of Workers, which npm takes, too.
  if (!/^[a-z0-9]([a-z0-9-]{0,52}[a-z0-9])?$/.test(name))
    throw new Usage(
      `The folder's name "${name}" becomes the Worker's: use 1 to 54 lower-case letters, digits and "-".`,
    );
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new Usage(`${folder} is not empty, so nothing was written. Name another folder.`);
  const files = projectFiles({ name, from: values.from, packageFolder: packageFolder() });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  console.log(`${folder} has ${Object.keys(files).length} files. Now:

  cd ${folder}
  npm install
  npm run dev     answers at http://127.0.0.1:8787, without a key from a built-in demo model
  npm test        tests the agent
`);
}

/** Where this package is: its sources are the templates. */
function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path) && JSON.parse(readFileSync(path, "utf8")).name === "longline") return folder;
    if (dirname(folder) === folder) throw new Error("The package's own package.json was not found.");
  }
}
