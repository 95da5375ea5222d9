/** Many deliveries to a Discord that refuses and loses calls at random: `DELIVERIES=1000 npx vitest run --project unit test/channels/discord-soak.test.ts`. */
import { afterEach, expect, it, vi } from "vitest";
import { receiveDiscord } from "../../src/channels/discord/receive.ts";
import { asked, person, room, seen, sentences, timesSeen } from "../support/discord-delivery.ts";
import type { How } from "../support/fake-discord.ts";
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
function chaosOf(next: () => number, met: Set<number>) {
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
  /** The bot was shut out by a code that says so: what was perhaps made cannot be looked for. */
  nobodyLooks: boolean;
  buttons: number;
  began: number;
}

/** One question, perhaps sent twice, whose answer grows, perhaps asks for an approval, and ends. */
async function one(next: () => number): Promise<Outcome> {
  const met = new Set<number>();
  const isUsers = next() < 0.2;
  const world = await asked({ chaos: chaosOf(next, met), ...(isUsers && { installedBy: "user", knowsBot: false }) });
  const { discord, clock, deliver } = world;
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
  const decided = approvals.map((each) => ({ ...each, state: "approved" as const }));
  const posted = await deliver(whole(text, { approvals: decided }));
  const shown = discord.messages(room);
  const open = shown.filter(({ components }) => JSON.stringify(components).includes("longline:approve"));
  return {
    kind: posted.kind,
    times: timesSeen(discord, expected),
    isExplained: seen(discord).text.includes("did not take the answer"),
    wasModerated: moderated.some((code) => met.has(code)),
    nobodyLooks: posted.shown?.closed?.includes("bot") ?? false,
    buttons: open.length,
    began,
  };
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
  // A file that was perhaps taken, where nobody can look, is sent again rather than not at all.
  const isDoubled = ({ times, nobodyLooks }: Outcome) => nobodyLooks && times[0] === 2 && times[1] === 2;
  const isGood = (each: Outcome) => isWhole(each) || isForbidden(each) || isDoubled(each);
  const bad = outcomes.flatMap((each, n) => (isGood(each) ? [] : [{ n, ...each }]));
  const doubled = outcomes.filter(isDoubled).length;
  const blocked = outcomes.filter((each) => !isWhole(each) && isForbidden(each)).length;
  const left = outcomes.filter(({ buttons }) => buttons > 0).length;
  if (deliveries > 100) {
    console.log(
      `${deliveries} deliveries: ${deliveries - blocked - doubled - bad.length} read once and whole, ${doubled} files twice, ${blocked} blocked by moderation and explained, ${bad.length} bad, ${left} with buttons left after the answer`,
    );
  }
  expect(bad).toEqual([]);
  expect(outcomes.every(({ began }) => began === 1)).toBe(true);
}, 300_000);
