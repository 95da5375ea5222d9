/** Shows a reply in Slack. Text, questions to people and the status are shown independently: a failure of one does not hold up the others. Each attempt updates the messages to the reply; messages that a crash left are looked for and continued. */
import type { Posted, Reply } from "../channel.ts";
import { showText } from "./answer-text.ts";
import { SlackFailure, type SlackSettings } from "./api.ts";
import { showApproval } from "./approval-message.ts";
import { LadderEnd, SlackDelivery, type SlackPosting } from "./delivery.ts";
import { refusalOf } from "./ladder.ts";
import type { SlackRules } from "./rules.ts";
import { type SlackShown, workingCopy } from "./shown.ts";
import { placeName } from "./slack-address.ts";

export async function postToSlack(
  posting: SlackPosting,
  settings: SlackSettings,
  rules: SlackRules = {},
): Promise<Posted<SlackShown>> {
  const shown = workingCopy(posting.shown, posting.address);
  const delivery = new SlackDelivery(posting, shown, { settings, feedback: rules.feedback ?? true });
  if (delivery.ways.length === 0) return { kind: "dead", shown: posting.shown, error: "SLACK_BOT_TOKEN is not set" };
  if (posting.resumed) forget(shown);
  const before = progressOf(shown);
  const failures = await bringCloser(delivery);
  const [first] = failures;
  if (first === undefined) return { kind: "shown", shown, places: placesOf(delivery) };
  const later = failures.filter((failure) => failure instanceof SlackFailure);
  const isDead = later.length === 0;
  if ((isDead || posting.isLast) && !isWhole(shown)) await lastWord(delivery, codeOf(first));
  if (isDead) return { kind: "dead", shown, error: codeOf(first) };
  const afterMs = Math.max(0, ...later.map(({ retryAfterMs = 0 }) => retryAfterMs));
  const progress = progressOf(shown) > before;
  return { kind: "retry", shown, error: codeOf(later[0] ?? first), progress, ...(afterMs > 0 && { afterMs }) };
}

/** Threads under messages that begin a thread themselves: of a webhook or a schedule, and direct messages. */
function placesOf({ shown, address: { team, room, thread } }: SlackDelivery): string[] {
  const roots = shown.pieces.filter((piece) => piece.ts !== "" && (thread === "" || piece.room !== undefined));
  return roots.map((piece) => placeName({ team, room: piece.room ?? room, thread: piece.ts }));
}

/** Messages that are there for good: a long answer takes many calls, and each may fail. */
function progressOf({ pieces, approvals }: SlackShown): number {
  return pieces.filter(({ done }) => done).length + Object.keys(approvals).length;
}

/** What failed, in the order in which it was tried. */
async function bringCloser(delivery: SlackDelivery): Promise<(SlackFailure | LadderEnd)[]> {
  const { reply } = delivery;
  const failures: (SlackFailure | LadderEnd)[] = [];
  const attempt = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof SlackFailure || error instanceof LadderEnd)) throw error;
      failures.push(error);
    }
  };
  if (reply.state !== "ended") await attempt(showStatus(delivery, statusOf(reply)));
  await attempt(showText(delivery));
  for (const approval of reply.approvals) await attempt(showApproval(delivery, approval));
  if (reply.state === "ended") await attempt(showStatus(delivery, "active"));
  return failures;
}

function statusOf({ state }: Reply): "suspended" | "processing" {
  return state === "waiting" ? "suspended" : "processing";
}

/** Another instance made what is shown: what it did after it saved last is not known. */
function forget(shown: SlackShown): void {
  for (const piece of shown.pieces) if (!piece.done) Object.assign(piece, { text: undefined, stopped: false });
  shown.hasStatus = true;
  if (shown.status !== "unknown") shown.status = undefined;
}

function isWhole({ pieces }: SlackShown): boolean {
  return pieces.length > 0 && pieces.every(({ done }) => done);
}

function codeOf(failure: SlackFailure | LadderEnd): string {
  return failure instanceof SlackFailure ? failure.error : failure.failure.error;
}

/** A line to the person by the first way that accepts it: the answer is kept, and can be delivered again. */
async function lastWord(delivery: SlackDelivery, code: string): Promise<void> {
  const text = `There is an answer for you that could not be shown here (Slack answered: ${code}). It is kept; the people who run this app can deliver it again.`;
  await delivery.sayWhere(text);
  for (const way of delivery.ways) {
    if (way === "response_url") continue;
    try {
      const { room, thread } = await delivery.target(way);
      await delivery.call("chat.postMessage", { channel: room, ...(thread !== "" && { thread_ts: thread }), text });
      return;
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
    }
  }
}

/** Shows that the agent is at work, waits, or is done. It waits for no other call and stops no other call; a status that was set is cleared in every case. */
type Status = "processing" | "suspended" | "active";

/** Sets the status of the thread's agent session (docs.slack.dev/ai/agent-sessions). Throws only where a status could remain set. */
async function showStatus(delivery: SlackDelivery, status: Status): Promise<void> {
  const { shown, address } = delivery;
  const { room, thread, title } = address;
  if (thread === "" || !delivery.ways.includes("thread") || shown.status === status) return;
  if (status !== "active" && shown.status === "unknown") return;
  // Nothing was set, so nothing must be cleared.
  if (status === "active" && !shown.hasStatus) return;
  const hadStatus = shown.hasStatus ?? false;
  try {
    if (status !== "active") shown.hasStatus = true;
    await delivery.call("agents.sessions.setStatus", {
      ...{ status, channel_id: room, thread_ts: thread },
      // Read only where it begins the agent's session in Slack.
      ...(title !== undefined && title !== "" && status === "processing" && { title }),
    });
    shown.status = status;
    if (status === "active") shown.hasStatus = false;
  } catch (error) {
    if (!(error instanceof SlackFailure)) throw error;
    if (status === "active") return takeBack(delivery, error);
    const kind = refusalOf(error.error);
    // Refused: what was not set before is not set now. No further request is made to such a workspace in this delivery.
    if (kind !== "unclear") shown.hasStatus = hadStatus;
    if (kind !== "unclear" && kind !== "wait") shown.status = "unknown";
  }
}

/** Tries again at once, also with another status, then later; in the end Slack's own limit of 2 minutes without a message ends it. */
async function takeBack(delivery: SlackDelivery, failure: SlackFailure): Promise<void> {
  const { shown, address } = delivery;
  const place = { channel_id: address.room, thread_ts: address.thread };
  const codes = [failure.error];
  for (const status of ["active", "closed"]) {
    try {
      await delivery.call("agents.sessions.setStatus", { status, ...place });
      Object.assign(shown, { status: "active", hasStatus: false });
      return;
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      codes.push(error.error);
    }
  }
  const { do: next } = delivery.step(failure, { rung: { way: "thread", form: "stream" } });
  if (next === "retry" && !codes.every((code) => unsupported.has(code))) throw failure;
  shown.hasStatus = false;
}

/** Where no status can have been set. */
const unsupported = new Set(["unknown_method", "feature_disabled", "method_deprecated", "deprecated_endpoint"]);
