/** What hosts have shown about how they want requests written: kept with the session, and shared by the sessions of this isolate. Decides nothing about when to ask again. */
import type { RequestChange } from "../../core/errors.ts";
import type { Profile } from "../../model/profile.ts";
import { withChanges } from "../../model/request-change.ts";

/** Changes by model, in the order in which they were asked for. */
export type LearnedChanges = Record<string, RequestChange[]>;

/** Where a session keeps them. */
export interface LearnedStore {
  read(): LearnedChanges;
  write(changes: LearnedChanges): void;
}

/** Of this isolate: a new session need not be refused once more. */
const here = new Map<string, RequestChange[]>();
/** More models than one deployment will ever name; then the oldest is forgotten. */
const mostModels = 200;

function share(key: string, changes: RequestChange[]): void {
  here.delete(key);
  here.set(key, changes);
  const [oldest = key] = here.keys();
  if (here.size > mostModels) here.delete(oldest);
}

export class Learned {
  readonly #store: LearnedStore;
  /** One object for each profile as long as nothing is learned about it, since what was written for it is kept by its identity. */
  #written = new WeakMap<Profile, Profile>();

  constructor(store: LearnedStore) {
    this.#store = store;
  }

  /** The profile as it holds for its host. */
  of(profile: Profile): Profile {
    const known = this.#written.get(profile);
    if (known !== undefined) return known;
    const changes = this.#store.read()[keyOf(profile)] ?? here.get(keyOf(profile)) ?? [];
    const changed = changes.length === 0 ? profile : withChanges(profile, changes);
    this.#written.set(profile, changed);
    return changed;
  }

  /** Takes what the host of `profile` has asked for. What it asks for last holds. */
  learn(profile: Profile, asked: RequestChange): void {
    const now = this.of(profile);
    const change = asked === "reasoning:other" ? otherRule(now) : asked;
    const key = keyOf(profile);
    const before = this.#store.read()[key] ?? here.get(key) ?? [];
    const changes = [...before.filter((each) => kindOf(each) !== kindOf(change)), change];
    this.#store.write({ ...this.#store.read(), [key]: changes });
    this.#written = new WeakMap();
    // One id may be served by several generations of a model, so that rule is the session's alone.
    const shared = changes.filter((each) => !each.startsWith("reasoning:"));
    if (shared.length > 0) share(key, shared);
  }
}

/** The profile as this isolate knows it, for requests outside of a session. */
export function knownHere(profile: Profile): Profile {
  return withChanges(profile, here.get(keyOf(profile)) ?? []);
}

function keyOf({ provider, id }: Profile): string {
  return `${provider} ${id}`;
}

/** Of each kind the last one holds, but parameters are dropped one by one. */
function kindOf(change: RequestChange): string {
  return change.startsWith("drop:") ? change : change.slice(0, change.indexOf(":"));
}

function otherRule({ reasoningReplay }: Profile): RequestChange {
  return reasoningReplay === "strip" ? "reasoning:replay" : "reasoning:strip";
}
