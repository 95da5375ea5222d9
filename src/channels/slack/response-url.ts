/** Answers a slash command at its `response_url`: five messages within 30 minutes, no threads, no streams (docs.slack.dev/interactivity/handling-user-interaction). */
import type { Posting } from "../channel.ts";
import { replyText } from "../reply-text.ts";
import { splitMarkdown } from "../split-markdown.ts";
import { SlackFailure } from "./api.ts";
import type { SlackShown } from "./post.ts";
import { approvalBlocks, approvalText } from "./pressed.ts";
import type { SlackAddress } from "./slack-address.ts";

const pieceChars = 11_000;
const mostPieces = 4;

export async function postToResponseUrl(of: Posting<SlackAddress, SlackShown>, shown: SlackShown): Promise<void> {
  const { reply, address, signal } = of;
  const url = address.responseUrl ?? "";
  for (const approval of reply.approvals) {
    if (approval.state !== "open" || shown.approvals[approval.ref] !== undefined) continue;
    const blocks = approvalBlocks(approval, { session: reply.session, asker: address.user });
    await send(url, { response_type: "ephemeral", text: approvalText(approval), blocks }, signal);
    shown.approvals[approval.ref] = { ts: "", state: "open" };
  }
  if (reply.state !== "ended") return;
  const texts = splitMarkdown(replyText(reply), pieceChars);
  const cut = texts.length > mostPieces ? `\n\n_${texts.length - mostPieces} more parts do not fit here._` : "";
  for (const [place, text] of texts.slice(0, mostPieces).entries()) {
    if (shown.pieces[place] !== undefined) continue;
    const whole = place === mostPieces - 1 ? `${text}${cut}` : text;
    const body = { response_type: "in_channel", replace_original: false, text: whole.slice(0, 3_000) };
    await send(url, { ...body, blocks: [{ type: "markdown", text: whole }] }, signal);
    shown.pieces.push({ ts: String(place), done: true });
    // Nobody can look here what is there: what was sent is written down at once.
    await of.save(shown);
  }
}

async function send(url: string, body: object, signal: AbortSignal): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
    redirect: "manual",
    signal,
  }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer === undefined) throw new SlackFailure("unreachable");
  if (answer.ok) return;
  // Used up, or older than 30 minutes.
  if (answer.status === 404 || answer.status === 410) throw new SlackFailure("channel_not_found");
  const seconds = Number(answer.headers.get("Retry-After"));
  throw new SlackFailure(`http_${answer.status}`, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined);
}
