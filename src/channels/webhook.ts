/** Webhooks that bring messages in: checked by their sender's way of signing, mapped to a message by the agent's owner, deduplicated by the sender's own id of the delivery. */
import * as z from "zod/mini";
import { $ZodError } from "zod/v4/core";
import { defined } from "../core/defined.ts";
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { sessionNamePattern } from "../core/session-name.ts";
import { namedTexts } from "../core/setting-lists.ts";
import { type SettingValues, text } from "../core/settings.ts";
import type { Address, Inbound, InboundRequest, Taken } from "./channel.ts";
import { parseJson } from "./parse-json.ts";
import { isSignedByGitHub, isSignedByStandard, isSignedByStripe, type Signed, standardPrefix } from "./signature.ts";
import { signatureError } from "./signature-error.ts";

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

/** A signal for a tool that waits (`step.waitFor`). */
export interface WebhookSignal {
  /** Id of the session, as the tool knows it: `context.session.id`. */
  session: string;
  /** The name that the tool waits for. */
  signal: string;
  /** What the tool gets; any JSON. */
  value?: unknown;
  /** The call that it is for, where several of the session may wait for this name. */
  callId?: string;
}

/** How one named webhook is read. */
export interface WebhookRules {
  /** Name of the agent that its sessions are made with; the default one when absent. */
  agent?: string;
  /** How the sender signs: Standard Webhooks (default), GitHub or Stripe. */
  signedBy?: "standard" | "github" | "stripe";
  /** The message of a payload; `undefined` when the payload is no message. By default `content` (or `text`) and `session` of the payload. */
  toMessage?(payload: unknown, headers: Headers): WebhookMessage | undefined;
  /** The signal of a payload, for a session of the account `default`; `undefined` when it is none, and may be a message. Asked before `toMessage`. */
  toSignal?(payload: unknown, headers: Headers): WebhookSignal | undefined;
}

export interface WebhookSetup {
  name: string;
  rules: WebhookRules;
  /** Two while one is being replaced. */
  secrets: readonly string[];
  /** Of all webhooks of this deployment. */
  names: Iterable<string>;
  /** Why a URL must not be called back; `undefined` when it may. */
  urlFault(url: string): string | undefined;
}

const checks = { standard: isSignedByStandard, github: isSignedByGitHub, stripe: isSignedByStripe } as const;

export async function receiveWebhook(request: InboundRequest, setup: WebhookSetup): Promise<Inbound> {
  const { headers, body, nowMs } = request;
  const { name, rules, secrets } = setup;
  const signedBy = rules.signedBy ?? "standard";
  const signed: Signed = { body, nowMs, header: (each) => headers.get(each) ?? undefined };
  if (!(await checks[signedBy](signed, secrets))) throw signatureError(signedBy, signed, `the webhook "${name}"`);
  const payload = payloadOf(body, headers, signedBy);
  if (signedBy === "github" && headers.get("X-GitHub-Event") === "ping") return ignored();
  const given = { headers, body, payload };
  const signal = rules.toSignal && mapped(() => rules.toSignal?.(payload, headers));
  if (signal !== undefined) return signalled(signal, (await claimsOf(name, signedBy, given)).at(-1) ?? "");
  const message = mapped(() => ({ toMessage: plainMessage, ...rules }).toMessage(payload, headers));
  if (message === undefined) return ignored();
  const { callbackUrl, replyTo, session: key, ...content } = message;
  const fault = callbackUrl === undefined ? undefined : setup.urlFault(callbackUrl);
  if (fault !== undefined) throw new AppError("invalid_request", fault, { field: "callback_url" });
  const address = callbackUrl === undefined ? replyTo : { channel: "callback", url: callbackUrl };
  const formerly = await formerWebhookSession({ name, key }, setup.names);
  return {
    kind: "message",
    received: {
      session: await webhookSession({ name, key }),
      ...defined({ formerly }),
      ...content,
      ...defined({ agent: rules.agent }),
      claims: await claimsOf(name, signedBy, given),
      ...(address && { address }),
    },
    answer: (taken: Taken) => accepted(taken),
  };
}

/** `id`: of the delivery. GitHub's is its signature: what was signed once may come again under any other. */
function signalled({ session, signal: name, value, callId }: WebhookSignal, id: string): Inbound {
  const text = value === undefined ? undefined : JSON.stringify(value);
  const signal = { name, ...(text !== undefined && { value: text }), ...defined({ callId }) };
  return { kind: "signal", session, signal, id };
}

/** JSON, also in the field `payload` of a form: GitHub's own default (docs.github.com/en/webhooks/using-webhooks/creating-webhooks, "Content type"). */
function payloadOf(body: string, headers: Headers, signedBy: keyof typeof checks): unknown {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers.get("Content-Type") ?? "");
  const field = isForm && signedBy === "github" ? "payload" : undefined;
  const text = field === undefined ? body : new URLSearchParams(body).get(field);
  const title = "The body is not JSON";
  if (text === null) throw new AppError("invalid_request", 'The form has no field "payload".', { title, field });
  const payload = parseJson(text);
  if (payload !== undefined) return payload;
  const where = field === undefined ? "The body" : `The form's field "${field}"`;
  throw new AppError("invalid_request", `${where} is not JSON of at most 64 levels.`, { title, field });
}

function accepted(taken: Taken): Response {
  if ("refused" in taken) throw taken.refused;
  const { session, turn, statusUrl, repeated } = taken;
  return Response.json({ session, turn, status_url: statusUrl }, { status: repeated ? 200 : 202 });
}

