/** Settings and secrets, read once: what Cloudflare hands in goes through zod and comes out as decisions. A wrong one stops the Worker with its name and the mend. */
import * as z from "zod";
import { hostList, namedTexts, namedUrls, originList } from "./core/setting-lists.ts";

/** What `wrangler.toml`, secrets and `--var` hand to the Worker. */
export interface Bindings {
  SESSIONS: DurableObjectNamespace;
  ACCOUNTS: DurableObjectNamespace;
  PREFIXES: KVNamespace;
  RATE_LIMIT: RateLimit;
  API_KEY?: string;
  ADMIN_KEY?: string;
  MODEL?: string;
  MODEL_BASE_URL?: string;
  MODEL_API_KEY?: string;
  /** Another name for MODEL_API_KEY. */
  COMETAPI_KEY?: string;
  ALLOWED_ORIGINS?: string;
  ALLOWED_HOSTS?: string;
  MODEL_FIRST_BYTE_TIMEOUT_MS?: string;
  MODEL_IDLE_TIMEOUT_MS?: string;
  MODEL_DATA_TIMEOUT_MS?: string;
  MODEL_FINISH_TIMEOUT_MS?: string;
  MODEL_RETRIES?: string;
  MODEL_RETRY_BASE_MS?: string;
  MODEL_RETRY_LONGEST_MS?: string;
  MODEL_RETRY_AFTER_LIMIT_MS?: string;
  MODEL_CONTEXT_TOKENS?: string;
  SLACK_SIGNING_SECRET?: string;
  SLACK_BOT_TOKEN?: string;
  SLACK_API_URL?: string;
  DISCORD_PUBLIC_KEY?: string;
  DISCORD_APPLICATION_ID?: string;
  DISCORD_BOT_TOKEN?: string;
  DISCORD_API_URL?: string;
  WEBHOOK_SECRETS?: string;
  /** Remote MCP servers, besides those that the app lists; the bearer of each is the secret `MCP_TOKEN_<NAME>`. */
  MCP_SERVERS?: string;
  /** `true` under `npm run dev`, and never set anywhere else. */
  DEV?: string;
}

export interface Settings {
  /** Who may call: whoever has the key, whoever has `dev-key` on a developer's machine, or nobody yet. */
  auth: { kind: "key"; apiKey: string } | { kind: "dev"; apiKey: "dev-key" } | { kind: "closed" };
  /** Opens `/v1/admin`; nobody may use that without one. */
  adminKey: string | undefined;
  /** Who answers. `modelId` is absent when the agent's first model is meant. */
  model: { kind: "demo" } | { kind: "provider"; baseUrl: string; apiKey?: string; modelId?: string };
  /** How long a provider may be silent before its call counts as failed; what each means: `model/client.ts`. */
  timeouts: { firstByteMs: number; idleMs: number; dataMs: number; finishMs: number };
  /** How a failed model call is tried again; what each means: `model/retry.ts`. */
  retry: { retriesPerModel: number; baseMs: number; longestPauseMs: number; longestRetryAfterMs: number };
  /** Most tokens of a conversation that a model is shown, where that is less than its window; absent: as much as it takes. */
  contextTokens: number | undefined;
  /** Exact origins that browsers may call from. */
  allowedOrigins: readonly string[];
  /** Host names, besides loopback, that a development server answers to. */
  allowedHosts: readonly string[] | undefined;
  /** Absent: nothing from there is taken. */
  slack:
    | { signingSecret: string; botToken?: string; apiUrl: string; client?: { id: string; secret: string } }
    | undefined;
  discord: { publicKey: string; applicationId?: string; botToken?: string; apiUrl: string } | undefined;
  /** Secrets of inbound webhooks by name, two while one is being replaced; `callback` signs what goes out. */
  webhookSecrets: ReadonlyMap<string, readonly string[]>;
  /** Addresses of remote MCP servers by name. */
  mcpServers: ReadonlyMap<string, string>;
  /** A developer's machine: callbacks may go to loopback. */
  isDev: boolean;
}

/** An empty setting is no setting: dashboards and `.dev.vars` make them. Nor is a value that an example shows in a key's place. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === "" || isExample(value) ? undefined : value), schema.optional());

/** `sk-...`, `your-key`, `<key>`, `changeme`, `xxxx`: what documentation shows where a key belongs. */
export function isExample(value: unknown): boolean {
  const example =
    /^(?:(?:sk-|whsec_|xoxb-)?(?:\.{3}|\u2026|x{3,})|your[-_ ].*|change[-_]?me|choose-a-long-one|<[^<>]*>)$/i;
  return typeof value === "string" && value.length <= 100 && example.test(value);
}

