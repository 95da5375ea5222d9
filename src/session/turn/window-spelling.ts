/** Names everything that messages of the same entries are written by: what was written by another name is of no use. Writes nothing itself. */
import { fingerprint } from "../../core/digest.ts";
import type { Readers } from "../../core/request.ts";
import type { Profile } from "../../model/profile.ts";

/** One higher with each change of how entries are written as messages: what was kept before is not read any more. */
export const encodingVersion = 1;

/** Names everything that the same entries are encoded by. */
export function spellingOf(profile: Profile, readers: Readers, hidden: ReadonlySet<number>): string {
  const ways = spelling.map((name) => profile[name] ?? null);
  return fingerprint(JSON.stringify([encodingVersion, ways, readers, [...hidden].toSorted((a, b) => a - b)]));
}

/** What messages are written by. */
const spelling = ["reasoningReplay", "contextTokens", "callIds", "roleOrder", "systemRole"] as const;

/** Whether messages are written the same way for both. */
export function spellAlike(a: Profile, b: Profile): boolean {
  return spelling.every((name) => a[name] === b[name]);
}
