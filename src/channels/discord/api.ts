/** Calls Discord's REST API and decides what a failure means. Every call names who calls (an unnamed one is refused: 40333) and ends by itself (discord-api-docs#7936). */

import { version } from "../../../package.json";
import { defined } from "../../core/defined.ts";
import { parsed } from "../../core/parsed.ts";
import { readBoundedText } from "../../core/read-bounded.ts";

export interface DiscordSettings {
  /** Hex. */
  publicKey: string;
  /** As set; interactions bring it along. */
  applicationId?: string;
  /** Only needed where an answer takes longer than 14 minutes, and to look for messages after a crash. */
  botToken?: string;
  apiUrl: string;
}

/** `status` 0: no answer came, and the call may have been carried out. `code`: Discord's own. */
export class DiscordFailure extends Error {
  readonly status: number;
  readonly code: number;
  readonly retryAfterMs: number | undefined;
  /** What answered was not Discord's API, but a page. */
  readonly isPage: boolean;

  constructor(status: number, code: number, of: { retryAfterMs?: number | undefined; isPage?: boolean } = {}) {
    super(status === 0 ? "Discord did not answer" : `Discord answered ${status} (${code})`);
    this.name = "DiscordFailure";
    this.status = status;
    this.code = code;
    this.retryAfterMs = of.retryAfterMs;
    this.isPage = of.isPage ?? false;
  }

  /** The interaction's token is over: 15 minutes, by 50027. */
  get tokenIsOver(): boolean {
    return this.code === 50_027;
  }

  get isUnclear(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** A file of the answer: its name, and its whole text. */
export interface ApiFile {
  name: string;
  text: string;
}

interface ApiRequest {
  path: string;
  body?: object | undefined;
  file?: ApiFile | undefined;
}

const patienceMs = 10_000;
/** Most bytes of an answer that are read: a list of 100 messages has less than 1 MB. */
const mostBytes = 4_000_000;
const userAgent = `DiscordBot (https://github.com/longline/longline, ${version})`;

export class DiscordApi {
  readonly #settings: DiscordSettings;
  readonly applicationId: string;

  constructor(settings: DiscordSettings, applicationId: string) {
    this.#settings = settings;
    this.applicationId = applicationId || (settings.applicationId ?? "");
  }

  get hasBot(): boolean {
    return this.#settings.botToken !== undefined;
  }

  /** By an interaction's token, which needs no other right. `path` begins after it. */
  byToken(
    method: string,
    { token, path, ...request }: ApiRequest & { token: string },
  ): Promise<Record<string, unknown>> {
    return this.#call(method, { ...request, path: `/webhooks/${this.applicationId}/${token}${path}` });
  }

  /** As the bot. */
  byBot(method: string, request: ApiRequest): Promise<Record<string, unknown>> {
    return this.#call(method, { ...request, authorization: `Bot ${this.#settings.botToken}` });
  }

  /** The parsed answer. Throws a DiscordFailure. */
  async #call(
    method: string,
    { path, body, file, authorization }: ApiRequest & { authorization?: string },
  ): Promise<Record<string, unknown>> {
    const headers = {
      "User-Agent": userAgent,
      ...(body && !file && { "Content-Type": "application/json" }),
      ...defined({ Authorization: authorization }),
    };
    const init = {
      method,
      headers,
      signal: AbortSignal.timeout(patienceMs),
      ...(body && { body: file ? formOf(body, file) : JSON.stringify(body) }),
    };
    const answer = await fetch(`${this.#settings.apiUrl}${path}`, init).catch(() => undefined);
    const read = answer && (await readBoundedText(answer.body, mostBytes).catch(() => undefined));
    if (answer === undefined || read === undefined) throw new DiscordFailure(0, 0);
    const json = parse(read.text);
    const isPage = /^\s*</.test(read.text);
    // A page with status 200 comes from a server between us and Discord: nothing is known of the call.
    if (answer.ok && isPage) throw new DiscordFailure(0, 0, { isPage });
    if (answer.ok) return json;
    const about = { retryAfterMs: retryAfterMs(json, answer.headers), isPage };
    throw new DiscordFailure(answer.status, Number(json.code ?? 0), about);
  }
}

/** A file in a message takes the place of those that it had (developers/reference.mdx, "Uploading Files"). */
function formOf(body: object, { name, text }: ApiFile): FormData {
  const form = new FormData();
  form.set("payload_json", JSON.stringify({ ...body, attachments: [{ id: 0, filename: name }] }));
  form.set("files[0]", new File([text], name, { type: "text/markdown; charset=utf-8" }), name);
  return form;
}

/** A page of Cloudflare's (1015) is no JSON. */
function parse(text: string): Record<string, unknown> {
  const json = parsed(text);
  if (Array.isArray(json)) return { list: json };
  return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
}

function retryAfterMs(json: Record<string, unknown>, headers: Headers): number | undefined {
  const seconds = Number(json.retry_after ?? headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : undefined;
}
