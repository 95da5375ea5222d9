/** Discord under a test's control: it signs interactions, keeps the messages that people would see, and refuses what Discord refuses. Where Discord's own behaviour is not known it takes the stricter reading. */

import {
  checkCommands,
  checkMessage,
  checkModal,
  customIdsOf,
  doesPing,
  invalid,
  type Json,
  Refusal,
  refusal,
  unknownMessage,
  unknownWebhook,
} from "./fake-discord-rules.ts";

interface Options {
  /** Ms since 1970. */
  now?: () => number;
  /** How long an answer may take; Discord's 3 s when absent. Over a real clock the stops of a busy machine would count as the Worker's. */
  answerWithinMs?: number;
  botToken?: string;
  applicationId?: string;
  /** The bot is no member where it is called: 50001. */
  knowsBot?: boolean;
  /** Decides calls for which nothing was queued. */
  chaos?: (route: string) => How | undefined;
}

/** `drop_response`: carried out, then no answer. `act_then_500`: carried out, then a server error. `drop_request` and `hang`: not carried out; a call that hangs ends with its signal. */
export type How =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  | "drop_response"
  | "act_then_500"
  | "drop_request"
  | "hang";

/** Who acts, and where. `guildId` `null`: a direct message. */
export interface Acting {
  userId?: string;
  username?: string;
  guildId?: string | null;
  channelId?: string;
  token?: string;
  id?: string;
  /** When Discord sends it. Default: now. */
  atMs?: number;
  /** Who installed the app that is used: the server (default), or only the person (interactions/receiving-and-responding, "Authorizing Integration Owners Object"). */
  installedBy?: "guild" | "user";
}

/** A file in a message (resources/message, "Attachment Object"). */
export interface Attachment {
  id: string;
  filename: string;
  size: number;
  url: string;
  content_type?: string;
}

interface Held extends Attachment {
  text: string;
}

interface Message {
  id: string;
  channelId: string;
  /** Of the interaction that it belongs to; `""` for the bot's own. */
  token: string;
  content: string;
  components: unknown[];
  embeds: unknown[];
  attachments: Held[];
  flags: number;
  via: "original" | "followup" | "bot";
  edits: number;
  loading: boolean;
  nonce: string | undefined;
  atMs: number;
}

interface Interaction {
  type: number;
  atMs: number;
  channelId: string;
  /** The message whose button was pressed, or that a modal was opened from. */
  source: string | undefined;
  state: "open" | "answered" | "lost";
  original: Message | undefined;
  /** Follow-ups that may still be made. */
  followUpsLeft: number;
}

interface Call {
  method: string;
  /** Behind `/api` or `/api/v10`, without the query. */
  path: string;
  parts: string[];
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
  files: { filename: string; text: string; contentType: string }[];
}

interface Done {
  status: number;
  body: unknown;
}

const ephemeral = 64;
const loading = 128;
const componentsV2 = 1 << 15;
/** Most bytes of a file that a bot may upload (reference, "Uploading Files"). */
const fileBytes = 10 * 1024 * 1024;
/** interactions/receiving-and-responding, "Followup Messages": of apps that a person installed, where the server has not (discord-api-docs#6958). */
const userFollowUps = 5;
const cdn = "https://cdn.discordapp.com";
const answerMs = 3_000;
const tokenMs = 15 * 60_000;
const nonceMs = 5 * 60_000;
const bucketCalls = 5;
const bucketMs = 2_000;
/** Response types by interaction type. */
const legalAnswers: Record<number, number[]> = { 1: [1], 2: [4, 5, 9], 3: [4, 5, 6, 7, 9], 4: [8], 5: [4, 5, 6, 7] };
const routeNames = [
  "POST followup",
  ...["GET", "PATCH", "DELETE"].flatMap((method) => [`${method} @original`, `${method} followup`]),
  ...["GET channel", "POST channel", "PATCH channel", "DELETE channel", "POST dm", "POST callback", "PUT commands"],
];

