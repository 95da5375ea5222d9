/** The API's JSON as the page reads it: the native door's shapes (`src/wire/shapes.ts`), and what the page adds. */
import type { EventJson } from "../../wire/event-shapes.ts";
import type { EntryJson, SessionDetailsJson, SessionJson } from "../../wire/shapes.ts";

/** A session of a list, or one that is read alone: then with the messages that wait. */
export type PageSession = SessionJson & Partial<Pick<SessionDetailsJson, "queued">>;

/** An entry, or what an event alone reports and no entry has. `progress`: how far a call is. `asked`: a call of a child, which waits for a person. `suspended`: a call whose tool waits for a time or a signal. */
export interface PageEntry extends Omit<EntryJson, "type"> {
  type: EntryJson["type"] | "progress" | "asked" | "suspended";
  /** What a suspended call waits for. */
  steps?: CallWaits;
  code?: string;
  detail?: string;
}

/** What a call waits for whose tool has durable steps; it goes on when the first of these is over. */
export type CallWaits = Extract<EventJson, { type: "tool.waiting" }>["waits"];
