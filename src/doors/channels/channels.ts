/** `/channels/…`: where messengers and webhooks bring messages. No bearer: each request is signed by its sender. What comes in belongs to the account of its place, which is `default` where no rule names another one. */
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import type { App, AppChannel } from "../../agent/app.ts";
import type { Inbound, InboundRequest, Received, Taken } from "../../channels/channel.ts";
import type { WorkingChannel } from "../../channels/define-channel.ts";
import { defaultAccount } from "../../channels/place-rules.ts";
import { boundedMetadata } from "../../core/bounds.ts";
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { safeSpeaker } from "../../core/speaker.ts";
import type { Bindings } from "../../env.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readText } from "../../http/read-json.ts";
import { addressFault, channelHost } from "../../session/deliver/outlets.ts";
import { sessionObject } from "../../session/session-object.ts";
import { isSignalName } from "../../tools/steps/step.ts";
import { callId, type RequestContext } from "../caller.ts";
import { accepted } from "../refusal-words.ts";
import { Routes, requestOf } from "../routes.ts";
import { sessionName } from "../session-fields.ts";
import { traceOf } from "../trace-of.ts";

/** Slack and GitHub send less than 1 MB, but GitHub may send 25. */
const maxBytes = 4_194_304;

/** `/channels/<name>` of each channel that the app lists, and its pages. */
export function channelRoutes({ channels }: App): Routes {
  const routes = new Routes();
  for (const channel of channels.values()) {
    const { name, pages } = channel;
    routes.post(`/${name}`, "sender", (c) => {
      const works = workingOf(c.var.app.channels.get(name) ?? channel);
      return take(requestOf(c), (request) => works.receive(request, channelHost(c.env, name)));
    });
    for (const page of pages) {
      routes.get(`/${name}/${page}`, "everyone", (c) =>
        workingOf(channel).page(page, c.req.raw, channelHost(c.env, name)),
      );
    }
  }
  return routes;
}

function workingOf({ works, needs }: AppChannel): WorkingChannel {
  if (works !== undefined) return works;
  throw new AppError("not_configured", `This channel is not configured. Set ${needs}: npx wrangler secret put …`);
}

/** Takes a request by what its receiver makes of it. */
export async function take(
  of: RequestContext,
  receive: (request: InboundRequest) => Promise<Inbound>,
): Promise<Response> {
  const body = await readText(of.request, maxBytes);
  const inbound = await receive({ headers: of.request.headers, body, nowMs: Date.now() });
  const { account = defaultAccount } = inbound;
  switch (inbound.kind) {
    case "nothing":
      if (inbound.later !== undefined) of.waitUntil(inbound.later());
      return inbound.response;
    case "message": {
      const outcome = await taken(() => deliver(of, inbound.received, account));
      const { notify, received } = inbound;
      if ("refused" in outcome && notify !== undefined) {
        of.waitUntil(notifyOnce(accountObject(of.bindings, account), received, () => notify(outcome.refused)));
      }
      return inbound.answer(outcome);
    }
    case "signal": {
      const { session, signal, id } = inbound;
      if (!isSignalName(signal.name)) throw badSignal(signal.name);
      const to = { account, name: parseBody(sessionName, session, "session") };
      const taken = unwrap(await sessionObject(of.bindings, to).signal({ ...signal, key: id }));
      const facts = { session, turn: taken.turn, name: signal.name, status: taken.status };
      return Response.json(facts, { status: taken.status === "delivered" ? 200 : 202 });
    }
    case "feedback": {
      const { session, tag, turn, score, by } = inbound.given;
      const given = { score, by: safeSpeaker(by) ?? "somebody", atMs: Date.now() };
      const kept = await inEither(account, async (owner) => {
        unwrap(await sessionObject(of.bindings, { account: owner, name: session }).giveFeedback(turn, given, tag));
        return { session, turn };
      });
      const { response } = inbound;
      return typeof response === "function" ? response(kept) : response;
    }
    case "approval": {
      const { session, ref, digest, fresh, by, ...pressed } = inbound.pressed;
      const decided = { ...pressed, by: safeSpeaker(by) ?? "somebody", ...defined({ digest }) };
      const given = { approvals: [{ call: { ref }, ...decided }], ...(fresh && { replyTo: fresh }) };
      return inbound.answer(
        await inEither(account, async (owner) => {
          const to = { account: owner, name: session };
          const { turn } = accepted(await sessionObject(of.bindings, to).submit(to, given));
          return { session, turn };
        }),
      );
    }
    case "stop": {
      const { session, tag, response } = inbound;
      const stopped = await inEither(account, async (owner) => {
        const { turn } = unwrap(
          await sessionObject(of.bindings, { account: owner, name: session }).cancel(undefined, tag),
        );
        return { session, turn: turn ?? "" };
      });
      return typeof response === "function" ? response(stopped) : response;
    }
  }
}

