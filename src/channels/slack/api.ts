/** Calls Slack's Web API and says what a failure means: later, never, or nothing that matters. Slack tells most failures with HTTP 200 (docs.slack.dev/apis/web-api). */
import { SlackAPIClient, SlackAPIConnectionError, SlackAPIError } from "slack-web-api-client";

import { refusalOf } from "./ladder.ts";

export interface SlackSettings {
  signingSecret: string;
  /** `xoxb-…`; without it messages are taken and nothing is shown. */
  botToken?: string;
  apiUrl: string;
  /** Of the app, for installing it into further workspaces. */
  client?: { id: string; secret: string };
  /** Where people say yes to an installation, when not at slack.com. */
  authorizeUrl?: string;
  /** The token of a workspace that installed the app. */
  tokenOf?(team: string): Promise<string | undefined>;
}

/** The settings as they are for one workspace: with its own token, where it installed the app. */
export async function settingsFor(settings: SlackSettings, team: string): Promise<SlackSettings> {
  const botToken = team === "" ? undefined : await settings.tokenOf?.(team);
  return botToken === undefined ? settings : { ...settings, botToken };
}

/** `error` is Slack's own code, or `http_<status>`, `timeout` or `unreachable`. */
export class SlackFailure extends Error {
  readonly error: string;
  /** The method that was called; `response_url` for a post to one. */
  readonly method: string;
  readonly retryAfterMs: number | undefined;

  constructor(error: string, method: string, retryAfterMs?: number) {
    super(`Slack answered ${error} to ${method}`);
    this.name = "SlackFailure";
    this.error = error;
    this.method = method;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the call may have been carried out all the same. */
  get isUnclear(): boolean {
    return refusalOf(this.error) === "unclear";
  }

  /** Whether it may go well a little later. */
  get passes(): boolean {
    return this.isUnclear || refusalOf(this.error) === "wait";
  }
}

/** Longest that an answer is waited for. The call may have been carried out all the same. */
const patienceMs = 10_000;

export type SlackResult = Record<string, unknown>;

export class SlackApi {
  readonly #client: SlackAPIClient;

  constructor({ botToken, apiUrl }: SlackSettings) {
    // Retries are the outbox's: it remembers them over a crash.
    this.#client = new SlackAPIClient(botToken, { baseUrl: apiUrl, retryHandlers: [] });
  }

  /** The answer of a method. Throws a SlackFailure. */
  async call(method: string, params: SlackResult): Promise<SlackResult> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new SlackFailure("timeout", method)), patienceMs);
    const call = this.#client.call(method, params);
    // One that comes too late may fail unheard.
    call.catch(() => {});
    try {
      return (await Promise.race([call, late.promise])) as unknown as SlackResult;
    } catch (error) {
      throw failureOf(error, method);
    } finally {
      clearTimeout(timer);
    }
  }
}

function failureOf(error: unknown, method: string): SlackFailure {
  if (error instanceof SlackFailure) return error;
  if (error instanceof SlackAPIError) return new SlackFailure(error.error, method, retryAfterMs(error.result.headers));
  if (!(error instanceof SlackAPIConnectionError)) return new SlackFailure("unreachable", method);
  if (error.status === 429) return new SlackFailure("ratelimited", method, retryAfterMs(error.headers) ?? 1_000);
  return new SlackFailure(error.status > 0 ? `http_${error.status}` : "unreachable", method);
}

function retryAfterMs(headers: Headers | undefined): number | undefined {
  const seconds = Number(headers?.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
