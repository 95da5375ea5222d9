/** Cuts long texts into pieces. Pure. */

/** UTF-16 units of a piece that is only looked at: longer strings are large objects, of which the garbage collector frees many in one long pause. */
export const glanceUnits = 16_000;

/** Pieces of a text, the first of at most `firstUnits`. Never cuts between the halves of a surrogate pair: each half would be stored as U+FFFD by SQLite, and escaped by JSON. */
export function* piecesOf(text: string, firstUnits: number, units = firstUnits): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + (from === 0 ? firstUnits : units), text.length);
    const code = text.charCodeAt(to - 1);
    if (to < text.length && code >= 0xd800 && code <= 0xdbff) to += to - from > 1 ? -1 : 1;
    yield text.slice(from, to);
    from = to;
  }
}
