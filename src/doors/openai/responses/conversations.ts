/** `/v1/conversations`: OpenAI's name for a session, and its transcript as items. */

import * as z from "zod/mini";
import { unwrap } from "../../../account/outcome.ts";
import { AppError } from "../../../core/errors.ts";
import { type HistoryItem, historyFault } from "../../../core/history.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { parseBody, parseQuery } from "../../../http/parse-body.ts";
import { readJson } from "../../../http/read-json.ts";
import { sessionObject } from "../../../session/session-object.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { agentFor } from "../../named-agent.ts";
import { Routes } from "../../routes.ts";
import { metadata, sessionName } from "../../session-fields.ts";
import { defaultModel } from "../named-model.ts";
import { openAiErrorResponse } from "../openai-error.ts";
import { inputItemList } from "./input-items.ts";
import { itemList, itemReading } from "./item-list.ts";
import { resolveReferences, storedItems } from "./item-references.ts";
import { readInput } from "./read-input.ts";

/** Most items in one request, as in OpenAI's document. */
const mostItems = 20;

export const newConversation = lazySchema(() =>
  z.strictObject({
    items: z.nullish(inputItemList.check(z.maxLength(mostItems, `must be at most ${mostItems}`))),
    metadata: z.nullish(metadata),
  }),
);
export const conversationChanges = lazySchema(() => z.strictObject({ metadata }));
export const newItems = lazySchema(() =>
  z.strictObject({
    items: inputItemList.check(z.minLength(1), z.maxLength(mostItems, `must be at most ${mostItems}`)),
  }),
);

export const conversations = new Routes({ refuse: openAiErrorResponse })
  .post("/", "key", async (c, caller) => {
    const { items = [], metadata: pairs } = parseBody(newConversation, await readJson(c.req.raw, { empty: {} }));
    const history = await historyOf(caller, items ?? []);
    const address = { account: caller.account, name: `conv_${crypto.randomUUID().replaceAll("-", "")}` };
    const session = sessionObject(c.env, address);
    unwrap(await session.create(address, { ...(pairs && { metadata: pairs }) }));
    if (history.length > 0) unwrap(await session.addHistory(history, await firstModel(caller)));
    return c.json(await conversation(caller, address.name));
  })
  .get("/:id", "key", async (c, caller) => c.json(await conversation(caller, nameOf(c.req.param("id")))))
  .post("/:id", "key", async (c, caller) => {
    const { metadata: pairs } = parseBody(conversationChanges, await readJson(c.req.raw));
    const name = nameOf(c.req.param("id"));
    await conversation(caller, name);
    unwrap(await sessionOf(caller, name).change({ metadata: pairs }));
    return c.json(await conversation(caller, name));
  })
  .delete("/:id", "key", async (c, caller) => {
    const name = nameOf(c.req.param("id"));
    await conversation(caller, name);
    unwrap(await sessionOf(caller, name).erase());
    return c.json({ id: name, object: "conversation.deleted", deleted: true });
  })
  .get("/:id/items", "key", async (c, caller) => {
    const query = parseQuery(itemReading, new URL(c.req.url));
    return c.json(itemList(await itemsOf(caller, nameOf(c.req.param("id"))), query));
  })
  .post("/:id/items", "key", async (c, caller) => {
    const { items } = parseBody(newItems, await readJson(c.req.raw));
    const name = nameOf(c.req.param("id"));
    await conversation(caller, name);
    const history = await historyOf(caller, items);
    const session = sessionOf(caller, name);
    const { firstSeq } = unwrap(await session.addHistory(history, await firstModel(caller, name)));
    const added = (await itemsOf(caller, name)).filter(({ seq }) => seq >= firstSeq);
    return c.json(itemList(added, { order: "asc", limit: 100 }));
  })
  .get("/:id/items/:item", "key", async (c, caller) => {
    const id = c.req.param("item");
    const found = (await itemsOf(caller, nameOf(c.req.param("id")))).find(({ item }) => item.id === id);
    if (found === undefined) throw noItem(id);
    return c.json(found.item);
  })
  .delete("/:id/items/:item", "key", async (c, caller) => {
    const [name, id] = [nameOf(c.req.param("id")), c.req.param("item")];
    const items = await itemsOf(caller, name);
    const found = items.find(({ item }) => item.id === id);
    if (found === undefined) throw noItem(id);
    if (found.item.type !== "message" || items.some(({ item, seq }) => seq === found.seq && isCall(item.type))) {
      const detail =
        "Only messages without calls can be taken out of a conversation: calls and results belong together.";
      throw new AppError("invalid_request", detail, { field: "item_id" });
    }
    const session = sessionOf(caller, name);
    unwrap(
      await session.hide(
        found.seq,
        items.flatMap(({ item, seq }) => (seq === found.seq ? [item.id] : [])),
      ),
    );
    return c.json(await conversation(caller, name));
  });

function isCall(type: string): boolean {
  return type === "function_call" || type === "mcp_approval_request";
}

function nameOf(id: string): string {
  return parseBody(sessionName, id, "conversation_id");
}

/** The same 404 for what never was and what is another account's. */
async function conversation(caller: Caller, name: string) {
  const about = await sessionOf(caller, name).describe();
  if (!about.ok && about.code === "not_found") throw noConversation(name);
  const { createdAtMs, metadata: pairs } = unwrap(about);
  const { made_by: _madeBy, store: _store, ...own } = pairs;
  return { id: name, object: "conversation", created_at: Math.floor(createdAtMs / 1000), metadata: own };
}

async function itemsOf(caller: Caller, name: string) {
  const items = await storedItems(caller, name);
  if (items === undefined) throw noConversation(name);
  return items;
}

/** The items as history, in order; what would be instructions of one response is a part of the conversation. */
async function historyOf(caller: Caller, items: z.infer<typeof inputItemList>): Promise<HistoryItem[]> {
  if (items.length === 0) return [];
  const { input } = await resolveReferences(caller, { input: items });
  const { instructions, items: read, approvals } = readInput(input);
  const lead = instructions.map((content): HistoryItem => ({ role: "user", content, speaker: "system" }));
  const history = [...lead, ...read];
  const fault = historyFault(history);
  const detail = approvals.length > 0 ? "an approval is given with a response" : fault?.detail;
  if (detail !== undefined) throw new AppError("invalid_request", `items: ${detail}.`, { field: "items" });
  return history;
}

/** The one that answers in the conversation, or in a new one. */
async function firstModel(caller: Caller, session?: string): Promise<string> {
  return defaultModel(caller, await agentFor(caller, { session }));
}

function noConversation(name: string): AppError {
  return new AppError("not_found", `Conversation with id '${name}' not found.`, { field: "conversation_id" });
}

function noItem(id: string): AppError {
  return new AppError("not_found", `Item with id '${id.slice(0, 200)}' not found.`, { field: "item_id" });
}
