/** Discord under a test's control: it signs interactions, keeps the messages that people would see, and refuses what Discord refuses. Where Discord's own behaviour is not known it takes the stricter reading. */

interface Options {
  /** Ms since 1970. */
  now?: () => number;
  botToken?: string;
  applicationId?: string;
  /** The bot is no member where it is called: 50001. */
  knowsBot?: boolean;
}

type Json = Record<string, unknown>;
/** `drop_response`: carried out, then no answer. `drop_request` and `hang`: not carried out; a call that hangs ends with its signal. */
type How =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  | "drop_response"
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
}

interface Message {
  id: string;
  channelId: string;
  /** Of the interaction that it belongs to; `""` for the bot's own. */
  token: string;
  content: string;
  components: unknown[];
  embeds: unknown[];
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
}

interface Call {
  method: string;
  /** Behind `/api` or `/api/v10`, without the query. */
  path: string;
  parts: string[];
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

interface Done {
  status: number;
  body: unknown;
}

const ephemeral = 64;
const loading = 128;
const componentsV2 = 1 << 15;
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
  ...["GET channel", "POST channel", "PATCH channel", "PUT commands"],
];

/** What Discord says no with. Thrown from `answered` it is an Error like any other. */
class Refusal extends Error {
  readonly status: number;
  readonly body: Json;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.body = { message, code };
  }
}

