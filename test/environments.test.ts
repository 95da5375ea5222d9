/** The environment of OPERATING.md, added to the project's own configuration and read by wrangler itself. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { projectFaults } from "../src/cli/check.ts";

it("[DOCS-9] the staging environment of OPERATING.md has every binding that the Worker needs, of its own", () => {
  const [, block = ""] = /```toml\n([\s\S]*?)```/.exec(readFileSync("OPERATING.md", "utf8")) ?? [];
  const folder = mkdtempSync(join(".wrangler", "environment-"));
  try {
    const config = join(folder, "wrangler.toml");
    writeFileSync(config, `${readFileSync("wrangler.toml", "utf8")}\n${block}`);
    const staging = unstable_readConfig({ config, env: "staging" }, { hideWarnings: true });
    const worker = { default: { crons: [] }, Session: class {}, Account: class {} };
    expect(projectFaults(staging, worker)).toEqual([]);
    expect(staging.name).toBe("longline-staging");
    const production = unstable_readConfig({ config }, { hideWarnings: true });
    expect(staging.ratelimits[0]?.namespace_id).not.toBe(production.ratelimits[0]?.namespace_id);
    expect(staging.exports).toEqual(production.exports);
    // Bindings are not inherited: without them the environment has none.
    writeFileSync(config, `${readFileSync("wrangler.toml", "utf8")}\n[env.staging]\n`);
    const bare = unstable_readConfig({ config, env: "staging" }, { hideWarnings: true });
    expect(projectFaults(bare, worker).length).toBeGreaterThan(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
