/** Names of Slack's people and channels, requested once and remembered for a while. A name that does not come in time is left as its id: an answer must not wait for it. */
import { safeSpeaker } from "../../core/speaker.ts";
import type { SlackApi } from "./api.ts";

/** How long all names of a message may take together: an answer must not wait long for them. */
const patienceMs = 1_500;
const rememberMs = 3_600_000;
/** Most names kept in an isolate. */
const most = 2_000;

const known = new Map<string, { name: string; untilMs: number }>();

/** Names by id, as far as they could be found out. `team` keeps workspaces apart. */
export async function namesOf(api: SlackApi, team: string, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const requests = ids.map(async (id) => {
    const name = await nameOf(api, `${team} ${id}`, id).catch(() => undefined);
    if (name !== undefined) names.set(id, name);
  });
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, patienceMs);
  await Promise.race([Promise.all(requests), late.promise]);
  clearTimeout(timer);
  return names;
}

async function nameOf(api: SlackApi, key: string, id: string): Promise<string | undefined> {
  const found = known.get(key);
  if (found !== undefined && found.untilMs > Date.now()) return found.name;
  const name = await (/^[UW]/.test(id) ? personName(api, id) : channelName(api, id));
  if (name === undefined) return undefined;
  if (known.size >= most) known.delete(known.keys().next().value ?? "");
  known.set(key, { name, untilMs: Date.now() + rememberMs });
  return known.get(key)?.name;
}

async function personName(api: SlackApi, id: string): Promise<string | undefined> {
  const { user } = (await api.call("users.info", { user: id })) as { user?: SlackUser };
  const named = [user?.profile?.display_name, user?.real_name, user?.name];
  return named.map((each) => safeSpeaker(each ?? "")).find((each) => each !== undefined);
}

async function channelName(api: SlackApi, id: string): Promise<string | undefined> {
  const { channel } = (await api.call("conversations.info", { channel: id })) as { channel?: { name?: string } };
  return safeSpeaker(channel?.name ?? "");
}

/** A name that is known already; no request is made for it. */
export function knownName(team: string, id: string): string | undefined {
  const found = known.get(`${team} ${id}`);
  return found !== undefined && found.untilMs > Date.now() ? found.name : undefined;
}

interface SlackUser {
  name?: string;
  real_name?: string;
  profile?: { display_name?: string };
}
