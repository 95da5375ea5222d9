/** Opens a fork, and passes the message it begins with to the page that shows it. */
import { chatHash } from "../route.ts";

const openings = new Map<string, string>();

export function openFork(session: string, content: string): void {
  openings.set(session, content);
  location.hash = chatHash(session);
}

/** The message to begin with; once. */
export function takeOpening(session: string): string | undefined {
  const content = openings.get(session);
  openings.delete(session);
  return content;
}
