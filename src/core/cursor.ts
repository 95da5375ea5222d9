/** Defines cursors, the positions of a session's readers, and their text form. An event's id is a cursor: a reader that comes back with it gets exactly the rest. */

/** How far into one step a reader has come: of which attempt, and how much of its reasoning, text (UTF-16 units) and calls. */
export interface Progress {
  attempt: number;
  reasoning: number;
  text: number;
  calls: number;
}

/** The text of one step that a client was given and that cannot be taken back: how much in UTF-16 units, and its mark (`TextMark`). */
export interface Given {
  units: number;
  mark: string;
}

/**
 * Everything up to and with entry `done` is seen. `into` is the progress within the step whose reply was to come next:
 * its entry need not be `done + 1`, since a message that joins the turn or a summary may be recorded before it.
 * `given` is in the ids of dialects that cannot take words back: what the client has of that step, over all attempts.
 */
export interface Cursor {
  done: number;
  into?: Progress;
  given?: Given;
}

export const start: Cursor = { done: 0 };

/**
 * `12` when entry 12 is seen whole; `12.1.40.118.0` when attempt 1 of the step after entry 11 is seen up to 40 units of
 * reasoning, 118 of text, no call. With `given` there follows `.w` and its mark, and `.` and its units where they are
 * not those of the attempt's text.
 */
export function formatCursor({ done, into, given }: Cursor): string {
  if (into === undefined) return String(done);
  const progress = `${done + 1}.${into.attempt}.${into.reasoning}.${into.text}.${into.calls}`;
  if (given === undefined) return progress;
  return `${progress}.w${given.mark}${given.units === into.text ? "" : `.${given.units}`}`;
}

const shape = /^(\d{1,15})(?:\.(\d{1,9})\.(\d{1,15})\.(\d{1,15})\.(\d{1,9})(?:\.w([0-9a-z]{14})(?:\.(\d{1,15}))?)?)?$/;

/** The opposite of `formatCursor`; `undefined` for anything that it never wrote. */
export function parseCursor(id: string): Cursor | undefined {
  const match = shape.exec(id);
  if (match === null) return undefined;
  const [, , , , , , mark, units] = match;
  const [seq = 0, attempt = 0, reasoning = 0, text = 0, calls = 0] = match.slice(1, 6).map((part) => Number(part ?? 0));
  if (match[2] === undefined) return { done: seq };
  if (seq < 1 || attempt < 1) return undefined;
  const given = mark !== undefined && { given: { mark, units: units === undefined ? text : Number(units) } };
  return { done: seq - 1, into: { attempt, reasoning, text, calls }, ...given };
}
