/** Which page the address names: everything after the `#`. Pure but for making new ids. */

export type Route = { page: "chat"; session: string } | { page: "sessions" } | { page: "usage" } | { page: "setup" };

/** `undefined` for an address that names no page. */
export function routeOf(hash: string): Route | undefined {
  const [, page, id] = hash.split("/");
  if (page === "s" && id !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return { page: "chat", session: id };
  if (page === "sessions" || page === "usage" || page === "setup") return { page };
  return undefined;
}

export function chatHash(session: string): string {
  return `#/s/${session}`;
}

/** An id that is not used yet. */
export function freshSession(): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `chat-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
