/** Many deliveries to a Discord that refuses and loses calls at random: `DELIVERIES=2000 SEED=1 npx vitest run --project unit test/channels/discord-soak.test.ts`; with `TRACE=1` the calls of what went wrong are printed. */
import { afterEach, expect, it, vi } from "vitest";
import { receiveDiscord } from "../../src/channels/discord/receive.ts";
import { asked, person, room, seen, sentences, timesSeen, transcript } from "../support/discord-delivery.ts";
import type { FakeDiscord, How } from "../support/fake-discord.ts";
import { documentedCodes, limits, refusal } from "../support/fake-discord-rules.ts";
import { reply, whole } from "../support/posting.ts";
import { randomOf } from "../support/random.ts";

const deliveries = Number(process.env.DELIVERIES ?? 60);
const seed = Number(process.env.SEED ?? 20261125);
afterEach(() => {
  vi.restoreAllMocks();
});

const moderated = [20009, 200000, 200001, 240000];
const refusals: How[] = [...documentedCodes.map((code) => refusal(code)), ...Object.values(limits), { status: 503 }];

/** 10 % are refused by a documented code or limit, 5 % are carried out and their answer is lost. */
function chaosOf(next: () => number, { met, trace }: { met: Set<number>; trace: string[] }) {
  const drawn = drawnFrom(next, met);
  return (route: string): How | undefined => {
    const how = drawn();
    trace.push(`${route}: ${how === undefined ? "taken" : JSON.stringify(how)}`);
    return how;
  };
}

function drawnFrom(next: () => number, met: Set<number>) {
  return (): How | undefined => {
    const dice = next();
    if (dice < 0.025) return "drop_response";
    if (dice < 0.05) return "act_then_500";
    if (dice >= 0.15) return undefined;
    const how = refusals[Math.floor(next() * refusals.length)];
    if (typeof how === "object" && typeof how.body === "object") met.add(Number((how.body as { code?: number }).code));
    return how;
  };
}

interface Outcome {
  kind: string;
  times: [number, number];
  isExplained: boolean;
  wasModerated: boolean;
  /** What should not be there any more: buttons that wait or stop, "thinking". */
  left: string[];
  began: number;
  trace: string[];
}

/** One question, perhaps sent twice, whose answer grows, perhaps asks for an approval, and ends. */
async function one(next: () => number): Promise<Outcome> {
  const met = new Set<number>();
  const trace: string[] = [];
  const isUsers = next() < 0.2;
  const world = await asked({
    chaos: chaosOf(next, { met, trace }),
    ...(isUsers && { installedBy: "user", knowsBot: false }),
  });
  const { discord, clock, address, deliver } = world;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => discord.fetch(input, init));
  const began = await begun(world, next() < 0.3 ? 2 : 1);
  const expected = sentences(1 + Math.floor(next() ** 2 * 400));
  const text = expected.join(" ");
  for (let at = 0; at < text.length; at += Math.ceil(next() * text.length)) {
    if (next() < 0.7) await deliver(reply(text.slice(0, at)));
  }
  const approvals = next() < 0.3 ? [{ ref: "r1", name: "send_request", arguments: "{}", state: "open" as const }] : [];
  if (approvals.length > 0) await deliver(reply(text, { state: "waiting", approvals }));
  if (next() < 0.1) clock.ms += 13 * 60_000;
  if (approvals.length > 0 && next() < 0.5) await press(world);
  const decided = approvals.map((each) => ({ ...each, state: "approved" as const }));
  const posted = await deliver(whole(text, { approvals: decided }));
  // Without a bot nobody changes messages whose token is over.
  const isBeyondReach = isUsers && clock.ms - address.atMs > 15 * 60_000;
  return {
    kind: posted.kind,
    times: timesSeen(discord, expected),
    isExplained: seen(discord).text.includes("did not take the answer"),
    wasModerated: moderated.some((code) => met.has(code)),
    left: isBeyondReach
      ? []
      : discord
          .messages(room)
          .filter(isLeft)
          .map(({ content }) => content),
    began,
    trace: [...trace, transcript(discord, [room, discord.dmOf(person)])],
  };
}

/** The button is pressed, where it can be seen; the press brings a token of its own. */
async function press({ discord, address, clock }: Awaited<ReturnType<typeof asked>>): Promise<void> {
  const ids = /longline:approve:[^"]+/.exec(JSON.stringify(discord.messages(room)));
  if (ids === null) return;
  const { token, id, body } = await discord.press(ids[0], { userId: person });
  discord.answered(token, { status: 200, body: { type: 6 }, contentType: "application/json" });
  const { message } = JSON.parse(body) as { message: { id: string } };
  address.fresh = { token, id, atMs: clock.ms, message: message.id };
}

/** A placeholder stays where the answer to its making was lost and nobody can look for it: it says nothing. */
function isLeft({ components, loading }: ReturnType<FakeDiscord["messages"]>[number]): boolean {
  return loading || /longline:(approve|stop)/.test(JSON.stringify(components));
}

/** How many turns the same interaction begins, however often it comes. */
async function begun({ discord }: Awaited<ReturnType<typeof asked>>, times: number): Promise<number> {
  const { headers, body } = await discord.ask("Hi?", { channelId: "other", userId: person });
  const settings = { publicKey: discord.settings.publicKey, apiUrl: "https://discord.com/api/v10" };
  const claims = new Set<string>();
  for (let time = 0; time < times; time++) {
    const request = { headers: new Headers(headers), body, nowMs: Number(headers["X-Signature-Timestamp"]) * 1000 };
    const inbound = await receiveDiscord(request, { settings, rules: {} });
    if (inbound.kind === "message") for (const claim of inbound.received.claims) claims.add(claim);
  }
  return claims.size;
}

it(`[DLADDER-7] ${deliveries} deliveries, 10 % of calls refused and 5 % lost after they acted: each answer is read once and whole (SEED=${seed})`, async () => {
  const next = randomOf(seed);
  const outcomes: Outcome[] = [];
  for (let n = 0; n < deliveries; n++) {
    outcomes.push(await one(next));
    vi.restoreAllMocks();
  }
  const isWhole = ({ kind, times }: Outcome) => kind === "shown" && times[0] === 1 && times[1] === 1;
  const isForbidden = ({ wasModerated, isExplained }: Outcome) => wasModerated && isExplained;
  const isGood = (each: Outcome) => (isWhole(each) || isForbidden(each)) && each.left.length === 0 && each.began === 1;
  const bad = outcomes.flatMap((each, n) => (isGood(each) ? [] : [{ n, ...each }]));
  const blocked = outcomes.filter((each) => !isWhole(each) && isForbidden(each)).length;
  const left = outcomes.filter((each) => each.left.length > 0).length;
  if (deliveries > 100) {
    console.log(
      `${deliveries} deliveries: ${outcomes.filter(isWhole).length} read once and whole, ${blocked} blocked by moderation and explained, ${bad.length} bad, ${left} with buttons left`,
    );
  }
  if (process.env.TRACE)
    for (const { n, trace } of bad)
      console.log(
        `${n}: ${JSON.stringify({ kind: outcomes[n]?.kind, times: outcomes[n]?.times, left: outcomes[n]?.left.length, wasModerated: outcomes[n]?.wasModerated })}\n${trace.join("\n")}`,
      );
  expect(bad.map(({ trace: _, ...each }) => each)).toEqual([]);
}, 300_000);
