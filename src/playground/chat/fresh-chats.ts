/** Which sessions this browser has named and not written to yet: they are not looked for at the server, which would answer that there is none. */
import { freshSession } from "../route.ts";

const name = "longline-fresh";
/** Chats that were opened and left empty. */
const mostKept = 20;

const named = new Set<string>();

/** The id of a new chat. */
export function freshChat(): string {
  const id = freshSession();
  named.add(id);
  return id;
}

/** Whether no one has written to it, as far as this browser knows. Keeps that for a reload of the page. */
export function isFreshChat(id: string): boolean {
  const kept = read();
  if (!named.has(id)) return kept.includes(id);
  if (!kept.includes(id)) write([...kept, id].slice(-mostKept));
  return true;
}

/** It was written to. */
export function beginFreshChat(id: string): void {
  named.delete(id);
  write(read().filter((each) => each !== id));
}

function read(): string[] {
  return (localStorage.getItem(name) ?? "").split(" ").filter((id) => id !== "");
}

function write(ids: readonly string[]): void {
  localStorage.setItem(name, ids.join(" "));
}
