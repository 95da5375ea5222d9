import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { postToSlack } from "../../src/channels/slack/post.ts";
import type { SlackShown } from "../../src/channels/slack/shown.ts";
import type { SlackAddress } from "../../src/channels/slack/slack-address.ts";
import { createFakeSlack, type Misbehaviour } from "../support/fake-slack.ts";
import { Delivery, reply, whole } from "../support/posting.ts";

let clock = 1_700_000_000_000;
let slack: ReturnType<typeof createFakeSlack>;
let root: string;
beforeEach(() => {
  clock = 1_700_000_000_000;
  slack = createFakeSlack({ now: () => clock });
  vi.spyOn(globalThis, "fetch").mockImplementation(slack.fetch);
  root = slack.addMessage("C1", { user: "U1", text: "a question" }).ts;
});
afterEach(() => {
  vi.restoreAllMocks();
});

function delivery(more: Partial<SlackAddress> = {}) {
  const place = { team: "T1", app: "A1", room: "C1", thread: root, user: "U1", ts: root, atMs: clock };
  const settings = { signingSecret: "s", botToken: "xoxb-test", apiUrl: "https://slack.com/api" };
  return new Delivery<SlackAddress, SlackShown>({ channel: "slack", ...place, ...more }, (posting) =>
    postToSlack(posting, settings),
  );
}
/** What people see of the answer. */
const seen = () => slack.messages("C1", root).filter(({ botId }) => botId !== undefined);
const texts = () => seen().map(({ text }) => text);
const approval = (state: "open" | "approved" | "void" = "open", by?: string) => ({
  ref: "r1",
  name: "send_request",
  arguments: '{"url":"https://a.example/<x>"}',
  state,
  ...(by && { by }),
});

