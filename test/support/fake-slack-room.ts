/** The messages of a fake Slack: their order, their threads, and what became of streams. It refuses what the state of a message forbids. */
import { type Args, checkBlockCount, checkBytes, pingsIn, refuse, type StreamContent } from "./fake-slack-rules.ts";

export interface FakeTask {
  id: string;
  title: string;
  status: string;
  details?: string;
  output?: string;
}

export interface FakeMessage {
  ts: string;
  threadTs?: string;
  user: string;
  botId?: string;
  appId?: string;
  text: string;
  blocks?: unknown[];
  metadata?: Record<string, unknown>;
  streamingState?: "in_progress" | "completed" | "errored";
  tasks: FakeTask[];
  edits: number;
  attachments?: unknown[];
  files?: unknown[];
}

export interface Stored {
  channel: string;
  shown: FakeMessage;
  stream?: { startedMs: number; touchedMs: number; kind: StreamContent["kind"] };
  /** So many of its pings are recorded. */
  pinged: number;
}

const minuteMs = 60_000;

export class FakeSlackRoom {
  /** What would have notified people in what the bot posted. */
  readonly pings: string[] = [];
  readonly #stored: Stored[] = [];
  readonly #now: () => number;
  #lastMicros = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Never given twice, and later than all before. */
  newTs(): string {
    this.#lastMicros = Math.max(Math.round(this.#now() * 1000) + 100, this.#lastMicros + 100);
    return `${Math.floor(this.#lastMicros / 1e6)}.${String(this.#lastMicros % 1e6).padStart(6, "0")}`;
  }

