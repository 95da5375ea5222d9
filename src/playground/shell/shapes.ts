/** The API's JSON as the page reads it: the native door's shapes (`src/wire/shapes.ts`), and what the page adds. */
import type { EntryJson, SessionDetailsJson, SessionJson } from "../../wire/shapes.ts";

/** A session of a list, or one that is read alone: then with the messages that wait. */
export type PageSession = SessionJson & Partial<Pick<SessionDetailsJson, "queued">>;

/** An entry, or what an event alone reports and no entry has. `progress`: how far a call is. `asked`: a call of a child, which waits for a person. */
export interface PageEntry extends Omit<EntryJson, "type"> {
  type: EntryJson["type"] | "progress" | "asked";
  code?: string;
  detail?: string;
}
