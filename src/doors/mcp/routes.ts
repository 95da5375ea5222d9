/** `/mcp`: the agent as an MCP server. Each request is independent; what lasts is in the sessions. */
import { version } from "../../../package.json";
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { isLoopbackHost } from "../../core/setting-lists.ts";
import { visible } from "../../core/shown-call.ts";
import { refOf, whose } from "../../core/waits.ts";
import type { Settings } from "../../env.ts";
import { parseBody } from "../../http/parse-body.ts";
import { sessionObject } from "../../session/session-object.ts";
import type { TurnState } from "../../session/turn/turns.ts";
import { shownSession } from "../../wire/native.ts";
import { allowedModels } from "../allowed-models.ts";
import { type Caller, mustAdmit, sessionOf } from "../caller.ts";
import { namedAgent } from "../named-agent.ts";
import { newName, receiptOf } from "../receipt-of.ts";
import { accepted } from "../refusal-words.ts";
import { Routes } from "../routes.ts";
import { sessionName } from "../session-fields.ts";
import { traceOf } from "../trace-of.ts";
import type { AgentAnswer, FoundSession, McpTools, ReportProgress } from "./server.ts";

/** How long an answer is waited for, and how often a client that asked for it hears that it is being made. */
const longestMs = 300_000;
const sliceMs = 10_000;
/** How long it is waited for while only tools wait. */
const stayMs = 60_000;

export const mcp = new Routes().post("/", "key", async (c, caller) => {
  mustBeAllowed(c.req.header("Origin"), c.var.app.settings);
  // The library is loaded with the first request that needs it, so that the others' start does not pay for it.
  const { serveMcp } = await import("./server.ts");
  return serveMcp(c.req.raw, toolsFor(caller), version);
});

/** A page whose own host name resolves to this host must not reach it (MCP 2025-11-25, transports, security). Programs send no Origin. */
function mustBeAllowed(origin: string | undefined, { allowedOrigins, isDev }: Settings): void {
  if (origin === undefined || allowedOrigins.includes(origin)) return;
  if (isDev && URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname)) return;
  throw new AppError("forbidden", "Pages of this origin may not call. Add it to ALLOWED_ORIGINS.", { field: "Origin" });
}

function toolsFor(caller: Caller): McpTools {
  const { account } = caller;
  return {
    agents: caller.app.agents.names,
    async ask({ question, session: named, agent }, report) {
      await mustAdmit(caller);
      const receipt = await receiptOf(caller, { question, session: named, ...defined({ agent }) });
      const name = named ?? (await newName(receipt, "POST /mcp"));
      const session = sessionObject(caller.bindings, { account, name });
      const request = {
        ...namedAgent(caller, agent),
        messages: [{ content: question, ...traceOf(caller), options: {} }],
        receipt,
        ...allowedModels(caller),
      };
      const { turn } = accepted(await session.submit({ account, name }, request));
      await report(`It is ${turn} of the session ${name}.`);
      return answerOf(caller, { session: name, turn }, report);
    },
    async decide(of, decisions, report) {
      const address = { account, name: parseBody(sessionName, of.session, "requestState") };
      const session = sessionObject(caller.bindings, address);
      for (const { ref, ...decided } of decisions) {
        // One that was answered elsewhere meanwhile is settled; the turn shows how.
        await session.submit(address, { approvals: [{ call: { ref }, ...decided }] });
      }
      return answerOf(caller, of, report);
    },
    async read(of, report) {
      parseBody(sessionName, of.session, "session");
      return answerOf(caller, of, report);
    },
    async search({ query, limit = 20 }) {
      const { sessions } = await accountObject(caller.bindings, account).listSessions({ q: query, limit });
      return sessions.map((session) => {
        const { id, title, status, created_at } = shownSession(session) as Record<keyof FoundSession, string>;
        return { id, title, status, created_at };
      });
    },
  };
}

/** Waits for a turn, until it has ended, waits for a person, or has taken too long. */
async function answerOf(
  caller: Caller,
  of: { session: string; turn: string },
  report: ReportProgress,
): Promise<AgentAnswer> {
  const session = sessionOf(caller, of.session);
  let state: TurnState = { status: "queued" };
  for (let waitedMs = 0, restedMs = 0; waitedMs < longestMs; waitedMs += sliceMs) {
    state = unwrap(await session.wait(of.turn, sliceMs, true));
    if (state.status === "ended" || (state.status === "waiting" && state.waitingFor.length > 0)) break;
    restedMs = state.rest === undefined ? 0 : restedMs + sliceMs;
    if (state.rest?.isLong || restedMs >= stayMs) break;
    await report(state.rest?.words ?? `The answer is being made: ${state.status}.`);
  }
  const approvals = state.status === "waiting" ? await approvalsOf(session, of.turn, state) : [];
  return {
    ...of,
    ...standing(state, `${new URL(caller.request.url).origin}/v1/sessions/${of.session}`, of.turn),
    approvals,
  };
}

/** The calls that wait for a person. A session that is made again by the same name has other refs. */
async function approvalsOf(
  session: ReturnType<typeof sessionObject>,
  turn: string,
  { waitingFor, reply }: Extract<TurnState, { status: "waiting" | "running" }>,
): Promise<AgentAnswer["approvals"]> {
  const { birth } = unwrap(await session.describe());
  const of = { birth, turn, step: reply?.step ?? 0 };
  const asked = waitingFor.filter(({ kind }) => kind === "approval");
  return asked.map(({ id, name, arguments: text, ...call }) => {
    return { ref: refOf({ ...of, callId: id }), name, arguments: text, whose: whose(call) };
  });
}

function standing(state: TurnState, at: string, turn: string): Pick<AgentAnswer, "status" | "answer" | "isError"> {
  switch (state.status) {
    case "queued":
    case "running":
      return { status: state.status, answer: later(state, at, turn), isError: false };
    case "waiting": {
      const text = state.reply?.content ?? "";
      const calls = state.waitingFor.map(({ id, name, arguments: text, kind, ...call }) =>
        kind === "approval"
          ? `A person must approve the call ${name} ${visible(text)}${whose(call)}: POST ${at}/approvals/${id} {"approve": true}`
          : `The call ${name} ${text} waits for its result: POST ${at}/tool_results`,
      );
      if (calls.length === 0) calls.push(later(state, at, turn));
      return {
        status: state.status,
        answer: [text, ...calls].filter((line) => line !== "").join("\n"),
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

function later({ rest }: Exclude<TurnState, { status: "ended" }>, at: string, turn: string): string {
  const why = rest === undefined ? "" : `${rest.words} `;
  return `${why}There is no answer yet. Read it later with read_answer and turn "${turn}", or at GET ${at}/turns/${turn}. Asking again would be another question.`;
}
