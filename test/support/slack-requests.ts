/** Requests as Slack sends them to an app: events, slash commands and interactivity, signed with the app's secret. */

export interface SignedRequest {
  headers: Record<string, string>;
  body: string;
}

/** With the id of its response_url, for `responses(id)`. */
export interface AnswerableRequest extends SignedRequest {
  responseId: string;
}

export interface EventMore {
  eventId?: string;
  retryNum?: number;
  retryReason?: string;
  /** Laid over the envelope. */
  envelope?: object;
  /** When it was signed. */
  atMs?: number;
}

export interface SlashFields {
  command: string;
  text: string;
  user_id: string;
  user_name: string;
  channel_id: string;
  channel_name: string;
  team_id: string;
  team_domain: string;
  api_app_id: string;
  response_url: string;
  trigger_id: string;
  is_enterprise_install: string;
}

export interface SlackEvent {
  type?: string;
  subtype?: string;
  channel?: string;
  user?: string;
  bot_id?: string;
  app_id?: string;
  text?: string;
  ts?: string;
  thread_ts?: string;
}

/** What the requests need of the Slack that sends them. */
export interface SlackSide {
  settings: { signingSecret: string; teamId: string; botUserId: string; appId: string };
  now(): number;
  newTs(): string;
  /** Keeps the response_url, or makes one. */
  openResponse(url?: string): { id: string; url: string };
  /** A message that an event tells of is in its channel from then on. */
  arrived(event: SlackEvent): void;
}

const form = "application/x-www-form-urlencoded";

export function slackRequests(slack: SlackSide) {
  const { settings } = slack;
  let count = 0;
  const sign = async (body: string, contentType: string, atMs = slack.now()): Promise<SignedRequest> => {
    const timestamp = String(Math.floor(atMs / 1000));
    const signature = await hmac(settings.signingSecret, `v0:${timestamp}:${body}`);
    const headers = {
      "content-type": contentType,
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    };
    return { headers, body };
  };

  return {
    sign,
    async event(given: object, more: EventMore = {}): Promise<SignedRequest> {
      const event = completed(given, slack);
      slack.arrived(event);
      const envelope = {
        token: "unused",
        team_id: settings.teamId,
        api_app_id: settings.appId,
        event,
        type: "event_callback",
        event_id: more.eventId ?? `Ev${String(++count).padStart(4, "0")}`,
        event_time: Math.floor(slack.now() / 1000),
        authorizations: [
          {
            enterprise_id: null,
            team_id: settings.teamId,
            user_id: settings.botUserId,
            is_bot: true,
            is_enterprise_install: false,
          },
        ],
        is_ext_shared_channel: false,
        ...more.envelope,
      };
      const { headers, body } = await sign(JSON.stringify(envelope), "application/json", more.atMs);
      const isRetry = more.retryNum !== undefined;
      const retry = isRetry && {
        "x-slack-retry-num": String(more.retryNum),
        "x-slack-retry-reason": more.retryReason ?? "http_timeout",
      };
      return { headers: { ...headers, ...retry }, body };
    },
    async slash(fields: Partial<SlashFields> = {}): Promise<AnswerableRequest> {
      const { id, url } = slack.openResponse(fields.response_url);
      const all = {
        token: "unused",
        team_id: settings.teamId,
        team_domain: "team",
        channel_id: "C1",
        channel_name: "general",
        user_id: "U1",
        user_name: "ada",
        command: "/ask",
        text: "",
        api_app_id: settings.appId,
        is_enterprise_install: "false",
        trigger_id: `${++count}.${count}.trigger`,
        ...fields,
        response_url: url,
      };
      return { ...(await sign(new URLSearchParams(all).toString(), form)), responseId: id };
    },
    /** Fills in what is not given: type, team, user, app, trigger and response_url. */
    async interaction(payload: object): Promise<AnswerableRequest> {
      const given = payload as { response_url?: string };
      const { id, url } = slack.openResponse(given.response_url);
      const all = {
        type: "block_actions",
        user: { id: "U1", username: "ada", name: "ada", team_id: settings.teamId },
        api_app_id: settings.appId,
        team: { id: settings.teamId, domain: "team" },
        enterprise: null,
        is_enterprise_install: false,
        trigger_id: `${++count}.${count}.trigger`,
        ...payload,
        response_url: url,
      };
      const body = new URLSearchParams({ payload: JSON.stringify(all) }).toString();
      return { ...(await sign(body, form)), responseId: id };
    },
  };
}

/** Messages have a `ts`; those of the event `message` say the kind of their channel, too. */
function completed(given: SlackEvent, slack: SlackSide): SlackEvent {
  if (given.type !== "message" && given.type !== "app_mention") return given;
  const ts = given.ts ?? slack.newTs();
  const kinds: Record<string, string> = { D: "im", G: "group", C: "channel" };
  const channel_type = kinds[given.channel?.[0] ?? ""];
  const kind = given.type === "message" && channel_type !== undefined && { channel_type };
  return { ts, ...{ event_ts: ts, team: slack.settings.teamId }, ...kind, ...given };
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
