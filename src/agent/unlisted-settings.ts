/** Settings of the library's own channels and parts, so that one that is set for nothing is noticed. The parts themselves are not imported: an app that does not list them does not carry them. */
import type { SettingDeclarations } from "../core/settings.ts";

/** What to list, by the setting that would switch it on. */
export const partOfSetting: Readonly<Record<string, string>> = {
  SLACK_SIGNING_SECRET: "slack() in `channels`",
  DISCORD_PUBLIC_KEY: "discord() in `channels`",
  MCP_SERVERS: "`mcp: mcpServers()`",
  OTEL_EXPORTER_OTLP_ENDPOINT: "`observe: otel()`",
};

/** A warning for each setting that is set, and that no part of the app reads. */
export function unlistedWarnings(
  declared: readonly SettingDeclarations[],
  given: Readonly<Record<string, unknown>>,
  doors: readonly string[],
): string[] {
  const read = new Set(declared.flatMap((each) => Object.keys(each)));
  // Every app reads the key; what it opens comes with its door.
  if (!doors.includes("admin")) read.delete("ADMIN_KEY");
  return Object.entries({ ...partOfSetting, ADMIN_KEY: "admin() in `doors`" })
    .filter(([name]) => typeof given[name] === "string" && given[name] !== "" && !read.has(name))
    .map(
      ([name, part]) =>
        `${name} is set, but the app does not list ${part}: it has no effect. List it, or remove the setting.`,
    );
}
