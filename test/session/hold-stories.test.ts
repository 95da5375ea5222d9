/** Sessions with callbacks, approvals, long tools, schedules, forks, imports, rollouts, a collector and Slack, with each call between objects and each request to the outside in turn held back, or its answer lost. All of them: `npm run soak -- --only holds`. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, expect, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import type { Address } from "../../src/channels/channel.ts";
import { AppError } from "../../src/core/errors.ts";
import { ScheduleDesk } from "../../src/doors/schedules/schedule-desk.ts";
import type { ToolStep } from "../../src/tools/steps/step.ts";
import { agent } from "../app/agent.ts";
import { app, listedRollouts } from "../app/app.ts";
import { ObservedAccount, ObservedSession, observedBindings } from "../app/observed.ts";
import { Account, Session } from "../app/worker.ts";
import { configuredChannels } from "../support/configured-channels.ts";
import { calls, type Reply, text } from "../support/fake-provider.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { type HoldStory, type Play, testHeld } from "../support/hold-story.ts";
import { type Call, ownAccount } from "../support/own-account.ts";
import { bindings, startProvider } from "../support/session-world.ts";
import { transcript } from "../support/slack-delivery.ts";

const { channels } = app;
afterEach(() => {
  app.rollouts = undefined;
  app.channels = channels;
  vi.restoreAllMocks();
});

const own = { bindings, classes: { session: Session, account: Account } };
const observed = {
  bindings: observedBindings(bindings),
  classes: { session: ObservedSession, account: ObservedAccount },
};
const create = {};
type Calls = Parameters<typeof calls>[0];
const sending: Calls[number] = {
  ...{ id: "c1", name: "send_request" },
  arguments: '{"method":"POST","url":"https://shop.example.com/orders","body":"{}"}',
};

/** What was asked of the outside, by host. */
let asked: Record<string, string[]> = {};

/** A model that first makes these calls, and answers once it has their results; and what the outside answers. */
function provider(
  play: Play,
  first: Calls = [],
  outside = async (_: Request) => new Response("taken"),
  before = () => Promise.resolve(),
) {
  const reply: Reply = async (request, signal) => {
    play.holder.touch();
    await before();
    const hasResults = request.body.messages.at(-1)?.role === "tool";
    return (first.length === 0 || hasResults ? text("Done.") : calls(first))(request, signal);
  };
  const provider = startProvider();
  provider.enqueue(...Array.from({ length: 20 }, () => reply));
  asked = {};
  provider.outside.mockImplementation((request) => {
    const { hostname, pathname } = new URL(request.url);
    return play.holder.outside(`${hostname}${pathname}`, async () => {
      for (const place of [hostname, hostname + pathname])
        asked[place] = [...(asked[place] ?? []), request.headers.get("webhook-id") ?? ""];
      return outside(request);
    });
  });
}

/** The calculator does this instead. */
function longTool(run: (step: ToolStep) => unknown): void {
  const tool = agent.tools.get("calculator");
  if (tool === undefined) throw new Error("no calculator");
  vi.spyOn(tool, "run").mockImplementation((_, { step }) => run(step));
}
const calculating = { id: "c1", name: "calculator", arguments: '{"expression":"1"}' };
const callback = { channel: "callback", url: "https://hooks.example.com/x" } as Address;
const approve = async (play: Play, id: string) => {
  const approvals = [{ call: { id }, approve: true }];
  return play.submit({ approvals });
};

let slack = createFakeSlack();
const thread = "1700000000.000001";
const inSlack = {
  ...{ channel: "slack", team: "T1", app: "A1", room: "C1", thread, user: "U1", ts: thread },
  atMs: 1_700_000_000_000,
} as Address;
/** But for the tasks of an answer that was shown while it grew: whether it was, is a matter of time. */
const shownInSlack = () =>
  transcript(slack, [["C1", thread]]).replace(/ \[completed\]|\n {2}\[complete\] send_request/g, "");
const received = (host: string) => vi.waitFor(() => expect(asked[host]).toBeDefined());
let steps: string[] = [];
let client: Call = async () => ({ status: 0, body: undefined, text: "" });
/** As a client sends it, and again where nothing says whether it was done. */
const requested = (play: Play, path: string, body: unknown) =>
  play.again(async () => {
    const answer = await client("POST", path, body);
    if (answer.status === 503) throw new AppError("unavailable", answer.body.detail);
    expect(answer.status).toBe(201);
  });
let forked = "";
let fork = () => Promise.resolve();

/** By an alarm, 5 s later and more; what a tool asks is not asked again. */
const retriedLate = /^(hooks|shop)\.example\.com|^otlp\.test/;

