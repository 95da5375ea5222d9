/** Calls Slack's Web API and says what a failure means: later, never, or nothing that matters. Slack tells most failures with HTTP 200 (docs.slack.dev/apis/web-api). */
import { SlackAPIClient, SlackAPIConnectionError, SlackAPIError } from "slack-web-api-client";

export interface SlackSettings {
  signingSecret: string;
  /** `xoxb-…`; without it messages are taken and nothing is shown. */
  botToken?: string;
  apiUrl: string;
}

/** `error` is Slack's own code, or `http_<status>`, `timeout` or `unreachable`. */
export class SlackFailure extends Error {
  readonly error: string;
  readonly retryAfterMs: number | undefined;

  constructor(error: string, retryAfterMs?: number) {
    super(`Slack answered ${error}`);
    this.name = "SlackFailure";
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether trying again is in vain. */
  get forGood(): boolean {
    return hopeless.has(this.error);
  }

  /** Whether it may go well a little later. */
  get passes(): boolean {
    return this.isUnclear || this.error === "ratelimited" || this.error.startsWith("http_");
  }

  /** Whether the call may have been carried out all the same. */
  get isUnclear(): boolean {
    return this.error === "timeout" || this.error === "unreachable" || this.error.startsWith("http_5");
  }
}

/** What no further try will mend, by docs.slack.dev/methods. */
const hopeless = new Set([
  "account_inactive",
  "channel_not_found",
  "invalid_arguments",
  "invalid_auth",
  "invalid_blocks",
  "is_archived",
  "message_not_found",
  "messages_tab_disabled",
  "missing_scope",
  "no_permission",
  "not_authed",
  "not_in_channel",
  "org_login_required",
  "restricted_action",
  "team_access_not_granted",
  "thread_not_found",
  "token_expired",
  "token_revoked",
]);

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
    const timer = setTimeout(() => late.reject(new SlackFailure("timeout")), patienceMs);
    const call = this.#client.call(method, params);
    // One that comes too late may fail unheard.
    call.catch(() => {});
    try {
      return (await Promise.race([call, late.promise])) as unknown as SlackResult;
    } catch (error) {
      throw failureOf(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function failureOf(error: unknown): SlackFailure {
  if (error instanceof SlackFailure) return error;
  if (error instanceof SlackAPIError) return new SlackFailure(error.error, retryAfterMs(error.result.headers));
  if (!(error instanceof SlackAPIConnectionError)) return new SlackFailure("unreachable");
  if (error.status === 429) return new SlackFailure("ratelimited", retryAfterMs(error.headers) ?? 1_000);
  return new SlackFailure(error.status > 0 ? `http_${error.status}` : "unreachable");
}

function retryAfterMs(headers: Headers | undefined): number | undefined {
  const seconds = Number(headers?.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
