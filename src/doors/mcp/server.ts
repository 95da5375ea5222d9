/** Speaks MCP for the agent: two tools, over stateless HTTP, in the generation of 2025 (handshake) and of 2026-07-28, by the official SDK. What the tools do is handed in; knows nothing of sessions. */

import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/server/validators/cf-worker";
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { sessionNamePattern } from "../../core/session-name.ts";
import { callDigest, cutToRoom, messengerText } from "../../core/shown-call.ts";

const questionFields = {
  question: z.string().min(1).describe("What the agent is to answer or do, in words."),
  session: z
    .string()
    .regex(sessionNamePattern, "must be 1 to 64 letters, digits, _ or -")
    .optional()
    .describe("Id of the conversation to go on with, from an earlier answer. Absent: a new conversation."),
};

/** What `ask` takes. One agent needs no name. */
function questionOf(agents: readonly string[]) {
  const hint = `Who answers in a new conversation; ${agents[0]} when absent. A conversation keeps its agent.`;
  const all = z.strictObject({
    ...questionFields,
    agent: z
      .enum([...agents])
      .optional()
      .describe(hint),
  });
  return agents.length === 1 ? all.omit({ agent: true }) : all;
}

export interface AgentQuestion {
  question: string;
  session?: string | undefined;
  agent?: string | undefined;
}

const search = z.strictObject({
  query: z.string().min(1).max(200).describe("Part of a title, or words that one message holds."),
  limit: z.int().min(1).max(100).optional().describe("20 when absent."),
});

/** The state of a question. `answer`: the text so far, or what to do next where there is none. */
export interface AgentAnswer {
  session: string;
  turn: string;
  status: string;
  answer: string;
  isError: boolean;
  /** The calls that wait for a person's yes; with `status` `waiting`. */
  approvals: { ref: string; name: string; arguments: string; whose: string }[];
}

/** A person's answer about a call that waits, by way of the client. `ref` names the call for ever, `digest` what was shown of it. */
export interface Decision {
  ref: string;
  digest: string;
  approve: boolean;
  reason?: string;
}

export interface FoundSession {
  id: string;
  title: string | null;
  status: string;
  created_at: string;
}

/** Says how an answer is coming along. */
export type ReportProgress = (word: string) => Promise<void>;

/** What the tools do. A throw of an AppError is shown to the client in its words. */
export interface McpTools {
  /** Names of the agents, the default one first. */
  agents: readonly string[];
  /** `report` is called now and then while the answer is made. */
  ask(input: AgentQuestion, report: ReportProgress): Promise<AgentAnswer>;
  /** Answers calls that wait in a turn, and waits for its answer again. */
  decide(of: { session: string; turn: string }, decisions: Decision[], report: ReportProgress): Promise<AgentAnswer>;
  /** Waits for the answer of a turn again. */
  read(of: z.infer<typeof reading>, report: ReportProgress): Promise<AgentAnswer>;
  search(input: z.infer<typeof search>): Promise<FoundSession[]>;
}

const reading = z.strictObject({
  session: questionFields.session.unwrap().describe("Id of the conversation."),
  turn: z.string().min(1).max(64).describe("Id of the answer, from the result of ask."),
});

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

const listed = (question: z.ZodObject) => [
  {
    name: "ask",
    title: "Ask the agent",
    description:
      "Sends a message to the agent and waits for its answer, up to five minutes. The result names the session: pass it on to go on with the same conversation.",
    inputSchema: schemaOf(question),
    outputSchema: asked,
    // What the agent's own tools do is not known here: they may send and change things.
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
  {
    name: "read_answer",
    title: "Read an answer",
    description:
      "Waits for an answer that was not there yet when ask returned, because a tool of the agent waits or the work is long. Sends nothing.",
    inputSchema: schemaOf(reading),
    outputSchema: asked,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  },
  {
    name: "search_sessions",
    title: "Search conversations",
    description:
      "Finds conversations of this account by their titles and by the words of their messages, newest first.",
    inputSchema: schemaOf(search),
    outputSchema: found,
    annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  },
];

/** Bytes of a request's body that are read. */
const mostBytes = 1_048_576;

/** Answers one request. */
export async function serveMcp(request: Request, tools: McpTools, version: string): Promise<Response> {
  const handler = createMcpHandler(() => createServer(tools, version), { maxRequestBodySize: mostBytes });
  return handler.fetch(withAccept(request));
}

/** The library looks for both media types by name, and refuses a client that takes any (RFC 9110, 12.5.1: also one that sends no Accept). */
function withAccept(request: Request): Request {
  const accept = request.headers.get("Accept");
  if (accept !== null && !/(?:^|,)\s*\*\/\*/.test(accept)) return request;
  const changed = new Request(request);
  changed.headers.set("Accept", "application/json, text/event-stream");
  return changed;
}

function createServer({ agents, ask, read, decide, search: find }: McpTools, version: string): Server {
  const question = questionOf(agents);
  // Never asked for; without one it would load ajv where that can run.
  const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();
  const server = new Server({ name: "longline", version }, { capabilities: { tools: {} }, jsonSchemaValidator });
  server.setRequestHandler("tools/list", () => ({ tools: listed(question) }));
  server.setRequestHandler("tools/call", async ({ params: { name, arguments: given = {} } }, context) => {
    const report = reporter(context);
    if (name === "search_sessions") return toolResult(search, given, async (input) => foundResult(await find(input)));
    if (name === "read_answer") return toolResult(reading, given, async (of) => askedResult(await read(of, report)));
    if (name !== "ask")
      return failed(`There is no tool "${name.slice(0, 100)}". The tools are: ask, read_answer, search_sessions.`);
    return toolResult(question, given, async (input) => {
      const state = stateOf(context);
      const standing =
        state === undefined
          ? await ask(input, report)
          : await goOn(state, context, (of, decisions) => decide(of, decisions, report));
      return mayBeAsked(server) && standing.approvals.length > 0 && !isLeftOpen(state, context)
        ? approvalRequest(standing)
        : askedResult(standing);
    });
  });
  return server;
}

/** Progress, where the client wants it. */
function reporter({ mcpReq }: ServerContext): ReportProgress {
  let progress = 0;
  const progressToken = mcpReq._meta?.progressToken;
  return async (message) => {
    if (progressToken === undefined) return;
    await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: ++progress, message } });
  };
}