const hex = (bytes: ArrayBuffer) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

export async function createFakeDiscord(options: Options = {}): Promise<FakeDiscord> {
  const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = hex((await crypto.subtle.exportKey("raw", keys.publicKey)) as ArrayBuffer);
  return new FakeDiscord(options, { publicKey, privateKey: keys.privateKey });
}

export class FakeDiscord {
  readonly settings: { publicKey: string; applicationId: string; botToken: string };
  readonly calls: { method: string; path: string; body: unknown; status: number; atMs: number }[] = [];
  readonly pings: string[] = [];
  commands: unknown[] = [];
  /** REST under any base ending in `/api` or `/api/v10`. */
  readonly fetch: typeof fetch;
  readonly #privateKey: CryptoKey;
  readonly #now: () => number;
  readonly #answerWithinMs: number;
  readonly #knowsBot: boolean;
  readonly #interactions = new Map<string, Interaction>();
  /** Which message a modal was opened from, by its `custom_id`. */
  readonly #modals = new Map<string, string | undefined>();
  readonly #buckets = new Map<string, { fromMs: number; calls: number }>();
  readonly #queued = new Map<string, How[]>();
  readonly #chaos: (route: string) => How | undefined;
  /** Channels that the bot may not post in, and people whose direct messages are closed: the code that it gets there. */
  readonly #barred = new Map<string, number>();
  readonly #uploads = new Map<string, { text: string; contentType: string }>();
  #messages: Message[] = [];
  #count = 0;

