/** A Slack under a test's control: it keeps messages as people would see them, refuses what the real one refuses, and sends signed requests. It knows one workspace, one app and no clock but the test's. */
import { type FakeChannel, type SlackState, slackMethods } from "./fake-slack-methods.ts";
import { type FakeMessage, FakeSlackRoom } from "./fake-slack-room.ts";
import {
  type Args,
  checkBlocks,
  checkRequired,
  isRecord,
  methodRules,
  pingsIn,
  readArgs,
  refuse,
  SlackRefusal,
} from "./fake-slack-rules.ts";
import { type SlackEvent, slackRequests } from "./slack-requests.ts";

export type { FakeMessage } from "./fake-slack-room.ts";

export interface FakeSlackOptions {
  now?: () => number;
  signingSecret?: string;
  botToken?: string;
  teamId?: string;
  botUserId?: string;
  botId?: string;
  appId?: string;
  /** Where response_urls and files are, when not at slack.com: `http://127.0.0.1:1234`. */
  origin?: string;
}

/** `error` of a call that never was answered: `drop_request`; of one with another status: `http_<status>`. A dropped response leaves `ok`. */
export interface SlackCall {
  method: string;
  args: Args;
  atMs: number;
  ok: boolean;
  error?: string;
}

/** `drop_response` acts and then breaks the connection, `drop_request` breaks it before; `after` acts and then answers that error. */
export type Misbehaviour =
  | { error: string }
  | { after: string }
  | { http: number; body?: string; retryAfter?: number }
  | "drop_response"
  | "drop_request"
  | { ratelimited200: true };

interface FakeFile {
  body: string | Uint8Array<ArrayBuffer>;
  contentType: string;
  /** The app lacks files:read. */
  needsScope?: boolean;
}

const minuteMs = 60_000;
const loginPage = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body></body></html>";

