/** Reads what a Slack message holds beside its text: forwarded messages, alerts made of attachments and blocks, and tables. The result is Slack's markup, for `readText`. Pure, and bounded: what does not fit is counted. */
import type { SlackAttachment } from "./envelope.ts";

/** Deepest element and most parts that are looked at. */
const bounds = { depth: 12, parts: 2_000, attachments: 20, rows: 200 };

interface MessageParts {
  text?: string | null | undefined;
  blocks?: readonly unknown[] | null | undefined;
  attachments?: readonly SlackAttachment[] | null | undefined;
}

/** All content of a message. Blocks that repeat its text are left out; tables are never in it. */
export function renderMessage({ text, blocks, attachments }: MessageParts): string {
  const own = (text ?? "").trim();
  const inBlocks = own === "" ? renderBlocks(blocks ?? []) : renderBlocks((blocks ?? []).filter(isTable));
  const shown = (attachments ?? []).slice(0, bounds.attachments).map(renderAttachment);
  const more = (attachments ?? []).length - bounds.attachments;
  const rest = more > 0 ? [`[${more} more attachments were not read]`] : [];
  return [own, inBlocks, ...shown, ...rest].filter((part) => part !== "").join("\n\n");
}

/** Files of forwarded messages are files of the message. */
export function filesOf(attachments: readonly SlackAttachment[] | null | undefined) {
  return (attachments ?? []).flatMap(({ files }) => files ?? []);
}

function isTable(block: unknown): boolean {
  return isRecord(block) && block.type === "table";
}

function renderAttachment(attachment: SlackAttachment): string {
  const { is_share, is_msg_unfurl, message_blocks, blocks, fields, fallback } = attachment;
  const { text, pretext, title, title_link, author_name, author_id, channel_name, channel_id, footer } = attachment;
  const quoted =
    message_blocks?.map((each) => (isRecord(each) && isRecord(each.message) ? each.message.blocks : [])) ?? [];
  const inner = [
    pretext ?? "",
    title ? (title_link ? `${title} (${title_link})` : title) : "",
    text ?? "",
    text ? "" : renderBlocks(quoted.flatMap((list) => (Array.isArray(list) ? list : []))),
    text ? renderBlocks((blocks ?? []).filter(isTable)) : renderBlocks(blocks ?? []),
    ...(fields ?? []).map((field) => `${field.title ?? ""}: ${field.value ?? ""}`),
    footer ?? "",
  ].filter((part) => part.trim() !== "");
  const content = inner.length > 0 ? inner.join("\n") : (fallback ?? "");
  if (content === "" || !(is_share || is_msg_unfurl || message_blocks)) return content;
  const author = author_id ? `<@${author_id}>` : (author_name ?? "a user");
  const place = channel_id ? ` in <#${channel_id}>` : channel_name ? ` in #${channel_name}` : "";
  return `Forwarded message of ${author}${place}:\n${quote(content)}`;
}

/** Every line marked: what is quoted can never pose as the person's own words. */
function quote(text: string): string {
  return text
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
}

/** Block Kit as text: sections, headers, context, rich text and tables. Buttons and pictures are named. */
function renderBlocks(blocks: readonly unknown[]): string {
  const budget = { left: bounds.parts };
  return blocks
    .map((block) => renderBlock(block, budget))
    .filter((part) => part.trim() !== "")
    .join("\n");
}

interface CharBudget {
  left: number;
}

function renderBlock(block: unknown, budget: CharBudget): string {
  if (!isRecord(block) || budget.left-- <= 0) return "";
  const { type, text, fields, elements, rows, alt_text, title } = block;
  switch (type) {
    case "table":
      return Array.isArray(rows) ? renderTable(rows, budget) : "";
    case "rich_text":
      return inline(elements, budget, 0);
    case "image":
    case "video":
      return `[${[textOf(title), textOf(alt_text)].find((each) => each !== "") ?? "picture"}]`;
    case "actions":
    case "context_actions":
    case "divider":
      return "";
    default:
      return [textOf(text), ...list(fields).map(textOf), ...(type === "context" ? list(elements).map(textOf) : [])]
        .filter((part) => part !== "")
        .join("\n");
  }
}

/** Elements of rich text, by docs.slack.dev/reference/block-kit/blocks/rich-text-block. */
function inline(elements: unknown, budget: CharBudget, depth: number): string {
  if (depth > bounds.depth) return "";
  return list(elements)
    .map((element) => {
      if (!isRecord(element) || budget.left-- <= 0) return "";
      const inner = () => inline(element.elements, budget, depth + 1);
      switch (element.type) {
        case "rich_text_section":
          return `${inner()}\n`;
        case "rich_text_list":
          return list(element.elements)
            .map((item, n) => `${element.style === "ordered" ? `${n + 1}.` : "-"} ${inline([item], budget, depth + 1)}`)
            .join("");
        case "rich_text_quote":
          return `${quote(inner().trimEnd())}\n`;
        case "rich_text_preformatted":
          return `\`\`\`\n${inner().trimEnd()}\n\`\`\`\n`;
        default:
          return piece(element);
      }
    })
    .join("");
}

function piece(element: Record<string, unknown>): string {
  const { type, text, url, user_id, channel_id, usergroup_id, name, range, fallback } = element;
  switch (type) {
    case "link":
      return textOf(text) === "" ? String(url ?? "") : `${textOf(text)} (${String(url ?? "")})`;
    case "user":
      return `<@${String(user_id)}>`;
    case "channel":
      return `<#${String(channel_id)}>`;
    case "usergroup":
      return `<!subteam^${String(usergroup_id)}>`;
    case "emoji":
      return `:${String(name)}:`;
    case "broadcast":
      return `@${String(range)}`;
    case "date":
      return textOf(fallback);
    default:
      return textOf(text);
  }
}

/** A table as Markdown. */
function renderTable(rows: readonly unknown[], budget: CharBudget): string {
  const cells = rows.slice(0, bounds.rows).map((row) => list(row).map((cell) => cellText(cell, budget)));
  const width = Math.max(0, ...cells.map((row) => row.length));
  if (width === 0) return "";
  const line = (row: string[]) => `| ${Array.from({ length: width }, (_, n) => row[n] ?? "").join(" | ")} |`;
  const [head = [], ...body] = cells;
  const more = rows.length > bounds.rows ? [`[${rows.length - bounds.rows} more rows]`] : [];
  return [line(head), `|${" --- |".repeat(width)}`, ...body.map(line), ...more].join("\n");
}

function cellText(cell: unknown, budget: CharBudget): string {
  if (!isRecord(cell)) return "";
  const text = cell.type === "rich_text" ? inline(cell.elements, budget, 0) : textOf(cell.text);
  return text
    .trim()
    .replaceAll("|", "\\|")
    .replace(/\s*\n\s*/g, " ");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return isRecord(value) && typeof value.text === "string" ? value.text : "";
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
