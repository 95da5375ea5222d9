import { expect, it, vi } from "vitest";
import { ChannelWorld, envelope, within } from "../support/channel-world.ts";
import { reach } from "../support/wrangler-dev.ts";

const world = new ChannelWorld();

it("[E2E-8] a mention is answered in its thread, once, however often and under whatever id it comes", async () => {
  const { ts, event, session } = world.mention("what is 17 * 23?");
  const storm = Array.from({ length: 11 }, async (_, n) => {
    const twin = n % 3 === 2 ? { ...event, type: "message", channel_type: "channel" } : event;
    return world.post(
      "/channels/slack",
      await world.slack.event(twin, { eventId: n % 2 ? "Ev1" : "Ev2", retryNum: n, envelope }),
    );
  });
  for (const answer of await Promise.all(storm)) expect(answer.status).toBe(200);
  const answers = await world.answered("C1", ts);
  expect(answers).toHaveLength(1);
  expect(answers[0]?.text).toContain("391");
  await vi.waitFor(async () => expect(await world.turnsOf(session)).toBe(1), within);
  const follow = { type: "message", user: "U1", channel: "C1", ts: "1700000001.000001", thread_ts: ts, text: "thanks" };
  await world.post("/channels/slack", await world.slack.event(follow, { envelope }));
  await vi.waitFor(async () => expect(await world.turnsOf(session)).toBe(2), within);
});

it("[E2E-8] twenty threads at once get an answer each", async () => {
  const threads = Array.from({ length: 20 }, (_, n) => world.mention(`what is ${n} * 3?`, "C2"));
  await Promise.all(
    threads.map(async ({ event }) => world.post("/channels/slack", await world.slack.event(event, { envelope }))),
  );
  for (const [n, { ts }] of threads.entries()) {
    const answers = await world.answered("C2", ts);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.text).toContain(String(n * 3));
  }
});

it("[E2E-8] an approval by button: once, by whoever asked", async () => {
  const { ts, event, session } = world.mention("Please post 17 pencils to https://example.com/orders", "C3");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  const asking = await vi.waitFor(() => {
    const found = world
      .answersIn("C3", ts)
      .find(({ blocks }) => JSON.stringify(blocks ?? "").includes("longline_deny"));
    expect(found).toBeDefined();
    return found;
  }, within);
  const value = /"value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(asking?.blocks))?.[1] ?? '""';
  const press = async (user: string) =>
    world.slack.interaction({
      type: "block_actions",
      team: { id: "T1" },
      user: { id: user, username: user },
      channel: { id: "C3" },
      actions: [{ type: "button", action_id: "longline_deny", value: JSON.parse(value) }],
    });
  expect((await world.post("/channels/slack", await press("U9"))).status).toBe(200);
  await vi.waitFor(async () => expect((await world.ask(`/v1/sessions/${session}`)).status).toBe("waiting"), within);
  await Promise.all([
    world.post("/channels/slack", await press("U1")),
    world.post("/channels/slack", await press("U1")),
  ]);
  await vi.waitFor(async () => expect(await world.turnsOf(session)).toBe(1), within);
  const { entries } = await world.ask(`/v1/sessions/${session}/entries`);
  expect(entries.filter(({ type }: { type: string }) => type === "approval")).toMatchObject([
    { approve: false, by: "U1" },
  ]);
  await vi.waitFor(() => expect(JSON.stringify(world.answersIn("C3", ts))).toContain("Denied by U1."), within);
});

it("[E2E-8] a server killed in mid-stream leaves one whole answer", async () => {
  const { ts, event, session } = world.mention("what time is it in Tokyo, and what is 6 * 7?", "C4");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  await vi.waitFor(() => expect(world.answersIn("C4", ts)).toHaveLength(1));
  await world.killAndStart();
  const answers = await world.answered("C4", ts);
  expect(answers).toHaveLength(1);
  expect(answers[0]?.text).toContain("42");
  await vi.waitFor(async () => expect(await world.turnsOf(session)).toBe(1), within);
});

it("[E2E-8] [BUSY-4] a stop in Slack stops the turn, and a slash command is answered where it was given", async () => {
  // A turn that does not end by itself.
  const { ts, event, session } = world.mention("Please post 17 pencils to https://example.com/orders", "C5");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  await vi.waitFor(() => expect(JSON.stringify(world.answersIn("C5", ts))).toContain("longline_deny"), within);
  const stop = { type: "agent_session_stopped", channel: "C5", thread_ts: ts, user: "U1" };
  expect((await world.post("/channels/slack", await world.slack.event(stop, { envelope }))).status).toBe(200);
  await vi.waitFor(async () => {
    const { entries } = await world.ask(`/v1/sessions/${session}/entries`);
    expect(entries.at(-1)).toMatchObject({ type: "turn_ended", reason: "cancelled" });
  }, within);
  const slash = await world.slack.slash({ text: "what is 17 * 23?" });
  const taken = await world.post("/channels/slack", slash);
  expect(taken.status).toBe(200);
  await vi.waitFor(() => expect(world.slack.responses(slash.responseId)).toHaveLength(1), within);
  expect(JSON.stringify(world.slack.responses(slash.responseId))).toContain("391");
});

