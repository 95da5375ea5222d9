/** Replaces references in the input of a response by the items that were given out under these ids. The same 404 for what never was, is withdrawn, is another account's, or was not to be stored. */
import { unwrap } from "../../../account/outcome.ts";
import type { Entry } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { entriesInOneGo } from "../../make-copy.ts";
import type { CreateRequest } from "./create-request.ts";
import type { InputItem } from "./input-items.ts";
import { itemsOfEntries, type PlacedItem, placeOfItem, type TranscriptItem } from "./transcript-items.ts";

/** The items of one input lie in at most so many sessions: each costs requests to it. */
const mostSessions = 20;

/** `session`: where the newest of the referenced items is; absent when there was none. */
export interface ResolvedInput {
  input: string | InputItem[];
  session?: string;
}

export async function resolveReferences(
  caller: Caller,
  request: Pick<CreateRequest, "input" | "previous_response_id" | "conversation">,
): Promise<ResolvedInput> {
  const { input = [] } = request;
  if (typeof input === "string") return { input };
  const ids = input.flatMap((item) => (item.type === "item_reference" ? [item.id] : []));
  if (ids.length === 0) return { input };
  const sessions = [...new Set(ids.map((id) => placeOfItem(id)?.session ?? noItem(id)))];
  if (sessions.length > mostSessions) {
    const detail = `input: references may lead to at most ${mostSessions} sessions.`;
    throw new AppError("invalid_request", detail, { field: "input" });
  }
  const known = new Map<string, TranscriptItem | "known">();
  for (const name of sessions) {
    const items = (await storedItems(caller, name)) ?? [];
    const through = throughSeq(request, name, items);
    for (const { item, seq } of items) known.set(item.id, seq <= through ? "known" : item);
  }
  const items = input.flatMap((item) => {
    if (item.type !== "item_reference") return [item];
    const found = known.get(item.id) ?? noItem(item.id);
    return found === "known" ? [] : [inputItem(found)];
  });
  return { input: items, session: placeOfItem(ids.at(-1) ?? "")?.session ?? "" };
}

/** Up to where the session that the request continues has its items already; 0 for any other. */
function throughSeq(
  request: Parameters<typeof resolveReferences>[1],
  name: string,
  items: readonly PlacedItem[],
): number {
  const { previous_response_id: previous, conversation } = request;
  const named = typeof conversation === "object" ? conversation.id : conversation;
  if (named === name) return Number.POSITIVE_INFINITY;
  return previous === undefined ? 0 : Math.max(0, ...items.map((each) => (each.response === previous ? each.seq : 0)));
}

/** The items of a session that may be asked for; `undefined` when there is no such session, or nothing of it is kept. */
export async function storedItems(caller: Caller, name: string): Promise<PlacedItem[] | undefined> {
  const session = sessionOf(caller, name);
  const about = await session.describe();
  if (!about.ok) {
    if (about.code !== "not_found") unwrap(about);
    return undefined;
  }
  if (about.value.metadata.store === "false") return undefined;
  const entries: Entry[] = [];
  for (let after = 0; ; ) {
    const page = unwrap(await session.entries({ after, limit: entriesInOneGo })).entries;
    entries.push(...page);
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.seq;
  }
  const waiting = await waitingIn(session, entries.at(-1));
  const items = itemsOfEntries(entries, { session: name, birth: about.value.birth, waiting });
  const names = new Set(items.flatMap(({ item, response }) => [item.id, response]));
  const gone = new Set(unwrap(await session.withdrawn([...names])));
  return items.filter(({ item, response }) => !gone.has(item.id) && !gone.has(response));
}

/** The calls that wait in the turn of this entry, the session's newest. */
async function waitingIn(session: ReturnType<typeof sessionOf>, last: Entry | undefined) {
  if (last === undefined || last.type === "turn_ended") return [];
  const state = unwrap(await session.wait(last.turn, 0));
  return state.status === "waiting" ? state.waitingFor : [];
}

/** An item as a client would send it. */
function inputItem(item: TranscriptItem): InputItem {
  switch (item.type) {
    case "reasoning":
      return { ...item, summary: [...item.summary] };
    case "mcp_approval_response": {
      const { reason, ...rest } = item;
      return { ...rest, ...(reason !== null && { reason }) };
    }
    default:
      return item;
  }
}

function noItem(id: string): never {
  throw new AppError("not_found", `Item with id '${id.slice(0, 200)}' not found.`, { field: "input" });
}
