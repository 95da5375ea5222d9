/** What is tried with each foreign client, and how a client's file says so. Decides no outcome itself: `run-client.ts` does. */

export const aspects = ["plain", "stream", "tools", "structured", "abort", "errors", "usage", "resume"] as const;
export type Aspect = (typeof aspects)[number];

/** Where a client finds the Worker, and what it is given for one aspect. */
export interface Place {
  /** Such as `http://127.0.0.1:41234`. */
  url: string;
  key: string;
  /** The model's id. */
  model: string;
  /** A word that no other aspect and no other run has; in a message it lets `seen` find the model's requests. Fits a session id. */
  mark: string;
  /** What the model was sent in requests that hold the mark, oldest first. */
  seen(): Promise<SeenRequest[]>;
  /** A folder of its own for files that the client writes; removed after the run. */
  folder: string;
}

export interface SeenRequest {
  /** The request's JSON body. */
  body: { messages: { role: string; content?: string | null }[]; tools?: { function: { name: string } }[] };
  /** The answer was cancelled before its end. */
  cancelled: boolean;
}

export interface Outcome {
  aspect: Aspect;
  state: "ok" | "FAIL" | "n/a" | "client";
  /** Why, or what is worth knowing; may be empty. */
  note: string;
  ms: number;
}

/** Lines of a client's process that are outcomes begin with it; clients print, too. */
export const outcomeMark = "@outcome ";

/** Throws when something is not right; a text says what is worth knowing although all is well. */
export type Check = (place: Place) => Promise<string | undefined> | Promise<void>;

/** An aspect that is not checked, and why: the client has no such thing (`n/a`), or cannot do it by a fault of its own (`client`). */
export interface Skip {
  kind: "n/a" | "client";
  cause: string;
}

export interface Client {
  /** Packages whose versions the table names, the first one being the client. */
  packages: [string, ...string[]];
  /** Most time for each aspect, in ms; 20 s when absent. */
  limitMs?: number;
  checks: Record<Aspect, Check | Skip>;
}

/** The client has no such thing. */
export const na = (cause: string): Skip => ({ kind: "n/a", cause });

/** The client's own fault, with its cause. Look again when its version changes. */
export const clientFault = (cause: string): Skip => ({ kind: "client", cause });

/** Fails with both values in its words. */
export function expect(what: string, actual: unknown, wanted: unknown): void {
  const matches = wanted instanceof RegExp ? wanted.test(String(actual)) : isEqual(actual, wanted);
  const shown = wanted instanceof RegExp ? String(wanted) : JSON.stringify(wanted);
  if (!matches) throw new Error(`${what}: expected ${shown}, got ${shorten(JSON.stringify(actual))}`);
}

function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Fails unless the value is a whole number above zero. */
export function expectCount(what: string, actual: unknown): void {
  if (!(Number.isInteger(actual) && Number(actual) > 0))
    throw new Error(`${what}: expected a number above 0, got ${JSON.stringify(actual)}`);
}

/** Makes every one of these checks, and fails with the words of all that fail. */
export async function expectAll(
  place: Place,
  checks: Record<string, (place: Place) => Promise<unknown>>,
): Promise<void> {
  const faults: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    await check(place).catch((error: unknown) => {
      faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  if (faults.length > 0) throw new Error(faults.join("; "));
}

/** What a call fails with; fails when it does not. */
export async function failureOf(what: string, call: () => Promise<unknown>): Promise<Error & Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error(`${what}: expected a failure, got ${shorten(JSON.stringify(answer))}`);
}

/** Waits until the model's answer was cancelled: the client's hang-up has reached it. */
export async function expectCancelled(place: Place, withinMs = 4_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    if ((await place.seen()).some(({ cancelled }) => cancelled)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the client hung up, and the model still runs ${withinMs} ms later`);
}

/** The texts of a stream's pieces; fails when they came in one piece. */
export function expectPieces(what: string, pieces: readonly string[]): string {
  const filled = pieces.filter((piece) => piece !== "");
  if (filled.length < 2) throw new Error(`${what}: expected several pieces, got ${JSON.stringify(filled)}`);
  return filled.join("");
}

export function shorten(text: string | undefined, most = 300): string {
  const line = (text ?? "undefined").replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
