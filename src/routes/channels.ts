/** `/channels/…`: where messengers and webhooks bring messages. No bearer: each request is signed by its sender. What comes in belongs to the account `default`. */
import { type Context, Hono } from "hono";
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import type { Afterwards, Inbound, InboundRequest, Received, Taken } from "../channels/channel.ts";
import { receiveDiscord } from "../channels/discord/receive.ts";
import { forAgent } from "../channels/for-agent.ts";
import { addressFault } from "../channels/outlets.ts";
import { beginInstall, finishInstall } from "../channels/slack/install.ts";
import { receiveSlack } from "../channels/slack/receive.ts";
import { receiveWebhook } from "../channels/webhook.ts";
import { boundedMetadata } from "../core/bounds.ts";
import { AppError } from "../core/errors.ts";
import { safeSpeaker } from "../core/speaker.ts";
import type { Bindings } from "../env.ts";
import { readText } from "../http/read-json.ts";
import { withInstalls } from "../session/outlets.ts";
import { sessionObject } from "../session/session-object.ts";
import { urlFault } from "../session/url-fault.ts";
import { callId } from "./admit.ts";
import type { RouteContext } from "./context.ts";

const account = "default";
/** Slack and GitHub send less than 1 MB, but GitHub may send 25. */
const maxBytes = 4_194_304;

export const channels = new Hono<RouteContext>()
  .post("/slack", (c) => {
    const settings = c.var.settings.slack ?? missing("SLACK_SIGNING_SECRET (and SLACK_BOT_TOKEN)");
    const setup = {
      settings: withInstalls(settings, c.env, account),
      rules: c.var.app.channels.slack ?? {},
      uninstalled: (team: string) => accountObject(c.env, account).removeSlackInstall(team),
    };
    return take(c, async (request) => forAgent(await receiveSlack(request, setup), setup.rules.agent));
  })
  .get("/slack/install", (c) => {
    const settings = c.var.settings.slack ?? missing("SLACK_SIGNING_SECRET");
    return beginInstall(settings, new URL(c.req.url).origin, Date.now());
  })
  .get("/slack/oauth", async (c) => {
    const settings = c.var.settings.slack ?? missing("SLACK_SIGNING_SECRET");
    const back = { url: new URL(c.req.url), cookie: c.req.header("Cookie") ?? "", nowMs: Date.now() };
    const { team, botToken } = await finishInstall(back, settings, c.var.app.channels.slack);
    await accountObject(c.env, account).addSlackInstall(team, botToken);
    return c.text("The app is installed. You can close this page and write to it in Slack.");
  })
  .post("/discord", (c) => {
    const settings = c.var.settings.discord ?? missing("DISCORD_PUBLIC_KEY");
    const rules = c.var.app.channels.discord ?? {};
    return take(c, async (request) => forAgent(await receiveDiscord(request, { settings, rules }), rules.agent));
  })
  .post("/webhooks/:name", (c) => {
    const name = c.req.param("name");
    const { webhookSecrets, isDev } = c.var.settings;
    // It signs what goes out: whoever gets callbacks must not be able to send with it.
    const secrets = name === "callback" ? undefined : webhookSecrets.get(name);
    if (secrets === undefined) {
      throw new AppError("not_found", `There is no webhook "${name}". Add ${name}=whsec_… to WEBHOOK_SECRETS.`);
    }
    const rules = c.var.app.webhooks[name] ?? {};
    return take(c, (request) =>
      receiveWebhook(request, {
        ...{ name, rules, secrets, names: webhookSecrets.keys() },
        urlFault: (url) => urlFault(url, isDev),
      }),
    );
  });

function missing(setting: string): never {
  throw new AppError("not_configured", `This channel is not configured. Set ${setting}: npx wrangler secret put …`);
}

