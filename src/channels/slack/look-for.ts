/** Looks whether a message that was perhaps posted is there, so that it is continued instead of posted twice. */
import type { SlackApi } from "./api.ts";
import type { SlackAddress } from "./slack-address.ts";

export interface Wanted {
  /** Of the delivery. */
  id: string;
  /** The part that was being made. */
  making: string;
  /** Messages of the delivery that are known. */
  known: readonly string[];
}

interface Found {
  ts: string;
  bot_id?: string;
  app_id?: string;
  streaming_state?: string;
  metadata?: { event_payload?: { delivery?: string; part?: string } };
}

/** The message's `ts`; `undefined` when it was not posted. Throws a SlackFailure when the app may not look. */
export async function lookFor(api: SlackApi, address: SlackAddress, wanted: Wanted): Promise<string | undefined> {
  const messages = await messagesSince(api, address);
  const own = messages.filter(({ ts, bot_id }) => bot_id !== undefined && !wanted.known.includes(ts));
  const marked = own.find(({ metadata }) => {
    const payload = metadata?.event_payload;
    return payload?.delivery === wanted.id && payload.part === wanted.making;
  });
  if (marked !== undefined || wanted.making !== "piece") return marked?.ts;
  // A stream gets its mark when it is stopped; deliveries to a place go one after the other, so an unmarked one is this one's.
  const isOurs = ({ app_id }: Found) => app_id === undefined || address.app === "" || app_id === address.app;
  return own.find((each) => isOurs(each) && each.streaming_state !== undefined && each.metadata === undefined)?.ts;
}

async function messagesSince(api: SlackApi, { room, thread, ts, atMs }: SlackAddress): Promise<Found[]> {
  const oldest = ts === "" ? String(Math.floor(atMs / 1000) - 60) : ts;
  const common = { channel: room, oldest, limit: 200, include_all_metadata: true };
  const { messages = [] } =
    thread === ""
      ? await api.call("conversations.history", common)
      : await api.call("conversations.replies", { ...common, ts: thread });
  return messages as Found[];
}
