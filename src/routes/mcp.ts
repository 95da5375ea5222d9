/** `/mcp`: the agent as an MCP server. Every request stands alone; what lasts is in the sessions. */
import { type Context, Hono } from "hono";
import { version } from "../../package.json";
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { isLoopbackHost } from "../core/setting-lists.ts";
import { visible } from "../core/shown-call.ts";
import { refOf } from "../core/waits.ts";
import type { Asked, Found, McpTools, Tell } from "../dialects/mcp.ts";
import { shownSession } from "../dialects/native.ts";
import type { Settings } from "../env.ts";
import { parseBody } from "../http/parse-body.ts";
import { sessionObject } from "../session/session-object.ts";
import type { TurnState } from "../session/turns.ts";
import { mustAdmit } from "./admit.ts";
import { allowedModels } from "./allowed-models.ts";
import type { RouteContext } from "./context.ts";
import { namedAgent } from "./named-agent.ts";
import { newName, receiptOf } from "./receipt-of.ts";
import { sessionName } from "./sessions.ts";
import { traceOf } from "./trace-of.ts";

/** How long an answer is waited for, and how often a client that asked for it hears that it is being made. */
const longestMs = 300_000;
const sliceMs = 10_000;

export const mcp = new Hono<RouteContext>().post("/", async (c) => {
  mustBeAllowed(c.req.header("Origin"), c.var.settings);
  // The library is loaded with the first request that needs it, so that the others' start does not pay for it.
  const { serveMcp } = await import("../dialects/mcp.ts");
  return serveMcp(c.req.raw, toolsFor(c), version);
});

/** A page that has its own name resolved to this host must not get at it (MCP 2025-11-25, transports, security). Programs send no Origin. */
function mustBeAllowed(origin: string | undefined, { allowedOrigins, isDev }: Settings): void {
  if (origin === undefined || allowedOrigins.includes(origin)) return;
  if (isDev && URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname)) return;
  throw new AppError("forbidden", "Pages of this origin may not call. Add it to ALLOWED_ORIGINS.", { field: "Origin" });
}

function toolsFor(c: Context<RouteContext>): McpTools {
  const { account } = c.var;
  return {
    agents: c.var.app.agents.names,
    async ask({ question, session: named, agent }, tell) {
      await mustAdmit(c);
      const receipt = await receiptOf(c, { question, session: named, ...(agent !== undefined && { agent }) });
      const name = named ?? (await newName(receipt, "POST /mcp"));
      const session = sessionObject(c.env, { account, name });
      const request = {
        ...namedAgent(c, agent),
        message: { content: question, ...traceOf(c), options: {} },
        receipt,
        onBusy: "queue",
        ...allowedModels(c),
      } as const;
      const { turn } = unwrap(await session.send({ account, name }, request));
      await tell(`It is ${turn} of the session ${name}.`);
      return answerOf(c, { session: name, turn }, tell);
    },
    async decide(of, decisions, tell) {
      const session = sessionObject(c.env, { account, name: parseBody(sessionName, of.session, "requestState") });
      for (const { ref, digest, ...answer } of decisions) {
        // One that was answered elsewhere meanwhile is settled; how, the turn says.
        await session.press({ ref, digest }, answer);
      }
      return answerOf(c, of, tell);
    },
    async search({ query, limit = 20 }) {
      const { sessions } = await accountObject(c.env, account).listSessions({ q: query, limit });
      return sessions.map((session) => {
        const { id, title, status, created_at } = shownSession(session) as Record<keyof Found, string>;
        return { id, title, status, created_at };
      });
    },
  };
}

/** Waits for a turn, until it has ended, waits for a person, or has taken too long. */
async function answerOf(c: Context<RouteContext>, of: { session: string; turn: string }, tell: Tell): Promise<Asked> {
  const session = sessionObject(c.env, { account: c.var.account, name: of.session });
  let state: TurnState = { status: "queued" };
  for (let waitedMs = 0; waitedMs < longestMs; waitedMs += sliceMs) {
    state = unwrap(await session.wait(of.turn, sliceMs));
    if (state.status === "ended" || state.status === "waiting") break;
    await tell(`The answer is being made: ${state.status}.`);
  }
  const approvals = state.status === "waiting" ? await approvalsOf(session, of.turn, state) : [];
  return { ...of, ...standing(state, `${new URL(c.req.url).origin}/v1/sessions/${of.session}`, of.turn), approvals };
}

/** The calls that wait for a person. A session that is made again by the same name has other refs. */
async function approvalsOf(
  session: ReturnType<typeof sessionObject>,
  turn: string,
  { waitingFor, reply }: Extract<TurnState, { status: "waiting" | "running" }>,
): Promise<Asked["approvals"]> {
  const { birth } = unwrap(await session.describe());
  const of = { birth, turn, step: reply?.step ?? 0 };
  const asked = waitingFor.filter(({ kind }) => kind === "approval");
  return asked.map(({ id, name, arguments: text }) => ({ ref: refOf({ ...of, callId: id }), name, arguments: text }));
}

function standing(state: TurnState, at: string, turn: string): Pick<Asked, "status" | "answer" | "isError"> {
  switch (state.status) {
    case "queued":
    case "running":
      return {
        status: state.status,
        answer: `There is no answer yet. Read it later: GET ${at}/turns/${turn}`,
        isError: false,
      };
    case "waiting": {
      const said = state.reply?.content ?? "";
      const calls = state.waitingFor.map(({ id, name, arguments: text, kind }) =>
        kind === "approval"
          ? `A person must approve the call ${name} ${visible(text)}: POST ${at}/approvals/${id} {"approve": true}`
          : `The call ${name} ${text} waits for its result: POST ${at}/tool_results`,
      );
      return {
        status: state.status,
        answer: [said, ...calls].filter((line) => line !== "").join("\n"),
        isError: false,
      };
    }
    case "ended": {
      const { reason, failure } = state.ended;
      const answer = [state.reply?.content ?? "", failure?.detail ?? ""].filter((line) => line !== "").join("\n");
      return { status: reason, answer: answer || "(no answer)", isError: failure !== undefined };
    }
  }
}