const invalid = (why: string) => new Refusal(400, 50035, `Invalid Form Body: ${why}`);
const unknownWebhook = () => new Refusal(404, 10015, "Unknown Webhook");
const unknownMessage = () => new Refusal(404, 10008, "Unknown Message");
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
  readonly #knowsBot: boolean;
  readonly #interactions = new Map<string, Interaction>();
  /** Which message a modal was opened from, by its `custom_id`. */
  readonly #modals = new Map<string, string | undefined>();
  readonly #buckets = new Map<string, { fromMs: number; calls: number }>();
  readonly #queued = new Map<string, How[]>();
  #messages: Message[] = [];
  #count = 0;

  constructor(options: Options, keys: { publicKey: string; privateKey: CryptoKey }) {
    const { applicationId = "100000000000000001", botToken = "fake-bot-token" } = options;
    this.settings = { publicKey: keys.publicKey, applicationId, botToken };
    this.#privateKey = keys.privateKey;
    this.#now = options.now ?? Date.now;
    this.#knowsBot = options.knowsBot ?? true;
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

  ask(prompt: string, acting: Acting = {}) {
    const options = [{ type: 3, name: "prompt", value: prompt }];
    return this.#act(2, { data: { id: this.#newId(), name: "ask", type: 1, options } }, acting);
  }

  askAbout(message: { id: string; content: string; author: { id: string; username: string } }, acting: Acting = {}) {
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
    if (tookMs > answerMs) throw new Error(`Answered after ${tookMs} ms: ${answerMs} are the most.`);
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
      .map(({ id, content, components, via, edits, loading, nonce, flags }) => ({
        ...{ id, content, components, via, edits, loading, ephemeral: (flags & ephemeral) !== 0 },
        ...(nonce !== undefined && { nonce }),
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
    const user = { id: userId, username, global_name: null, discriminator: "0", avatar: null };
    const who =
      guildId === null ? { user, context: 1 } : { guild_id: guildId, member: { user, nick: null }, context: 0 };
    const named = { ...(id !== undefined && { id }), ...(token !== undefined && { token }) };
    const where = { channel_id: channelId, channel: { id: channelId, type: guildId === null ? 1 : 0 } };
    const payloadOfAll = { type, ...named, ...where, ...who, locale: "en-US", entitlements: [], ...payload };
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
    const body = parse(await request.text());
    const call: Call = { method, path, parts, query: url.searchParams, headers, body };
    const record = { method, path, body, status: 0, atMs: this.#now() };
    this.calls.push(record);
    const how = isNamed(headers) ? this.#queued.get(routeOf(call))?.shift() : undefined;
    if (how === "drop_request") throw new TypeError("fetch failed: the request was lost");
    if (how === "hang") return hang(signal);
    const answer = typeof how === "object" ? scripted(how, this.#spend(call).headers) : this.#answer(call);
    if (how === "drop_response") throw new TypeError("fetch failed: the answer was lost");
    record.status = answer.status;
    return answer;
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
    if (hasBody && !headers.get("Content-Type")?.startsWith("application/json"))
      throw invalid("Content-Type is not JSON");
    if (hasBody && (typeof body !== "object" || body === null))
      throw new Refusal(400, 50109, "The request body contains invalid JSON.");
    const route = routeOf(call);
    if (!routeNames.includes(route)) throw new Refusal(404, 0, "404: Not Found");
    if (route.endsWith(" channel")) return this.#asBot(call);
    if (route === "PUT commands") return this.#putCommands(call);
    return this.#byToken(call);
  }

  #byToken({ method, parts: [, app, token = "", , id], body }: Call): Done {
    const interaction = this.#interactions.get(token);
    if (interaction === undefined || app !== this.settings.applicationId) throw unknownWebhook();
    if (this.#now() - interaction.atMs > tokenMs) throw new Refusal(401, 50027, "Invalid Webhook Token");
    if (interaction.state !== "answered") throw unknownWebhook();
    if (method === "POST") return this.#followUp(token, interaction, body as Json);
    const isOriginal = id === "@original" || id === interaction.original?.id;
    const message = this.#messages.find((each) =>
      isOriginal ? each === interaction.original : each.id === id && each.token === token,
    );
    if (message === undefined) throw unknownMessage();
    if (method === "DELETE") {
      this.#messages = this.#messages.filter((each) => each !== message);
      return { status: 204, body: null };
    }
    return { status: 200, body: this.#shape(method === "PATCH" ? this.#edit(message, body as Json) : message) };
  }

  /** Behind a type 5 that still waits, Discord takes the first follow-up for an edit of it. */
  #followUp(token: string, { original, channelId }: Interaction, body: Json): Done {
    if (original?.loading) return { status: 200, body: this.#shape(this.#edit(original, body)) };
    const flags = Number(body.flags ?? 0);
    return { status: 200, body: this.#shape(this.#add({ channelId, token, flags, via: "followup" }, body)) };
  }

  #asBot({ method, headers, parts: [, channelId = "", , id], query, body }: Call): Done {
    this.#checkBot(headers);
    if (!this.#knowsBot) throw new Refusal(403, 50001, "Missing Access");
    const there = this.#messages.filter((each) => each.channelId === channelId && (each.flags & ephemeral) === 0);
    if (method === "POST") return { status: 200, body: this.#shape(this.#postAsBot(channelId, body as Json)) };
    if (method === "GET") {
      const limit = Number(query.get("limit") ?? 50);
      if (!(limit >= 1 && limit <= 100)) throw invalid("limit is 1 to 100");
      const newest = there.reverse().slice(0, limit);
      return { status: 200, body: newest.map((each) => this.#shape(each)) };
    }
    const message = there.find((each) => each.id === id);
    if (message === undefined) throw unknownMessage();
    return { status: 200, body: this.#shape(this.#edit(message, body as Json)) };
  }

  #postAsBot(channelId: string, body: Json): Message {
    const nonce = body.nonce === undefined ? undefined : String(body.nonce);
    if (nonce !== undefined && nonce.length > 25) throw invalid("nonce has more than 25 characters");
    const isSame = (each: Message) =>
      each.channelId === channelId && each.nonce === nonce && this.#now() - each.atMs < nonceMs && each.via === "bot";
    const earlier = nonce !== undefined && body.enforce_nonce === true ? this.#messages.find(isSame) : undefined;
    return (
      earlier ??
      this.#add({ channelId, token: "", flags: Number(body.flags ?? 0) & ~ephemeral, via: "bot", nonce }, body)
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

  #add(of: Pick<Message, "channelId" | "token" | "flags" | "via"> & Partial<Message>, body: Json): Message {
    const empty = { content: "", components: [], embeds: [], edits: 0, loading: false, nonce: undefined };
    const message: Message = { id: this.#newId(), atMs: this.#now(), ...empty, ...of };
    if (!message.loading) this.#write(message, body);
    this.#messages.push(message);
    return message;
  }

  #edit(message: Message, body: Json): Message {
    this.#write(message, body);
    message.edits += 1;
    message.loading = false;
    return message;
  }

  /** All or nothing. What the body does not name stays. */
  #write(message: Message, body: Json): void {
    const { content, components, embeds } = message;
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
    };
    checkMessage(whole);
    if (typeof body.content === "string" && doesPing(body.content, allowed)) this.pings.push(body.content);
    Object.assign(message, whole);
  }

  #shape(message: Message): Json {
    const { applicationId } = this.settings;
    const { id, channelId, content, components, embeds, flags, nonce, edits } = message;
    const when = { timestamp: iso(message.atMs), edited_timestamp: edits > 0 ? iso(this.#now()) : null };
    const author = { id: applicationId, username: "longline", bot: true };
    const shown = { id, type: 0, channel_id: channelId, content, components, embeds, author, ...when };
    const by = message.via === "bot" ? {} : { webhook_id: applicationId, application_id: applicationId };
    return { ...shown, ...by, flags: message.loading ? flags | loading : flags, ...(nonce !== undefined && { nonce }) };
  }
}

const iso = (atMs: number) => new Date(atMs).toISOString();
const isNamed = (headers: Headers) => /^DiscordBot \(\S+, \S+\)/.test(headers.get("User-Agent") ?? "");

function routeOf({ method, parts }: Call): string {
  const [room, , third, fourth, fifth] = parts;
  if (room === "channels" && third === "messages")
    return parts.length === (method === "PATCH" ? 4 : 3) ? `${method} channel` : "";
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

/** Whether this text calls anybody. Without `allowed_mentions` every mention in it does. */
function doesPing(content: string, allowed: unknown): boolean {
  const {
    parse,
    users = [],
    roles = [],
  } = (allowed ?? { parse: ["everyone", "users", "roles"] }) as Record<string, string[]>;
  const calls = (kind: string, ids: string[], found: RegExpMatchArray[]) =>
    parse?.includes(kind) ? found.length > 0 : found.some(([, id = ""]) => ids.includes(id));
  return (
    calls("everyone", [], [...content.matchAll(/@(everyone|here)\b/g)]) ||
    calls("users", users, [...content.matchAll(/<@!?(\w+)>/g)]) ||
    calls("roles", roles, [...content.matchAll(/<@&(\w+)>/g)])
  );
}

/** The message as it would stand. `content`: UTF-16 units, so never more generous than Discord. */
function checkMessage({ content, components, embeds, flags }: Json & { flags: number }): void {
  if (typeof content !== "string") throw invalid("content is no text");
  if (content.length > 2_000) throw invalid("content: Must be 2000 or fewer in length.");
  if (!Array.isArray(components) || !Array.isArray(embeds)) throw invalid("components and embeds are lists");
  checkEmbeds(embeds);
  const isV2 = (flags & componentsV2) !== 0;
  if (isV2 && (content !== "" || embeds.length > 0)) throw invalid("components v2 take no content and no embeds");
  if (isV2 && everyPart(components).length > 40) throw invalid("components: 40 at most");
  if (!isV2) checkRows(components);
  checkParts(everyPart(components));
  const isEmpty = content.trim() === "" && components.length === 0 && embeds.length === 0;
  if (isEmpty) throw new Refusal(400, 50006, "Cannot send an empty message");
}

function checkEmbeds(embeds: { title?: string; description?: string }[]): void {
  if (embeds.length > 10) throw invalid("embeds: 10 at most");
  const over = embeds.some(({ title = "", description = "" }) => title.length > 256 || description.length > 4_096);
  const chars = embeds.reduce((sum, { title = "", description = "" }) => sum + title.length + description.length, 0);
  if (over || chars > 6_000) throw invalid("embeds: too long");
}

function checkRows(rows: Json[]): void {
  if (rows.length > 5) throw invalid("components: 5 rows at most");
  for (const { type, components: held } of rows) {
    if (type !== 1) throw invalid("components: what is not in a row needs components v2");
    if (!Array.isArray(held) || held.length < 1 || held.length > 5)
      throw invalid("components: 1 to 5 buttons in a row");
    const menus = held.filter(({ type }) => type !== 2);
    if (menus.length > 0 && held.length > 1) throw invalid("components: a menu has a row for itself");
  }
}

/** Buttons and what else has an id. */
function checkParts(parts: Json[]): void {
  const ids = parts.flatMap(({ custom_id: id }) => (id === undefined ? [] : [id]));
  if (ids.some((id) => typeof id !== "string" || id.length < 1 || id.length > 100))
    throw invalid("custom_id: 1 to 100 characters");
  if (new Set(ids).size < ids.length) throw invalid("custom_id stands twice in the message");
  for (const { label = "", emoji, style, custom_id: id, url } of parts.filter(({ type }) => type === 2)) {
    if (typeof label !== "string" || label.length > 80) throw invalid("label: 80 characters at most");
    if (label === "" && emoji === undefined) throw invalid("a button needs a label or an emoji");
    const isLink = style === 5;
    if (
      ![1, 2, 3, 4, 5].includes(style as number) ||
      (isLink ? url : id) === undefined ||
      (isLink && id !== undefined)
    ) {
      throw invalid("a button has style 1 to 4 and a custom_id, or style 5 and a url");
    }
  }
}

function everyPart(components: unknown[]): Json[] {
  return (components as Json[]).flatMap((part) => {
    const { components: within, accessory } = part;
    return [part, ...everyPart(Array.isArray(within) ? within : []), ...(accessory ? everyPart([accessory]) : [])];
  });
}

function customIdsOf(components: unknown[]): unknown[] {
  return everyPart(components).map(({ custom_id }) => custom_id);
}

function checkModal({ custom_id: id, title, components }: Json): void {
  if (typeof id !== "string" || id.length < 1 || id.length > 100) throw invalid("custom_id: 1 to 100 characters");
  if (typeof title !== "string" || title.length < 1 || title.length > 45) throw invalid("title: 1 to 45 characters");
  if (!Array.isArray(components) || components.length < 1 || components.length > 5)
    throw invalid("a modal has 1 to 5 rows");
  const inputs = everyPart(components).filter(({ type }) => type === 4);
  for (const { label, max_length: most = 1 } of inputs) {
    if (typeof label === "string" && label.length > 45) throw invalid("label: 45 characters at most");
    if (!(Number(most) >= 1 && Number(most) <= 4_000)) throw invalid("max_length: 1 to 4000");
  }
}

function checkCommands(body: unknown): asserts body is unknown[] {
  if (!Array.isArray(body)) throw invalid("commands are a list");
  const all = body as Json[];
  for (const command of all) checkCommand(command);
  if (new Set(all.map(({ type = 1, name }) => `${type} ${name}`)).size < all.length)
    throw invalid("a name stands twice");
  const most: Record<number, number> = { 1: 100, 2: 15, 3: 15 };
  for (const [type, count] of Object.entries(most)) {
    if (all.filter((command) => String(command.type ?? 1) === type).length > count)
      throw invalid(`${count} of type ${type} at most`);
  }
}

function checkCommand({ type = 1, name, description, options = [] }: Json): void {
  if (type !== 1 && type !== 2 && type !== 3) throw invalid("type: 1, 2 or 3");
  const isSlash = type === 1;
  const isName = typeof name === "string" && (isSlash ? /^[-_a-z0-9]{1,32}$/ : /^.{1,32}$/u).test(name);
  if (!isName) throw invalid(`name: ${JSON.stringify(name)}`);
  if (!isSlash && description !== undefined && description !== "") throw invalid("description: only for type 1");
  if (isSlash && !isDescription(description)) throw invalid("description: 1 to 100 characters");
  if (!Array.isArray(options) || options.length > 25) throw invalid("options: 25 at most");
  for (const option of options as Json[]) {
    if (!/^[-_a-z0-9]{1,32}$/.test(String(option.name)) || !isDescription(option.description))
      throw invalid("options: name or description");
  }
}

const isDescription = (text: unknown) => typeof text === "string" && text.length >= 1 && text.length <= 100;