async function take(
  c: Context<RouteContext>,
  receive: (request: InboundRequest) => Promise<Inbound>,
): Promise<Response> {
  const body = await readText(c.req.raw, maxBytes);
  const inbound = await receive({ headers: c.req.raw.headers, body, nowMs: Date.now() });
  switch (inbound.kind) {
    case "nothing":
      if (inbound.later !== undefined) c.executionCtx.waitUntil(inbound.later());
      return inbound.response;
    case "message": {
      if (inbound.afterwards !== undefined) {
        c.executionCtx.waitUntil(deliverLater(c, inbound.received, inbound.afterwards));
        return inbound.answer({ session: inbound.received.session, turn: "" });
      }
      const outcome = await taken(() => deliver(c, inbound.received));
      const { tell, received } = inbound;
      if ("refused" in outcome && tell !== undefined) {
        c.executionCtx.waitUntil(tellOnce(c.env, received, () => tell(outcome.refused)));
      }
      return inbound.answer(outcome);
    }
    case "feedback": {
      const { session, turn, score, by } = inbound.given;
      const given = { score, by: safeSpeaker(by) ?? "somebody", atMs: Date.now() };
      await taken(async () => {
        unwrap(await sessionObject(c.env, { account, name: session }).giveFeedback(turn, given));
        return { session, turn };
      });
      return inbound.response;
    }
    case "approval": {
      const { session, ref, digest, fresh, by, ...pressed } = inbound.pressed;
      const answer = { ...pressed, by: safeSpeaker(by) ?? "somebody" };
      const stub = sessionObject(c.env, { account, name: session });
      return inbound.answer(
        await taken(async () => ({
          session,
          ...unwrap(
            await stub.press({ ref, ...(digest !== undefined && { digest }), ...(fresh && { fresh }) }, answer),
          ),
        })),
      );
    }
    case "stop": {
      const { session, response } = inbound;
      const stopped = await taken(async () => {
        const { turn } = unwrap(await sessionObject(c.env, { account, name: session }).cancel());
        return { session, turn: turn ?? "" };
      });
      return typeof response === "function" ? response(stopped) : response;
    }
  }
}

/** The request was answered: what goes wrong is logged, and told by the channel's own way. */
async function deliverLater(c: Context<RouteContext>, received: Received, later: Afterwards): Promise<void> {
  try {
    const content = await later.complete();
    await later.notify(await taken(() => deliver(c, { ...received, content })));
  } catch (error) {
    console.error("a message that was answered already could not be taken", error);
    const refused = new AppError("conflict", "That did not work. Please ask again.");
    await later.notify({ refused }).catch(() => undefined);
  }
}

/** Once for a message, however often and as how many events it comes. */
async function tellOnce(env: Bindings, { claims }: Received, tell: () => Promise<void>): Promise<void> {
  const name = claims.find((claim) => claim.includes(" message ")) ?? claims[0] ?? "";
  if (await accountObject(env, account).isFirst(`refused ${name}`)) await tell();
}

/** Into its session, in one transaction; the answer is owed from then on. */
async function deliver(c: Context<RouteContext>, received: Received): Promise<Taken> {
  const { alias, place, reference, session: wanted, content, metadata: noted, claims, address, mustExist } = received;
  // A session that is there keeps its agent, also where the rules name another one by now.
  const choices = received.agent === undefined ? {} : { choices: { agent: received.agent } };
  const fault = address && addressFault(address, c.var.settings);
  if (fault !== undefined) throw new AppError("not_configured", fault);
  // People choose their names at the messenger: what cannot be used here is taken out, and the message is not refused for it.
  const speaker = received.speaker === undefined ? undefined : safeSpeaker(received.speaker);
  const metadata = noted && boundedMetadata(noted);
  const {
    waitSeconds,
    session: name,
    models,
  } = await accountObject(c.env, account).receive({ alias, place, session: wanted, id: callId() });
  if (waitSeconds > 0) {
    throw new AppError("rate_limited", `Too many messages. Try again in ${waitSeconds} s.`, {
      retryAfterSeconds: waitSeconds,
    });
  }
  const to = { account, name: await continued(c, received, name) };
  const message = {
    content,
    ...(speaker && { speaker }),
    ...(metadata && { metadata }),
    options: {},
    ...(reference && { reference }),
  };
  const { turn, repeated } = unwrap(
    await sessionObject(c.env, to).send(to, {
      message,
      receipt: {},
      onBusy: "queue",
      claims,
      ...(address && { replyTo: address }),
      ...(mustExist && { mustExist }),
      ...choices,
      ...(models && { models }),
    }),
  );
  const { origin } = new URL(c.req.url);
  return { session: to.name, turn, repeated, statusUrl: `${origin}/v1/sessions/${to.name}/turns/${turn}` };
}

/** The session under the id of an earlier version, where there is one. */
async function continued(c: Context<RouteContext>, { formerly }: Received, name: string): Promise<string> {
  if (formerly === undefined) return name;
  const found = await sessionObject(c.env, { account, name: formerly }).describe();
  return found.ok ? formerly : name;
}

/** A refusal is told in the channel's own words. */
async function taken(work: () => Promise<Taken>): Promise<Taken> {
  try {
    return await work();
  } catch (error) {
    // What our platform failed to take is delivered again by a sender who gets no 2xx.
    if (!(error instanceof AppError) || error.code === "unavailable") throw error;
    return { refused: error };
  }
}
