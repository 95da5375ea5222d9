/** Starts the real Worker twice, with doubles of everything outside, sends all rows in order, and returns what was answered, made stable. */

import { createFakeDiscord } from "../support/fake-discord.ts";
import type { Reply } from "../support/fake-provider.ts";
import { createFakeProvider } from "../support/fake-provider.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { startDev } from "../support/wrangler-dev.ts";
import type { Recorded } from "./difference.ts";
import { type Answer, exchange } from "./exchange.ts";
import type { Row } from "./row.ts";
import { createSenders, type Senders, secrets } from "./senders.ts";
import { joined, Names, stable } from "./stable.ts";
import { upstreamOf } from "./upstream.ts";

const keys = { account: "replay-key", admin: "replay-admin-key-16", demo: "dev-key" };
const origin = "https://app.example";
/** How long a row may wait for what it waits for. */
const longestWaitMs = 60_000;

export interface ReplayOptions {
  /** The tests' own app (default), or the one that `wrangler.toml` names, as a user has it. */
  app?: "tests" | "users";
  /** The checkout; this one when absent. */
  folder?: string;
}

interface World {
  urls: { main: string; demo: string };
  senders: Senders;
  provider: ReturnType<typeof createFakeProvider>;
  saved: Map<string, string>;
}

/** What all rows were answered. Throws when a row's answers of the model were not asked for. */
export async function perform(rows: readonly Row[], options: ReplayOptions = {}): Promise<Recorded[]> {
  const { world, stop } = await start(options);
  const names = new Names();
  const failures: string[] = [];
  const done: Done[] = [];
  try {
    const [main, demo] = [rows.filter(({ on }) => on !== "demo"), rows.filter(({ on }) => on === "demo")];
    const all = await Promise.all([main, demo].map((some) => inOrder(some, world, failures)));
    done.push(...all.flat());
  } finally {
    await stop();
  }
  for (const { row, upstream } of done) {
    const most = row.model?.length ?? 0;
    if (upstream.length < most) failures.push(`${row.name}: the model was asked ${upstream.length} of ${most} times`);
  }
  if (failures.length > 0) throw new Error(`The replay could not be done:\n${failures.join("\n")}`);
  return done.map(({ row, answer: { text: _, ...answer }, upstream }) => {
    const frames = row.on === "demo" && answer.frames && { frames: joined(answer.frames) };
    const all = { call: row.call, ...answer, ...frames, ...(upstream.length > 0 && { upstream }) };
    return { name: row.name, ...(stable(all, names, row.name) as object) };
  });
}

async function start(options: ReplayOptions): Promise<{ world: World; stop(): Promise<void> }> {
  const provider = createFakeProvider();
  provider.allowReasoning();
  const slack = createFakeSlack();
  slack.addUser("U1", "Ada");
  const discord = await createFakeDiscord();
  const served = await Promise.all([
    serveProvider(provider),
    serveFetch((input, init) => slack.fetch(input, init)),
    serveFetch((input, init) => discord.fetch(input, init)),
    serveFetch(async () => new Response("gone", { status: 410 })),
  ]);
  const [model, slackHost, discordHost, receiver] = served;
  const vars = {
    API_KEY: keys.account,
    ADMIN_KEY: keys.admin,
    MODEL_BASE_URL: model.url,
    MODEL_RETRIES: "1",
    MODEL_RETRY_BASE_MS: "0",
    ALLOWED_ORIGINS: origin,
    WEBHOOK_SECRETS: Object.entries(secrets)
      .map((pair) => pair.join("="))
      .join(","),
    SLACK_SIGNING_SECRET: slack.settings.signingSecret,
    SLACK_BOT_TOKEN: slack.settings.botToken,
    SLACK_API_URL: `${slackHost.url}/api`,
    DISCORD_PUBLIC_KEY: discord.settings.publicKey,
    DISCORD_APPLICATION_ID: discord.settings.applicationId,
    DISCORD_BOT_TOKEN: discord.settings.botToken,
    DISCORD_API_URL: `${discordHost.url}/api/v10`,
  };
  const close = () => Promise.all(served.map((each) => each.close()));
  const started = await Promise.allSettled([startDev({ ...options, vars }), startDev(options)]);
  const running = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stop = async () => {
    await Promise.all(running.map((each) => each.stop()));
    await close();
  };
  const [main, demo] = running;
  if (main === undefined || demo === undefined) {
    await stop();
    throw new Error(started.map((each) => (each.status === "rejected" ? String(each.reason) : "")).join("\n"));
  }
  return {
    world: {
      urls: { main: main.url, demo: demo.url },
      senders: createSenders({ slack, discord }),
      provider,
      saved: new Map([["receiver", receiver.url]]),
    },
    stop,
  };
}

