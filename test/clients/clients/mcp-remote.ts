/** mcp-remote, which lets programs that only know local MCP servers use `/mcp`: spoken to over its standard input and output. */
import { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { type Client, expect, failureOf, na, type Place } from "../aspects.ts";

async function withRemote<T>({ url, key, folder }: Place, use: (client: McpClient) => Promise<T>): Promise<T> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter((each): each is [string, string] => each[1] !== undefined),
  );
  const transport = new StdioClientTransport({
    command: "mcp-remote",
    args: [`${url}/mcp`, "--transport", "http-only", "--header", `Authorization: Bearer ${key}`],
    env: { ...env, MCP_REMOTE_CONFIG_DIR: folder },
    stderr: "inherit",
  });
  const client = new McpClient({ name: "test", version: "1" });
  try {
    await client.connect(transport);
    return await use(client);
  } finally {
    await client.close();
  }
}

async function ask(client: McpClient, args: Record<string, string>) {
  const { content, structuredContent, isError } = await client.callTool({ name: "ask", arguments: args });
  return { text: (content as { text: string }[])[0]?.text, structuredContent, isError };
}

export const client: Client = {
  packages: ["mcp-remote"],
  limitMs: 30_000,
  checks: {
    async plain(place) {
      const { text } = await withRemote(place, (remote) => ask(remote, { question: `Hi ${place.mark}` }));
      expect("text", text, /Hello from the model\./);
    },
    stream: na("MCP answers whole"),
    async tools(place) {
      const { tools } = await withRemote(place, (remote) => remote.listTools());
      expect(
        "tools",
        tools.map(({ name }) => name),
        ["ask", "read_answer", "search_sessions"],
      );
    },
    structured: na("MCP has no typed answers of a model"),
    abort: na("it forwards a cancellation as a notification, which has no answer to check"),
    async errors(place) {
      const { isError } = await withRemote(place, (remote) => ask(remote, { question: `Fail please ${place.mark}` }));
      expect("a failed turn", isError, true);
      await failureOf("wrong arguments", async () => {
        const answer = await withRemote(place, (remote) => ask(remote, { wrong: "name" }));
        if (answer.isError) throw new Error(answer.text);
      });
    },
    usage: na("MCP carries no usage"),
    async resume(place) {
      await withRemote(place, async (remote) => {
        const first = await ask(remote, { question: `The word is ${place.mark}` });
        const session = (first.structuredContent as { session: string }).session;
        const second = await ask(remote, { question: "What did I say?", session });
        expect("text", second.text, new RegExp(`You said: The word is ${place.mark}`));
      });
    },
  },
};
