/** The Worker's channel routes with a Slack app and a Discord app of the tests', and presses of their buttons, signed as the messengers sign them. */

import { Hono } from "hono";
import type { Approval } from "../../src/channels/channel.ts";
import { approvalMessage } from "../../src/channels/discord/buttons.ts";
import { approvalBlocks } from "../../src/channels/slack/pressed.ts";
import { channelRoutes } from "../../src/doors/channels/channels.ts";
import type { RouteContext } from "../../src/doors/routes.ts";
import { app } from "../app/app.ts";
import { configuredChannels } from "./configured-channels.ts";
import { createFakeDiscord } from "./fake-discord.ts";
import { createFakeSlack } from "./fake-slack.ts";
import { bindings } from "./session-world.ts";

/** A message with the buttons of a call that waits. */
export interface Shown {
  session: string;
  approval: Approval;
}

/** What the person who pressed reads; "" where the message itself changes. */
interface Told {
  status: number;
  told: string;
}

const asker = "42";

export async function messengers() {
  const slack = createFakeSlack();
  const discord = await createFakeDiscord();
  const channels = configuredChannels({
    SLACK_SIGNING_SECRET: slack.settings.signingSecret,
    SLACK_BOT_TOKEN: slack.settings.botToken,
    DISCORD_PUBLIC_KEY: discord.settings.publicKey,
  });
  const mine = { ...app, channels };
  const worker = new Hono<RouteContext>()
    .use(async (c, next) => {
      c.set("app", mine);
      await next();
    })
    .route("/channels", channelRoutes(mine).hono);
  const late: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void late.push(work),
    passThroughOnException() {},
    props: {},
  };
  const post = async (path: string, { headers, body }: { headers: Record<string, string>; body: string }) =>
    worker.request(`https://longline.test${path}`, { method: "POST", headers, body }, bindings, context);

  return {
    /** Answers what goes to Slack; undefined for other addresses. */
    slack: (request: Request): Promise<Response> | undefined =>
      new URL(request.url).hostname.endsWith("slack.com") ? slack.fetch(request) : undefined,
    /** Presses a button in Slack; each press has its own signature and response_url. */
    async pressSlack({ session, approval }: Shown, approve: boolean): Promise<Told> {
      const blocks = approvalBlocks(approval, { session, asker }) as {
        elements?: { action_id: string; value: string }[];
      }[];
      const wanted = approve ? "longline_approve" : "longline_deny";
      const button = blocks.flatMap(({ elements = [] }) => elements).find(({ action_id }) => action_id === wanted);
      const pressed = await slack.interaction({
        user: { id: asker, username: "ada" },
        channel: { id: "C1" },
        actions: [{ type: "button", action_id: wanted, value: button?.value }],
      });
      const answer = await post("/channels/slack", pressed);
      await Promise.all(late.splice(0));
      const [told] = slack.responses(pressed.responseId);
      return { status: answer.status, told: String(told?.text ?? "") };
    },
    /** Posts the message with the buttons as the bot does; returns how one of them is pressed. A denial opens a form, which is sent in. */
    async showInDiscord({ session, approval }: Shown): Promise<(approve: boolean) => Promise<Told>> {
      const message = approvalMessage(approval, asker, session);
      const headers = {
        Authorization: `Bot ${discord.settings.botToken}`,
        "Content-Type": "application/json",
        "User-Agent": "DiscordBot (https://longline.test, 1)",
      };
      const body = JSON.stringify({ ...message, allowed_mentions: { parse: [] } });
      const url = "https://discord.com/api/v10/channels/400/messages";
      const posted = await discord.fetch(url, { method: "POST", headers, body });
      if (!posted.ok) throw new Error(`Discord refused the message: ${await posted.text()}`);
      const shown = JSON.stringify(discord.messages("400").at(-1)?.components);
      const customIds = [...shown.matchAll(/"custom_id":"([^"]*)"/g)].map(([, id = ""]) => id);
      const send = async (signed: Awaited<ReturnType<typeof discord.press>>) => {
        const answer = await post("/channels/discord", signed);
        const said = (await answer.json()) as { data?: { content?: string; custom_id?: string } };
        discord.answered(signed.token, { status: answer.status, body: said, contentType: "application/json" });
        return { status: answer.status, told: said.data?.content ?? "", form: said.data?.custom_id ?? "" };
      };
      return async (approve) => {
        const pressed = await send(await discord.press(customIds[approve ? 0 : 1] ?? "", { userId: asker }));
        if (approve) return pressed;
        return send(await discord.submit(pressed.form, { reason: "No" }, { userId: asker }));
      };
    },
  };
}