/** A warning for each setting that still has an example's value, and therefore counts as not set. */
export function exampleWarnings(bindings: Bindings): string[] {
  const given = bindings as unknown as Record<string, unknown>;
  const names = Object.keys(variables.shape).filter((name) => isExample(given[name]));
  return names.map(
    (name) => `The setting ${name} still has its example value, so it counts as not set. Put your own in.`,
  );
}

/** A text that holds several values. */
function list<T>(read: (text: string, complain: (message: string) => void) => T) {
  return z
    .string()
    .transform((text, context) => read(text, (message) => context.addIssue({ code: "custom", message })));
}

function whole<T>(standard: T, least: number, most: number) {
  const range = `must be a whole number from ${least} to ${most}`;
  const number = z
    .string()
    .regex(/^\d+$/, range)
    .transform(Number)
    .refine((value) => value >= least && value <= most, range);
  return optional(number).transform((value) => value ?? standard);
}

function milliseconds(standard: number) {
  return whole(standard, 10, 3_600_000);
}

/** A key travels in an HTTP header: what cannot be sent there would be a key that opens nothing. */
const key = z.string().regex(/^[\x21-\x7e]+$/, "must not contain spaces, line breaks or letters outside ASCII");
const baseUrl = z
  .url({ protocol: /^https?$/, error: "must be a URL such as https://api.cometapi.com/v1" })
  .refine(isBare, "must hold no user name, password, ? or #: paths are added to it, and the key is MODEL_API_KEY");

const variables = z.object({
  API_KEY: optional(key.min(8, "is too short: use at least 8 characters")),
  ADMIN_KEY: optional(key.min(16, "is too short: use at least 16 characters")),
  MODEL: optional(z.string().regex(/^\S{1,200}$/, "must be a model id, without spaces")),
  MODEL_BASE_URL: optional(baseUrl),
  MODEL_API_KEY: optional(key),
  COMETAPI_KEY: optional(key),
  ALLOWED_ORIGINS: optional(list(originList)),
  ALLOWED_HOSTS: optional(list(hostList)),
  // Timers and retries: the figures of DeepSeek's own adapter (deepseek-harness, llm-deepseek), with a shorter idle time.
  MODEL_FIRST_BYTE_TIMEOUT_MS: milliseconds(120_000),
  MODEL_IDLE_TIMEOUT_MS: milliseconds(60_000),
  MODEL_DATA_TIMEOUT_MS: milliseconds(300_000),
  MODEL_FINISH_TIMEOUT_MS: milliseconds(5_000),
  MODEL_RETRIES: whole(5, 0, 20),
  MODEL_RETRY_BASE_MS: whole(500, 0, 60_000),
  MODEL_RETRY_LONGEST_MS: milliseconds(10_000),
  MODEL_RETRY_AFTER_LIMIT_MS: milliseconds(60_000),
  MODEL_CONTEXT_TOKENS: whole(undefined, 1_000, 10_000_000),
  SLACK_SIGNING_SECRET: optional(key),
  SLACK_BOT_TOKEN: optional(key),
  SLACK_CLIENT_ID: optional(z.string().regex(/^[0-9.]{3,100}$/, "must be the client ID of the app: digits and a dot")),
  SLACK_CLIENT_SECRET: optional(key),
  SLACK_API_URL: optional(baseUrl).transform((value) => value ?? "https://slack.com/api"),
  DISCORD_PUBLIC_KEY: optional(z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits")),
  DISCORD_APPLICATION_ID: optional(z.string().regex(/^\d{5,25}$/, "must be the number of the application")),
  DISCORD_BOT_TOKEN: optional(key),
  DISCORD_API_URL: optional(baseUrl).transform((value) => (value ?? "https://discord.com/api/v10").replace(/\/+$/, "")),
  WEBHOOK_SECRETS: optional(list(namedTexts)),
  MCP_SERVERS: optional(list(namedUrls)),
  DEV: optional(z.literal("true", "is set by npm run dev only: remove it")),
});

const secret = new Set([
  "API_KEY",
  "ADMIN_KEY",
  "MODEL_API_KEY",
  "COMETAPI_KEY",
  "SLACK_SIGNING_SECRET",
  "SLACK_BOT_TOKEN",
  "SLACK_CLIENT_SECRET",
  "DISCORD_BOT_TOKEN",
  "WEBHOOK_SECRETS",
  // Some servers have their key in the address.
  "MCP_SERVERS",
]);

/** The settings in `bindings`. Throws an Error that names every wrong one and says how to mend it; a secret's value is never shown. */
export function parseSettings(bindings: Bindings): Settings {
  const parsed = variables.safeParse(bindings);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => complaint(String(path[0]), message, bindings));
    throw new Error(
      `Longline cannot start, because of its settings (wrangler.toml, secrets, .dev.vars or --var):\n${wrong.join("\n")}`,
    );
  }
  const { API_KEY, ALLOWED_ORIGINS = [], ALLOWED_HOSTS, DEV } = parsed.data;
  return {
    auth: authOf(API_KEY, DEV),
    adminKey: parsed.data.ADMIN_KEY,
    model: modelOf(parsed.data),
    timeouts: {
      firstByteMs: parsed.data.MODEL_FIRST_BYTE_TIMEOUT_MS,
      idleMs: parsed.data.MODEL_IDLE_TIMEOUT_MS,
      dataMs: parsed.data.MODEL_DATA_TIMEOUT_MS,
      finishMs: parsed.data.MODEL_FINISH_TIMEOUT_MS,
    },
    retry: {
      retriesPerModel: parsed.data.MODEL_RETRIES,
      baseMs: parsed.data.MODEL_RETRY_BASE_MS,
      longestPauseMs: parsed.data.MODEL_RETRY_LONGEST_MS,
      longestRetryAfterMs: parsed.data.MODEL_RETRY_AFTER_LIMIT_MS,
    },
    contextTokens: parsed.data.MODEL_CONTEXT_TOKENS,
    allowedOrigins: ALLOWED_ORIGINS,
    allowedHosts: ALLOWED_HOSTS,
    ...channelsOf(parsed.data),
    mcpServers: parsed.data.MCP_SERVERS ?? new Map(),
    isDev: DEV !== undefined,
  };
}

