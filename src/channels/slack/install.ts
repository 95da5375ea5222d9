/** Installs the app into further workspaces by Slack's OAuth (docs.slack.dev/authentication/installing-with-oauth): the page that begins it, and the code that comes back. It stores nothing itself: the caller gets the token. */
import { AppError } from "../../core/errors.ts";
import type { SlackSettings } from "./api.ts";
import { slackManifest } from "./manifest.ts";
import type { SlackRules } from "./rules.ts";

/** A workspace that installed the app, or a whole organisation by its id. */
export interface SlackInstall {
  team: string;
  botToken: string;
}

const stateMs = 10 * 60_000;
const cookieName = "longline_slack_state";

/** Sends the person to Slack. The state is signed, holds its end, and is bound to this browser by a cookie. `origin`: of the Worker. */
export async function beginInstall(settings: SlackSettings, origin: string, nowMs: number): Promise<Response> {
  const { client } = settings;
  if (client === undefined) return notConfigured();
  const nonce = crypto.randomUUID();
  const state = await signedState({ nonce, endMs: nowMs + stateMs }, settings.signingSecret);
  const url = new URL("/oauth/v2/authorize", settings.authorizeUrl ?? "https://slack.com");
  url.searchParams.set("client_id", client.id);
  url.searchParams.set("scope", scopes().join(","));
  url.searchParams.set("redirect_uri", redirectUri(origin));
  url.searchParams.set("state", state);
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  const cookie = `${cookieName}=${nonce}; Path=/channels/slack; Max-Age=${stateMs / 1000}; HttpOnly; SameSite=Lax${secure}`;
  return new Response(null, {
    status: 302,
    headers: { Location: url.href, "Set-Cookie": cookie, "Cache-Control": "no-store" },
  });
}

/** The workspace of the code that came back. Throws an AppError that names what is wrong. */
export async function finishInstall(
  { url, cookie, nowMs }: { url: URL; cookie: string; nowMs: number },
  settings: SlackSettings,
  { allowedTeams }: SlackRules = {},
): Promise<SlackInstall> {
  const { client, apiUrl } = settings;
  if (client === undefined) return notConfigured();
  const [code, state, denied] = ["code", "state", "error"].map((name) => url.searchParams.get(name) ?? "");
  const nonce = new RegExp(`(?:^|;\\s*)${cookieName}=([0-9a-f-]{36})`).exec(cookie)?.[1];
  if (!(await isOurState(state ?? "", { nonce, nowMs }, settings.signingSecret))) {
    const detail =
      "The state is not the one that this browser began with, or older than 10 minutes. Begin again at /channels/slack/install.";
    throw new AppError("invalid_request", detail, { field: "state" });
  }
  if (denied)
    throw new AppError("invalid_request", `Slack did not install the app: ${denied.slice(0, 100)}.`, {
      field: "error",
    });
  if (!code) throw new AppError("invalid_request", "code is missing.", { field: "code" });
  const body = new URLSearchParams({ code, redirect_uri: redirectUri(url.origin) });
  const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`;
  const init = { method: "POST", headers: { Authorization: authorization }, body, redirect: "manual" as const };
  const answer = await fetch(`${apiUrl}/oauth.v2.access`, { ...init, signal: AbortSignal.timeout(10_000) });
  const read = (await answer.json()) as OAuthAccess;
  const team = read.is_enterprise_install ? read.enterprise?.id : read.team?.id;
  if (!read.ok || !read.access_token || !team) {
    throw new AppError("invalid_request", `Slack did not take the code: ${read.error ?? "it sent no token"}.`, {
      field: "code",
    });
  }
  if (allowedTeams !== undefined && !allowedTeams.includes(team)) {
    throw new AppError("forbidden", `The workspace ${team} is not one of channels.slack.allowedTeams.`);
  }
  return { team, botToken: read.access_token };
}

interface OAuthAccess {
  ok?: boolean;
  error?: string;
  access_token?: string;
  team?: { id?: string } | null;
  enterprise?: { id?: string } | null;
  is_enterprise_install?: boolean;
}

function notConfigured(): never {
  throw new AppError("not_configured", "Installing is not configured. Set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET.");
}

function redirectUri(origin: string): string {
  return `${origin}/channels/slack/oauth`;
}

function scopes(): readonly string[] {
  const { oauth_config } = slackManifest("https://longline.invalid") as { oauth_config: { scopes: { bot: string[] } } };
  return oauth_config.scopes.bot;
}

async function signedState({ nonce, endMs }: { nonce: string; endMs: number }, secret: string): Promise<string> {
  const signed = `${endMs}.${nonce}`;
  return `${signed}.${hex(await crypto.subtle.sign("HMAC", await keyOf(secret), bytes(signed)))}`;
}

async function isOurState(
  state: string,
  { nonce, nowMs }: { nonce: string | undefined; nowMs: number },
  secret: string,
): Promise<boolean> {
  const [, end, named, signature] = /^(\d{1,15})\.([0-9a-f-]{36})\.([0-9a-f]{64})$/.exec(state) ?? [];
  if (end === undefined || named === undefined || signature === undefined) return false;
  if (named !== nonce || Number(end) < nowMs) return false;
  const given = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify("HMAC", await keyOf(secret), given, bytes(`${end}.${named}`));
}

/** Of its own use: a state is no signature of a request. */
function keyOf(secret: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes(`longline install ${secret}`), algorithm, false, ["sign", "verify"]);
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

function hex(buffer: ArrayBuffer): string {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
