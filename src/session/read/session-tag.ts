/** A short mark of one session, in front of its event ids: an id of another session, or of an erased one of the same name, is noticed. Not a secret, and no proof of anything. */
import { AppError } from "../../core/errors.ts";
import type { SessionSettings } from "../store/session-record.ts";

/** Six letters or digits, always the same for a session (FNV-1a). */
export function sessionTag({ account, name, createdAtMs }: SessionSettings): string {
  let hash = 0x811c9dc5;
  for (const char of `${account}:${name}:${createdAtMs}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return (hash >>> 0).toString(36).padStart(7, "0").slice(-6);
}

/** Throws where the session that was meant by this tag is not the one that is here, but an erased one of its name. */
export function mustBeTagged(settings: SessionSettings, tag: string | undefined): void {
  if (tag === undefined || tag === sessionTag(settings)) return;
  throw new AppError("not_found", "The session that this belongs to was erased.");
}

/** What a token of the session must say to be valid; empty in a session of an earlier version that has withdrawn none. */
export function tokenTag({ birth, tokenEpoch }: SessionSettings): string {
  return birth === null && tokenEpoch === 0 ? "" : `${birth ?? ""}.${tokenEpoch}`;
}
