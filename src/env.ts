/** The settings that every app has: keys, the model, who may call. Those of a channel, a door or a tool are declared by it. */
import { defined } from "./core/defined.ts";
import { hostList, originList } from "./core/setting-lists.ts";
import {
  apiUrl,
  headerKey,
  matching,
  mustHaveNoFaults,
  readSettings,
  type SettingValues,
  text,
  wholeNumber,
} from "./core/settings.ts";

/** The variables that the Worker receives from `wrangler.toml`, secrets and `--var`. */
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
  TURN_RETENTION_DAYS?: string;
  JURISDICTION?: string;
  /** `true` under `npm run dev`, and never set anywhere else. */
  DEV?: string;
}

export interface Settings {
  /** Who may call: callers with the key, callers with `dev-key` on a developer's machine, or no one yet. */
  auth: { kind: "key"; apiKey: string } | { kind: "dev"; apiKey: "dev-key" } | { kind: "closed" };
  /** Opens `/v1/admin`, which no one may use without one. */
  adminKey: string | undefined;
  /** The model that answers. */
  model: { kind: "demo"; fetch?: typeof fetch } | ProviderSettings;
  /** How long a provider may be silent before its call counts as failed; what each means: `model/client.ts`. */
  timeouts: { firstByteMs: number; idleMs: number; dataMs: number; finishMs: number };
  /** How a failed model call is tried again; what each means: `model/retry.ts`. */
  retry: { retriesPerModel: number; baseMs: number; longestPauseMs: number; longestRetryAfterMs: number };
  /** Most tokens of a conversation that a model is shown, where that is less than its window; absent: as much as it takes. */
  contextTokens: number | undefined;
  /** How long ended turns stay listed. */
  keepTurnsMs: number;
  /** Exact origins that browsers may call from. */
  allowedOrigins: readonly string[];
  /** Host names, besides loopback, that a development server answers to. */
  allowedHosts: readonly string[] | undefined;
  /** A developer's machine: callbacks may go to loopback. */
  isDev: boolean;
}

export interface ProviderSettings {
  kind: "provider";
  baseUrl: string;
  apiKey?: string;
  /** Absent when the agent's first model is meant. */
  modelId?: string;
  /** The app has no model yet: no key, no provider on this machine, no demo model. It is not called. */
  isMissing?: true;
}

const standardUrl = "https://api.cometapi.com/v1";
/** One hour at most. */
const milliseconds = { schema: wholeNumber(10, 3_600_000) };

/** What is declared for every app. */
export const baseSettings = {
  API_KEY: { schema: headerKey(8), secret: true },
  ADMIN_KEY: { schema: headerKey(16), secret: true },
  MODEL: { schema: matching(/^\S{1,200}$/, "must be a model id, without spaces") },
  MODEL_BASE_URL: { schema: apiUrl(standardUrl, ", and the key is MODEL_API_KEY") },
  MODEL_API_KEY: { schema: headerKey(), secret: true },
  COMETAPI_KEY: { schema: headerKey(), secret: true },
  ALLOWED_ORIGINS: { schema: text(originList) },
  ALLOWED_HOSTS: { schema: text(hostList) },
  MODEL_FIRST_BYTE_TIMEOUT_MS: milliseconds,
  MODEL_IDLE_TIMEOUT_MS: milliseconds,
  MODEL_DATA_TIMEOUT_MS: milliseconds,
  MODEL_FINISH_TIMEOUT_MS: milliseconds,
  MODEL_RETRIES: { schema: wholeNumber(0, 20) },
  MODEL_RETRY_BASE_MS: { schema: wholeNumber(0, 60_000) },
  MODEL_RETRY_LONGEST_MS: milliseconds,
  MODEL_RETRY_AFTER_LIMIT_MS: milliseconds,
  MODEL_CONTEXT_TOKENS: { schema: wholeNumber(1_000, 10_000_000) },
  TURN_RETENTION_DAYS: { schema: wholeNumber(1, 3_650) },
  JURISDICTION: { schema: matching(/^(eu|fedramp)$/, "must be eu or fedramp, the jurisdictions that Cloudflare has") },
  DEV: { schema: matching(/^true$/, "is set by npm run dev only: remove it") },
} as const;

type Values = SettingValues<typeof baseSettings>;

/** The settings in `bindings`. Throws an Error that names every wrong one and says how to fix it; a secret's value is never shown. */
export function parseSettings(bindings: Bindings): Settings {
  const { values, faults } = readSettings(baseSettings, { ...bindings });
  mustHaveNoFaults(faults);
  return settingsOf(values);
}

/** What the values mean, with the default of each that is not set. */
export function settingsOf(values: Values): Settings {
  return {
    auth: authOf(values),
    adminKey: values.ADMIN_KEY,
    model: modelOf(values),
    // Timers and retries: the figures of DeepSeek's own adapter (deepseek-harness, llm-deepseek), with a shorter idle time.
    timeouts: {
      firstByteMs: values.MODEL_FIRST_BYTE_TIMEOUT_MS ?? 120_000,
      idleMs: values.MODEL_IDLE_TIMEOUT_MS ?? 60_000,
      dataMs: values.MODEL_DATA_TIMEOUT_MS ?? 300_000,
      finishMs: values.MODEL_FINISH_TIMEOUT_MS ?? 5_000,
    },
    retry: {
      retriesPerModel: values.MODEL_RETRIES ?? 5,
      baseMs: values.MODEL_RETRY_BASE_MS ?? 500,
      longestPauseMs: values.MODEL_RETRY_LONGEST_MS ?? 10_000,
      longestRetryAfterMs: values.MODEL_RETRY_AFTER_LIMIT_MS ?? 60_000,
    },
    contextTokens: values.MODEL_CONTEXT_TOKENS,
    keepTurnsMs: (values.TURN_RETENTION_DAYS ?? 90) * 86_400_000,
    allowedOrigins: values.ALLOWED_ORIGINS ?? [],
    allowedHosts: values.ALLOWED_HOSTS,
    isDev: values.DEV !== undefined,
  };
}

function authOf({ API_KEY: apiKey, DEV }: Values): Settings["auth"] {
  if (apiKey !== undefined) return { kind: "key", apiKey };
  return DEV === undefined ? { kind: "closed" } : { kind: "dev", apiKey: "dev-key" };
}

/** Without a key no provider can be called, except on this machine, where providers need none. */
function modelOf(values: Values): Settings["model"] {
  const apiKey = values.MODEL_API_KEY ?? values.COMETAPI_KEY;
  const baseUrl = values.MODEL_BASE_URL ?? standardUrl;
  if (apiKey === undefined && !isLoopback(baseUrl)) return { kind: "demo" };
  return { ...addressOf(values), ...defined({ apiKey }) };
}

function addressOf({ MODEL, MODEL_BASE_URL }: Values): ProviderSettings {
  const baseUrl = MODEL_BASE_URL ?? standardUrl;
  return { kind: "provider", baseUrl, ...(MODEL !== undefined && { modelId: MODEL }) };
}

/** The settings of an app that has this demo model, or none. */
export function withDemo(settings: Settings, values: Values, demo: typeof fetch | undefined): Settings {
  if (settings.model.kind !== "demo") return settings;
  const model =
    demo === undefined ? { ...addressOf(values), isMissing: true as const } : { ...settings.model, fetch: demo };
  return { ...settings, model };
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
