/** Gives the tools of a server names that providers take: `server__tool`. The same list gives the same names. */
import { fingerprint } from "../../core/prefix.ts";

/** Providers' limit (api-docs.deepseek.com, create-chat-completion). */
const longestName = 64;

/** The offered name of each of the server's tools. Where several would have one name, those that had to be changed for it end in a fingerprint of their own. */
export function toolNames(server: string, tools: readonly string[]): Map<string, string> {
  const plain = tools.map((tool) => `${server}__${tool}`.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, longestName));
  const named = tools.map((tool, place): [string, string] => {
    const name = plain[place] ?? "";
    const alone = plain.indexOf(name) === plain.lastIndexOf(name);
    if (alone || name === `${server}__${tool}`) return [tool, name];
    const mark = `_${fingerprint(tool)}`;
    return [tool, `${name.slice(0, longestName - mark.length)}${mark}`];
  });
  return new Map(named);
}