/** Only clients of 2026-07-28 that show forms: an older one would have to be asked over a connection that stays. */
function mayBeAsked(server: Server): boolean {
  const { elicitation } = server.getClientCapabilities() ?? {};
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/** What comes back with a person's answers. It says nothing that the account's key could not do anyway. */
const openApprovals = z.strictObject({
  session: z.string().max(64),
  turn: z.string().max(64),
  calls: z.array(z.strictObject({ ref: z.string(), digest: z.string() })).max(128),
});
type OpenApprovals = z.infer<typeof openApprovals>;

function stateOf({ mcpReq }: ServerContext): OpenApprovals | undefined {
  const state = mcpReq.requestState<string | undefined>();
  if (state === undefined) return undefined;
  try {
    return openApprovals.parse(JSON.parse(state));
  } catch {
    throw new AppError("invalid_request", "The requestState is not one that this server gave out.", {
      field: "requestState",
    });
  }
}

const decisionForm = z.object({
  approve: z.boolean().describe("Whether the call may run with exactly these arguments."),
  reason: z.string().max(2_000).optional().describe("Why not; the agent reads it."),
});
/** Characters of a call that are shown in a form. */
const shownChars = 4_000;

/** Asks the person at the client about each call that waits. */
function approvalRequest({ session, turn, approvals }: AgentAnswer) {
  const calls = approvals.map((call) => ({ ref: call.ref, digest: callDigest(call) }));
  const inputRequests = Object.fromEntries(
    approvals.map((call, at) => {
      const { shown, leftOut } = cutToRoom(messengerText(call.arguments), shownChars, (text) => text.length);
      const cut = leftOut > 0 ? `\n(${leftOut} more characters are not shown: deny it if you do not know them.)` : "";
      const message = `May ${call.name}${call.whose} run with exactly this?\n\n${shown}${cut}`;
      return [`call_${at}`, inputRequired.elicit({ message, requestedSchema: decisionForm })];
    }),
  );
  return inputRequired({
    inputRequests,
    requestState: JSON.stringify({ session, turn, calls } satisfies OpenApprovals),
  });
}

/** A form that was closed without an answer leaves its call waiting. */
function isLeftOpen(state: OpenApprovals | undefined, { mcpReq }: ServerContext): boolean {
  return state !== undefined && Object.values(mcpReq.inputResponses ?? {}).some((each) => actionOf(each) === "cancel");
}

function actionOf(response: unknown): unknown {
  return typeof response === "object" && response !== null && "action" in response ? response.action : undefined;
}

async function goOn(
  { session, turn, calls }: OpenApprovals,
  { mcpReq }: ServerContext,
  decide: (of: { session: string; turn: string }, decisions: Decision[]) => Promise<AgentAnswer>,
): Promise<AgentAnswer> {
  const decisions = calls.flatMap(({ ref, digest }, at): Decision[] => {
    const key = `call_${at}`;
    const form = acceptedContent(mcpReq.inputResponses, key, decisionForm);
    const of = { ref, digest };
    if (form !== undefined) {
      const { approve, reason = "" } = form;
      return [{ ...of, approve, ...(!approve && reason.trim() !== "" && { reason: reason.trim() }) }];
    }
    return actionOf(mcpReq.inputResponses?.[key]) === "decline" ? [{ ...of, approve: false }] : [];
  });
  return decide({ session, turn }, decisions);
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

/** Arguments that are wrong, and a request that is refused, are results: the model on the other side can correct them. */
async function toolResult<T extends z.ZodType, R>(
  schema: T,
  given: unknown,
  run: (input: z.infer<T>) => Promise<R>,
): Promise<R | Result> {
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

/** The session is in the text, too: models do not see structured content, and must be able to pass it on. */
function askedResult({ isError, approvals: _, ...structuredContent }: AgentAnswer): Result {
  const { session, answer } = structuredContent;
  const text = `${answer}\n\n[session: ${session}]`;
  return { content: [{ type: "text", text }], structuredContent, ...(isError && { isError: true as const }) };
}

function foundResult(sessions: FoundSession[]): Result {
  const lines = sessions.map(({ id, title, status }) => `${id}: ${title ?? "(no title)"} (${status})`);
  const text = lines.length === 0 ? "No conversation matches." : lines.join("\n");
  return { content: [{ type: "text", text }], structuredContent: { sessions } };
}
