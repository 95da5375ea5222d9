/** Gives the tools of a server names that providers take: `server__tool`. The same list gives the same names. */
import { joinedName, markedName } from "../../core/joined-name.ts";

/** The offered name of each of the server's tools. Where several would have one name, those that had to be changed for it end in a fingerprint of their own. */
export function toolNames(server: string, tools: readonly string[]): Map<string, string> {
  const plain = tools.map((tool) => joinedName(server, tool));
  const named = tools.map((tool, place): [string, string] => {
    const name = plain[place] ?? "";
    const alone = plain.indexOf(name) === plain.lastIndexOf(name);
    return [tool, alone || name === `${server}__${tool}` ? name : markedName(name, tool)];
  });
  return new Map(named);
}