/** The response to a delivery that is accepted but holds no message; senders switch off webhooks that refuse. */
function ignored(): Inbound {
  return { kind: "nothing", response: Response.json({ ignored: true }) };
}

/** Fields of the body that webhooks without rules of their own may have. */
const plainFields = lazySchema(() =>
  z.object({
    session: z.nullish(z.union([z.string(), z.pipe(z.int(), z.transform(String))])),
    speaker: z.nullish(z.string()),
    callback_url: z.nullish(z.string()),
  }),
);

function plainMessage(payload: unknown): WebhookMessage {
  const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  const given = (isObject ? payload : {}) as Record<string, unknown>;
  const text = [given.content, given.text, given.message].find((each) => typeof each === "string" && each !== "");
  const { session, speaker, callback_url } = plainFields.parse(given);
  return {
    session: session ?? "",
    content: typeof text === "string" ? text : `A webhook came:\n\n\`\`\`json\n${printed(payload)}\n\`\`\``,
    ...(speaker && { speaker }),
    ...(callback_url && { callbackUrl: callback_url }),
  };
}

/** What the rules make of a payload. One that their schema refuses is the sender's fault, and is named; any other throw is the rules' own. */
function mapped<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof $ZodError)) throw error;
    const [issue] = error.issues;
    const field = issue?.path.join(".") || "body";
    const detail = `The payload is not what this webhook takes: ${field}: ${issue?.message}.`;
    throw new AppError("invalid_request", detail, { title: "The payload does not fit this webhook", field });
  }
}

/** Indented where that is short: a deep payload would grow to a hundred times its size. */
function printed(payload: unknown): string {
  const compact = JSON.stringify(payload);
  return compact.length <= longestIndented ? JSON.stringify(payload, null, 2) : compact;
}

const longestIndented = 20_000;

interface Delivered {
  headers: Headers;
  body: string;
  payload: unknown;
}

/** GitHub signs the body alone: what was signed once may come again under any id, and is the same delivery. */
async function claimsOf(name: string, signedBy: keyof typeof checks, came: Delivered): Promise<string[]> {
  const id = deliveryId(signedBy, came) ?? (await sha256Hex(came.body));
  const signature = signedBy === "github" ? came.headers.get("X-Hub-Signature-256") : null;
  return [`webhook ${name} ${id}`, ...(signature === null ? [] : [`webhook ${name} ${signature}`])];
}

function deliveryId(signedBy: keyof typeof checks, { headers, payload }: Delivered): string | undefined {
  if (signedBy === "github") return headers.get("X-GitHub-Delivery") ?? undefined;
  if (signedBy === "standard") {
    return headers.get(`${standardPrefix((each) => headers.get(each) ?? undefined)}-id`) ?? undefined;
  }
  const { id } = (payload ?? {}) as { id?: unknown };
  return typeof id === "string" ? id : undefined;
}

/** The secrets of inbound webhooks by name, two while one is being replaced; `callback` signs what goes out. */
export const webhookSettings = {
  WEBHOOK_SECRETS: { schema: text(namedTexts), secret: true },
} as const;

export function webhookSecrets(values: SettingValues<typeof webhookSettings>): ReadonlyMap<string, readonly string[]> {
  return values.WEBHOOK_SECRETS ?? new Map();
}

/**
 * Names the session of a webhook's message, so that two webhooks never share one. The name of a webhook and the key of its
 * conversation are joined by `_`, which a name may hold, too: such a name is written with its length in front, and nothing can
 * be read in two ways. Pure but for the digest.
 *
 * - `hook_<name>` and `hook_<name>_<key>`: a name without `_`
 * - `hook-<length of the name>-<name>` and `hook-<length>-<name>_<key>`: a name with `_`
 * - `hook_<40 hex digits>`, `hook-x-<40 hex digits>`: a key that cannot be part of an id, or is too long; of name and key
 */
export interface WebhookPlace {
  /** The webhook's: letters, digits, `-` and `_`. */
  name: string;
  /** Of the conversation: anything; `""` is the webhook's one session. */
  key: string;
}

const isId = (text: string) => sessionNamePattern.test(text);
const isDigest = (text: string) => /^[0-9a-f]{40}$/.test(text);
const isPlain = (name: string) => !name.includes("_") && !isDigest(name);

/** Id of the session. */
export async function webhookSession({ name, key }: WebhookPlace): Promise<string> {
  const end = key === "" ? "" : `_${key}`;
  const plain = isPlain(name) ? `hook_${name}${end}` : `hook-${name.length}-${name}${end}`;
  if (isId(plain)) return plain;
  const digest = (await sha256Hex(isPlain(name) ? `${name} ${key}` : `${name.length} ${name} ${key}`)).slice(0, 40);
  return isPlain(name) ? `hook_${digest}` : `hook-x-${digest}`;
}

/**
 * The id that earlier versions gave the session; `undefined` when it is the same, or when another webhook of this deployment
 * (`names`) could have made it, too: then it is not known whose conversation it holds, and it is not continued.
 */
export async function formerWebhookSession(
  { name, key }: WebhookPlace,
  names: Iterable<string>,
): Promise<string | undefined> {
  const plain = key === "" ? `hook_${name}` : `hook_${name}_${key}`;
  const former = isId(plain) ? plain : `hook_${(await sha256Hex(`${name} ${key}`)).slice(0, 40)}`;
  if (former === (await webhookSession({ name, key }))) return undefined;
  const rest = former.slice("hook_".length);
  const couldBeOf = (other: string) => rest === other || rest.startsWith(`${other}_`);
  return [...names].some((other) => other !== name && couldBeOf(other)) ? undefined : former;
}