async function inOrder(rows: readonly Row[], world: World, failures: string[]): Promise<Done[]> {
  const done: Done[] = [];
  for (const row of rows) done.push(await act(row, world, failures));
  return done;
}

interface Done {
  row: Row;
  answer: Answer;
  /** Grows until the turns that the row began have ended. */
  upstream: unknown[];
}

/** Goes on after a failure, so that one run names them all. */
async function act(row: Row, world: World, failures: string[]): Promise<Done> {
  const upstream: unknown[] = [];
  const noted = (reply: Reply): Reply => {
    return (request, signal) => {
      upstream.push(upstreamOf(request.body));
      return reply(request, signal);
    };
  };
  world.provider.enqueue(...(row.model ?? []).map(noted));
  try {
    const answer = await answered(row, world);
    if (row.settled) await until(() => upstream.length === row.model?.length);
    for (const [name, path] of Object.entries(row.save ?? {})) {
      const value = found(answer, path);
      if (value === undefined) throw new Error(`its answer has no ${path}: ${JSON.stringify(answer).slice(0, 1_000)}`);
      world.saved.set(name, String(value));
    }
    return { row, answer, upstream };
  } catch (error) {
    failures.push(`${row.name}: ${String(error)}`);
    return { row, answer: { status: 0, headers: {} }, upstream };
  }
}

async function answered(row: Row, world: World): Promise<Answer> {
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    const answer = await send(row, world);
    if (row.until === undefined) return answer;
    const [path, wanted] = row.until;
    const value = found(answer, path);
    if (wanted === "any" ? value !== undefined && value !== null : value === wanted) return answer;
    if (Date.now() > deadline) {
      throw new Error(`${row.name}: ${path} did not become ${wanted}: ${JSON.stringify(answer).slice(0, 2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + longestWaitMs;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error("the model was not asked");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function send(row: Row, world: World): Promise<Answer> {
  const fill = (text: string) => filled(text, world.saved, row.name);
  const signed = await row.signed?.(world.senders);
  const [method = "", path = ""] = fill(row.call).split(" ");
  const given = typeof row.body === "string" ? row.body : row.body && JSON.stringify(row.body);
  const body = signed?.body ?? (given === undefined ? undefined : fill(given as string));
  const type = body !== undefined && { "content-type": "application/json" };
  const key = signed === undefined ? authorization(row) : {};
  const headers = { ...type, ...key, ...row.headers, ...signed?.headers };
  const text = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, fill(value)]));
  const url = `${row.on === "demo" ? world.urls.demo : world.urls.main}${path}`;
  const frames = row.frames;
  return exchange({ method, url, headers: text, ...(body !== undefined && { body }), ...(frames && { frames }) });
}

function authorization({ key = "account", on }: Row): { authorization?: string } {
  if (key === "none") return {};
  if (key === "admin") return { authorization: `Bearer ${keys.admin}` };
  if (key === "account") return { authorization: `Bearer ${on === "demo" ? keys.demo : keys.account}` };
  return { authorization: `Bearer ${key}` };
}

function filled(text: string, saved: ReadonlyMap<string, string>, row: string): string {
  return text.replace(/\{\{([\w-]+)\}\}/g, (_, name: string) => {
    const value = saved.get(name);
    if (value === undefined) throw new Error(`${row}: no earlier row saved "${name}"`);
    return value;
  });
}

function found(answer: Answer, path: string): unknown {
  if (path === "body") return answer.text;
  const [, where, inner = ""] = /^(?:(header|frame) )?(.*)$/.exec(path) ?? [];
  if (where === "header") return answer.headers[inner];
  let value: unknown = where === "frame" ? answer.frames : answer.body;
  for (const name of inner.split(/[. ]/)) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value;
}
