/** Speaks MCP for the agent: two tools, over stateless Streamable HTTP, by the official SDK. What the tools do is handed in; knows nothing of sessions. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker-provider.js";
import * as z from "zod";
import { AppError } from "../core/errors.ts";

const question = z.strictObject({
  question: z.string().min(1).describe("What the agent is to answer or do, in words."),
  session: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -")
    .optional()
    .describe("Id of the conversation to go on with, from an earlier answer. Absent: a new conversation."),
});
const search = z.strictObject({
  query: z.string().min(1).max(200).describe("Part of a title, or words that one message holds."),
  limit: z.int().min(1).max(100).optional().describe("20 when absent."),
});

/** How a question stands. `answer`: what was said so far, or what to do next where nothing was. */
export interface Asked {
  session: string;
  turn: string;
  status: string;
  answer: string;
  isError: boolean;
}

export interface Found {
  id: string;
  title: string | null;
  status: string;
  created_at: string;
}

/** What the tools do. A throw of an AppError is told to the client in its words. */
export interface McpTools {
  /** `tell` is called now and then while the answer is made. */
  ask(input: z.infer<typeof question>, tell: (word: string) => Promise<void>): Promise<Asked>;
  search(input: z.infer<typeof search>): Promise<Found[]>;
}

const text = { type: "string" } as const;
const asked = {
  type: "object" as const,
  properties: { session: text, turn: text, status: text, answer: text },
  required: ["session", "turn", "status", "answer"],
};
const one = { type: "object", properties: { id: text, title: { type: ["string", "null"] }, status: text } };
const found = {
  type: "object" as const,
  properties: { sessions: { type: "array", items: one } },
  required: ["sessions"],
};

const tools = [
  {
    name: "ask",
    title: "Ask the agent",
    description:
      "Sends a message to the agent and waits for its answer, up to five minutes. The result names the session: pass it on to go on with the same conversation.",
    inputSchema: schemaOf(question),
    outputSchema: asked,
  },
  {
    name: "search_sessions",
    title: "Search conversations",
    description:
      "Finds conversations of this account by their titles and by the words of their messages, newest first.",
    inputSchema: schemaOf(search),
    outputSchema: found,
    annotations: { readOnlyHint: true },
  },
];

/** Answers one request. */
export async function serveMcp(request: Request, { ask, search: find }: McpTools, version: string): Promise<Response> {
  // Never asked for; without one it would load ajv.
  const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();
  const server = new Server({ name: "longline", version }, { capabilities: { tools: {} }, jsonSchemaValidator });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: given = {}, _meta } }, extra) => {
    let progress = 0;
    const progressToken = _meta?.progressToken;
    const tell = async (message: string) => {
      if (progressToken === undefined) return;
      const params = { progressToken, progress: ++progress, message };
      await extra.sendNotification({ method: "notifications/progress", params });
    };
    if (name === "ask") return told(question, given, async (input) => askedResult(await ask(input, tell)));
    if (name === "search_sessions") return told(search, given, async (input) => foundResult(await find(input)));
    return failed(`There is no tool "${name.slice(0, 100)}". The tools are: ask, search_sessions.`);
  });
  const transport = new WebStandardStreamableHTTPServerTransport({ maxRequestBodySize: 1_048_576 });
  await server.connect(transport as Parameters<Server["connect"]>[0]);
  return transport.handleRequest(request);
}

function schemaOf(schema: z.ZodObject): { type: "object" } {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { ...rest, type: "object" };
}

interface Result {
  [member: string]: unknown;
  content: { type: "text"; text: string }[];
  isError?: true;
}

/** Arguments that are wrong, and a request that is refused, are results: the model on the other side can mend them. */
async function told<T extends z.ZodType>(
  schema: T,
  given: unknown,
  run: (input: z.infer<T>) => Promise<Result>,
): Promise<Result> {
  const { success, data, error } = schema.safeParse(given);
  if (!success) return failed(`The arguments are wrong.\n${z.prettifyError(error)}`);
  try {
    return await run(data);
  } catch (fault) {
    if (fault instanceof AppError) return failed(fault.message);
    console.error("an MCP tool failed by a fault of ours", fault);
    return failed("Longline failed while it worked on this. The cause is in the Worker's log.");
  }
}

function failed(text: string): Result {
  return { content: [{ type: "text", text }], isError: true };
}

function askedResult({ isError, ...structuredContent }: Asked): Result {
  const content = [{ type: "text" as const, text: structuredContent.answer }];
  return { content, structuredContent, ...(isError && { isError: true as const }) };
}

function foundResult(sessions: Found[]): Result {
  const lines = sessions.map(({ id, title, status }) => `${id}: ${title ?? "(no title)"} (${status})`);
  const text = lines.length === 0 ? "No conversation matches." : lines.join("\n");
  return { content: [{ type: "text", text }], structuredContent: { sessions } };
}
