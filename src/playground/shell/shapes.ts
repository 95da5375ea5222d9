/** The API's JSON as the page reads it: the native door's shapes (`src/wire/shapes.ts`), and what the page adds. */
import type { EntryJson, SessionDetailsJson, SessionJson } from "../../wire/shapes.ts";

/** A session of a list, or one that is read alone: then with the messages that wait. */
export type PageSession = SessionJson & Partial<Pick<SessionDetailsJson, "queued">>;

/** An entry. `progress`: how far a call is, by an event alone, and never recorded. */
export interface PageEntry extends Omit<EntryJson, "type"> {
  type: EntryJson["type"] | "progress";
  code?: string;
  detail?: string;
}