export function createFakeSlack({ now = Date.now, ...given }: FakeSlackOptions = {}) {
  const settings = {
    signingSecret: "8f742231b10e8888abcd99yyyzzz85a5",
    botToken: "xoxb-test",
    teamId: "T1",
    botUserId: "UBOT",
    botId: "B1",
    appId: "A1",
    origin: undefined as string | undefined,
    ...given,
  };
  const room = new FakeSlackRoom(now);
  const { pings } = room;
  const calls: SlackCall[] = [];
  const queues = new Map<string, Misbehaviour[]>();
  const taken = new Map<string, number[]>();
  const users = new Map<string, object>();
  const files = new Map<string, FakeFile & { info: object }>();
  const sessions: SlackState["sessions"] = new Map();
  const responseUrls = new Map<string, { madeMs: number; bodies: Record<string, unknown>[] }>();
  const channels: SlackState["channels"] = new Map();
  const shown: SlackState["shown"] = { ephemerals: [], prompts: [], titles: [], homes: new Map(), uploads: [] };
  let misbehaviour: (method: string, args: Args) => Misbehaviour | undefined = () => undefined;

  const acts = slackMethods({
    room,
    settings,
    users,
    sessions,
    channels,
    shown,
    fileInfo: (id) => files.get(id)?.info,
  });

  /** Seconds to wait, when a method was called too often. */
  const waitOf = (method: string, perMinute: number): number | undefined => {
    const recent = (taken.get(method) ?? []).filter((atMs) => now() - atMs < minuteMs);
    taken.set(method, recent);
    if (recent.length < perMinute) recent.push(now());
    else return Math.max(1, Math.ceil(((recent[0] ?? 0) + minuteMs - now()) / 1000));
  };

  const callMethod = (method: string, args: Args, authorization: string | null): Answer => {
    const rule = methodRules[method] ?? refuse("unknown_method");
    if (authorization === null) refuse("not_authed");
    if (authorization !== `Bearer ${settings.botToken}`) refuse("invalid_auth");
    const waitS = waitOf(method, rule.perMinute);
    if (waitS !== undefined) return limited(429, waitS);
    checkRequired(method, args);
    const channel = args.channel ?? args.channel_id;
    const isKnown = channel === undefined || /^[CDG]/.test(String(channel)) || room.inChannel(channel).length > 0;
    if (!isKnown) refuse("channel_not_found");
    return { body: { ok: true, ...acts[method]?.(args) } };
  };

  const takeResponse = (id: string, sent: unknown): Answer => {
    const url = responseUrls.get(id);
    const isOpen = url !== undefined && url.bodies.length < 5 && now() - url.madeMs < 30 * minuteMs;
    if (!isOpen) return { status: 404, body: { ok: false, error: "expired_url" } };
    if (!isRecord(sent)) return { status: 400, body: { ok: false, error: "invalid_payload" } };
    const { text, blocks, delete_original } = sent;
    if (!text && !blocks && delete_original !== true) return { status: 400, body: { ok: false, error: "no_text" } };
    checkBlocks(blocks);
    url.bodies.push(sent);
    pings.push(...pingsIn(String(text ?? ""), blocks));
    return { body: { ok: true } };
  };

  const download = (id: string, authorization: string | null): Answer => {
    const file = files.get(id);
    if (file === undefined) return { status: 404, body: { ok: false, error: "file_not_found" } };
    const mayRead = authorization === `Bearer ${settings.botToken}` && file.needsScope !== true;
    return {
      body: { ok: mayRead },
      raw: mayRead ? file : { body: loginPage, contentType: "text/html; charset=utf-8" },
    };
  };

  const uploaded = (id: string, body: string): Answer => {
    const upload = shown.uploads.find((each) => each.id === id);
    if (upload === undefined) return { status: 404, body: { ok: false, error: "file_not_found" } };
    upload.body = body;
    return { body: { ok: true }, raw: { body: "OK", contentType: "text/plain" } };
  };

  const handle = async (request: Request): Promise<Response> => {
    const sent = await request.text();
    const [folder, last = ""] = new URL(request.url).pathname.split("/").slice(-2);
    const authorization = request.headers.get("Authorization");
    const isResponse = folder === "response";
    const method = isResponse ? "response_url" : ["files", "upload"].includes(folder ?? "") ? (folder ?? "") : last;
    const answer = (): Answer => {
      if (isResponse) return takeResponse(last, jsonOf(request, sent));
      if (method === "upload") return uploaded(last, sent);
      return method === "files" ? download(last, authorization) : callMethod(method, args, authorization);
    };
    const args = method === last ? readArgs(method, request, sent) : { id: last };
    const call: SlackCall = { method, args, atMs: now(), ok: false };
    calls.push(call);
    const how = queues.get(method)?.shift() ?? misbehaviour(method, args);
    if (how === "drop_request") {
      call.error = how;
      throw new TypeError("fetch failed: connection reset before the request was read");
    }
    const isAfter = typeof how === "object" && "after" in how;
    const done = typeof how === "object" && !isAfter ? undefined : guarded(answer, isResponse ? 400 : 200);
    const answered =
      done !== undefined && !isAfter ? done : isAfter ? { body: { ok: false, error: how.after } } : misbehaved(how);
    const { ok, error } = answered.body as { ok?: boolean; error?: string };
    call.ok = ok === true;
    if (!call.ok) call.error = error ?? "login_page";
    if (how === "drop_response") throw new TypeError("fetch failed: connection reset before the answer came");
    return responseOf(answered);
  };

  const openResponse = (given?: string) => {
    const id = given?.split("/").at(-1) ?? `R${responseUrls.size + 1}`;
    if (!responseUrls.has(id)) responseUrls.set(id, { madeMs: now(), bodies: [] });
    return { id, url: given ?? `${settings.origin ?? "https://hooks.slack.com"}/response/${id}` };
  };
  const addMessage = (channel: string, message: Partial<FakeMessage>) =>
    structuredClone(room.put(channel, message).shown);
  const arrived = (event: SlackEvent) => {
    const { type = "", subtype, channel = "", ts = "", text = "", user = "", thread_ts, bot_id, app_id } = event;
    const isNew = subtype === undefined || ["file_share", "thread_broadcast"].includes(subtype);
    const isMessage = ["message", "app_mention"].includes(type) && isNew && channel !== "" && ts !== "";
    if (!isMessage || room.inChannel(channel).some(({ shown }) => shown.ts === ts)) return;
    room.put(channel, {
      ...{ ts, user, text },
      ...(thread_ts !== undefined && { threadTs: thread_ts }),
      ...(bot_id !== undefined && { botId: bot_id }),
      ...(app_id !== undefined && { appId: app_id }),
    });
  };
  const addUser = (id: string, name: string, more: object = {}) => {
    const profile = { display_name: name, real_name: name };
    users.set(id, { id, team_id: settings.teamId, name, real_name: name, is_bot: false, profile, ...more });
  };
  addUser(settings.botUserId, "bot", { is_bot: true });
  // The person that most tests ask as; without a name, which nothing could remember.
  users.set("U1", { id: "U1", team_id: settings.teamId });

  return {
    fetch: (async (input: RequestInfo | URL, init?: RequestInit) => {
      init?.signal?.throwIfAborted();
      return handle(new Request(input, init));
    }) as typeof fetch,
    settings,
    /** In the order in which they came. Posts to a response_url are calls of `response_url`, downloads of `files`. */
    calls,
    /** What would have notified people in what the bot posted. */
    pings,
    /** A thread is its first message and its replies. */
    messages: (channel: string, threadTs?: string): FakeMessage[] =>
      (threadTs === undefined ? room.inChannel(channel) : room.inThread(channel, threadTs)).map(({ shown }) =>
        structuredClone(shown),
      ),
    status: (channel: string, threadTs: string): string | undefined => sessions.get(`${channel} ${threadTs}`)?.status,
    responses: (id: string): Record<string, unknown>[] => structuredClone(responseUrls.get(id)?.bodies ?? []),
    next(method: string, ...how: Misbehaviour[]) {
      queues.set(method, [...(queues.get(method) ?? []), ...how]);
    },
    /** How calls that `next` says nothing about are answered. */
    misbehave(how: (method: string, args: Args) => Misbehaviour | undefined) {
      misbehaviour = how;
    },
    /** A channel that the app is no member of, that is archived, or that takes no streams. */
    addChannel(id: string, channel: FakeChannel) {
      channels.set(id, channel);
    },
    shown,
    openStreams: () => structuredClone(room.openStreams),
    statuses: () => [...sessions.entries()].map(([place, { status }]) => ({ place, status })),
    title: (channel: string, threadTs: string): string | undefined => sessions.get(`${channel} ${threadTs}`)?.title,
    expireStream: (ts: string): void => room.expire(ts),
    addUser,
    /** Returns the file as it stands in events. */
    addFile(id: string, file: FakeFile) {
      const url = `${settings.origin ?? "https://files.slack.com"}/files/${id}`;
      const size = typeof file.body === "string" ? new TextEncoder().encode(file.body).length : file.body.length;
      const info = { id, name: id, mimetype: file.contentType, size, url_private: url, url_private_download: url };
      files.set(id, { ...file, info });
      return info;
    },
    addMessage,
    ...slackRequests({ settings, now, newTs: () => room.newTs(), openResponse, arrived }),
  };
}

