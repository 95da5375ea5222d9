/** What Slack's Web API refuses of arguments, in its own codes, and how much it takes in a minute. Keeps nothing and knows no clock. */

export type Args = Record<string, unknown>;

/** Answered with HTTP 200 and `{ ok: false, error }`. */
export class SlackRefusal extends Error {
  readonly error: string;
  readonly messages: string[];

  constructor(error: string, messages: string[]) {
    super(`Slack refuses: ${error}`);
    this.error = error;
    this.messages = messages;
  }
}

export function refuse(error: string, ...messages: string[]): never {
  throw new SlackRefusal(error, messages);
}

interface MethodRule {
  perMinute: number;
  required: string[];
  /** Slack reads no JSON here: what comes as JSON is as good as not sent. */
  formOnly?: true;
}

const [tier2, tier3, tier4, special] = [20, 50, 100, 600];

/** Tiers and required arguments, by docs.slack.dev/reference/methods. */
export const methodRules: Record<string, MethodRule> = {
  "agents.sessions.rename": { perMinute: tier3, required: ["channel_id", "title"] },
  "agents.sessions.setStatus": { perMinute: tier3, required: ["channel_id", "status"] },
  "assistant.threads.setStatus": { perMinute: special, required: ["channel_id", "thread_ts", "status"] },
  "assistant.threads.setSuggestedPrompts": { perMinute: tier4, required: ["channel_id", "prompts"] },
  "assistant.threads.setTitle": { perMinute: tier4, required: ["channel_id", "thread_ts", "title"] },
  "auth.test": { perMinute: special, required: [] },

  "chat.appendStream": { perMinute: tier4, required: ["channel", "ts"] },
  "chat.delete": { perMinute: tier3, required: ["channel", "ts"] },
  "chat.postEphemeral": { perMinute: tier4, required: ["channel", "user"] },
  "chat.postMessage": { perMinute: 60, required: ["channel"] },
  "chat.startStream": { perMinute: tier2, required: ["channel", "thread_ts"] },
  "chat.stopStream": { perMinute: tier2, required: ["channel", "ts"] },
  "chat.update": { perMinute: tier3, required: ["channel", "ts"] },
  "conversations.info": { perMinute: tier3, required: ["channel"], formOnly: true },
  "conversations.members": { perMinute: tier4, required: ["channel"], formOnly: true },
  "conversations.open": { perMinute: tier3, required: ["users"] },
  "conversations.history": { perMinute: tier3, required: ["channel"], formOnly: true },
  "conversations.replies": { perMinute: tier3, required: ["channel", "ts"], formOnly: true },
  "files.completeUploadExternal": { perMinute: tier4, required: ["files"] },
  "files.getUploadURLExternal": { perMinute: tier4, required: ["length", "filename"], formOnly: true },
  "files.info": { perMinute: tier4, required: ["file"], formOnly: true },
  "users.info": { perMinute: tier4, required: ["user"], formOnly: true },
  "views.publish": { perMinute: tier4, required: ["user_id", "view"] },
};

const objectArgs = ["attachments", "blocks", "chunks", "files", "loading_messages", "metadata", "prompts", "view"];

/** Arguments of the query and the body. Objects that came as JSON text are parsed; what is no JSON is left for the checks. */
export function readArgs(method: string, request: Request, body: string): Args {
  const isJson = /^application\/json\b/i.test(request.headers.get("Content-Type") ?? "");
  const fromJson = isJson && methodRules[method]?.formOnly !== true ? parsed(body) : {};
  const fromForm = isJson ? {} : Object.fromEntries(new URLSearchParams(body));
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const args: Args = { ...query, ...fromForm, ...(isRecord(fromJson) ? fromJson : {}) };
  for (const name of objectArgs) if (typeof args[name] === "string") args[name] = parsed(args[name]);
  return args;
}

export function checkRequired(method: string, args: Args): void {
  // An empty status is one: it clears.
  const isMissing = (name: string) => args[name] == null || (args[name] === "" && name !== "status");
  const missing = methodRules[method]?.required.filter(isMissing) ?? [];
  if (missing.length === 0) return;
  refuse("invalid_arguments", ...missing.map((name) => `[ERROR] missing required field: ${name}`));
}

