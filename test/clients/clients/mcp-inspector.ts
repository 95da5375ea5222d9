/** The MCP Inspector's command line against `/mcp`, in both generations of the protocol. */
import { type Client, expect, na, type Place } from "../aspects.ts";
import { type CommandResult, command } from "../command.ts";

const eras = ["legacy", "modern"] as const;

function inspect({ url, key, folder }: Place, era: string, args: string[]): Promise<CommandResult> {
  const where = ["--transport", "http", "--server-url", `${url}/mcp`, "--header", `Authorization: Bearer ${key}`];
  return command("mcp-inspector", ["--cli", ...where, "--protocol-era", era, ...args], { cwd: folder });
}

async function called(place: Place, era: string, tool: string, args: string[]) {
  const options = ["--method", "tools/call", "--tool-name", tool, ...args.flatMap((each) => ["--tool-arg", each])];
  const { stdout, stderr } = await inspect(place, era, options);
  try {
    return JSON.parse(stdout) as {
      content: { text: string }[];
      structuredContent?: Record<string, unknown>;
      isError?: boolean;
    };
  } catch {
    throw new Error(`${era}: no JSON came: ${stdout} ${stderr.slice(-600)}`);
  }
}

export const client: Client = {
  packages: ["@modelcontextprotocol/inspector"],
  limitMs: 45_000,
  checks: {
    async plain(place) {
      for (const era of eras) {
        const { content } = await called(place, era, "ask", [`question=Hi ${place.mark}`]);
        expect(`text, ${era}`, content[0]?.text, /Hello from the model\./);
      }
    },
    stream: na("MCP answers whole"),
    async tools(place) {
      for (const era of eras) {
        const { stdout, stderr } = await inspect(place, era, ["--method", "tools/list"]);
        expect(`tools, ${era} ${stderr.slice(-300)}`, stdout, /"ask"[\s\S]*"read_answer"[\s\S]*"search_sessions"/);
      }
    },
    structured: na("MCP has no typed answers of a model"),
    abort: na("its command line ends with the call"),
    async errors(place) {
      for (const era of eras) {
        const { code, stderr, stdout } = await inspect({ ...place, key: "wrong-key-of-one" }, era, [
          "--method",
          "tools/list",
          "--stored-auth-only",
        ]);
        expect(`exit code with a wrong key, ${era}`, code === 0, false);
        expect(`cause with a wrong key, ${era}`, `${stdout}${stderr}`, /401|unauthorized|key/i);
        const { isError } = await called(place, era, "ask", [`question=Fail please ${place.mark}`]);
        expect(`a failed turn, ${era}`, isError, true);
      }
    },
    usage: na("MCP carries no usage"),
    async resume(place) {
      const first = await called(place, "legacy", "ask", [`question=The word is ${place.mark}`]);
      const session = String(first.structuredContent?.session);
      expect(
        "session id in the text, for models",
        first.content.some(({ text }) => text.includes(session)),
        true,
      );
      const second = await called(place, "modern", "ask", ["question=What did I say?", `session=${session}`]);
      expect("text", second.content[0]?.text, new RegExp(`You said: The word is ${place.mark}`));
    },
  },
};
