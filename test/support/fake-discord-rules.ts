/** What the tests' Discord refuses, by Discord's own documentation. Sources are named at each rule: paths in github.com/discord/discord-api-docs (developers/**). */
import documented from "../fixtures/discord/errors.json" with { type: "json" };

export type Json = Record<string, unknown>;
const componentsV2 = 1 << 15;

/** A documented error as Discord answers it (topics/opcodes-and-status-codes). Throws for a code that is not documented. */
export function refusal(code: number): { status: number; body: Json } {
  const found = documented.errors.find((each) => each.code === code);
  if (found === undefined) throw new Error(`${code} is no documented code.`);
  return { status: found.status, body: { message: found.message, code } };
}

export const documentedCodes: readonly number[] = documented.errors.map(({ code }) => code);

/** Answers that have no code (topics/rate-limits): limits of a route, of all, of a shared resource, and Cloudflare's ban, which is a page. */
export const limits = {
  user: limited("user", 0.4),
  global: limited("global", 0.4),
  shared: limited("shared", 0.4),
  cloudflare: { status: 429, body: "<html>error code: 1015</html>", headers: { "Retry-After": "1" } },
};

function limited(scope: "user" | "global" | "shared", seconds: number) {
  return {
    status: 429,
    body: { message: "You are being rate limited.", retry_after: seconds, global: scope === "global" },
    headers: {
      "Retry-After": String(Math.ceil(seconds)),
      "X-RateLimit-Scope": scope,
      ...(scope === "global" && { "X-RateLimit-Global": "true" }),
    },
  };
}

/** What Discord says no with. Thrown from `answered` it is an Error like any other. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: Json;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.body = { message, code };
  }
}

export const invalid = (why: string) => new Refusal(400, 50035, `Invalid Form Body: ${why}`);
export const unknownWebhook = () => new Refusal(404, 10015, "Unknown Webhook");
export const unknownMessage = () => new Refusal(404, 10008, "Unknown Message");
/** Whether this text calls anybody. Without `allowed_mentions` every mention in it does. */
export function doesPing(content: string, allowed: unknown): boolean {
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
export function checkMessage({ content, components, embeds, flags, attachments = [] }: Json & { flags: number }): void {
  if (typeof content !== "string") throw invalid("content is no text");
  if (content.length > 2_000) throw invalid("content: Must be 2000 or fewer in length.");
  if (!Array.isArray(components) || !Array.isArray(embeds)) throw invalid("components and embeds are lists");
  checkEmbeds(embeds);
  const isV2 = (flags & componentsV2) !== 0;
  if (isV2 && (content !== "" || embeds.length > 0)) throw invalid("components v2 take no content and no embeds");
  if (isV2 && everyPart(components).length > 40) throw invalid("components: 40 at most");
  if (!isV2) checkRows(components);
  checkParts(everyPart(components));
  const isEmpty =
    content.trim() === "" && components.length === 0 && embeds.length === 0 && (attachments as unknown[]).length === 0;
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

export function customIdsOf(components: unknown[]): unknown[] {
  return everyPart(components).map(({ custom_id }) => custom_id);
}

export function checkModal({ custom_id: id, title, components }: Json): void {
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

export function checkCommands(body: unknown): asserts body is unknown[] {
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
