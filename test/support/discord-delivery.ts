/** One delivery to the tests' Discord, and what a person sees of it: for tests of what reaches people whatever Discord refuses. */
import type { Posted, Reply } from "../../src/channels/channel.ts";
import type { DiscordAddress } from "../../src/channels/discord/discord-address.ts";
import { postToDiscord } from "../../src/channels/discord/post.ts";
import type { DiscordRules } from "../../src/channels/discord/rules.ts";
import type { DiscordShown } from "../../src/channels/discord/shown.ts";
import { type Acting, createFakeDiscord, type FakeDiscord, type How } from "./fake-discord.ts";
import { Delivery } from "./posting.ts";

export interface Clock {
  ms: number;
}

export interface Asked {
  discord: FakeDiscord;
  clock: Clock;
  address: DiscordAddress;
  delivery: Delivery<DiscordAddress, DiscordShown>;
  /** Tries as the courier does, and says how it ended. */
  deliver(reply: Reply): Promise<Posted<DiscordShown>>;
}

export interface AskedOptions extends Acting {
  hasBot?: boolean;
  knowsBot?: boolean;
  /** Ms until the "thinking" answer reaches Discord. */
  answerMs?: number;
  chaos?: (route: string) => How | undefined;
  rules?: DiscordRules;
}

export const room = "111";
export const person = "42";
/** The pauses of `discord.ts`. */
const retryMs = [1_000, 2_000, 5_000, 15_000, 60_000, 300_000];

/** An `/ask` that was answered with "thinking…"; `fetch` must be the double's. */
export async function asked(options: AskedOptions = {}): Promise<Asked> {
  const { hasBot = true, knowsBot = true, answerMs = 0, chaos, rules = {}, ...acting } = options;
  const clock = { ms: 1_700_000_000_000 };
  const discord = await createFakeDiscord({ now: () => clock.ms, knowsBot, ...(chaos && { chaos }) });
  const atMs = clock.ms;
  const { token, id } = await discord.ask("Hi?", { channelId: room, userId: person, ...acting });
  clock.ms += answerMs;
  try {
    discord.answered(token, { status: 200, body: { type: 5 }, contentType: "application/json" });
  } catch (error) {
    // Too late: to Discord the interaction is over.
    if (answerMs <= 3_000) throw error;
  }
  const { applicationId: app, publicKey, botToken } = discord.settings;
  const settings = { publicKey, apiUrl: "https://discord.com/api/v10", ...(hasBot && { botToken }) };
  const tried = { count: 0 };
  const few = acting.installedBy === "user" && { followUps: 5 };
  const address: DiscordAddress = { channel: "discord", token, id, app, room, user: person, atMs, ...few };
  const delivery = new Delivery<DiscordAddress, DiscordShown>(address, (posting) => {
    clock.ms += 2_500;
    return postToDiscord({ ...posting, nowMs: clock.ms, isLast: tried.count >= retryMs.length }, settings, rules);
  });
  return { discord, clock, address, delivery, deliver: (reply) => untilDone({ delivery, reply, clock, tried }) };
}

interface Attempts {
  delivery: Delivery<DiscordAddress, DiscordShown>;
  reply: Reply;
  clock: Clock;
  tried: { count: number };
}

async function untilDone({ delivery, reply, clock, tried }: Attempts): Promise<Posted<DiscordShown>> {
  for (tried.count = 0; ; tried.count++) {
    const posted = await delivery.post(reply);
    if (posted.kind === "retry" && posted.progress) tried.count = 0;
    const pauseMs = retryMs[tried.count];
    if (posted.kind !== "retry" || pauseMs === undefined) return posted;
    clock.ms += Math.max(pauseMs, posted.afterMs ?? 0);
  }
}

/** What a person can read: the channel, and what the bot wrote to them. */
export function seen(discord: FakeDiscord): { text: string; files: string[]; messages: number } {
  const all = [...discord.messages(room), ...discord.messages(discord.dmOf(person))];
  return {
    text: all.map(({ content }) => content).join("\n"),
    files: all.flatMap(({ files = [] }) => files.map(({ text }) => text)),
    messages: all.length,
  };
}

/** What a person sees in these channels, message by message, with buttons and files. */
export function transcript(discord: FakeDiscord, channels: readonly string[]): string {
  const line = (channel: string) => (message: ReturnType<FakeDiscord["messages"]>[number]) => {
    const { content, components, files = [], ephemeral, loading } = message;
    const buttons = [...JSON.stringify(components).matchAll(/"(?:label|name)":"([^"]+)"/g)].map(
      ([, label]) => `(${label})`,
    );
    const short = (text: string) => (text.length > 100 ? `${text.slice(0, 100)}… (${text.length} characters)` : text);
    const parts = [
      ...(loading ? ["  is thinking…"] : content.split("\n").map((text) => `  ${short(text)}`)),
      ...files.map(({ filename, text }) => `  [file ${filename}: ${text.length} characters]`),
      ...(buttons.length > 0 ? [`  ${buttons.join(" ")}`] : []),
    ];
    return [`${channel} Longline${ephemeral ? " [only you see this]" : ""}:`, ...parts].join("\n");
  };
  return channels.flatMap((channel) => discord.messages(channel).map(line(channel))).join("\n");
}

/** `count` sentences, each of its own. */
export const sentences = (count: number) =>
  Array.from({ length: count }, (_, n) => `Sentence ${String(n).padStart(4, "0")} says what it has to say.`);

/** How often each sentence can be read, least and most. A file counts where it is whole, and then the messages beside it do not. */
export function timesSeen(discord: FakeDiscord, expected: readonly string[]): [least: number, most: number] {
  const isAnswer = ({ content }: { content: string }) => content.startsWith("_The answer to your question");
  const direct = discord.messages(discord.dmOf(person)).filter(isAnswer);
  const { text, files } = seen(discord);
  const whole = expected.join(" ");
  if (files.length > 0) {
    const good = files.filter((file) => file === whole).length;
    return [good, files.length];
  }
  // What the channel shows may be a beginning that nobody can take back: then the whole is in the direct message.
  const read = direct.length > 0 ? direct.map(({ content }) => content).join("\n") : text;
  const counts = expected.map((each) => read.split(each).length - 1);
  return [Math.min(...counts), Math.max(...counts)];
}
