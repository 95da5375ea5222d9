/** A stream of the chat door knows nothing of what its client has. */
import { readEvents as read } from "../../../src/session/read/event-stream.ts";

export * from "../../../src/session/read/event-stream.ts";

export const readEvents: typeof read = (sources, query, how) => {
  query.delete("seen");
  return read(sources, query, how);
};