function channelsOf(data: z.infer<typeof variables>): Pick<Settings, "slack" | "discord" | "webhookSecrets"> {
  const { SLACK_SIGNING_SECRET: signingSecret, SLACK_BOT_TOKEN: slackToken, WEBHOOK_SECRETS } = data;
  const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = data;
  const { DISCORD_PUBLIC_KEY: publicKey, DISCORD_APPLICATION_ID: applicationId, DISCORD_BOT_TOKEN: botToken } = data;
  return {
    slack:
      signingSecret === undefined
        ? undefined
        : {
            signingSecret,
            ...(slackToken && { botToken: slackToken }),
            apiUrl: data.SLACK_API_URL,
            ...(clientId && clientSecret && { client: { id: clientId, secret: clientSecret } }),
          },
    discord:
      publicKey === undefined
        ? undefined
        : {
            publicKey,
            ...(applicationId && { applicationId }),
            ...(botToken && { botToken }),
            apiUrl: data.DISCORD_API_URL,
          },
    webhookSecrets: WEBHOOK_SECRETS ?? new Map(),
  };
}

function authOf(apiKey: string | undefined, dev: string | undefined): Settings["auth"] {
  if (apiKey !== undefined) return { kind: "key", apiKey };
  return dev === undefined ? { kind: "closed" } : { kind: "dev", apiKey: "dev-key" };
}

/** Without a key there is nobody to ask, except on this machine, where providers need none. */
function modelOf(data: z.infer<typeof variables>): Settings["model"] {
  const apiKey = data.MODEL_API_KEY ?? data.COMETAPI_KEY;
  const baseUrl = (data.MODEL_BASE_URL ?? "https://api.cometapi.com/v1").replace(/\/+$/, "");
  if (apiKey === undefined && !isLoopback(baseUrl)) return { kind: "demo" };
  return {
    kind: "provider",
    baseUrl,
    ...(apiKey !== undefined && { apiKey }),
    ...(data.MODEL !== undefined && { modelId: data.MODEL }),
  };
}

/** What is no URL at all has its own complaint. */
function isBare(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return username === "" && password === "" && !/[?#]/.test(url);
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function complaint(name: string, message: string, bindings: Bindings): string {
  const value = (bindings as unknown as Record<string, unknown>)[name];
  // People put keys into URLs too.
  const shown = String(value)
    .replace(/\/\/.*@/, "//***@")
    .replace(/[?#].*/, "?***");
  const was = secret.has(name) ? "" : ` It was ${JSON.stringify(shown)}.`;
  return `- ${name} ${message}.${was}`;
}
