/** `longline init FOLDER`: writes a project with one agent. Touches nothing that is there, and installs nothing. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageFolder } from "./package-folder.ts";
import { projectFiles } from "./project-files.ts";
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
