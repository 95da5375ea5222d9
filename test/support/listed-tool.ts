/** Reads one tool as a server lists it, beside a good one. */
import { type ListedTool, readToolList } from "../../src/tools/mcp/tool-list.ts";

export async function readTool(tool: unknown): Promise<ListedTool[]> {
  const listed = await readToolList(async () => ({ tools: [tool, { name: "good", inputSchema: { type: "object" } }] }));
  return listed.filter(({ name }) => name !== "good");
}
