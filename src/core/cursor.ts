/** Where a reader of a session stands. An event's id is a cursor: whoever comes back with it gets exactly the rest. */

/** How far into one entry a reader has come: of which attempt, and how much of its reasoning, text (UTF-16 units) and calls. */
export interface Progress {
  attempt: number;
  reasoning: number;
  text: number;
  calls: number;
}

/** Everything up to and with entry `done` is seen; `into` is the progress within the entry after it. */
export interface Cursor {
  done: number;
  into?: Progress;
}

export const start: Cursor = { done: 0 };

/** `12` when entry 12 is seen whole; `12.1.40.118.0` when attempt 1 of entry 12 is seen up to 40 units of reasoning, 118 of text, no call. */
export function formatCursor({ done, into }: Cursor): string {
  if (into === undefined) return String(done);
  return `${done + 1}.${into.attempt}.${into.reasoning}.${into.text}.${into.calls}`;
}

const shape = /^(\d{1,15})(?:\.(\d{1,9})\.(\d{1,15})\.(\d{1,15})\.(\d{1,9}))?$/;

/** The opposite of `formatCursor`; `undefined` for anything that it never wrote. */
export function parseCursor(id: string): Cursor | undefined {
  const match = shape.exec(id);
  if (match === null) return undefined;
  const [seq = 0, attempt = 0, reasoning = 0, text = 0, calls = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (match[2] === undefined) return { done: seq };
  if (seq < 1 || attempt < 1) return undefined;
  return { done: seq - 1, into: { attempt, reasoning, text, calls } };
}