const stories: HoldStory[] = [
  {
    name: "a turn with a callback",
    app: own,
    retriedLate,
    outcome: () => new Set(asked["hooks.example.com"]).size,
    prepare: (play) => provider(play),
    async play(play) {
      const { turn } = await play.send("Hi", { create, replyTo: callback });
      await play.ended(turn);
      await received("hooks.example.com");
    },
  },
  {
    name: "an approval by two doors",
    app: own,
    retriedLate,
    isOpenEnded: true,
    outcome: async (play) => {
      const entries = await play.entries();
      const of = (type: string) => entries.filter((entry) => entry.type === type).length;
      return {
        approvals: of("approval"),
        results: of("tool"),
        ends: of("turn_ended"),
        callbacks: new Set(asked["hooks.example.com"]).size,
      };
    },
    prepare: (play) => provider(play, [sending]),
    async play(play) {
      const { turn } = await play.send("Go", { create, replyTo: callback });
      const id = await play.asked();
      // The later one may hear that it is approved already.
      await Promise.any([approve(play, id), approve(play, id)]);
      await play.ended(turn);
      await received("hooks.example.com");
    },
  },
  {
    name: "a long tool that sleeps and waits for a signal",
    app: own,
    outcome: () => steps,
    prepare: (play) => {
      provider(play, [calculating]);
      steps = [];
      longTool(async (step) => {
        await step.do("order", () => void steps.push("ordered"));
        await step.sleep("rest", 20);
        const value = await step.waitFor("shipped", { timeout: 3_600_000 });
        await step.do("check", () => void steps.push("checked"));
        return value;
      });
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await vi.waitFor(async () => {
        // The real alarm may be late where the clock of the machine is.
        await runDurableObjectAlarm(play.stub);
        const state = unwrap(await play.stub.wait(turn, 0));
        const waits = state.status === "waiting" ? state.suspended.flatMap((each) => each.waits) : [];
        expect(waits.map(({ kind }) => kind)).toEqual(["signal"]);
      });
      await play.again(async () => unwrap(await play.stub.signal({ name: "shipped", value: '"yes"', key: "s1" })));
      await play.ended(turn);
    },
  },
  {
    name: "a schedule that is due",
    app: own,
    outcome: async (play) => {
      const [{ last, dueMs } = {}] = await new ScheduleDesk(bindings, play.account).list();
      return { turn: last?.turn, error: last?.error, dueMs };
    },
    prepare: (play) => provider(play),
    async play(play) {
      const time = { at: new Date(Date.now() + 1_000).toISOString().replace(/\.\d+Z$/, "Z"), zone: "UTC" };
      const schedule = { id: "sch_1", time, content: "Look.", session: play.root, createdAtMs: Date.now() - 10_000 };
      await play.again(() => new ScheduleDesk(bindings, play.account).create(schedule));
      await vi.waitFor(async () => expect(await play.stub.isMade()).toBe(true));
      await play.ended("turn_1");
    },
  },
  {
    name: "an export to a slow collector",
    app: observed,
    retriedLate,
    prepare: (play) => provider(play, [{ id: "c1", name: "peek", arguments: "{}" }]),
    async play(play) {
      const { turn } = await play.send("Hi", { create, replyTo: callback });
      await play.ended(turn);
      const next = await play.send("And now?");
      await play.ended(next.turn);
      await received("otlp.test");
    },
  },
  {
    name: "a fork and an erasure while a turn runs",
    app: own,
    isOpenEnded: true,
    outcome: async (play) => {
      const isMade = [await play.stub.isMade(), await play.session(forked).isMade()];
      return { isMade, fork: (await play.entries(forked)).map(({ type }) => type) };
    },
    prepare: async (play) => {
      forked = "";
      const client = await ownAccount(play.account);
      fork = async () => {
        const { status, body } = await client("POST", `/v1/sessions/${play.root}/fork`, {});
        if (status === 503) throw new AppError("unavailable", body.detail);
        expect(status).toBe(201);
        forked = body.id;
      };
      provider(play, [], undefined, () => vi.waitFor(() => expect(forked).not.toBe("")));
    },
    async play(play) {
      await play.send("Hi", { create });
      await vi.waitFor(async () => expect(unwrap(await play.stub.describe()).status).toBe("running"));
      await play.again(fork);
      await play.again(async () => {
        const erased = await play.stub.erase({ account: play.account, name: play.root });
        if (!erased.ok && erased.code !== "not_found") unwrap(erased);
      });
    },
  },
  {
    name: "an import and a fork, each with its id",
    app: own,
    outcome: async (play) => {
      const copies = [`${play.root}-import`, `${play.root}-fork`];
      const entries = await Promise.all(copies.map((name) => play.entries(name)));
      const { sessions } = await play.accountStub.listSessions({ limit: 10 });
      return { listed: sessions.length, entries: entries.map((own) => own.map(({ type }) => type)) };
    },
    prepare: async (play) => {
      client = await ownAccount(play.account);
      provider(play);
      for (const kind of ["import", "fork"]) play.holder.nameSession(`${play.root}-${kind}`, kind);
    },
    async play(play) {
      const { turn } = await play.send("Hi", { create });
      await play.ended(turn);
      const path = `/v1/sessions/${play.root}`;
      const { text: lines } = await client("GET", `${path}/export`);
      await requested(play, `/v1/sessions/import?id=${play.root}-import`, lines);
      await requested(play, `${path}/fork`, { id: `${play.root}-fork` });
    },
  },
  {
    name: "turns of a rollout's app",
    app: own,
    prepare: (play) => {
      app.rollouts = listedRollouts.feature;
      provider(play);
    },
    async play(play) {
      const { turn } = await play.send("Hi", { create });
      const next = await play.send("And now?");
      await play.ended(turn);
      await play.ended(next.turn);
    },
  },
  {
    name: "a press in Slack while its question is posted",
    app: own,
    retriedLate,
    outcome: shownInSlack,
    prepare: (play) => {
      slack = createFakeSlack();
      slack.addUser("U1", "Ada");
      const vars = { SLACK_SIGNING_SECRET: slack.settings.signingSecret, SLACK_BOT_TOKEN: slack.settings.botToken };
      app.channels = configuredChannels(vars);
      provider(play, [sending], (request) =>
        new URL(request.url).hostname === "slack.com" ? slack.fetch(request) : Promise.resolve(new Response("ok")),
      );
    },
    async play(play) {
      const { turn } = await play.send("Order it", { create, replyTo: inSlack });
      const id = await play.asked();
      await received("slack.com/api/chat.postMessage");
      await approve(play, id);
      await play.ended(turn);
      await vi.waitFor(() => expect(shownInSlack()).toMatch(/Done\.\n.*Good answer/));
    },
  },
];

testHeld(stories);
