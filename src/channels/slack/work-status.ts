/** Shows that the agent is at work, waits, or is done. It waits for no other call and stops no other call; a status that was set is cleared in every case. */
import { SlackFailure } from "./api.ts";
import type { SlackDelivery } from "./delivery.ts";
import { refusalOf } from "./ladder.ts";

type Status = "processing" | "suspended" | "active";

/** Sets the status of the thread's agent session (docs.slack.dev/ai/agent-sessions). Throws only where a status could remain set. */
export async function showStatus(delivery: SlackDelivery, status: Status): Promise<void> {
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
