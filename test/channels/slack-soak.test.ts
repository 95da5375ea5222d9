/** Deliveries to a Slack that refuses a tenth of all calls with random documented codes and loses a twentieth of its answers. `SLACK_SOAK=2000 SEED=1 npx vitest run --project unit test/channels/slack-soak.test.ts` runs many. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Reply, ShownTool } from "../../src/channels/channel.ts";
import { receiveSlack } from "../../src/channels/slack/receive.ts";
import type { SlackAddress } from "../../src/channels/slack/slack-address.ts";
import { slackOutlet } from "../../src/channels/slack/slack-channel.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { reply, whole } from "../support/posting.ts";
import { shownText, slackDelivery, slackSettings } from "../support/slack-delivery.ts";

const count = Number(process.env.SLACK_SOAK ?? 60);
const seed = Number(process.env.SEED ?? 20261125);
const { common, methods } = JSON.parse(readFileSync("test/fixtures/slack/errors.json", "utf8")) as {
  common: string[];
  methods: Record<string, string[]>;
};

let state = seed;
/** mulberry32: the same numbers for the same seed. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (most: number) => Math.floor(random() * most);

let clock: number;
let slack: ReturnType<typeof createFakeSlack>;
beforeEach(() => {
  state = seed;
  clock = 1_700_000_000_000;
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

function unreliableSlack() {
  slack = createFakeSlack({ now: () => clock });
  vi.spyOn(globalThis, "fetch").mockImplementation(slack.fetch);
  slack.misbehave((method) => {
    if (random() < 0.1) {
      const codes = [...(methods[method] ?? []), ...common];
      const code = codes[below(codes.length)] ?? "fatal_error";
      return ["fatal_error", "internal_error"].includes(code) && random() < 0.5 ? { after: code } : { error: code };
    }
    return random() < 0.05 ? "drop_response" : undefined;
  });
}

/** What the courier does: the channel's pauses, and the end after the last of them. */
async function deliver(one: ReturnType<typeof slackDelivery>, next: Reply): Promise<void> {
  const { retryMs } = slackOutlet(slackSettings, {});
  for (let attempts = 0; ; attempts++) {
    const posted = await one.post(next);
    if (posted.kind === "shown") return;
    if (posted.kind === "retry" && posted.progress) attempts = 0;
    if (posted.kind === "dead" || attempts >= retryMs.length) throw new Error(`dead: ${posted.error}`);
    const pauseMs = Math.max(posted.afterMs ?? 0, retryMs[attempts] ?? 0);
    clock += pauseMs;
    one.nowMs += pauseMs;
    if (random() < 0.1) one.crash();
  }
}

function answerOf(n: number): string {
  const long = random() < 0.1 ? 200 + below(500) : 1 + below(8);
  return Array.from({ length: long }, (_, part) => `Answer ${n}, sentence ${part} with some words.`).join("\n\n");
}

/** The message that began the turn, received as often as Slack sends it; and how long each was waited for. */
async function asked(n: number): Promise<{ address: SlackAddress; turns: number; tookMs: number[] }> {
  const ts = slack.addMessage("C1", { user: "U1", text: `<@UBOT> question ${n}` }).ts;
  const event = {
    type: "app_mention",
    channel: "C1",
    user: "U1",
    ts,
    text: `<@UBOT> question ${n}`,
    client_msg_id: `g${n}`,
  };
  const copies = [event, ...(random() < 0.3 ? [{ ...event, ...(random() < 0.5 && { type: "message" }) }] : [])];
  const claims = new Set<string>();
  const tookMs: number[] = [];
  let address: SlackAddress | undefined;
  let turns = 0;
  for (const copy of copies) {
    const { headers, body } = await slack.event(copy);
    const beganMs = performance.now();
    const inbound = await receiveSlack(
      { headers: new Headers(headers), body, nowMs: clock },
      {
        settings:
          slackSettings.signingSecret === "s"
            ? { ...slackSettings, signingSecret: slack.settings.signingSecret }
            : slackSettings,
        rules: {},
      },
    );
    tookMs.push(performance.now() - beganMs);
    if (inbound.kind !== "message") throw new Error(`not taken: ${inbound.kind}`);
    if (!inbound.received.claims.some((name) => claims.has(name))) turns++;
    for (const name of inbound.received.claims) claims.add(name);
    address ??= inbound.received.address as SlackAddress;
  }
  if (address === undefined) throw new Error("nothing was received");
  return { address, turns, tookMs };
}

it(`[LADDER-10] ${count} deliveries against refusals and lost answers (SEED=${seed}): each answer once and whole, nothing left open`, async () => {
  const took: number[] = [];
  const faults: string[] = [];
  for (let n = 0; n < count; n++) {
    unreliableSlack();
    const { address, turns, tookMs } = await asked(n);
    took.push(...tookMs);
    const one = slackDelivery(address);
    const text = answerOf(n);
    const tools: ShownTool[] = Array.from({ length: below(3) }, (_, t) => ({
      id: `c${t}`,
      name: "tool",
      state: "running",
    }));
    for (let length = 20 + below(200); length < text.length; length += 50 + below(4_000)) {
      await deliver(one, reply(text.slice(0, length), { tools }));
      clock += 1_000;
    }
    const ended = await deliver(one, whole(text, { tools: tools.map((tool) => ({ ...tool, state: "done" })) })).catch(
      (error: Error) => error.message,
    );
    const seen = [...slack.messages("C1"), ...slack.messages("DU1")]
      .filter(({ botId }) => botId !== undefined)
      .sort((one, other) => Number(one.ts) - Number(other.ts));
    const visible = seen
      .map(shownText)
      .filter((each) => each !== "")
      .join("\n\n");
    const left = slack.statuses().filter(({ status }) => status === "processing" || status === "suspended");
    const fault = [
      turns === 1 ? "" : `${turns} turns`,
      ended ?? "",
      visible === text ? "" : `shown ${visible.length} of ${text.length}: ${visible.slice(0, 200)}`,
      left.length === 0 ? "" : "a status is left",
      slack.openStreams().length === 0 ? "" : "a stream is open",
    ].filter((each) => each !== "");
    if (fault.length > 0) faults.push(`${n}: ${fault.join("; ")}`);
  }
  const p99 = took.toSorted((one, other) => one - other)[Math.floor(took.length * 0.99)] ?? 0;
  if (count > 100)
    console.info(`${count} deliveries, p99 of acknowledgements ${p99.toFixed(1)} ms, faults: ${faults.length}`);
  expect(faults).toEqual([]);
}, 600_000);