const mostMarkdown = 12_000;
/** Undocumented: the limit of Markdown counts UTF-8 bytes (a third party's measurement: 6,300 Chinese characters are refused). */
const mostBytes = 12_000;
/** Blocks of a message, and of a stream with its tasks: docs.slack.dev/reference/methods/chat.appendStream, `msg_blocks_too_many`. */
const mostBlocks = 50;
/** Undocumented, and measured by slackapi/bolt-js#2509: about so much of a whole message. */
export const mostOfMessage = 13_200;

/** The content of chat.postMessage, chat.postEphemeral and chat.update. */
export function checkContent(
  { text, markdown_text, blocks, metadata }: Args,
  mostText = Number.POSITIVE_INFINITY,
): void {
  if (markdown_text !== undefined && (text !== undefined || blocks !== undefined)) refuse("markdown_text_conflict");
  if (lengthOf(text) > mostText || lengthOf(markdown_text) > mostMarkdown) refuse("msg_too_long");
  checkBytes(markdown_text);
  checkBlocks(blocks);
  checkMetadata(metadata);
  if (blocks !== undefined && JSON.stringify(blocks).length > mostOfMessage) refuse("msg_blocks_too_long");
  if (lengthOf(text) + lengthOf(markdown_text) + lengthOf(blocks) === 0) refuse("no_text");
}

export function checkBytes(text: unknown): void {
  if (typeof text === "string" && new TextEncoder().encode(text).length > mostBytes) refuse("msg_too_long");
}

/** A stream's tasks are blocks, and its text is one. */
export function checkBlockCount({ tasks, blocks, text }: { tasks: object[]; blocks?: unknown[]; text: string }): void {
  if (tasks.length + (blocks?.length ?? 0) + (text === "" ? 0 : 1) > mostBlocks) refuse("msg_blocks_too_many");
}

export function checkMetadata(metadata: unknown): void {
  if (metadata === undefined) return;
  if (!isRecord(metadata)) refuse("invalid_metadata_format");
  const isEmpty = Object.keys(metadata).length === 0;
  if (!isEmpty && !(typeof metadata.event_type === "string" && isRecord(metadata.event_payload)))
    refuse("invalid_metadata_format");
}

export type Chunk =
  | { type: "markdown_text"; text: string }
  | { type: "task_update"; id: string; title: string; status: string; details?: string; output?: string }
  | { type: "plan_update"; title: string }
  | { type: "blocks"; blocks: unknown[] };

/** What one call adds to a stream. A stream is of one kind from its first content on. */
export interface StreamContent {
  chunks: Chunk[];
  kind: "markdown_text" | "chunks" | undefined;
}

export function streamContent({ markdown_text, chunks }: Args): StreamContent {
  const text = typeof markdown_text === "string" ? markdown_text : "";
  if (chunks !== undefined && !(Array.isArray(chunks) && chunks.every(isChunk))) refuse("invalid_chunks");
  const given = (chunks ?? []) as Chunk[];
  if (text !== "" && given.length > 0) refuse("cannot_provide_both_markdown_text_and_chunks");
  const all: Chunk[] = text === "" ? given : [{ type: "markdown_text", text }];
  for (const chunk of all) {
    if (chunk.type === "markdown_text" && chunk.text.length > mostMarkdown) refuse("msg_too_long");
    if (chunk.type === "blocks") checkBlocks(chunk.blocks);
  }
  return { chunks: all, kind: text !== "" ? "markdown_text" : given.length > 0 ? "chunks" : undefined };
}

const taskStates = ["pending", "in_progress", "complete", "error"];

function isChunk(chunk: unknown): chunk is Chunk {
  if (!isRecord(chunk)) return false;
  const { type, text, id, title, status, details, output, blocks } = chunk;
  const isText = (value: unknown) => value === undefined || typeof value === "string";
  switch (type) {
    case "markdown_text":
      return typeof text === "string";
    case "task_update":
      return (
        lengthOf(id) > 0 &&
        lengthOf(title) > 0 &&
        taskStates.includes(String(status)) &&
        isText(details) &&
        isText(output)
      );
    case "plan_update":
      return lengthOf(title) > 0;
    case "blocks":
      return Array.isArray(blocks);
    default:
      return false;
  }
}

export function checkBlocks(blocks: unknown): void {
  if (blocks === undefined) return;
  if (!Array.isArray(blocks)) refuse("invalid_blocks_format");
  const faults = [
    ...(blocks.length > 50 ? ["no more than 50 items allowed [json-pointer:/blocks]"] : []),
    ...blocks.flatMap((block, place) => blockFaults(block, `/blocks/${place}`)),
  ];
  if (faults.length > 0) refuse("invalid_blocks", ...faults);
}