export type FakeSlack = ReturnType<typeof createFakeSlack>;

/** Body of an answer; `raw` is sent in its place. */
interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: object;
  raw?: { body: string | Uint8Array<ArrayBuffer>; contentType: string };
}

function responseOf({ status = 200, headers = {}, body, raw }: Answer): Response {
  if (raw === undefined) return Response.json(body, { status, headers });
  return new Response(raw.body, { status, headers: { ...headers, "Content-Type": raw.contentType } });
}

function limited(status: number, waitS?: number): Answer {
  const headers = waitS === undefined ? {} : { "Retry-After": String(waitS) };
  return { status, headers, body: { ok: false, error: "ratelimited" } };
}

function misbehaved(how: Misbehaviour | undefined): Answer {
  if (how === undefined || typeof how === "string" || "after" in how) throw new Error("Nothing to answer.");
  if ("error" in how) return { body: { ok: false, error: how.error } };
  if (!("http" in how)) return limited(200);
  const { headers = {} } = limited(how.http, how.retryAfter);
  const error = how.http === 429 ? "ratelimited" : `http_${how.http}`;
  const raw = { body: how.body ?? JSON.stringify({ ok: false, error }), contentType: "application/json" };
  return { status: how.http, headers, body: { ok: false, error }, raw };
}

function guarded(answer: () => Answer, status: number): Answer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    const { messages } = error;
    const said = messages.length > 0 && { errors: messages, response_metadata: { messages } };
    return { status, body: { ok: false, error: error.error, ...said } };
  }
}

function jsonOf(request: Request, text: string): unknown {
  if (!/^application\/json\b/i.test(request.headers.get("Content-Type") ?? "")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
