/** The Worker with every channel, and doubles of Slack, Discord and a receiver of callbacks around it, for end-to-end tests. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, vi } from "vitest";
import { createFakeDiscord } from "./fake-discord.ts";
import { createFakeReceiver } from "./fake-receiver.ts";
import { createFakeSlack } from "./fake-slack.ts";
import { serveFetch } from "./serve-fetch.ts";
import { type DevServer, freshFolder, reach, startDev } from "./wrangler-dev.ts";

export const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const callbackSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

export type Signed = { headers: Record<string, string>; body: string };

/** Longest wait for what a turn leads to. */
export const within = { timeout: 40_000, interval: 50 };

/** One server for the tests of a file, in whose `beforeAll` it starts. */
export class ChannelWorld {
  /** A workspace of its own for each test: Slack's limits count per minute. */
  slack = createFakeSlack();
  discord!: Awaited<ReturnType<typeof createFakeDiscord>>;
  readonly receiver = createFakeReceiver({ secrets: [callbackSecret] });
  dev!: DevServer;
  #outside: { url: string; close(): Promise<void> }[] = [];
  #data = "";
  #lastTs = 0;

  constructor() {
    beforeAll(async () => {
      this.#data = await freshFolder();
      this.discord = await createFakeDiscord({ answerWithinMs: Number.POSITIVE_INFINITY });
      this.#outside = await Promise.all([
        serveFetch((input, init) => this.slack.fetch(input, init)),
        serveFetch((input, init) => this.discord.fetch(input, init)),
        serveFetch((input, init) => this.receiver.fetch(input, init)),
      ]);
      this.dev = await this.#start();
    });
    afterAll(async () => {
      await this.dev.stop();
      await Promise.all(this.#outside.map((each) => each.close()));
      await rm(this.#data, { recursive: true, force: true });
    });
    beforeEach(() => {
      this.slack = createFakeSlack({ origin: this.#outside[0]?.url ?? "" });
      this.slack.addUser("U1", "Ada");
    });
  }

  #start(): Promise<DevServer> {
    const [slack, discord] = this.#outside;
    return startDev({
      persistTo: this.#data,
      vars: {
        ADMIN_KEY: "e2e-admin-key-16",
        SLACK_SIGNING_SECRET: this.slack.settings.signingSecret,
        SLACK_BOT_TOKEN: this.slack.settings.botToken,
        SLACK_API_URL: `${slack?.url}/api`,
        DISCORD_PUBLIC_KEY: this.discord.settings.publicKey,
        DISCORD_BOT_TOKEN: this.discord.settings.botToken,
        DISCORD_API_URL: `${discord?.url}/api/v10`,
        WEBHOOK_SECRETS: `orders=${hookSecret},callback=${callbackSecret}`,
      },
    });
  }

  /** As a power cut would, and up again over the same data. */
  async killAndStart(): Promise<void> {
    await this.dev.kill();
    this.dev = await this.#start();
  }

  /** Of the double of Discord's API. */
  get discordUrl(): string {
    return this.#outside[1]?.url ?? "";
  }

  /** Of the receiver of callbacks. */
  get receiverUrl(): string {
    return this.#outside[2]?.url ?? "";
  }

  post(path: string, { headers, body }: Signed): Promise<Response> {
    return reach(`${this.dev.url}${path}`, { method: "POST", headers, body });
  }

  async ask(path: string) {
    const answer = await reach(`${this.dev.url}${path}`, { headers: { Authorization: "Bearer dev-key" } });
    // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
    return (await answer.json()) as any;
  }

  /** How many turns of the session have ended. */
  async turnsOf(session: string): Promise<number> {
    const { entries = [] } = await this.ask(`/v1/sessions/${session}/entries?limit=500`);
    return entries.filter(({ type }: { type: string }) => type === "turn_ended").length;
  }

  /** A mention in Slack that begins a thread. */
  mention(text: string, channel = "C1") {
    const ts = `1700000000.${String(++this.#lastTs).padStart(6, "0")}`;
    const event = {
      ...{ type: "app_mention", user: "U1", channel, ts, text: `<@UBOT> ${text}` },
      client_msg_id: `g${this.#lastTs}`,
    };
    return { ts, event, session: `slack_T1_${channel}_${ts.replace(".", "-")}` };
  }

  answersIn(channel: string, ts: string) {
    return this.slack.messages(channel, ts).filter(({ botId }) => botId !== undefined);
  }

  /** The whole answers in a thread, once there are any. */
  answered(channel: string, ts: string) {
    return vi.waitFor(() => {
      const answers = this.answersIn(channel, ts);
      expect(answers.length).toBeGreaterThan(0);
      expect(answers.every(({ streamingState }) => streamingState !== "in_progress")).toBe(true);
      expect(this.slack.status(channel, ts)).toBe("active");
      return answers;
    }, within);
  }
}

/** Who a Slack event is for. */
export const envelope = { authorizations: [{ user_id: "UBOT", team_id: "T1" }] };