function blockFaults(block: unknown, at: string): string[] {
  if (!isRecord(block) || typeof block.type !== "string") return [`missing required field: type [json-pointer:${at}]`];
  const { text, fields, elements, accessory } = block;
  const own = stringFaults(block.block_id, 255, `${at}/block_id`);
  const each = (from: unknown, faults: (one: unknown, at: string) => string[], name: string) =>
    Array.isArray(from) ? from.flatMap((one, place) => faults(one, `${at}/${name}/${place}`)) : [];
  switch (block.type) {
    case "section":
      if (text === undefined && fields === undefined)
        return [`must provide either text or fields [json-pointer:${at}]`];
      return [
        ...own,
        ...(text === undefined ? [] : textFaults(text, 3_000, `${at}/text`)),
        ...(fields === undefined ? [] : countFaults(fields, 10, `${at}/fields`)),
        ...each(fields, (field, where) => textFaults(field, 2_000, where), "fields"),
        ...(accessory === undefined ? [] : elementFaults(accessory, `${at}/accessory`)),
      ];
    case "header":
      return [...own, ...textFaults(text, 150, `${at}/text`, ["plain_text"])];
    case "markdown":
      return [
        ...own,
        ...(typeof text === "string"
          ? stringFaults(text, mostMarkdown, `${at}/text`)
          : [`no text [json-pointer:${at}]`]),
      ];
    case "actions":
      return [...own, ...countFaults(elements, 25, `${at}/elements`), ...each(elements, elementFaults, "elements")];
    case "context":
      return [...own, ...countFaults(elements, 10, `${at}/elements`)];
    default:
      return own;
  }
}

function elementFaults(element: unknown, at: string): string[] {
  if (!isRecord(element) || typeof element.type !== "string")
    return [`missing required field: type [json-pointer:${at}]`];
  const { type, text, value, url, action_id, style } = element;
  const own = stringFaults(action_id, 255, `${at}/action_id`);
  if (type !== "button") return own;
  const styled = style === undefined || style === "primary" || style === "danger";
  return [
    ...own,
    ...textFaults(text, 75, `${at}/text`, ["plain_text"]),
    ...stringFaults(value, 2_000, `${at}/value`),
    ...stringFaults(url, 3_000, `${at}/url`),
    ...(styled ? [] : [`must be a valid enum value [json-pointer:${at}/style]`]),
  ];
}

function textFaults(text: unknown, most: number, at: string, kinds = ["plain_text", "mrkdwn"]): string[] {
  if (!isRecord(text) || !kinds.includes(String(text.type)) || typeof text.text !== "string")
    return [`must provide an object of ${kinds.join(" or ")} [json-pointer:${at}]`];
  return text.text === ""
    ? [`must be more than 0 characters [json-pointer:${at}/text]`]
    : stringFaults(text.text, most, `${at}/text`);
}

function stringFaults(value: unknown, most: number, at: string): string[] {
  if (value === undefined) return [];
  if (typeof value !== "string") return [`must be a string [json-pointer:${at}]`];
  return value.length > most ? [`must be less than ${most + 1} characters [json-pointer:${at}]`] : [];
}

function countFaults(list: unknown, most: number, at: string): string[] {
  if (!Array.isArray(list) || list.length === 0) return [`no fewer than 1 item allowed [json-pointer:${at}]`];
  return list.length > most ? [`no more than ${most} items allowed [json-pointer:${at}]`] : [];
}

/** What would notify people: in a text, and in the parts of blocks where Slack reads mentions. */
export function pingsIn(text: string, blocks: unknown): string[] {
  const mention = /<!(?:channel|here|everyone|group)(?:\|[^>]*)?>|<!subteam\^[^>]*>|<@[UW][^>]*>/g;
  return [text, ...mentioningTexts(blocks)].flatMap((each) => each.match(mention) ?? []);
}

function mentioningTexts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mentioningTexts);
  if (!isRecord(value)) return [];
  const { type, text, range, user_id, usergroup_id } = value;
  if (type === "broadcast") return [`<!${range}>`];
  if (type === "user" && typeof user_id === "string") return [`<@${user_id}>`];
  if (type === "usergroup") return [`<!subteam^${usergroup_id}>`];
  if ((type === "mrkdwn" || type === "markdown") && typeof text === "string") return [text];
  return Object.values(value).flatMap(mentioningTexts);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lengthOf(value: unknown): number {
  return typeof value === "string" || Array.isArray(value) ? value.length : 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
