/** Which page the address names: everything after the `#`. Pure but for making new ids. */

/** Pages that are one for the whole account. `query`: what follows `?` in the address, such as the filters of a list. */
export const accountPages = [
  "sessions",
  "turns",
  "agents",
  "rollouts",
  "usage",
  "accounts",
  "setup",
  "compare",
] as const;
export type AccountPage = (typeof accountPages)[number];

export type Route =
  | { page: "chat"; session: string; turn?: string }
  | { page: "trace"; session: string; turn: string }
  | { page: AccountPage; query: string };

/** The pages that are not the chat. */
export type OperatorRoute = Exclude<Route, { page: "chat" }>;

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** `undefined` for an address that names no page. */
export function routeOf(hash: string): Route | undefined {
  const [path = "", query = ""] = hash.split("?");
  const [, page, session, turn, view] = path.split("/");
  if (page === "s")
    return session !== undefined && idPattern.test(session) ? ofSession(session, turn, view) : undefined;
  const named = accountPages.find((name) => name === page);
  return named === undefined ? undefined : { page: named, query };
}

function ofSession(session: string, turn: string | undefined, view: string | undefined): Route | undefined {
  if (turn === undefined || turn === "") return { page: "chat", session };
  if (!idPattern.test(turn)) return undefined;
  return view === "trace" ? { page: "trace", session, turn } : { page: "chat", session, turn };
}

export function chatHash(session: string, turn?: string): string {
  return turn === undefined ? `#/s/${session}` : `#/s/${session}/${turn}`;
}

export function traceHash(session: string, turn: string): string {
  return `#/s/${session}/${turn}/trace`;
}

/** A turn of a session. */
export interface TurnAddress {
  session: string;
  turn: string;
}

/** Two turns side by side; the second one is chosen there when absent. */
export function compareHash(a: TurnAddress, b?: TurnAddress): string {
  const text = ({ session, turn }: TurnAddress) => `${session}/${turn}`;
  return `#/compare?a=${text(a)}${b === undefined ? "" : `&b=${text(b)}`}`;
}

/** `text`: as `compareHash` writes a turn. */
export function turnPlaceOf(text: string | null): TurnAddress | undefined {
  const [session = "", turn = "", ...others] = (text ?? "").split("/");
  return idPattern.test(session) && idPattern.test(turn) && others.length === 0 ? { session, turn } : undefined;
}

/** The list of turns, narrowed by `filters`: parameters of `GET /v1/turns`. */
export function turnsHash(filters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "")).toString();
  return query === "" ? "#/turns" : `#/turns?${query}`;
}

/** An id that is not used yet. */
export function freshSession(): string {
  const random = crypto.getRandomValues(new Uint8Array(6));
  return `chat-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
