/** Calls Slack's Web API and decides what a failure means: try later, never, or ignore it. Slack reports most failures with HTTP 200 (docs.slack.dev/apis/web-api). */
import { refusalOf } from "./ladder.ts";

export interface SlackSettings {
  signingSecret: string;
  /** `xoxb-…`; without it messages are taken and nothing is shown. */
  botToken?: string;
  apiUrl: string;
  /** Of the app, for installing it into further workspaces. */
  client?: { id: string; secret: string };
  /** Where people approve an installation, when not at slack.com. */
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
  readonly #settings: SlackSettings;

  constructor(settings: SlackSettings) {
    this.#settings = settings;
  }

  /** The answer of a method. Throws a SlackFailure. Retries are the outbox's: it remembers them over a crash. */
  async call(method: string, params: SlackResult): Promise<SlackResult> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new SlackFailure("timeout", method)), patienceMs);
    const call = this.#answer(method, params);
    // One that comes too late may fail unheard.
    call.catch(() => {});
    try {
      return await Promise.race([call, late.promise]);
    } catch (error) {
      throw error instanceof SlackFailure ? error : new SlackFailure("unreachable", method);
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(method: string, params: SlackResult): Promise<SlackResult> {
    const { apiUrl, botToken } = this.#settings;
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded",
      ...(botToken !== undefined && { Authorization: `Bearer ${botToken}` }),
    };
    const answer = await fetch(`${apiUrl}/${method}`, { method: "POST", headers, body: formOf(params) });
    if (answer.status === 429) {
      await answer.body?.cancel();
      throw new SlackFailure("ratelimited", method, retryAfterMs(answer.headers) ?? 1_000);
    }
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw new SlackFailure(`http_${answer.status}`, method);
    }
    const result = (await answer.json()) as SlackResult;
    if (result.error) throw new SlackFailure(String(result.error), method, retryAfterMs(answer.headers));
    return result;
  }
}

/** Every method takes a form (docs.slack.dev/apis/web-api): lists of plain values joined by commas, everything else that is no text as JSON. */
function formOf(params: SlackResult): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    const isPlainList = Array.isArray(value) && value.length > 0 && typeof value[0] !== "object";
    form.set(name, isPlainList ? value.join(",") : typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return form;
}

function retryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