  put(channel: string, { ts = this.newTs(), ...more }: Partial<FakeMessage>): Stored {
    const shown: FakeMessage = { ts, user: "U1", text: "", tasks: [], edits: 0, ...more };
    const micros = Math.round(Number(ts) * 1e6);
    if (micros > this.#lastMicros) this.#lastMicros = micros;
    const stored: Stored = { channel, shown, pinged: 0 };
    this.#stored.push(stored);
    return stored;
  }

  inChannel(channel: unknown): Stored[] {
    for (const each of this.#stored) this.#endIfOld(each);
    const all = this.#stored.filter((each) => each.channel === channel);
    return all.sort((one, other) => Number(one.shown.ts) - Number(other.shown.ts));
  }

  /** Its first message and the replies. */
  inThread(channel: unknown, ts: unknown): Stored[] {
    return this.inChannel(channel).filter(({ shown }) => shown.ts === ts || shown.threadTs === ts);
  }

  messageOf({ channel, ts }: Args): Stored {
    return this.inChannel(channel).find(({ shown }) => shown.ts === ts) ?? refuse("message_not_found");
  }

  liveStream(args: Args, botId: string): Stored {
    const message = this.messageOf(args);
    if (message.shown.botId !== botId) refuse("message_not_owned_by_app");
    if (message.shown.streamingState !== "in_progress") refuse("message_not_in_streaming_state");
    return message;
  }

  startStream(message: Stored): void {
    message.stream = { startedMs: this.#now(), touchedMs: this.#now(), kind: undefined };
  }

  /** What the message will show with this content. */
  grow({ shown, stream }: Stored, content: StreamContent): FakeMessage {
    if (stream === undefined) throw new Error("No stream was started.");
    if (content.kind !== undefined && content.kind !== (stream.kind ?? content.kind)) refuse("streaming_mode_mismatch");
    stream.kind ??= content.kind;
    const next = grown(shown, content);
    checkBlockCount(next);
    checkBytes(next.text);
    stream.touchedMs = this.#now();
    return next;
  }

  show(message: Stored, shown: FakeMessage): { channel: string; ts: string } {
    message.shown = shown;
    const found = pingsIn(shown.text, shown.blocks);
    this.pings.push(...found.slice(message.pinged));
    message.pinged = found.length;
    return { channel: message.channel, ts: shown.ts };
  }

  remove(message: Stored): void {
    this.#stored.splice(this.#stored.indexOf(message), 1);
  }

  /** Streams that nobody has ended. */
  get openStreams(): FakeMessage[] {
    return this.#stored.map(({ shown }) => shown).filter(({ streamingState }) => streamingState === "in_progress");
  }

  expire(ts: string): void {
    for (const { shown } of this.#stored)
      if (shown.ts === ts && shown.streamingState === "in_progress") shown.streamingState = "errored";
  }

  /** Undocumented: a stream ends about 5 min after its start, or when it is left alone (slackapi/python-slack-sdk#1859, vercel/chat#607). */
  #endIfOld({ shown, stream }: Stored): void {
    if (stream === undefined || shown.streamingState !== "in_progress") return;
    const isOver = this.#now() - stream.startedMs >= 5 * minuteMs || this.#now() - stream.touchedMs >= minuteMs;
    if (isOver) shown.streamingState = "errored";
  }
}

function grown(shown: FakeMessage, { chunks }: StreamContent): FakeMessage {
  const { text, tasks, blocks = [] } = shown;
  const added = chunks.flatMap((chunk) => (chunk.type === "blocks" ? chunk.blocks : []));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const chunk of chunks) {
    if (chunk.type !== "task_update") continue;
    const { type: _, ...task } = chunk;
    byId.set(task.id, { ...byId.get(task.id), ...task });
  }
  return {
    ...shown,
    text: text + chunks.map((chunk) => (chunk.type === "markdown_text" ? chunk.text : "")).join(""),
    tasks: [...byId.values()],
    ...(blocks.length + added.length > 0 && { blocks: [...blocks, ...added] }),
  };
}

/** What a message shows once chat.postMessage or chat.update has written it. Blocks stay where only `text` came: an empty array takes them off. */
export function written(shown: FakeMessage, { text, markdown_text, blocks, metadata }: Args): FakeMessage {
  const { blocks: blocksBefore, metadata: metadataBefore, ...rest } = shown;
  const newBlocks = markdown_text === undefined ? ((blocks as unknown[] | undefined) ?? blocksBefore ?? []) : [];
  const newMetadata = (metadata as FakeMessage["metadata"]) ?? metadataBefore ?? {};
  return {
    ...rest,
    text: String(text ?? markdown_text ?? "").slice(0, 40_000),
    tasks: [],
    ...(newBlocks.length > 0 && { blocks: newBlocks }),
    ...(Object.keys(newMetadata).length > 0 && { metadata: newMetadata }),
  };
}

/** A message as the API gives it. */
export function wired({ channel, shown }: Stored, room: FakeSlackRoom, args: Args): object {
  const { ts, threadTs, user, botId, appId, text, blocks, metadata, streamingState, attachments, files } = shown;
  const replies = room.inThread(channel, ts).length - 1;
  const thread_ts = threadTs ?? (replies > 0 ? ts : undefined);
  return {
    type: "message",
    user,
    ...(botId !== undefined && { bot_id: botId }),
    ...(appId !== undefined && { app_id: appId }),
    ts,
    ...(thread_ts !== undefined && { thread_ts }),
    ...(replies > 0 && { reply_count: replies }),
    text,
    ...(blocks !== undefined && { blocks }),
    ...(attachments !== undefined && { attachments }),
    ...(files !== undefined && { files }),
    ...(streamingState !== undefined && { streaming_state: streamingState }),
    ...(metadata !== undefined && isOn(args.include_all_metadata) && { metadata }),
  };
}

/** Whether it lies between `oldest` and `latest`. */
export function isBetween({ shown }: Stored, { oldest, latest, inclusive }: Args): boolean {
  const at = Number(shown.ts);
  const [from, to] = [Number(oldest ?? 0), Number(latest ?? Number.POSITIVE_INFINITY)];
  return (from < at && at < to) || (isOn(inclusive) && (at === from || at === to));
}

export function page(all: object[], { cursor, limit = 1_000 }: Args): object {
  const start = cursor ? Number(/^next:(\d+)$/.exec(String(cursor))?.[1] ?? refuse("invalid_cursor")) : 0;
  const end = start + Math.min(Math.max(Number(limit) || 1, 1), 1_000);
  const has_more = end < all.length;
  return {
    messages: all.slice(start, end),
    has_more,
    response_metadata: { next_cursor: has_more ? `next:${end}` : "" },
  };
}

function isOn(value: unknown): boolean {
  return [true, "true", 1, "1"].includes(value as string);
}