  constructor(options: Options, keys: { publicKey: string; privateKey: CryptoKey }) {
    const { applicationId = "100000000000000001", botToken = "fake-bot-token" } = options;
    this.settings = { publicKey: keys.publicKey, applicationId, botToken };
    this.#privateKey = keys.privateKey;
    this.#now = options.now ?? Date.now;
    this.#answerWithinMs = options.answerWithinMs ?? answerMs;
    this.#knowsBot = options.knowsBot ?? true;
    this.#chaos = options.chaos ?? (() => undefined);
    this.fetch = ((input: RequestInfo | URL, init?: RequestInit) => this.#fetch(input, init)) as typeof fetch;
  }

  /** An interaction as Discord posts it. Its token is known from here on, and `@original` only once it was answered. */
  async interaction(payload: object, { atMs = this.#now() }: { atMs?: number } = {}) {
    const given = payload as { type?: number; id?: string; token?: string; channel_id?: string; message?: Json };
    const id = given.id ?? this.#newId();
    const token = given.token ?? `aW50ZXJhY3Rpb246${id}`.padEnd(200, "_x0-");
    const full = { version: 1, application_id: this.settings.applicationId, ...payload, id, token };
    const body = JSON.stringify(full);
    const timestamp = String(Math.floor(atMs / 1000));
    const bytes = new TextEncoder().encode(timestamp + body);
    const signature = hex(await crypto.subtle.sign("Ed25519", this.#privateKey, bytes));
    const source = given.message?.id as string | undefined;
    const known: Interaction = {
      ...{ type: given.type ?? 0, atMs, channelId: given.channel_id ?? "", source },
      ...{ state: "open", original: undefined },
      followUpsLeft: isUserOnly(payload) ? userFollowUps : Number.POSITIVE_INFINITY,
    };
    if (!this.#interactions.has(token)) this.#interactions.set(token, known);
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
      "X-Signature-Ed25519": signature,
      "X-Signature-Timestamp": timestamp,
    };
    return { headers, body, token, id };
  }

  ping() {
    return this.interaction({ type: 1 });
  }

  /** `file`: in the option `file`, of type 11 (interactions/application-commands, "Application Command Option Type"). */
  ask(prompt: string, { file, ...acting }: Acting & { file?: Attachment } = {}) {
    const options: Json[] = [{ type: 3, name: "prompt", value: prompt }];
    if (file !== undefined) options.push({ type: 11, name: "file", value: file.id });
    const resolved = file && { resolved: { attachments: { [file.id]: file } } };
    return this.#act(2, { data: { id: this.#newId(), name: "ask", type: 1, options, ...resolved } }, acting);
  }

  /** Another command without options. */
  command(name: string, acting: Acting = {}) {
    return this.#act(2, { data: { id: this.#newId(), name, type: 1 } }, acting);
  }

  /** A file as a person put it into a message: at the CDN under a signed address that expires (reference, "Signed Attachment CDN URLs"). */
  upload(
    filename: string,
    text: string,
    { contentType = "text/plain; charset=utf-8", size = text.length } = {},
  ): Attachment {
    const id = this.#newId();
    const path = `/attachments/400/${id}/${encodeURIComponent(filename)}`;
    this.#uploads.set(path, { text, contentType });
    const url = `${cdn}${path}?ex=6f000000&is=6e000000&hm=${"0".repeat(64)}`;
    return { id, filename, size, url, content_type: contentType };
  }

  /** Somebody deletes the message; `token`: the answer to that interaction. */
  remove({ id, token }: { id?: string; token?: string }): void {
    const original = token === undefined ? undefined : this.#interactions.get(token)?.original;
    this.#messages = this.#messages.filter((each) => each.id !== id && each !== original);
  }

  /** From now on the bot is refused with this code in the channel, or by the person. */
  bar(channelOrUser: string, code: number): void {
    this.#barred.set(channelOrUser, code);
  }

  /** The channel of the bot's direct messages with a person. */
  dmOf(userId: string): string {
    return `dm${userId}`;
  }

  askAbout(
    message: { id: string; content: string; author: { id: string; username: string } } & Json,
    acting: Acting = {},
  ) {
    const resolved = { messages: { [message.id]: { type: 0, channel_id: acting.channelId ?? "400", ...message } } };
    const data = { id: this.#newId(), name: "Ask about this", type: 3, target_id: message.id, resolved };
    return this.#act(2, { data }, acting);
  }

  /** Without `messageId`: the newest message that has this button, and its channel. */
  press(customId: string, { messageId, ...acting }: Acting & { messageId?: string } = {}) {
    const holds = ({ id, components }: Message) =>
      messageId === undefined ? customIdsOf(components).includes(customId) : id === messageId;
    const held = this.#messages.findLast(holds);
    const message = held ? this.#shape(held) : { id: messageId ?? this.#newId(), content: "", components: [] };
    const data = { component_type: 2, custom_id: customId, id: 1 };
    return this.#act(3, { message, data }, { ...(held && { channelId: held.channelId }), ...acting });
  }

  /** `messageId` `null`: a modal that no component opened, so it has no message to update. */
  submit(customId: string, values: Record<string, string>, more: Acting & { messageId?: string | null } = {}) {
    const { messageId = this.#modals.get(customId) ?? this.#newId(), ...acting } = more;
    const components = Object.entries(values).map(([custom_id, value]) => ({
      type: 1,
      components: [{ type: 4, custom_id, value }],
    }));
    const held = this.#messages.find(({ id }) => id === messageId);
    const message = messageId === null ? {} : { message: held ? this.#shape(held) : { id: messageId } };
    const where = held && { channelId: held.channelId };
    return this.#act(5, { ...message, data: { custom_id: customId, components } }, { ...where, ...acting });
  }

  /** What the Worker answered to an interaction. Throws an Error that names the broken rule. */
  answered(token: string, response: { status: number; body: unknown; contentType?: string | null }): void {
    const interaction = this.#interactions.get(token);
    if (interaction === undefined) throw new Error("No interaction has this token.");
    if (interaction.state !== "open") throw new Error(`This interaction is ${interaction.state} already.`);
    interaction.state = "lost";
    const tookMs = this.#now() - interaction.atMs;
    const mostMs = this.#answerWithinMs;
    if (tookMs > mostMs) throw new Error(`Answered after ${tookMs} ms: ${mostMs} are the most.`);
    const { type, data } = answerOf(response);
    const legal = legalAnswers[interaction.type] ?? [];
    if (!legal.includes(type))
      throw new Error(`Type ${type} does not answer an interaction of type ${interaction.type}.`);
    this.#take(token, interaction, { type, data });
    interaction.state = "answered";
  }

  messages(channelId: string) {
    return this.#messages
      .filter((message) => message.channelId === channelId)
      .map(({ id, content, components, via, edits, loading, nonce, flags, attachments }) => ({
        ...{ id, content, components, via, edits, loading, ephemeral: (flags & ephemeral) !== 0 },
        ...(nonce !== undefined && { nonce }),
        ...(attachments.length > 0 && { files: attachments.map(({ filename, text }) => ({ filename, text })) }),
      }));
  }

  /** Decides the next calls of a route, which is `<METHOD> @original`, `<METHOD> followup`, `<METHOD> channel` or `PUT commands`. */
  next(route: string, ...how: How[]): void {
    if (!routeNames.includes(route))
      throw new Error(`There is no route "${route}". There are: ${routeNames.join(", ")}.`);
    this.#queued.set(route, [...(this.#queued.get(route) ?? []), ...how]);
  }

  /** Ascending, as Discord's are. */
  #newId(): string {
    this.#count += 1;
    return String((BigInt(Math.max(this.#now() - 1_420_070_400_000, 0)) << 22n) + BigInt(this.#count));
  }

  #act(type: number, payload: object, acting: Acting) {
    const { userId = "200", username = "ada", guildId = "300", channelId = "400", token, id, atMs } = acting;
    const byGuild = { "0": guildId ?? "0" };
    const owners = acting.installedBy === "user" ? { "1": userId } : { ...byGuild, "1": userId };
    const user = { id: userId, username, global_name: null, discriminator: "0", avatar: null };
    const who =
      guildId === null ? { user, context: 1 } : { guild_id: guildId, member: { user, nick: null }, context: 0 };
    const named = { ...(id !== undefined && { id }), ...(token !== undefined && { token }) };
    const where = { channel_id: channelId, channel: { id: channelId, type: guildId === null ? 1 : 0 } };
    const payloadOfAll = {
      type,
      ...named,
      ...where,
      ...who,
      locale: "en-US",
      entitlements: [],
      ...payload,
      authorizing_integration_owners: owners,
      attachment_size_limit: fileBytes,
    };
    return this.interaction(payloadOfAll, atMs === undefined ? {} : { atMs });
  }

  /** What an answer does to the channel. */
  #take(token: string, interaction: Interaction, { type, data }: { type: number; data: Json }): void {
    const flags = Number(data.flags ?? 0);
    const blank = { channelId: interaction.channelId, token, via: "original" as const };
    const source = this.#messages.find(({ id }) => id === interaction.source);
    switch (type) {
      case 4:
        interaction.original = this.#add({ ...blank, flags }, data);
        return;
      case 5:
        if ((flags & ~ephemeral) !== 0) throw new Error(`Type 5 takes no flag but 64, and got ${flags}.`);
        interaction.original = this.#add({ ...blank, flags, loading: true }, {});
        return;
      case 6:
      case 7:
        if (interaction.source === undefined) throw new Error(`Type ${type} needs a message that it belongs to.`);
        interaction.original = source;
        if (type === 7 && source !== undefined) this.#edit(source, data);
        return;
      case 9:
        checkModal(data);
        this.#modals.set(String(data.custom_id), interaction.source);
    }
  }

  async #fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const request = new Request(input, init);
    const { method, headers } = request;
    const url = new URL(request.url);
    const path = /\/api(?:\/v10)?(\/.*)$/.exec(url.pathname)?.[1] ?? url.pathname;
    const parts = path.split("/").slice(1);
    if (url.origin === cdn || url.pathname.startsWith("/attachments/")) return this.#fromCdn(url);
    const { body, files } = await bodyOf(request);
    const call: Call = { method, path, parts, query: url.searchParams, headers, body, files };
    const record = { method, path, body, status: 0, atMs: this.#now() };
    this.calls.push(record);
    const route = routeOf(call);
    const how = isNamed(headers) ? (this.#queued.get(route)?.shift() ?? this.#chaos(route)) : undefined;
    if (how === "drop_request") throw new TypeError("fetch failed: the request was lost");
    if (how === "hang") return hang(signal);
    const answer = typeof how === "object" ? scripted(how, this.#spend(call).headers) : this.#answer(call);
    if (how === "drop_response") throw new TypeError("fetch failed: the answer was lost");
    record.status = how === "act_then_500" ? 500 : answer.status;
    return how === "act_then_500"
      ? Response.json({ message: "500: Internal Server Error", code: 0 }, { status: 500 })
      : answer;
  }

  /** Without its signature, or after its time, an address leads nowhere. */
  #fromCdn({ pathname, searchParams }: URL): Response {
    const file = this.#uploads.get(pathname);
    const isSigned = ["ex", "is", "hm"].every((name) => searchParams.has(name));
    const isOver = this.#now() / 1000 > Number.parseInt(searchParams.get("ex") ?? "0", 16);
    if (file === undefined || !isSigned || isOver)
      return new Response("This content is no longer available.", { status: 404 });
    return new Response(file.text, { headers: { "Content-Type": file.contentType } });
  }

  #answer(call: Call): Response {
    if (!isNamed(call.headers))
      return Response.json({ message: "internal network error", code: 40333 }, { status: 403 });
    const { headers, waitMs } = this.#spend(call);
    if (waitMs > 0) {
      const body = { message: "You are being rate limited.", retry_after: waitMs / 1000, global: false };
      const more = { "Retry-After": String(Math.ceil(waitMs / 1000)), "X-RateLimit-Scope": "user" };
      return Response.json(body, { status: 429, headers: { ...headers, ...more } });
    }
    try {
      const { status, body } = this.#route(call);
      return status === 204 ? new Response(null, { status, headers }) : Response.json(body, { status, headers });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Response.json(error.body, { status: error.status, headers });
    }
  }

  /** One bucket per token, per channel and per application. */
  #spend({ parts }: Call): { headers: Record<string, string>; waitMs: number } {
    const key = parts.slice(0, parts[0] === "webhooks" ? 3 : 2).join("/");
    const nowMs = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined || nowMs - bucket.fromMs >= bucketMs) bucket = { fromMs: nowMs, calls: 0 };
    this.#buckets.set(key, bucket);
    const resetMs = bucket.fromMs + bucketMs;
    const full = bucket.calls >= bucketCalls;
    if (!full) bucket.calls += 1;
    const headers = {
      "X-RateLimit-Limit": String(bucketCalls),
      "X-RateLimit-Remaining": String(bucketCalls - bucket.calls),
      "X-RateLimit-Reset": String(resetMs / 1000),
      "X-RateLimit-Reset-After": String((resetMs - nowMs) / 1000),
      "X-RateLimit-Bucket": `bucket-${parts[0]}`,
    };
    return { headers, waitMs: full ? resetMs - nowMs : 0 };
  }

  #route(call: Call): Done {
    const { method, headers, body } = call;
    const hasBody = method === "POST" || method === "PATCH" || method === "PUT";
    if (hasBody && !/^(application\/json|multipart\/form-data)/.test(headers.get("Content-Type") ?? ""))
      throw invalid("Content-Type is not JSON");
    if (hasBody && (typeof body !== "object" || body === null))
      throw new Refusal(400, 50109, "The request body contains invalid JSON.");
    const route = routeOf(call);
    if (!routeNames.includes(route)) throw new Refusal(404, 0, "404: Not Found");
    this.#checkFiles(call);
    if (route.endsWith(" channel")) return this.#asBot(call);
    if (route === "POST dm") return this.#openDm(call);
    if (route === "POST callback") return this.#acknowledge(call);
    if (route === "PUT commands") return this.#putCommands(call);
    return this.#byToken(call);
  }

  /** resources/message, "Create Message": 10 files; reference, "Uploading Files": each at most 10 MiB. */
  #checkFiles({ files }: Call): void {
    if (files.length > 10) throw new Refusal(400, 30015, "Maximum number of attachments in a message reached (10)");
    if (files.some(({ text }) => text.length > fileBytes)) throw new Refusal(413, 40005, "Request entity too large");
  }

  /** resources/user, "Create DM". That the person takes no messages shows only when one is posted (50007). */
  #openDm({ headers, body }: Call): Done {
    this.#checkBot(headers);
    const { recipient_id: user } = body as Json;
    if (typeof user !== "string") throw invalid("recipient_id is needed");
    return { status: 200, body: { id: this.dmOf(user), type: 1, recipients: [{ id: user }] } };
  }

  /** interactions/receiving-and-responding, "Create Interaction Response": once (40060). */
  #acknowledge({ parts: [, , token = ""] }: Call): Done {
    const interaction = this.#interactions.get(token);
    if (interaction === undefined || interaction.state === "lost") throw new Refusal(404, 10062, "Unknown interaction");
    if (interaction.state === "answered") {
      throw new Refusal(400, 40060, "Interaction has already been acknowledged.");
    }
    interaction.state = "answered";
    return { status: 204, body: null };
  }

  #byToken({ method, parts: [, app, token = "", , id], body, files }: Call): Done {
    const interaction = this.#interactions.get(token);
    if (interaction === undefined || app !== this.settings.applicationId) throw unknownWebhook();
    if (this.#now() - interaction.atMs > tokenMs) throw new Refusal(401, 50027, "Invalid Webhook Token");
    if (interaction.state !== "answered") throw unknownWebhook();
    if (method === "POST") return this.#followUp(token, interaction, { body: body as Json, files });
    const isOriginal = id === "@original" || id === interaction.original?.id;
    const message = this.#messages.find((each) =>
      isOriginal ? each === interaction.original : each.id === id && each.token === token,
    );
    if (message === undefined) throw unknownMessage();
    if (method === "DELETE") {
      this.#messages = this.#messages.filter((each) => each !== message);
      return { status: 204, body: null };
    }
    return { status: 200, body: this.#shape(method === "PATCH" ? this.#edit(message, body as Json, files) : message) };
  }

  /** Behind a type 5 that still waits, Discord takes the first follow-up for an edit of it. */
  #followUp(token: string, interaction: Interaction, { body, files }: Pick<Call, "files"> & { body: Json }): Done {
    const { original, channelId } = interaction;
    if (original?.loading && this.#messages.includes(original)) {
      return { status: 200, body: this.#shape(this.#edit(original, body, files)) };
    }
    if (interaction.followUpsLeft <= 0) throw new Refusal(400, 40094, refusal(40094).body.message as string);
    const flags = Number(body.flags ?? 0);
    const made = this.#add({ channelId, token, flags, via: "followup" }, body, files);
    interaction.followUpsLeft -= 1;
    return { status: 200, body: this.#shape(made) };
  }

  #asBot({ method, headers, parts: [, channelId = "", , id], query, body, files }: Call): Done {
    this.#checkBot(headers);
    const code = this.#barred.get(channelId) ?? this.#barred.get(channelId.replace(/^dm/, ""));
    if (code !== undefined) throw new Refusal(refusal(code).status, code, "The bot is barred here.");
    if (!this.#knowsBot && !channelId.startsWith("dm")) throw new Refusal(403, 50001, "Missing Access");
    const there = this.#messages.filter((each) => each.channelId === channelId && (each.flags & ephemeral) === 0);
    if (method === "POST") {
      return { status: 200, body: this.#shape(this.#postAsBot(channelId, body as Json, files)) };
    }
    if (method === "GET") {
      const limit = Number(query.get("limit") ?? 50);
      if (!(limit >= 1 && limit <= 100)) throw invalid("limit is 1 to 100");
      const newest = there.reverse().slice(0, limit);
      return { status: 200, body: newest.map((each) => this.#shape(each)) };
    }
    const message = there.find((each) => each.id === id);
    if (message === undefined) throw unknownMessage();
    if (method === "DELETE") {
      this.remove({ id: message.id });
      return { status: 204, body: null };
    }
    return { status: 200, body: this.#shape(this.#edit(message, body as Json, files)) };
  }

  #postAsBot(channelId: string, body: Json, files: Call["files"]): Message {
    const nonce = body.nonce === undefined ? undefined : String(body.nonce);
    if (nonce !== undefined && nonce.length > 25) throw invalid("nonce has more than 25 characters");
    const isSame = (each: Message) =>
      each.channelId === channelId && each.nonce === nonce && this.#now() - each.atMs < nonceMs && each.via === "bot";
    const earlier = nonce !== undefined && body.enforce_nonce === true ? this.#messages.find(isSame) : undefined;
    return (
      earlier ??
      this.#add({ channelId, token: "", flags: Number(body.flags ?? 0) & ~ephemeral, via: "bot", nonce }, body, files)
    );
  }

  #putCommands({ headers, parts, body }: Call): Done {
    this.#checkBot(headers);
    if (parts[1] !== this.settings.applicationId) throw new Refusal(403, 20012, "Not your application");
    checkCommands(body);
    this.commands = body;
    return { status: 200, body: body.map((command) => ({ id: this.#newId(), ...(command as Json) })) };
  }

  #checkBot(headers: Headers): void {
    const isBot = headers.get("Authorization") === `Bot ${this.settings.botToken}`;
    if (!isBot) throw new Refusal(401, 0, "401: Unauthorized");
  }

  #add(
    of: Pick<Message, "channelId" | "token" | "flags" | "via"> & Partial<Message>,
    body: Json,
    files: Call["files"] = [],
  ): Message {
    const empty = {
      content: "",
      components: [],
      embeds: [],
      attachments: [],
      edits: 0,
      loading: false,
      nonce: undefined,
    };
    const message: Message = { id: this.#newId(), atMs: this.#now(), ...empty, ...of };
    if (!message.loading) this.#write(message, body, files);
    this.#messages.push(message);
    return message;
  }

  #edit(message: Message, body: Json, files: Call["files"] = []): Message {
    this.#write(message, body, files);
    message.edits += 1;
    message.loading = false;
    return message;
  }

  /** All or nothing. What the body does not name stays. */
  #write(message: Message, body: Json, files: Call["files"]): void {
    const { content, components, embeds } = message;
    const attachments = [...keptOf(message.attachments, body.attachments), ...this.#held(files)];
    const { flags = message.flags, allowed_mentions: allowed } = body;
    const named = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    const next = { content, components, embeds, ...named };
    // What the message is seen by was settled when it was made.
    const all = (Number(flags) & ~ephemeral) | (message.flags & (ephemeral | componentsV2));
    const whole = {
      content: next.content ?? "",
      components: next.components ?? [],
      embeds: next.embeds ?? [],
      flags: all,
      attachments,
    };
    checkMessage(whole);
    if (typeof body.content === "string" && doesPing(body.content, allowed)) this.pings.push(body.content);
    Object.assign(message, whole);
  }

  #held(files: Call["files"]): Held[] {
    return files.map(({ filename, text, contentType }) => ({
      ...{ id: this.#newId(), filename, size: text.length, text, content_type: contentType },
      url: `${cdn}/attachments/400/1/${filename}`,
    }));
  }

  #shape(message: Message): Json {
    const { applicationId } = this.settings;
    const { id, channelId, content, components, embeds, flags, nonce, edits } = message;
    const when = { timestamp: iso(message.atMs), edited_timestamp: edits > 0 ? iso(this.#now()) : null };
    const author = { id: applicationId, username: "longline", bot: true };
    const attachments = message.attachments.map(({ text: _, ...attachment }) => attachment);
    const shown = { id, type: 0, channel_id: channelId, content, components, embeds, attachments, author, ...when };
    const by = message.via === "bot" ? {} : { webhook_id: applicationId, application_id: applicationId };
    return { ...shown, ...by, flags: message.loading ? flags | loading : flags, ...(nonce !== undefined && { nonce }) };
  }
}

const iso = (atMs: number) => new Date(atMs).toISOString();
const isNamed = (headers: Headers) => /^DiscordBot \(\S+, \S+\)/.test(headers.get("User-Agent") ?? "");

function routeOf({ method, parts }: Call): string {
  const [room, , third, fourth, fifth] = parts;
  if (room === "channels" && third === "messages")
    return parts.length === (method === "PATCH" || method === "DELETE" ? 4 : 3) ? `${method} channel` : "";
  if (room === "users" && parts.join("/") === "users/@me/channels" && method === "POST") return "POST dm";
  if (room === "interactions" && fourth === "callback" && method === "POST") return "POST callback";
  if (room === "applications" && third === "commands" && parts.length === 3) return `${method} commands`;
  if (room !== "webhooks" || (method === "POST" ? parts.length !== 3 : parts.length !== 5)) return "";
  if (method === "POST") return "POST followup";
  if (fourth !== undefined && parts[3] !== "messages") return "";
  return fifth === "@original" ? `${method} @original` : `${method} followup`;
}

/** JSON, or the text itself. */
function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/** interactions/receiving-and-responding, "Authorizing Integration Owners Object": a key `0` says that the server installed the app. */
function isUserOnly(payload: object): boolean {
  const { authorizing_integration_owners: owners } = payload as { authorizing_integration_owners?: Json };
  return owners !== undefined && !("0" in owners);
}

/** JSON, or a form with `payload_json` and `files[n]` (reference, "Uploading Files"). */
async function bodyOf(request: Request): Promise<Pick<Call, "body" | "files">> {
  if (!request.headers.get("Content-Type")?.startsWith("multipart/form-data")) {
    return { body: parse(await request.text()), files: [] };
  }
  const form = await request.formData();
  const files: Call["files"] = [];
  for (const [name, value] of form) {
    if (typeof value === "string") continue;
    if (!/^files\[\d+\]$/.test(name)) throw new Error(`A file is called files[n] in the form, not ${name}.`);
    files.push({ filename: value.name, text: await value.text(), contentType: value.type });
  }
  return { body: parse(String(form.get("payload_json") ?? "{}")), files };
}

/** resources/message, "Edit Message": those that `attachments` names are kept; all, where it is absent. */
function keptOf(before: readonly Held[], named: unknown): Held[] {
  if (!Array.isArray(named)) return [...before];
  return before.filter(({ id }) => (named as Json[]).some((each) => String(each.id) === id));
}

function hang(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

/** A text is sent as a page, as Cloudflare's 1015 is. */
function scripted({ status, body, headers }: Exclude<How, string>, limits: Record<string, string>): Response {
  if (typeof body === "string")
    return new Response(body, { status, headers: { "Content-Type": "text/html", ...headers } });
  const all = { ...limits, ...headers };
  if (status === 204) return new Response(null, { status, headers: all });
  return Response.json(body ?? { message: "scripted", code: 0 }, { status, headers: all });
}

function answerOf({ status, body, contentType }: { status: number; body: unknown; contentType?: string | null }) {
  if (status !== 200) throw new Error(`An interaction is answered with 200, not ${status}.`);
  if (contentType !== undefined && !contentType?.startsWith("application/json")) {
    throw new Error(`An interaction is answered as application/json, not ${contentType}.`);
  }
  const answer = typeof body === "string" ? parse(body) : body;
  const { type, data } = (typeof answer === "object" && answer !== null ? answer : {}) as Json;
  if (typeof type !== "number") throw new Error("The answer has no type.");
  return { type, data: (data ?? {}) as Json };
}