function badSignal(name: string): AppError {
  const shown = JSON.stringify(String(name).slice(0, 120).toWellFormed());
  const detail = `${shown} cannot name a signal. A name has 1 to 100 characters without / ? # and \\; the first is a letter or a digit.`;
  return new AppError("invalid_request", detail, { field: "signal" });
}

/** Once for a message, however often and as how many events it comes. */
async function notifyOnce(
  account: ReturnType<typeof accountObject>,
  { claims }: Received,
  notify: () => Promise<void>,
): Promise<void> {
  const name = claims.find((claim) => claim.includes(" message ")) ?? claims[0] ?? "";
  if (await account.isFirst(`refused ${name}`)) await notify();
}

/** Into its session, in one transaction; the answer is owed from then on. */
async function deliver(of: RequestContext, received: Received, account: string): Promise<Taken> {
  await checkAccount(of.bindings, account);
  const {
    alias,
    place,
    reference,
    session: wanted,
    content,
    metadata: noted,
    claims,
    address,
    mustExist,
    beginsAnew,
  } = received;
  // A session that is there keeps its agent, also where the rules name another one by now.
  const create = received.agent === undefined ? {} : { agent: received.agent };
  const fault = address && addressFault(of.app, address);
  if (fault !== undefined) throw new AppError("not_configured", fault.detail);
  // People choose their names at the messenger: what cannot be used here is taken out, and the message is not refused for it.
  const speaker = received.speaker === undefined ? undefined : safeSpeaker(received.speaker);
  const metadata = noted && boundedMetadata(noted);
  const {
    waitSeconds,
    session: name,
    models,
  } = await accountObject(of.bindings, account).receive({ alias, place, session: wanted, id: callId() });
  if (waitSeconds > 0) {
    throw new AppError("rate_limited", `Too many messages. Try again in ${waitSeconds} s.`, {
      retryAfterSeconds: waitSeconds,
    });
  }
  const to = { account, name: await continued(of.bindings, received, { account, name }) };
  const message = {
    content,
    ...(speaker && { speaker }),
    ...(metadata && { metadata }),
    ...traceOf(of),
    options: {},
    ...(reference && { reference }),
  };
  const { turn, repeated } = accepted(
    await sessionObject(of.bindings, to).submit(to, {
      messages: [message],
      claims,
      ...(address && { replyTo: address }),
      ...(!mustExist && { create }),
      ...(beginsAnew && { beginsAnew }),
      ...(models && { models }),
    }),
  );
  const { origin } = new URL(of.request.url);
  return { session: to.name, turn, repeated, statusUrl: `${origin}/v1/sessions/${to.name}/turns/${turn}` };
}

/** The session under the id of an earlier version, where there is one. */
async function continued(
  env: Bindings,
  { formerly }: Received,
  { account, name }: { account: string; name: string },
): Promise<string> {
  if (formerly === undefined) return name;
  const found = await sessionObject(env, { account, name: formerly }).describe();
  return found.ok ? formerly : name;
}

/** A rule may name an account that was never made, or that is gone: nothing may be made by a message. */
async function checkAccount(env: Bindings, account: string): Promise<void> {
  if (account === defaultAccount || (await accountObject(env, account).settings()) !== undefined) return;
  console.error(`A message was refused: the rule of its place names the account "${account}", which does not exist.`);
  const words = "This place is set up for an account that does not exist. Please tell the people who run this app.";
  throw new AppError("not_configured", words);
}

/** In the account of the place, else in the default one: what webhooks and schedules post into a place is there. */
async function inEither(account: string, work: (owner: string) => Promise<Taken>): Promise<Taken> {
  const first = await taken(() => work(account));
  const isElsewhere = "refused" in first && first.refused.code === "not_found" && account !== defaultAccount;
  return isElsewhere ? taken(() => work(defaultAccount)) : first;
}

/** A refusal is worded by the channel's own words. */
async function taken(work: () => Promise<Taken>): Promise<Taken> {
  try {
    return await work();
  } catch (error) {
    // What our platform failed to take is delivered again by a sender who gets no 2xx.
    if (!(error instanceof AppError) || error.code === "unavailable") throw error;
    return { refused: error };
  }
}
