/** `/v1/conversations`: OpenAI's name for a session, and its transcript as items. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { unwrap } from "../../../account/outcome.ts";
import { AppError } from "../../../core/errors.ts";
import { type HistoryItem, historyFault } from "../../../core/history.ts";
import { parseBody, parseQuery } from "../../../http/parse-body.ts";
import { readJson } from "../../../http/read-json.ts";
import { sessionObject } from "../../../session/session-object.ts";
import type { RouteContext } from "../../context.ts";
import { agentFor } from "../../named-agent.ts";
import { metadata, sessionName } from "../../session-fields.ts";
import { defaultModel } from "../named-model.ts";
import { inputItemList } from "./input-items.ts";
import { itemList, itemReading } from "./item-list.ts";
import { resolveReferences, storedItems } from "./item-references.ts";
import { readInput } from "./read-input.ts";

/** Most items in one request, as in OpenAI's document. */
const mostItems = 20;

export const newConversation = z.strictObject({
  items: inputItemList.max(mostItems, `must be at most ${mostItems}`).nullish(),
  metadata: metadata.nullish(),
});
export const conversationChanges = z.strictObject({ metadata });
export const newItems = z.strictObject({ items: inputItemList.min(1).max(mostItems, `must be at most ${mostItems}`) });

export const conversations = new Hono<RouteContext>()
  .post("/", async (c) => {
    const { items = [], metadata: pairs } = parseBody(newConversation, await readJson(c.req.raw));
    const history = await historyOf(c, items ?? []);
    const address = { account: c.var.account, name: `conv_${crypto.randomUUID().replaceAll("-", "")}` };
    const session = sessionObject(c.env, address);
    unwrap(await session.create(address, { ...(pairs && { metadata: pairs }) }));
    if (history.length > 0) unwrap(await session.addHistory(history, await firstModel(c)));
    return c.json(await conversation(c, address.name));
  })
  .get("/:id", async (c) => c.json(await conversation(c, nameOf(c))))
  .post("/:id", async (c) => {
    const { metadata: pairs } = parseBody(conversationChanges, await readJson(c.req.raw));
    const name = nameOf(c);
    await conversation(c, name);
    unwrap(await sessionObject(c.env, { account: c.var.account, name }).change({ metadata: pairs }));
    return c.json(await conversation(c, name));
  })
  .delete("/:id", async (c) => {
    const name = nameOf(c);
    await conversation(c, name);
    unwrap(await sessionObject(c.env, { account: c.var.account, name }).erase());
    return c.json({ id: name, object: "conversation.deleted", deleted: true });
  })
  .get("/:id/items", async (c) => {
    const query = parseQuery(itemReading, new URL(c.req.url));
    return c.json(itemList(await itemsOf(c, nameOf(c)), query));
  })
  .post("/:id/items", async (c) => {
    const { items } = parseBody(newItems, await readJson(c.req.raw));
    const name = nameOf(c);
    await conversation(c, name);
    const history = await historyOf(c, items);
    const session = sessionObject(c.env, { account: c.var.account, name });
    const { firstSeq } = unwrap(await session.addHistory(history, await firstModel(c, name)));
    const added = (await itemsOf(c, name)).filter(({ seq }) => seq >= firstSeq);
    return c.json(itemList(added, { order: "asc", limit: 100 }));
  })
  .get("/:id/items/:item", async (c) => {
    const id = c.req.param("item");
    const found = (await itemsOf(c, nameOf(c))).find(({ item }) => item.id === id);
    if (found === undefined) throw noItem(id);
    return c.json(found.item);
  })
  .delete("/:id/items/:item", async (c) => {
    const [name, id] = [nameOf(c), c.req.param("item")];
    const items = await itemsOf(c, name);
    const found = items.find(({ item }) => item.id === id);
    if (found === undefined) throw noItem(id);
    if (found.item.type !== "message" || items.some(({ item, seq }) => seq === found.seq && isCall(item.type))) {
      const detail =
        "Only messages without calls can be taken out of a conversation: calls and results belong together.";
      throw new AppError("invalid_request", detail, { field: "item_id" });
    }
    const session = sessionObject(c.env, { account: c.var.account, name });
    unwrap(
      await session.hide(
        found.seq,
        items.flatMap(({ item, seq }) => (seq === found.seq ? [item.id] : [])),
      ),
    );
    return c.json(await conversation(c, name));
  });

function isCall(type: string): boolean {
  return type === "function_call" || type === "mcp_approval_request";
}

function nameOf(c: Context<RouteContext>): string {
  return parseBody(sessionName, c.req.param("id"), "conversation_id");
}

/** The same 404 for what never was and what is another account's. */
async function conversation(c: Context<RouteContext>, name: string) {
  const about = await sessionObject(c.env, { account: c.var.account, name }).describe();
  if (!about.ok && about.code === "not_found") throw noConversation(name);
  const { createdAtMs, metadata: pairs } = unwrap(about);
  const { made_by: _madeBy, store: _store, ...own } = pairs;
  return { id: name, object: "conversation", created_at: Math.floor(createdAtMs / 1000), metadata: own };
}

async function itemsOf(c: Context<RouteContext>, name: string) {
  const items = await storedItems(c, name);
  if (items === undefined) throw noConversation(name);
  return items;
}

/** What the items say, in order; what would be instructions of one response stands in the conversation. */
async function historyOf(c: Context<RouteContext>, items: z.infer<typeof inputItemList>): Promise<HistoryItem[]> {
  if (items.length === 0) return [];
  const { input } = await resolveReferences(c, { input: items });
  const { instructions, items: said, approvals } = readInput(input);
  const lead = instructions.map((content): HistoryItem => ({ role: "user", content, speaker: "system" }));
  const history = [...lead, ...said];
  const fault = historyFault(history);
  const detail = approvals.length > 0 ? "an approval is given with a response" : fault?.detail;
  if (detail !== undefined) throw new AppError("invalid_request", `items: ${detail}.`, { field: "items" });
  return history;
}

/** The one that answers in the conversation, or in a new one. */
async function firstModel(c: Context<RouteContext>, session?: string): Promise<string> {
  return defaultModel(c, await agentFor(c, { session }));
}

function noConversation(name: string): AppError {
  return new AppError("not_found", `Conversation with id '${name}' not found.`, { field: "conversation_id" });
}

function noItem(id: string): AppError {
  return new AppError("not_found", `Item with id '${id.slice(0, 200)}' not found.`, { field: "item_id" });
}
