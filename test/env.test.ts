import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { discordSettings, discordSetup } from "../src/channels/discord/discord-channel.ts";
import { slackSettings, slackSetup } from "../src/channels/slack/slack-channel.ts";
import { webhookSecrets, webhookSettings } from "../src/channels/webhook.ts";
import {
  exampleWarnings,
  mustHaveNoFaults,
  readSettings,
  type SettingDeclarations,
  type SettingValues,
} from "../src/core/settings.ts";
import { mcpSettings } from "../src/doors/mcp-servers.ts";
import { type Bindings, baseSettings, parseSettings } from "../src/env.ts";

/** As an app reads what its parts declare. */
function declared<D extends SettingDeclarations>(declarations: D, vars: Record<string, string>): SettingValues<D> {
  const { values, faults } = readSettings(declarations, vars);
  mustHaveNoFaults(faults);
  return values;
}

const settings = (vars: Record<string, string> = {}) => parseSettings(vars as unknown as Bindings);

describe("settings", () => {
  it("[ENV-1] without any, nobody may call and the demo model would answer", () => {
    expect(settings()).toEqual({
      keepTurnsMs: 90 * 86_400_000,
      isDev: false,
      auth: { kind: "closed" },
      model: { kind: "demo" },
      timeouts: { firstByteMs: 120_000, idleMs: 60_000, dataMs: 300_000, finishMs: 5_000 },
      retry: { retriesPerModel: 5, baseMs: 500, longestPauseMs: 10_000, longestRetryAfterMs: 60_000 },
      allowedOrigins: [],
    });
  });

  it("[ENV-6] channels are configured by their secrets, and webhooks by name, two secrets while one is replaced", () => {
    const slack = declared(slackSettings, { SLACK_SIGNING_SECRET: "s3cret", SLACK_BOT_TOKEN: "xoxb-1" });
    expect(slackSetup(slack)).toEqual({
      signingSecret: "s3cret",
      botToken: "xoxb-1",
      apiUrl: "https://slack.com/api",
    });
    expect(slackSetup(declared(slackSettings, { SLACK_BOT_TOKEN: "xoxb-1" }))).toBeUndefined();
    expect(discordSetup(declared(discordSettings, { DISCORD_PUBLIC_KEY: "ab".repeat(32) }))).toEqual({
      publicKey: "ab".repeat(32),
      apiUrl: "https://discord.com/api/v10",
    });
    const hooks = (secrets: string) => webhookSecrets(declared(webhookSettings, { WEBHOOK_SECRETS: secrets }));
    expect([...hooks("a=whsec_12345678, b=longenough\na=whsec_87654321")]).toEqual([
      ["a", ["whsec_12345678", "whsec_87654321"]],
      ["b", ["longenough"]],
    ]);
    expect(() => hooks("secretwithoutname")).toThrow(/WEBHOOK_SECRETS must hold pairs such as/);
    expect(() => hooks("secretwithoutname")).not.toThrow(/secretwithoutname/);
    expect(() => declared(discordSettings, { DISCORD_PUBLIC_KEY: "abc" })).toThrow(/DISCORD_PUBLIC_KEY must be 64/);
  });

  it("[MCP-9] MCP servers are named with their addresses, and a wrong one is not shown", () => {
    const servers = (text: string) => declared(mcpSettings, { MCP_SERVERS: text }).MCP_SERVERS ?? new Map();
    expect([...servers("docs=https://docs.example.com/mcp?v=1, b=http://127.0.0.1:3000/mcp")]).toEqual([
      ["docs", "https://docs.example.com/mcp?v=1"],
      ["b", "http://127.0.0.1:3000/mcp"],
    ]);
    for (const wrong of ["https://docs.example.com/mcp", "docs=docs.example.com", "docs=ftp://docs.example.com"]) {
      expect(() => servers(wrong)).toThrow(/MCP_SERVERS must hold pairs such as docs=https:/);
      expect(() => servers(wrong)).not.toThrow(/It was/);
    }
    expect(() => servers("a=https://a.example a=https://b.example")).toThrow(/names "a" twice/);
  });

  it("[ENV-2] dev-key counts only on a developer's machine, and only without a key", () => {
    expect(settings({ DEV: "true" }).auth).toEqual({ kind: "dev", apiKey: "dev-key" });
    expect(settings({ DEV: "true", API_KEY: "a-long-key" }).auth).toEqual({ kind: "key", apiKey: "a-long-key" });
    expect(settings({ API_KEY: "" }).auth).toEqual({ kind: "closed" });
  });

  it.each([
    [{ MODEL_API_KEY: "k" }, { kind: "provider", baseUrl: "https://api.cometapi.com/v1", apiKey: "k" }],
    [{ COMETAPI_KEY: "k" }, { kind: "provider", baseUrl: "https://api.cometapi.com/v1", apiKey: "k" }],
    [
      { COMETAPI_KEY: "other", MODEL_API_KEY: "k", MODEL: "m" },
      { kind: "provider", baseUrl: "https://api.cometapi.com/v1", apiKey: "k", modelId: "m" },
    ],
    [{ MODEL_BASE_URL: "https://x.test/v1/" }, { kind: "demo" }],
    [
      { MODEL_BASE_URL: "https://x.test/v1/", MODEL_API_KEY: "k" },
      { kind: "provider", baseUrl: "https://x.test/v1", apiKey: "k" },
    ],
    [{ MODEL_BASE_URL: "http://127.0.0.1:11434/v1" }, { kind: "provider", baseUrl: "http://127.0.0.1:11434/v1" }],
    [{ MODEL_BASE_URL: "http://localhost:1" }, { kind: "provider", baseUrl: "http://localhost:1" }],
    [{ MODEL_BASE_URL: "http://[::1]:1" }, { kind: "provider", baseUrl: "http://[::1]:1" }],
    [{ MODEL_BASE_URL: "http://127.0.0.1.evil.test" }, { kind: "demo" }],
    [{ MODEL: "m" }, { kind: "demo" }],
  ])("[ENV-3] %j: %j answers", (vars, model) => {
    expect(settings(vars).model).toEqual(model);
  });

  it("[ENV-4] reads origins and numbers", () => {
    expect(settings({ ALLOWED_ORIGINS: "https://a.test, http://localhost:3000 ," }).allowedOrigins).toEqual([
      "https://a.test",
      "http://localhost:3000",
    ]);
    expect(settings({ MODEL_RETRIES: "0", MODEL_IDLE_TIMEOUT_MS: "1000" })).toMatchObject({
      retry: { retriesPerModel: 0 },
      timeouts: { idleMs: 1000 },
    });
    expect([settings({}).contextTokens, settings({ MODEL_CONTEXT_TOKENS: "16000" }).contextTokens]).toEqual([
      undefined,
      16_000,
    ]);
  });

  it.each([
    [
      { MODEL_BASE_URL: "cometapi" },
      'MODEL_BASE_URL must be a URL such as https://api.cometapi.com/v1. It was "cometapi".',
    ],
    [{ MODEL_BASE_URL: "ftp://x.test" }, "MODEL_BASE_URL must be a URL"],
    [{ MODEL_CONTEXT_TOKENS: "10" }, "MODEL_CONTEXT_TOKENS must be a whole number from 1000 to 10000000"],
    [{ MODEL: "two words" }, 'MODEL must be a model id, without spaces. It was "two words".'],
    [{ API_KEY: "short" }, "API_KEY is too short: use at least 8 characters."],
    [{ MODEL_API_KEY: "sk 1\n" }, "MODEL_API_KEY must not contain spaces, line breaks or letters outside ASCII."],
    [{ API_KEY: "my long key" }, "API_KEY must not contain spaces"],
    [{ API_KEY: "schlüssel-für-alle" }, "API_KEY must not contain spaces, line breaks or letters outside ASCII."],
    [{ MODEL_BASE_URL: "https://x.test/v1?v=2" }, "MODEL_BASE_URL must hold no user name, password, ? or #"],
    [{ MODEL_BASE_URL: "https://x.test/v1#a" }, "MODEL_BASE_URL must hold no user name, password, ? or #"],
    [{ ALLOWED_ORIGINS: "https://a.test/path" }, 'ALLOWED_ORIGINS holds "https://a.test/path", which is no origin'],
    [{ ALLOWED_ORIGINS: "*" }, 'ALLOWED_ORIGINS holds "*"'],
    [{ MODEL_RETRIES: "many" }, 'MODEL_RETRIES must be a whole number from 0 to 20. It was "many".'],
    [{ MODEL_RETRIES: "21" }, "MODEL_RETRIES must be a whole number from 0 to 20."],
    [{ DEV: "yes" }, "DEV is set by npm run dev only"],
  ])("[ENV-5] %j stops the Worker with the name and the mend", (vars, complaint) => {
    expect(() => settings(vars)).toThrow(complaint);
  });

  it("[ENV-5] names all that is wrong at once, and never shows a secret", () => {
    const wrong = () => settings({ API_KEY: "short", MODEL_API_KEY: "sk secret", MODEL: "a b" });
    expect(wrong).toThrow(/API_KEY is too short[\s\S]*MODEL must be[\s\S]*MODEL_API_KEY must not|MODEL must be[\s\S]*/);
    expect(wrong).not.toThrow(/short"|sk secret/);
  });

  it.each(["https://me:hunter2@x.test/v1", "ftp://hunter2@x.test", "https://x.test/v1?key=hunter2", "//a/b:hunter2@c"])(
    "[ENV-5] a key inside the URL %s is not shown either",
    (url) => {
      const wrong = () => settings({ MODEL_BASE_URL: url });
      expect(wrong).toThrow(/MODEL_BASE_URL must .* It was "[^"]*\*\*\*/);
      expect(wrong).not.toThrow(/hunter2/);
    },
  );

  it.each([
    "sk-...",
    "sk-xxxxxxxx",
    "your-key",
    "your_api_key_here",
    "<your key>",
    "changeme",
    "CHANGE_ME",
    "choose-a-long-one",
    "\u2026",
    "...",
  ])("[ENV-7] the example value %j counts as not set, with a warning that names the setting", (value) => {
    const names = ["API_KEY", "ADMIN_KEY", "MODEL_API_KEY", "COMETAPI_KEY", "SLACK_SIGNING_SECRET"] as const;
    const given = Object.fromEntries(names.map((name) => [name, value])) as unknown as Bindings;
    expect(parseSettings(given)).toEqual(parseSettings({} as Bindings));
    const all = [baseSettings, slackSettings];
    expect(slackSetup(declared(slackSettings, { ...given } as unknown as Record<string, string>))).toBeUndefined();
    expect(exampleWarnings(all, { ...given })).toEqual(
      names.map((name) => expect.stringContaining(`The setting ${name} still`)),
    );
    expect(exampleWarnings(all, { API_KEY: "yourself-1234", MODEL_API_KEY: "sk-1234567890" })).toEqual([]);
  });

  it("[ENV-7] .dev.vars.example, copied as it is, changes nothing, and asks for the two keys of a deployment", () => {
    const lines = readFileSync(".dev.vars.example", "utf8").split("\n");
    const given = Object.fromEntries(
      lines
        .filter((line) => /^[A-Z]/.test(line))
        .map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]),
    );
    expect(Object.keys(given)).toEqual(["API_KEY", "MODEL_API_KEY"]);
    expect(parseSettings(given as unknown as Bindings)).toEqual(parseSettings({} as Bindings));
  });

  it("[ENV-5] an empty origin or number is none", () => {
    expect(settings({ ALLOWED_ORIGINS: "", MODEL_RETRIES: "", DEV: "" })).toEqual(settings());
  });
});

it("[SCHEDULE-1] each cron of the app stands in wrangler.toml", () => {
  const crons = [...readFileSync("src/app/worker.ts", "utf8").matchAll(/^\s+\{? ?cron: "([^"]+)"/gm)].map(
    ([, cron]) => cron,
  );
  const [, listed] = /^crons = (\[.*\])$/m.exec(readFileSync("wrangler.toml", "utf8")) ?? [];
  expect(JSON.parse(listed ?? "null").toSorted()).toEqual([...new Set(crons)].toSorted());
});
