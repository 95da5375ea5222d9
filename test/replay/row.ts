/** What a request of the replay is. The lists of rows are data; `perform.ts` sends them in order, one after the other. */
import type { Reply } from "../support/fake-provider.ts";
import type { Senders } from "./senders.ts";

/** A request that its sender signs. */
export interface Signed {
  headers: Record<string, string>;
  body: string;
}

export interface Row {
  /** Unique, in kebab-case. Ids that first appear in its answer are named after it. */
  name: string;
  /** Method and path. `{{name}}` is a value that an earlier row saved, here, in headers and in the body. */
  call: string;
  /** Which of the two Workers: with a provider and all settings, or as `npm run dev` starts with none. */
  on?: "demo";
  /** Bearer: the account's key, the administrator's, none, or any other text. */
  key?: "account" | "admin" | "none" | (string & {});
  headers?: Record<string, string>;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  signed?: (senders: Senders) => Promise<Signed>;
  /** What the provider answers to the model calls that the row causes, in order. All of them must be requested. */
  model?: Reply[];
  /** The answers of the model are requested before the next row is sent. */
  settled?: true;
  /** Values for later rows by name: a path in the JSON answer (`keys.0.id`), a header (`header x-session-id`), a frame (`frame 2 id`), or all of it (`body`). */
  save?: Record<string, string>;
  /** For what follows some time after: sent again until this member of the answer has this value; `"any"`: until it is there and not null. */
  until?: [path: string, value: string | number | "any"];
  /** Reads so many events, then hangs up. */
  frames?: number;
}