it("[SLACK-10] a message is acknowledged first; its thread and its file are read in its turn", async () => {
  const root = world.slack.addMessage("C7", { user: "U1", text: "the code word is heron" }).ts;
  const notes = world.slack.addFile("F1", { body: "Buy milk", contentType: "text/plain" });
  const { ts } = world.slack.addMessage("C7", { user: "U1", text: "<@UBOT> hello", threadTs: root, files: [notes] });
  const event = { type: "app_mention", user: "U1", channel: "C7", ts, thread_ts: root, text: "<@UBOT> hello" };
  expect((await world.post("/channels/slack", await world.slack.event(event, { envelope }))).status).toBe(200);
  const session = `slack_T1_C7_${root.replace(".", "-")}`;
  await vi.waitFor(async () => expect(await world.turnsOf(session)).toBe(1), within);
  const { entries } = await world.ask(`/v1/sessions/${session}/entries`);
  const read = JSON.stringify(entries[0]);
  expect(read).toContain("> Ada: the code word is heron");
  expect(read).toContain("Buy milk");
  expect(read).toContain('"speaker":"Ada"');
  expect(read).not.toContain("reference");
});

it("[SLACK-12] an answer that went to a direct message goes on there, in the same session", async () => {
  world.slack.addChannel("C8", { isMember: false });
  const { event, session } = world.mention("what is 3 * 4?", "C8");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  const answer = await vi.waitFor(() => {
    const found = world.slack.messages("DU1").find(({ text }) => text.includes("12"));
    expect(found).toBeDefined();
    return found;
  }, within);
  await vi.waitFor(async () => {
    const follow = { type: "message", user: "U1", channel: "DU1", thread_ts: answer?.ts, text: "and 5 * 5?" };
    await world.post("/channels/slack", await world.slack.event(follow, { envelope }));
    expect(await world.turnsOf(session)).toBeGreaterThanOrEqual(2);
  }, within);
});

it("[SLACK-18] who mentions the app in the thread of an erased session is told so, once", async () => {
  const { ts, event, session } = world.mention("what is 2 * 2?", "C9");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  await world.answered("C9", ts);
  await reach(`${world.dev.url}/v1/sessions/${session}`, {
    method: "DELETE",
    headers: { Authorization: "Bearer dev-key" },
  });
  const again = { ...event, ts: "1700000002.000001", thread_ts: ts, text: "<@UBOT> and now?", client_msg_id: "again" };
  for (const type of ["app_mention", "message", "app_mention"])
    expect(
      (await world.post("/channels/slack", await world.slack.event({ ...again, type }, { envelope }))).status,
    ).toBe(200);
  const told = () => world.slack.shown.ephemerals.filter(({ text }) => String(text).includes("was erased"));
  await vi.waitFor(() => expect(told()).toHaveLength(1), within);
});

it("[SLACK-15] [FEEDBACK-1] praise under an answer is feedback to its turn; again, it replaces; an unknown turn is 404", async () => {
  const { ts, event, session } = world.mention("what is 6 * 7?", "C10");
  await world.post("/channels/slack", await world.slack.event(event, { envelope }));
  const [answer] = await world.answered("C10", ts);
  const value = /"value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(answer?.blocks))?.[1] ?? '""';
  const actions = [{ type: "feedback_buttons", action_id: "longline_feedback", value: JSON.parse(value) }];
  await world.post("/channels/slack", await world.slack.interaction({ user: { id: "U1", username: "ada" }, actions }));
  const at = `/v1/sessions/${session}`;
  // Slack has its answer before the press is taken in.
  const feedback = async () => (await world.ask(`${at}/turns/turn_1`)).feedback;
  await vi.waitFor(async () => expect(await feedback()).toMatchObject({ score: 1, by: "ada" }), within);
  const rate = (body: object) =>
    reach(`${world.dev.url}${at}/feedback`, {
      method: "POST",
      headers: { Authorization: "Bearer dev-key", "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await rate({ turn: "turn_1", score: -0.5, label: "wrong", comment: "No." })).status).toBe(200);
  expect(await feedback()).toMatchObject({ score: -0.5, label: "wrong", comment: "No.", by: null });
  expect((await rate({ turn: "turn_9", score: 1 })).status).toBe(404);
  const wrong = await rate({ turn: "turn_1", score: 2 });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { field: "score" }]);
});
