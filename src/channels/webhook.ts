/** Webhooks that bring messages in: checked by their sender's way of signing, mapped to a message by the agent's owner, deduplicated by the sender's own id of the delivery. */
import * as z from "zod";
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import type { Address, Inbound, InboundRequest, Taken } from "./channel.ts";
import { parseJson } from "./parse-json.ts";
import { isSignedByGitHub, isSignedByStandard, isSignedByStripe, type Signed } from "./signature.ts";

/** What a payload becomes. */
export interface WebhookMessage {
  /** Which conversation it belongs to: anything; equal keys are one session. */
  session: string;
  content: string;
  speaker?: string;
  metadata?: Record<string, string>;
  /** Where the answer is sent, signed. */
  callbackUrl?: string;
  /** Where else the answer goes, such as `slackRoom("T1", "C1")`. */
  replyTo?: Address;
}

/** How one named webhook is read. */
export interface WebhookRules {
  /** How the sender signs: Standard Webhooks (default), GitHub or Stripe. */
  signedBy?: "standard" | "github" | "stripe";
  /** The message of a payload; `undefined` when it asks for nothing. By default `content` (or `text`) and `session` of the payload. */
  toMessage?(payload: unknown, headers: Headers): WebhookMessage | undefined;
}

export interface WebhookSetup {
  name: string;
  rules: WebhookRules;
  /** Two while one is being replaced. */
  secrets: readonly string[];
  /** Why a URL must not be called back; `undefined` when it may. */
  urlFault(url: string): string | undefined;
}

const checks = { standard: isSignedByStandard, github: isSignedByGitHub, stripe: isSignedByStripe } as const;

export async function receiveWebhook(request: InboundRequest, setup: WebhookSetup): Promise<Inbound> {
  const { headers, body, nowMs } = request;
  const { name, rules, secrets } = setup;
  const signedBy = rules.signedBy ?? "standard";
  const signed: Signed = { body, nowMs, header: (each) => headers.get(each) ?? undefined };
  if (!(await checks[signedBy](signed, secrets))) {
    throw new AppError(
      "unauthorized",
      `The request is not signed with the secret of the webhook "${name}", or too old.`,
    );
  }
  const payload = parseJson(body);
  if (payload === undefined) throw new AppError("invalid_request", "The body is not JSON of at most 64 levels.");
  if (signedBy === "github" && headers.get("X-GitHub-Event") === "ping") return ignored();
  const message = mapped(rules, payload, headers);
  if (message === undefined) return ignored();
  const { callbackUrl, replyTo, session, ...said } = message;
  const fault = callbackUrl === undefined ? undefined : setup.urlFault(callbackUrl);
  if (fault !== undefined) throw new AppError("invalid_request", fault, { field: "callback_url" });
  const address = callbackUrl === undefined ? replyTo : { channel: "callback", url: callbackUrl };
  return {
    kind: "message",
    received: {
      session: await sessionId(name, session),
      ...said,
      claims: await claimsOf(name, signedBy, request),
      ...(address && { address }),
    },
    answer: (taken: Taken) => accepted(taken),
  };
}

function accepted(taken: Taken): Response {
  if ("refused" in taken) throw taken.refused;
  const { session, turn, statusUrl, repeated } = taken;
  return Response.json({ session, turn, status_url: statusUrl }, { status: repeated ? 200 : 202 });
}

/** What is taken and asks for nothing; senders switch webhooks off that refuse. */
function ignored(): Inbound {
  return { kind: "nothing", response: Response.json({ ignored: true }) };
}

function plainMessage(payload: unknown): WebhookMessage {
  const of = (typeof payload === "object" && payload !== null ? payload : {}) as Record<string, unknown>;
  const text = [of.content, of.text, of.message].find((each) => typeof each === "string" && each !== "");
  const { session, speaker, callback_url } = of;
  return {
    session: typeof session === "string" ? session : "",
    content: typeof text === "string" ? text : `A webhook came:\n\n\`\`\`json\n${printed(payload)}\n\`\`\``,
    ...(typeof speaker === "string" && speaker !== "" && { speaker }),
    ...(typeof callback_url === "string" && { callbackUrl: callback_url }),
  };
}

/** What the rules make of a payload. One that their schema refuses is the sender's fault, and is named; any other throw is the rules' own. */
function mapped({ toMessage = plainMessage }: WebhookRules, payload: unknown, headers: Headers) {
  try {
    return toMessage(payload, headers);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const field = issue?.path.join(".") || "body";
    throw new AppError("invalid_request", `The payload is not what this webhook takes: ${field}: ${issue?.message}.`, {
      field,
    });
  }
}

/** GitHub signs the body alone: what was signed once may come again under any id, and is the same delivery. */
async function claimsOf(
  name: string,
  signedBy: keyof typeof checks,
  { headers, body }: InboundRequest,
): Promise<string[]> {
  const id = deliveryId(signedBy, headers, parseJson(body)) ?? (await sha256Hex(body));
  const signature = signedBy === "github" ? headers.get("X-Hub-Signature-256") : null;
  return [`webhook ${name} ${id}`, ...(signature === null ? [] : [`webhook ${name} ${signature}`])];
}

/** Indented where that is short: a deep payload would grow to a hundred times its size. */
function printed(payload: unknown): string {
  const compact = JSON.stringify(payload);
  return compact.length <= longestIndented ? JSON.stringify(payload, null, 2) : compact;
}

const longestIndented = 20_000;

function deliveryId(signedBy: keyof typeof checks, headers: Headers, payload: unknown): string | undefined {
  if (signedBy === "github") return headers.get("X-GitHub-Delivery") ?? undefined;
  if (signedBy === "standard") return headers.get("webhook-id") ?? undefined;
  const { id } = (payload ?? {}) as { id?: unknown };
  return typeof id === "string" ? id : undefined;
}

/** A session's id has 64 plain characters at most; other keys are named by their digest. */
async function sessionId(name: string, key: string): Promise<string> {
  const plain = ["hook", name, ...(key === "" ? [] : [key])].join("_");
  if (/^[A-Za-z0-9_-]{1,64}$/.test(plain)) return plain;
  return `hook_${(await sha256Hex(`${name} ${key}`)).slice(0, 40)}`;
}
