/** Remembers, in the account, which session handed a call to a client: results that come back without a session are recognised by it (`take-conversation.ts`). Keeps nothing of what the call says but a digest. */
import { accountObject } from "../../account/account-object.ts";
import { sha256Hex } from "../../core/digest.ts";
import type { Entry, NewEntry, TurnOptions } from "../../core/entry.ts";
import { handedOutText } from "../../core/handed-out.ts";
import type { Bindings } from "../../env.ts";
import type { SessionAddress } from "../store/session-record.ts";

/** Records the names (`handedOutText`) of calls that a client is about to get. */
export type HandOut = (names: readonly string[]) => Promise<void>;

export function handOut(bindings: Bindings, { account, name }: SessionAddress, asked: () => void): HandOut {
  return async (names) => {
    asked();
    const digests = await Promise.all(names.map(sha256Hex));
    await accountObject(bindings, account).handOut(digests, name);
  };
}

/** The names of the calls among `added` that run at the client, where it came by a door whose clients may name no session. `turn`: the entries of the turn before them. */
export function namesOfHandedOut(
  added: readonly NewEntry[],
  turn: readonly Entry[],
  { via }: Pick<TurnOptions, "via">,
): string[] {
  if (via !== "openai") return [];
  const asked = turn.findLast((entry) => entry.type === "user");
  const question = asked?.type === "user" ? asked.content : "";
  return added.flatMap((entry) => {
    if (entry.type !== "assistant") return [];
    const atClient = entry.toolCalls.filter(({ id }) => entry.waits?.[id] === "client");
    return atClient.map(({ id, name }) => handedOutText({ question, id, name }));
  });
}
