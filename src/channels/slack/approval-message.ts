/** Requests a person's approval in Slack, with buttons, by the first way that accepts them; and closes the question once it was answered. It waits for no text. */
import type { Approval } from "../channel.ts";
import { SlackFailure } from "./api.ts";
import type { SlackDelivery } from "./delivery.ts";
import { type Form, refusalOf } from "./ladder.ts";
import { approvalBlocks, approvalText } from "./pressed.ts";

/** Refusals that are dealt with in one attempt. */
const mostSteps = 10;

export async function showApproval(delivery: SlackDelivery, approval: Approval): Promise<void> {
  const { shown } = delivery;
  const found = await delivery.settle(approval.ref);
  if (found !== undefined) shown.approvals[approval.ref] = { ts: found.ts, state: "open", room: found.room };
  const before = shown.approvals[approval.ref];
  if (before?.state === approval.state || (before === undefined && approval.state !== "open")) return;
  if (before !== undefined) return close(delivery, approval);
  for (let steps = 1; ; steps++) {
    try {
      return await request(delivery, approval);
    } catch (error) {
      if (!(error instanceof SlackFailure) || steps >= mostSteps) throw error;
      deal(delivery, approval, error);
    }
  }
}

async function request(delivery: SlackDelivery, approval: Approval): Promise<void> {
  const { shown, reply } = delivery;
  const { way, form } = delivery.rung(approval.ref);
  const content = contentOf(approval, form, { session: reply.session, asker: delivery.address.user });
  if (way === "response_url") {
    await delivery.respond({ response_type: "ephemeral", replace_original: false, ...content });
    shown.approvals[approval.ref] = { ts: "", state: "open" };
    return delivery.posting.save(shown);
  }
  const { room, thread } = await delivery.target(way);
  const ts = await delivery.make({ part: approval.ref, room, thread }, () =>
    delivery.call("chat.postMessage", {
      channel: room,
      ...(thread !== "" && { thread_ts: thread }),
      ...content,
      metadata: delivery.metadata(approval.ref),
    }),
  );
  shown.approvals[approval.ref] = { ts, state: "open", room };
}

/** Where the call with all its arguments is refused, it is shown with fewer of them; without buttons at the very end. */
function contentOf(approval: Approval, form: Form, of: { session: string; asker: string }): Record<string, unknown> {
  const text = approvalText(approval);
  if (form !== "text") return { text, blocks: approvalBlocks(approval, of, form === "markdown" ? 1 : undefined) };
  return { text: `${text} Slack takes no buttons here; it can be answered on the agent's page or by its API.` };
}

function deal(delivery: SlackDelivery, { ref }: Approval, failure: SlackFailure): void {
  const rung = delivery.rung(ref);
  const step = delivery.step(failure, { rung });
  if (step.do === "climb") {
    // Text without buttons helps no one while another way may accept buttons.
    const isLastWay = delivery.ways.at(-1) === rung.way;
    const next =
      step.rung.form === "text" && !isLastWay ? delivery.ways[delivery.ways.indexOf(rung.way) + 1] : undefined;
    delivery.climb(ref, next === undefined ? step.rung : { way: next, form: "blocks" });
    return;
  }
  if (step.do === "give_up") delivery.startOver(ref, failure);
  throw failure;
}

/** Takes the buttons away. Those at a response_url are replaced when they are pressed. */
async function close(delivery: SlackDelivery, approval: Approval): Promise<void> {
  const { shown, reply, address } = delivery;
  const before = shown.approvals[approval.ref];
  if (before === undefined) return;
  if (before.ts !== "") {
    const content = contentOf(approval, "blocks", { session: reply.session, asker: address.user });
    const place = { channel: before.room ?? address.room, ts: before.ts };
    await update(delivery, { ...place, ...content, metadata: delivery.metadata(approval.ref) });
  }
  before.state = approval.state;
}

/** A message that cannot be changed keeps its buttons: a press of them is answered with why it does not count. */
async function update(delivery: SlackDelivery, params: Record<string, unknown>): Promise<void> {
  for (const content of [params, { ...params, blocks: [] }]) {
    try {
      await delivery.call("chat.update", content);
      return;
    } catch (error) {
      if (!(error instanceof SlackFailure)) throw error;
      const step = delivery.step(error, { rung: { way: "thread", form: "blocks" } });
      if (step.do === "retry") throw error;
      if (refusalOf(error.error) === "gone") return;
    }
  }
}