describe("an answer in Slack", () => {
  it("[SLACK-2] streams with its tools, and is whole and marked at the end", async () => {
    const one = delivery();
    const tool = { id: "1-c", name: "calculator" };
    await one.insist(reply("", { tools: [{ ...tool, state: "running" }] }));
    expect(seen()).toMatchObject([{ streamingState: "in_progress", tasks: [{ id: "1-c", status: "in_progress" }] }]);
    await one.insist(reply("It is", { tools: [{ ...tool, state: "done" }] }));
    await one.insist(whole("It is 42.", { tools: [{ ...tool, state: "done" }] }));
    expect(seen()).toMatchObject([{ text: "It is 42.", streamingState: "completed", tasks: [{ status: "complete" }] }]);
    expect(seen()[0]?.metadata).toMatchObject({ event_payload: { delivery: "dlv_1" } });
  });

  it("[SLACK-2] an answer that comes in one piece is one message", async () => {
    await delivery().insist(whole("Yes."));
    expect(texts()).toEqual(["Yes."]);
    expect(slack.calls.map(({ method }) => method)).toContain("chat.postMessage");
  });

  it.each(["lost", "a stream that died"])(
    "[HOLD-10] whose post was %s and is written anew keeps its buttons",
    async (how) => {
      const one = delivery();
      const ended = { reason: "completed" as const, atMs: 0, data: { status: "completed", turn: "turn_1" } };
      if (how === "lost") slack.next("chat.postMessage", "drop_response");
      else await one.insist(reply("The beginning"));
      if (how !== "lost") slack.expireStream(seen()[0]?.ts ?? "");
      await one.insist(whole("The beginning and the end.", { ended }));
      expect(seen()).toHaveLength(1);
      expect(JSON.stringify(seen()[0]?.blocks)).toContain("feedback_buttons");
    },
  );

  it("[SLACK-2] a stream that died is written anew in the same message", async () => {
    const one = delivery();
    await one.insist(reply("The beginning"));
    slack.expireStream(seen()[0]?.ts ?? "");
    await one.insist(reply("The beginning, the middle"));
    await one.insist(whole("The beginning, the middle and the end."));
    expect(texts()).toEqual(["The beginning, the middle and the end."]);
  });

  it("[SLACK-2] text that a crashed attempt said is taken back", async () => {
    const one = delivery();
    await one.insist(reply("Wrong words"));
    await one.insist(reply("Right"));
    await one.insist(whole("Right words."));
    expect(texts()).toEqual(["Right words."]);
  });

  it("[SLACK-2] 30,000 characters become messages of at most 11,000, with whole code blocks", async () => {
    const code = `\`\`\`ts\n${"const a = 1;\n".repeat(600)}\`\`\``;
    const long = Array.from({ length: 4 }, (_, n) => `Part ${n}\n\n${code}`).join("\n\n");
    const one = delivery();
    for (let length = 2_000; length < long.length; length += 4_000) {
      clock += 1_000;
      await one.insist(reply(long.slice(0, length)));
    }
    await one.insist(whole(long));
    expect(texts().length).toBeGreaterThan(2);
    for (const text of texts()) {
      expect(text.length).toBeLessThanOrEqual(11_000);
      expect((text.match(/```/g) ?? []).length % 2).toBe(0);
    }
    expect(
      texts()
        .join("\n")
        .match(/const a = 1;/g),
    ).toHaveLength(2_400);
    expect(seen().every(({ streamingState }) => streamingState !== "in_progress")).toBe(true);
  });

  it("[SLACK-2] where Slack cannot stream, outside of threads and to nobody, an answer is posted once it is whole", async () => {
    const one = delivery({ thread: "", user: "", ts: "" });
    await one.insist(reply("The be", { tools: [{ id: "1-c", name: "calculator", state: "running" }] }));
    expect(slack.calls).toEqual([]);
    await one.insist(whole(`The beginning. ${"word ".repeat(3_000)}`));
    const posted = slack.calls.map(({ method, args }) => [method, args.thread_ts]);
    expect(posted).toEqual([
      ["chat.postMessage", undefined],
      ["chat.postMessage", undefined],
    ]);
  });

  it("[SLACK-3] the status follows the work and does not stay behind", async () => {
    const one = delivery();
    await one.insist(reply("Hm"));
    expect(slack.status("C1", root)).toBe("processing");
    await one.insist(reply("Hm", { state: "waiting", approvals: [approval()] }));
    expect(slack.status("C1", root)).toBe("suspended");
    await one.insist(whole("Done.", { approvals: [approval("void")] }));
    expect(slack.status("C1", root)).toBe("active");
    one.crash();
    await one.insist(whole("Done."));
    expect(slack.status("C1", root)).toBe("active");
  });

  it("[SLACK-3] a workspace that does not know the status gets the answer all the same", async () => {
    slack.next("agents.sessions.setStatus", { error: "unknown_method" });
    const one = delivery();
    await one.insist(reply("Hm"));
    await one.insist(whole("Hm, yes."));
    expect(texts()).toEqual(["Hm, yes."]);
  });

  it("[CHANNEL-5] a model's mentions ring for nobody", async () => {
    await delivery().insist(whole("Ask <!channel>, <!here>, <@U1> or <!subteam^S1>."));
    expect(slack.pings).toEqual([]);
  });

  it("[CHANNEL-5] approvals are asked for with exact arguments, once, and closed when they are answered", async () => {
    const one = delivery();
    await one.insist(reply("", { state: "waiting", approvals: [approval()] }));
    await one.insist(reply("", { state: "waiting", approvals: [approval()] }));
    expect(JSON.stringify(seen()[0]?.blocks)).toContain("https://a.example/&lt;x&gt;");
    expect(JSON.stringify(seen()[0]?.blocks)).toContain("longline_approve");
    await one.insist(whole("Sent.", { approvals: [approval("approved", "Ada")] }));
    expect(JSON.stringify(seen()[0]?.blocks)).toContain("Approved by Ada.");
    expect(JSON.stringify(seen()[0]?.blocks)).not.toContain("longline_approve");
    expect(seen()).toHaveLength(2);
  });
});

describe("an answer in Slack when something fails", () => {
  const failures: [string, Misbehaviour][] = [
    ["the answer is lost", "drop_response"],
    ["the request is lost", "drop_request"],
    ["HTTP 500", { http: 500 }],
    ["429", { http: 429, retryAfter: 2 }],
    ["ok: false ratelimited", { ratelimited200: true }],
  ];
  const methods = ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update"];
  const cases = methods.flatMap((method) => failures.map(([what, how]) => ({ method, what, how })));

  it.each(cases)("[CHANNEL-4] $method, $what: one answer, whole", async ({ method, how }) => {
    slack.next(method, how);
    const one = delivery();
    if (method !== "chat.postMessage") {
      await one.insist(reply("One"));
      if (method === "chat.update") slack.expireStream(seen()[0]?.ts ?? "");
      await one.insist(reply("One, two"));
    }
    await one.insist(whole("One, two, three."));
    expect(texts()).toEqual(["One, two, three."]);
  });

  const positions = ["before the first call", "after the message was begun", "in the middle", "after the end"] as const;
  it.each(positions)("[CHANNEL-4] a crash %s: one answer, whole", async (position) => {
    const one = delivery();
    if (position === "before the first call") {
      slack.next("chat.startStream", "drop_request");
      await one.post(reply("One"));
    } else {
      await one.insist(reply("One"));
      if (position !== "after the message was begun") await one.insist(reply("One, two"));
      if (position === "after the end") await one.insist(whole("One, two, three."));
    }
    one.crash();
    await one.insist(whole("One, two, three."));
    expect(texts()).toEqual(["One, two, three."]);
    expect(seen()[0]?.streamingState).not.toBe("in_progress");
  });

  it("[CHANNEL-4] a crash right after an approval was posted: one approval", async () => {
    const one = delivery();
    await one.insist(reply("", { state: "waiting", approvals: [approval()] }));
    one.crash();
    await one.insist(reply("", { state: "waiting", approvals: [approval()] }));
    expect(seen()).toHaveLength(1);
  });

  it("[CHANNEL-4] Slack's pause is kept", async () => {
    slack.next("chat.postMessage", { http: 429, retryAfter: 7 });
    expect(await delivery().post(whole("Yes."))).toMatchObject({ kind: "retry", afterMs: 7_000 });
  });
});
